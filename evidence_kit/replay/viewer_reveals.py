"""What was revealed, and for what purpose: the one place that decides whether something of an item may be shown.

A grant is a random word under which one part of one item is served until it is hidden again. Where there is a log, the
event stands in it before there is a grant; if it cannot be written, there is none.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.noting import note_events
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.errors import UsageError
from evidence_kit.replay.viewer_subject import Subject, ViewedItem

LONGEST_PURPOSE = 2000
"""Characters."""
_WORD_BYTES = 20


class Part(StrEnum):
    """What can be revealed of an item, each by itself."""

    REPLAY = "replay"
    PICTURES = "pictures"
    TEXT = "text"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A part of an item that is shown."""

    word: str
    """The secret under which it is served."""
    item: ViewedItem
    part: Part
    event: int | None
    """Number of the event in the log; None where there is no log."""


NoteReveal = Callable[[str, Part, str], int]
"""Writes that a part of an item is revealed for a purpose, and returns the number of the event."""


def note_in(case: CaseFolder, custodian: Custodian) -> NoteReveal:
    """Return what writes reveals into the log of *case*; it raises `EvidenceError` and `OSError`.

    Raises `CaseError` now for a key that the log does not take, and for a case that cannot be written.
    """
    case.want_admitted(Draft(type=EventType.VIEWED), custodian)

    def note(item: str, part: Part, purpose: str) -> int:
        custodian.signer.require_valid(custodian.clock())
        draft = Draft(type=EventType.VIEWED, purpose=purpose, detail={"revealed": str(part)})
        return note_events(case, draft, [item], custodian)[0].seq

    return note


@dataclass(slots=True, kw_only=True)
class Reveals:
    """The grants of one subject."""

    subject: Subject
    note: NoteReveal | None
    """None outside of a case, where nothing is logged."""
    count: int = 0
    """How often something was revealed."""
    _grants: dict[str, Grant] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: bool = False

    def reveal(self, item: str, part: Part, purpose: str) -> Grant:
        """Return a new grant, after it was noted; raises `UsageError`, and whatever keeps it from being noted."""
        viewed = self._allowed(item, part)
        said = " ".join(purpose.split())
        if not said or len(said) > LONGEST_PURPOSE:
            raise UsageError(f"a purpose has 1 to {LONGEST_PURPOSE} characters", hint="say what it is looked at for")
        with self._lock:
            if self._over:
                raise UsageError("looking at it has ended", hint="start the command again")
            event = self.note(item, part, said) if self.note else None
            grant = Grant(word=secrets.token_hex(_WORD_BYTES), item=viewed, part=part, event=event)
            self._grants[grant.word] = grant
            self.count += 1
        return grant

    def hide(self, word: str) -> None:
        """Take a grant back, if there is one."""
        with self._lock:
            self._grants.pop(word, None)

    def end(self) -> None:
        """Reveal nothing more; what is being noted is noted first, for the program ends then."""
        with self._lock:
            self._over = True
            self._grants.clear()

    def granted(self, word: str) -> Grant | None:
        """Return the grant with the secret *word*, unless it was taken back."""
        return self._grants.get(word)

    def _allowed(self, item: str, part: Part) -> ViewedItem:
        viewed = self.subject.items.get(item)
        if viewed is None:
            raise UsageError(f"there is no item {item!r} here")
        self.subject.read_seals()
        if self.subject.sealed(viewed):
            raise UsageError(f"{item} is under seal and is not opened", hint="take the seal off first")
        there = {
            Part.REPLAY: viewed.archive,
            Part.PICTURES: viewed.pictures,
            Part.TEXT: viewed.texts,
            Part.LEDGER: viewed.ledger,
        }
        if not there[part]:
            raise UsageError(f"{item} has no {part} here")
        return viewed
