"""What came of building a bundle, and the event that says so."""

from dataclasses import dataclass

from evidence_kit.bundle.beginning import Begun
from evidence_kit.bundle.contents import EvidenceList
from evidence_kit.bundle.placing import Packed
from evidence_kit.canonical import Json
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.layout import TAG_MANIFEST
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.models import Digest, Problem
from evidence_kit.pdf.findings import Level
from evidence_kit.trust.digests import sha256_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A bag that was built."""

    evidence: EvidenceList
    level: Level
    """The lowest of those read back from the signed volumes."""
    missed: str
    """Why the report has no document time stamp, although one was asked for."""
    reports: tuple[tuple[str, Digest, int], ...]
    tag_manifest: Digest
    problems: tuple[Problem, ...]


def commit_seal(  # noqa: PLR0913  # what came of it
    case: CaseFolder, built: Built, begun: Begun, packed: Packed, custodian: Custodian, *, opened: bool
) -> None:
    """Commit the event that ends the making of a bundle; *opened* says that a file of withheld events was written."""
    digests = {"root": built.evidence.root, TAG_MANIFEST: built.tag_manifest}
    digests.update({name: digest for name, digest, _ in built.reports})
    digests.update(packed.digests)
    detail: dict[str, Json] = {"signature": built.level.baseline}
    if packed.recipients:
        detail["recipients"] = [str(recipient) for recipient in packed.recipients]
    if begun.withholding:
        # Only the case's own log says which: this event is in no bundle that withholds one of them.
        events: list[Json] = [*sorted(begun.withholding.hidden)]
        detail["withheld"] = {**begun.withholding.to_json(), "events": events, "items": [*begun.withholding.items]}
        if opened:
            digests["withheld"] = sha256_bytes(begun.opened)
    case.commit(Draft(type=EventType.BUNDLE_SEALED, digests=digests, detail=detail), custodian)
