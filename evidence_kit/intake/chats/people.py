"""The participants of a conversation, in the order in which the export names them."""

from evidence_kit.intake.chats.models import Participant
from evidence_kit.intake.chats.notes import Notes
from evidence_kit.intake.findings import Source

MOST = 100_000
"""Participants of one conversation: Telegram's largest groups have 200,000 members, most of whom never write."""
_MOST_CHARACTERS = 8_000_000
"""Of all their names and ids."""


class People:
    """Finds each participant's index; the same id, or without ids the same name, is the same participant."""

    def __init__(self, notes: Notes) -> None:
        """Start without participants."""
        self.listed: list[Participant] = []
        self._notes = notes
        self._index: dict[str, int] = {}
        self._room = _MOST_CHARACTERS

    def index(self, name: str, identity: str, source: Source) -> int | None:
        """Return the index of who is called *name* or has the id *identity*; None for nobody."""
        key = f"id {identity}" if identity else f"name {name}"
        if not (name or identity):
            return None
        found = self._index.get(key)
        if found is None:
            self._room -= len(key)
            if len(self.listed) == MOST or self._room < 0:
                detail = f"participants after the first {len(self.listed)} are left out"
                self._notes.add("chat.participants.cut", detail, source)
                return None
            found = self._index[key] = len(self.listed)
            self.listed.append(Participant(name=name, id=identity))
        return found
