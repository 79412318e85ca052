"""Lines of the report's registers, frozen: who signed what, what is sealed, what the bundle leaves out.

Codes are English identifiers; the texts in ``templates/report`` hold a sentence for each known one.
"""

from dataclasses import dataclass

from evidence_kit.models import Digest, Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureLine:
    """One certificate, and what it signed."""

    purpose: str
    """``report``, ``custody`` or ``time-stamp``."""
    subject: str
    issuer: str
    certificate_sha256: Digest
    """Of its DER."""
    count: int
    """How many signatures: events of the log, time stamps over it; of the report one."""
    kind: str
    """``issued`` by another, ``self-made`` (issued by its own holder), or ``practice``."""
    trust: Trust
    licensed: str
    """Whether its issuer is licensed in Mongolia: ``yes``, ``no`` or ``not-established``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedItem:
    """An item that is under seal by the log: nothing of its content."""

    item: str
    manifest_sha256: Digest | None
    """None where the bundle's log does not show the event that committed the item."""
    seal_number: str
    seq: int
    """Of the event that sealed it."""
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedItem:
    """An item that was sealed by encryption as it came, by the log: nothing of its content."""

    item: str
    manifest_sha256: Digest | None
    """None where nothing came of it."""
    seq: int
    """Of the event that began it."""
    outcome: str
    handed_over: int | None
    """How many files; None for what was captured."""
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldEvent:
    """Why an event's content is not in the bundle."""

    day: str
    ground: str
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An item of the case that the log names and the bundle does not hold."""

    item: str
    outcome: str
    manifest_sha256: Digest | None
    kind: str = "captured"
    """Or ``supplied`` (handed over), ``derived`` (made of others), or ``sealed``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """One test of the installation that made the report."""

    code: str
    """Of ``self_test`` in the texts."""
    passed: bool
