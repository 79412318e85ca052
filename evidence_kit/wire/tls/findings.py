"""What was verified about one connection, in five findings that are always there and always in the same order."""

from dataclasses import dataclass, field
from enum import StrEnum

from evidence_kit.models import Outcome


class Subject(StrEnum):
    """What a finding is about."""

    KEYS = "tls.keys"
    """The key log holds what opens the connection, or there is nothing to open."""
    HANDSHAKE = "tls.handshake"
    """The messages are well-formed, in order, and what the server chose was offered and is known."""
    FINISHED = "tls.finished"
    """The MACs over the handshake, of the client and of the server."""
    RECORDS = "tls.records"
    """Both streams tile into records, and every protected one is authentic."""
    SERVER_PROOF = "tls.server-proof"
    """The key of the server's certificate signed this handshake, or an earlier one whose session this resumes.

    Whether the chain is to be trusted for the name is another question, for another check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One outcome; *detail* is English, and of bytes from outside it holds only printable ASCII."""

    id: Subject
    outcome: Outcome
    detail: str


_WEIGHT = (Outcome.FAILED, Outcome.NOT_CHECKED, Outcome.PASSED)


@dataclass(slots=True)
class Notes:
    """Collects what is found; the worst of a subject decides, and every detail is kept."""

    _found: dict[Subject, list[tuple[Outcome, str]]] = field(default_factory=lambda: {each: [] for each in Subject})

    def passed(self, subject: Subject, detail: str) -> None:
        """Note what was verified."""
        self._found[subject].append((Outcome.PASSED, detail))

    def failed(self, subject: Subject, detail: str) -> None:
        """Note what is wrong."""
        self._found[subject].append((Outcome.FAILED, detail))

    def unchecked(self, subject: Subject, detail: str) -> None:
        """Note what could not be verified, and why."""
        self._found[subject].append((Outcome.NOT_CHECKED, detail))

    def outcome(self, subject: Subject) -> Outcome:
        """Return the worst that was noted; nothing noted is not checked."""
        outcomes = [outcome for outcome, _ in self._found[subject]]
        return next((each for each in _WEIGHT if each in outcomes), Outcome.NOT_CHECKED)

    def findings(self) -> tuple[Finding, ...]:
        """Return one finding for each subject; the details that decided come first."""
        return tuple(
            Finding(id=subject, outcome=self.outcome(subject), detail=_joined(found))
            for subject, found in self._found.items()
        )


def _joined(found: list[tuple[Outcome, str]]) -> str:
    ordered = sorted(found, key=lambda each: _WEIGHT.index(each[0]))
    return "; ".join(detail for _, detail in ordered) or "the connection did not come so far"
