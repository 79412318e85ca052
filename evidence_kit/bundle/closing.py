"""Close a bundle: certificates, guidance, manifests, the signature over the tag manifest, its time stamp."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evidence_kit import __version__
from evidence_kit.archive.bag import write_bag
from evidence_kit.bundle.contents import EvidenceList, write_trust
from evidence_kit.bundle.guidance import readme, write_guidance
from evidence_kit.case.durable import write_new
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.layout import TAG_MANIFEST, TAG_SIGNATURE, TAG_TIME_STAMP
from evidence_kit.case.stamping import HeadToken
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import TimestampError
from evidence_kit.models import utc_text
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.timestamps import certificates_inside, stamp

_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What closing a bundle needs to know."""

    case: CaseFolder
    custodian: Custodian
    evidence: EvidenceList
    begun: datetime
    """When the bundle was begun: a time at which the signing certificates were valid."""
    volumes: int
    """How many the report has."""
    tsa: str | None
    """The authority that stamps the tag manifest."""


def close_bundle(folder: Path, closing: Closing, tokens: Sequence[HeadToken]) -> None:
    """Close the bundle in *folder*; *tokens* are those over the heads of the log, oldest first.

    The certificates inside the bundle's own token must be those of ``data/trust/tsa.pem``, which that token covers:
    they are taken from the newest token over a head, and if they turn out to be others, the bag is closed anew.
    Raises `TimestampError`, `CaseError`, `OSError`.
    """
    practice = closing.custodian.signer.practice
    text = readme(
        closing.begun,
        root=closing.evidence.root,
        stamped=closing.tsa is not None,
        practice=practice,
        volumes=closing.volumes,
    )
    write_guidance(folder, text)
    known = sorted({token.authority for token in tokens}, key=lambda c: c.fingerprint)
    first = [token for token in tokens if "-" not in token.path]
    inside = set(first[-1].embedded) if closing.tsa and first else set()
    seal_bag(
        folder,
        custodian=closing.custodian,
        tsa=closing.tsa,
        info=_bag_info(closing),
        write_trust=lambda held: write_trust(closing.case, folder, closing.custodian.signer, known, held),
        inside=inside,
    )


def seal_bag(  # noqa: PLR0913  # what a bag is closed with
    folder: Path,
    *,
    custodian: Custodian,
    tsa: str | None,
    info: Mapping[str, str],
    write_trust: Callable[[Collection[Certificate]], None],
    inside: Collection[Certificate],
) -> None:
    """Write the lists of the bag in *folder*, sign the last and have it stamped.

    *write_trust* writes ``data/trust/`` for a token that holds the certificates *inside*; it is called again if the
    token turns out to hold others. Raises `TimestampError`, `CaseError`, `OSError`.
    """
    for _ in range(_TRIES):
        write_trust(inside)
        write_bag(folder, info=info)
        tags = (folder / TAG_MANIFEST).read_bytes()
        write_new(folder / TAG_SIGNATURE, custodian.sign_file(tags))
        if tsa is None:
            return
        reply = stamp(tsa, sha256_bytes(tags))
        held = set(certificates_inside(reply))
        if held == set(inside):
            write_new(folder / TAG_TIME_STAMP, reply)
            return
        inside = held
        for name in ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", TAG_MANIFEST, TAG_SIGNATURE):
            (folder / name).unlink()
    message = "the time-stamping authority uses another certificate for every time stamp"
    raise TimestampError(message)


def _bag_info(closing: Closing) -> dict[str, str]:
    return {
        "Bag-Software-Agent": f"evidence_kit {__version__}",
        "Bagging-Date": utc_text(closing.custodian.clock())[:10],
        "External-Identifier": closing.case.info.number,
        "Evidence-Kit-Format": "1",
        "Evidence-Kit-Root": str(closing.evidence.root),
        "Evidence-Kit-Time-Stamp": "none" if closing.tsa is None else "present",
    }
