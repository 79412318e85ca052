"""The nouns of a conversation: what an export tells, and where in it each thing stands.

What people wrote is kept as it is. Half surrogate pairs, which our JSON cannot hold (RFC 8259, 8.2), become U+FFFD, and
a finding says so. Names, ids and texts are outside text: whoever shows them escapes them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evidence_kit.canonical import Json
from evidence_kit.intake.chats.notes import Notes
from evidence_kit.intake.findings import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppliedFile:
    """One file that somebody handed over, as it lies on the disk now."""

    path: Path
    file: str
    """Its path in the item, such as ``original/0003.json``."""
    name: str
    """Its name as it was supplied, with its folders: ``messages/inbox/abc/message_1.json``."""
    sha256: str = ""
    """Its digest (64 hexadecimal digits) if that is known already; else it is computed when it is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody who writes or is named in a conversation."""

    name: str
    id: str = ""
    """Account, number or address as the export tells it."""

    def to_json(self) -> dict[str, Json]:
        """Return the object of the header."""
        return {"name": self.name, "id": self.id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file, or a link, that belongs to a message."""

    name: str
    """As told: a path, a file name, an address, or the placeholder of a file that was left out."""
    file: str = ""
    """The file in the item that holds it; "" when the export does not."""
    pointer: str = ""
    """Where in that file it stands, when it is not the whole of it: ``member/…`` of a zip, ``part/2`` of an e-mail."""
    sha256: str = ""
    bytes: int | None = None
    media_type: str = ""
    """As told, else by the ending of its name; ``text/uri-list`` for a link."""

    def to_json(self) -> dict[str, Json]:
        """Return the object of the message, without what is not known."""
        told = {
            "file": self.file,
            "pointer": self.pointer,
            "sha256": self.sha256,
            "media_type": self.media_type,
        }
        found: dict[str, Json] = {"name": self.name}
        found.update({key: value for key, value in told.items() if value})
        if self.bytes is not None:
            found["bytes"] = self.bytes
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """A sign that people put to a message."""

    text: str
    by: int | None = None
    """Index of the participant, if the export tells who."""
    count: int = 1

    def to_json(self) -> dict[str, Json]:
        """Return the object of the message."""
        return {"text": self.text, "by": self.by, "count": self.count}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One entry of a conversation."""

    number: int
    """From 1, in the order of the conversation."""
    sender: int | None
    """Index of the participant; None for what the program itself wrote."""
    time: str | None
    """The instant in UTC (RFC 3339, milliseconds), if the export tells one."""
    time_as_told: str
    zone: str
    """``utc``: the export counts from 1970 in UTC; ``told``: it names an offset; ``not-told``: a clock somewhere."""
    local: str = ""
    """What the exporting device's clock showed (ISO 8601, no offset), where the export tells it in a certain form."""
    kind: str = "message"
    """``message``, ``system``, ``call`` or ``deleted``."""
    text: str
    attachments: tuple[Attachment, ...] = ()
    edited: str | None = None
    """How the export tells that it was changed later: a time or a remark, as told."""
    reactions: tuple[Reaction, ...] = ()
    reply_to: int | None = None
    """Number of the message that it answers."""
    subject: str = ""
    """Of an e-mail."""
    forwarded: str = ""
    """Whose message it was before it was forwarded, as told."""
    repaired: bool = False
    """Whether a broken encoding was undone in it (`repair`)."""
    source: Source

    @property
    def deleted(self) -> bool:
        """Whether the export tells that it was deleted."""
        return self.kind == "deleted"

    def to_json(self) -> dict[str, Json]:
        """Return the line of the messages file, without what does not apply."""
        found: dict[str, Json] = {
            "number": self.number,
            "sender": self.sender,
            "time": self.time,
            "time_as_told": self.time_as_told,
            "zone": self.zone,
            "kind": self.kind,
            "text": self.text,
            "source": self.source.to_json(),
        }
        if self.local:
            found["local"] = self.local
        if self.attachments:
            found["attachments"] = [attachment.to_json() for attachment in self.attachments]
        if self.edited is not None:
            found["edited"] = self.edited
        if self.reactions:
            found["reactions"] = [reaction.to_json() for reaction in self.reactions]
        if self.reply_to is not None:
            found["reply_to"] = self.reply_to
        if self.subject:
            found["subject"] = self.subject
        if self.forwarded:
            found["forwarded"] = self.forwarded
        if self.repaired:
            found["repaired"] = True
        return found


@dataclass(slots=True, kw_only=True)
class Conversation:
    """One conversation of an export.

    Its messages can be read once, and before the next conversation is asked for. Title, participants, `count`, times
    and findings are complete when they have been read to the end: most exports tell them on the way.
    """

    number: int
    """From 1, in the order in which the conversations were found."""
    platform: str
    """``facebook``, ``messenger``, ``instagram``, ``whatsapp``, ``telegram``, ``viber`` or ``email``."""
    format: str
    """Such as ``facebook-json``."""
    title: str
    participants: list[Participant]
    notes: Notes
    files: tuple[str, ...]
    """The files in the item that it was read from."""
    messages: Iterator[Message]
    count: int = 0
    first: str = ""
    """The earliest time of a message, in UTC, of those that have one; else the earliest local one; "" if none."""
    last: str = ""
    attachments: int = 0
    held: int = 0
    """Of the attachments, how many lie in the export."""
    _local: bool = field(default=True, init=False)

    def count_in(self, message: Message) -> None:
        """Take account of a message that was read."""
        self.count += 1
        self.attachments += len(message.attachments)
        self.held += sum(1 for attachment in message.attachments if attachment.file)
        moment = message.time or (message.local if self._local else "")
        if message.time and self._local:
            self._local, self.first, self.last = False, "", ""
        if moment:
            self.first = min(self.first or moment, moment)
            self.last = max(self.last, moment)

    def to_json(self) -> dict[str, Json]:
        """Return the header: everything but the messages."""
        return {
            "number": self.number,
            "platform": self.platform,
            "format": self.format,
            "title": self.title,
            "participants": [participant.to_json() for participant in self.participants],
            "files": list(self.files),
            "messages": self.count,
            "first": self.first or None,
            "last": self.last or None,
            "attachments": {"told": self.attachments, "held": self.held},
            "findings": [finding.to_json() for finding in self.notes.findings()],
        }
