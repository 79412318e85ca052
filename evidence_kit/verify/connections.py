"""The account of an item's connections: what its kept TLS handshakes prove, computed anew.

What passed is told once for all connections of the item, what failed for each, what cannot be checked once for each
reason. What all this can prove, and what not, stands in ``docs/security-model.md``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from evidence_kit.display import shorten
from evidence_kit.models import Outcome
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.wire.recheck import Check, Rechecked, check_account

NAME = "connections.jsonl"

LONGEST_LINE = 4 * 1024 * 1024
"""Bytes of a line that are read; a longer one is none."""
_LONGEST_DETAIL = 300
_NAMED = 10
"""Connections, and reasons, named of one kind; the others are counted."""

_MEANING = {
    Check.SERVER_PROOF: "the certificate's key signed the handshake. This names the server, and is no proof of the "
    "content: whoever had the session's secrets could have written other content",
    Check.RECORDS: "the handshake's records and both Finished MACs are right. The content's own tags were verified "
    "when it was captured, and cannot be verified again",
    Check.CERTIFICATES: "whether the last issuer deserves trust is not judged",
}


def check_connections(exam: Examination, files: CaseFiles, name: str) -> None:
    """Check the account *name* of a case's or bundle's *files*."""
    tally = _Tally(exam, files.shown(name))
    try:
        with files.tree.open(files.prefix + name) as stream:
            for found in check_account(_lines(stream)):
                tally.take(found)
    except OSError as error:
        exam.failed(str(Check.LINES), files.shown(name), f"it cannot be read: {error.strerror or error}")
        return
    tally.tell()


@dataclass(slots=True)
class _Tally:
    """What was found in one account."""

    exam: Examination
    shown: str
    passed: dict[Check, int] = field(default_factory=dict)
    reasons: dict[Check, dict[str, list[int]]] = field(default_factory=dict)
    """The numbers of the connections that a check could not be made for."""
    whole: bool = True

    def take(self, found: Rechecked) -> None:
        """Count what was found; what failed is told at once."""
        if found.outcome is Outcome.FAILED:
            subject = self.shown if found.connection is None else f"{self.shown}#{found.connection}"
            self.exam.failed(str(found.check), subject, shorten(found.detail, _LONGEST_DETAIL))
            self.whole = self.whole and found.check is not Check.LINES
        elif found.outcome is Outcome.PASSED:
            self.passed[found.check] = self.passed.get(found.check, 0) + 1
        elif found.connection is not None:
            reasons = self.reasons.setdefault(found.check, {})
            detail = found.detail if found.detail in reasons or len(reasons) < _NAMED else "for other reasons"
            reasons.setdefault(detail, []).append(found.connection)

    def tell(self) -> None:
        """Note what passed, and what could not be checked."""
        if self.whole:
            self.exam.passed(str(Check.LINES), self.shown)
        for check, meaning in _MEANING.items():
            if count := self.passed.get(check):
                self.exam.passed(str(check), self.shown, f"{_counted(count)}: {meaning}")
            for detail, numbers in self.reasons.get(check, {}).items():
                named = ", ".join(map(str, numbers[:_NAMED])) + (", …" if len(numbers) > _NAMED else "")
                reason = shorten(detail, _LONGEST_DETAIL)
                self.exam.not_checked(str(check), self.shown, f"{_counted(len(numbers))} ({named}): {reason}")


def _counted(count: int) -> str:
    return f"{count} connection{'' if count == 1 else 's'}"


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines; one that is too long comes without its end."""
    while line := stream.readline(LONGEST_LINE):
        yield line
