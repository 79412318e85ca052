"""The nouns that cross rooms: frozen values, no behaviour beyond their own form.

Times are aware UTC `datetime`s, written RFC 3339 with milliseconds and ``Z``. Digests are SHA-256 (FIPS 180-4).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError

Clock = Callable[[], datetime]
"""Tells the time: an aware UTC datetime. The one thing tests replace."""

OnStep = Callable[[str], None]
"""Hears what long work is doing, in English, for a progress line."""

_BYTES = 32
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


def ignore(_step: str) -> None:
    """Hear nothing: the default `OnStep`."""


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A SHA-256 value of 32 bytes; its text is ``sha256:`` and 64 lower-case hexadecimal digits."""

    value: bytes

    def __post_init__(self) -> None:
        """Refuse anything but 32 bytes."""
        if len(self.value) != _BYTES:
            message = f"a SHA-256 value has 32 bytes, not {len(self.value)}"
            raise FormatError(message)

    @classmethod
    def parse(cls, text: object) -> "Digest":
        """Read the text form; raises `FormatError`."""
        match = _DIGEST.fullmatch(text) if isinstance(text, str) else None
        if not match:
            message = f"not a SHA-256 value: {str(text)[:80]!r}"
            raise FormatError(message)
        return cls(bytes.fromhex(match[1]))

    @property
    def hex(self) -> str:
        """The 64 hexadecimal digits alone, as sha256sum prints them."""
        return self.value.hex()

    def __str__(self) -> str:
        """Return the text form."""
        return f"sha256:{self.value.hex()}"


def utc_text(moment: datetime) -> str:
    """Return *moment* as RFC 3339 UTC text with milliseconds: ``2026-11-22T01:02:03.004Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_utc(text: object) -> datetime:
    """Read exactly what `utc_text` writes; raises `FormatError`."""
    if isinstance(text, str) and text.endswith("Z"):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is not None and utc_text(moment) == text:
            return moment
    message = f"not a UTC time with milliseconds: {str(text)[:40]!r}"
    raise FormatError(message)


class RecorderKind(StrEnum):
    """How a page is recorded."""

    AUTO = "auto"
    """On the wire, or by the browser where that cannot be."""
    WIRE = "wire"
    """What passes between the browser and its servers, decrypted afterwards: every byte as it was sent."""
    BROWSER = "browser"
    """What the browser tells and hands over: bodies without their content coding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """The person who acts; never the person in the evidence."""

    name: str
    id: str
    role: str
    agency: str

    def to_json(self) -> dict[str, Json]:
        """Return the four fields."""
        return {"name": self.name, "id": self.id, "role": self.role, "agency": self.agency}


class Status(StrEnum):
    """How a capture ended (the completeness rule stands in docs/evidence-format.md)."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is missing or went wrong: a stable *code* and an English *detail*."""

    code: str
    detail: str

    def to_json(self) -> dict[str, Json]:
        """Return code and detail."""
        return {"code": self.code, "detail": self.detail}


class Outcome(StrEnum):
    """What a check found."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not-checked"


class Trust(StrEnum):
    """Why a signer's name may be believed (docs/evidence-format.md)."""

    ESTABLISHED = "established"
    PRACTICE = "practice"
    CLAIMED = "claimed"


class Verdict(StrEnum):
    """The one word of a verification."""

    VERIFIED = "verified"
    UNCHANGED = "unchanged"
    ALTERED = "altered"
    CANNOT_VERIFY = "cannot-verify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One named check of one thing: stable *id*, English *title*, *subject* (path, record or event), *detail*."""

    id: str
    title: str
    subject: str
    outcome: Outcome
    detail: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the five fields."""
        return {
            "id": self.id,
            "title": self.title,
            "subject": self.subject,
            "outcome": str(self.outcome),
            "detail": self.detail,
        }


class Replayed(StrEnum):
    """What came of rendering an item's page again from its archive."""

    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_COMPARED = "not-compared"
    """There was nothing to render, or nothing here to render it with."""
    NOT_COMPARABLE = "not-comparable"
    """The evidence itself could not be rendered or compared, as no capture leaves it: somebody may want that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayFinding:
    """What the replay check found of one thing: *subject* is a picture of an item."""

    subject: str
    outcome: Replayed
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerFinding:
    """Who signed, and why the name may be believed."""

    name: str
    certificate_sha256: str
    """64 hexadecimal digits of the certificate's DER."""
    trust: Trust
    practice: bool
    """Whether the certificate says of itself that it is for practice only."""

    def to_json(self) -> dict[str, Json]:
        """Return name, fingerprint, trust and the mark of practice."""
        return {
            "name": self.name,
            "certificate_sha256": self.certificate_sha256,
            "trust": str(self.trust),
            "practice": self.practice,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationReport:
    """Everything a verification found, in the order it looked."""

    verdict: Verdict
    kind: str
    """``bundle``, ``case``, ``item``, ``report``, ``wacz``, ``warc``, ``vault`` or ``unknown``."""
    subject: str
    root: str | None
    signers: tuple[SignerFinding, ...] = ()
    checks: tuple[Check, ...] = ()
    facts: dict[str, Json] = field(default_factory=dict)
    """Further things people want to know, e.g. times of tokens."""

    def to_json(self) -> dict[str, Json]:
        """Return the ``evidence-kit/verify/1`` document."""
        return {
            "schema": "evidence-kit/verify/1",
            "verdict": str(self.verdict),
            "kind": self.kind,
            "subject": self.subject,
            "root": self.root,
            "signers": [signer.to_json() for signer in self.signers],
            "checks": [check.to_json() for check in self.checks],
            "facts": self.facts,
        }
