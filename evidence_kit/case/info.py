"""``case.json``: number, title, office, created. It never lists items or people."""

from dataclasses import dataclass
from datetime import datetime

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.errors import FormatError
from evidence_kit.models import parse_utc, utc_text
from evidence_kit.trust.digests import sha256_bytes

SCHEMA = "evidence-kit/case/1"
_TEXTS = ("number", "title", "office", "legal_basis", "language")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseInfo:
    """What a case is called."""

    number: str
    title: str
    office: str
    legal_basis: str
    language: str
    """``mn`` or ``en``: the language its reports are written in unless said otherwise."""
    created: datetime

    def to_json(self) -> dict[str, Json]:
        """Return the fields after the schema."""
        return {
            "schema": SCHEMA,
            "number": self.number,
            "title": self.title,
            "office": self.office,
            "legal_basis": self.legal_basis,
            "language": self.language,
            "created": utc_text(self.created),
        }

    def to_bytes(self) -> bytes:
        """Return the file."""
        return canonical.pretty(self.to_json())

    def opening(self, *, synced: str = "") -> Draft:
        """Return the first event of the case; *synced* is the service that copies its place elsewhere, if one does."""
        detail: dict[str, Json] = {"format": 1, **({"synced": synced} if synced else {})}
        digests = {"case.json": sha256_bytes(self.to_bytes())}
        return Draft(type=EventType.CASE_OPENED, digests=digests, authority=self.legal_basis, detail=detail)


def read_info(data: bytes) -> CaseInfo:
    """Read ``case.json``; raises `FormatError`."""
    value = canonical.parse(data)
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        message = f"case.json does not say {SCHEMA}"
        raise FormatError(message)
    if value.keys() != {"schema", "created", *_TEXTS}:
        message = "case.json has fields missing or not known"
        raise FormatError(message)
    texts = {key: found for key in _TEXTS if isinstance(found := value[key], str)}
    if texts.keys() != set(_TEXTS):
        message = "case.json holds something else than text"
        raise FormatError(message)
    return CaseInfo(**texts, created=parse_utc(value["created"]))
