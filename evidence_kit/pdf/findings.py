"""What a check of a PDF found: facts and English texts, no judgement of who the signer is.

Words of ISO 32000-2 (12.8) and of PAdES (ETSI EN 319 142-1). Times are aware UTC. Text that comes from the file (names,
reasons, field names) is not escaped.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evidence_kit.models import Digest
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.revocation import OcspResponse, RevocationList, Statement

Der = bytes
"""Something encoded by ITU-T X.690."""


class Coverage(StrEnum):
    """How much of the file a signature's digest covers, apart from the place of the signature itself."""

    FILE = "whole file"
    REVISION = "whole revision, more follows"
    PART = "only a part"


class Changes(StrEnum):
    """What later revisions changed, as far as pyHanko's comparison of the revisions can tell."""

    NONE = "none"
    ARCHIVE = "only archive timestamps and validation data"
    FORM = "only form fields and further signatures"
    ANNOTATIONS = "also annotations"
    OTHER = "other changes"
    UNKNOWN = "not examined"


class Level(StrEnum):
    """The level of a signature (EN 319 142-1, 6), told from what the file holds; nobody is thereby believed."""

    CMS = "plain CMS"
    B = "PAdES B-B"
    T = "PAdES B-T"
    LT = "PAdES B-LT"
    LTA = "PAdES B-LTA"
    TIMESTAMP = "document timestamp"

    @property
    def baseline(self) -> str:
        """The baseline level alone, such as ``B-T``."""
        return self.removeprefix("PAdES ")


@dataclass(frozen=True, slots=True, kw_only=True)
class StampFindings:
    """An RFC 3161 token inside a signature, or one that is a signature of the document itself."""

    time: datetime
    certificate: Certificate
    """Of the time-stamping authority."""
    embedded: tuple[Certificate, ...]
    intact: bool
    """The token stamps this signature (or this document), and its own signature holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFindings:
    """One signature field that was signed."""

    field: str
    certificate: Certificate | None
    """Of the signer; None when there is none that could be read."""
    embedded: tuple[Certificate, ...] = ()
    """All certificates in the signature, the signer's too, in the order of the file."""
    digest_intact: bool = False
    """The covered bytes have the digest that was signed."""
    signature_valid: bool = False
    """The signature value belongs to that digest and to the key in `certificate`."""
    coverage: Coverage = Coverage.PART
    covered_end: int = 0
    """The offset after the last byte covered."""
    revision: int = 0
    """In which revision of the file it was made, from 0."""
    changes: Changes = Changes.UNKNOWN
    changes_allowed: bool = False
    """Whether the signature's own permissions (DocMDP, FieldMDP) allow `changes`."""
    certifies: bool = False
    """Whether this is the author's certifying signature (DocMDP) rather than an approval."""
    level: Level = Level.CMS
    claimed_time: datetime | None = None
    """The time the signer claims."""
    reason: str = ""
    location: str = ""
    stamp: StampFindings | None = None
    problems: tuple[str, ...] = ()
    """Why the signature does not hold, or could not be examined."""
    loose: tuple[str, ...] = ()
    """Bytes of the signature's container that no signature protects and that are not in the one form the kit writes."""
    unproven: tuple[Certificate, ...] = ()
    """Certificates inside that nobody vouches for here: not the signer's nor the authority's own, no issuer at hand."""

    @property
    def holds(self) -> bool:
        """Whether the signature is intact and valid, its own time stamp too, and nothing forbidden followed it."""
        sound = self.digest_intact and self.signature_valid and not self.problems
        stamped = self.stamp is None or self.stamp.intact
        return sound and stamped and self.changes_allowed and self.coverage is not Coverage.PART


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file embedded in the PDF (ISO 32000-2, 7.11.4)."""

    name: str
    bytes: int
    sha256: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfFindings:
    """One PDF file."""

    bytes: int
    revisions: int = 0
    signatures: tuple[SignatureFindings, ...] = ()
    """In the order in which they were made."""
    trailing_bytes: int = 0
    """Bytes after the end of the last revision: nobody signed them, and no reader shows them."""
    attachments: tuple[Attachment, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    """In the document security store."""
    crls: tuple[Der, ...] = ()
    ocsps: tuple[Der, ...] = ()
    """Statements on revocations in the store."""
    problems: tuple[str, ...] = ()
    """Why the file, a signature field or an attachment could not be read."""

    @property
    def statements(self) -> tuple[Statement, ...]:
        """What authorities say in the store about revocations."""
        return (*map(RevocationList, self.crls), *map(OcspResponse, self.ocsps))

    @property
    def whole_and_valid(self) -> bool:
        """Whether every byte is as signed: all signatures hold, one covers the whole file, no byte of it is loose.

        Who signed is another question, and so is whether `SignatureFindings.unproven` certificates are genuine.
        """
        return (
            bool(self.signatures)
            and not self.problems
            and not self.trailing_bytes
            and all(signature.holds and not signature.loose for signature in self.signatures)
            and any(signature.coverage is Coverage.FILE for signature in self.signatures)
        )
