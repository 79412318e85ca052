"""Conversations of Telegram Desktop's export in JSON: one chat, or a whole account.

``result.json`` is a chat, an object with ``name``, ``type``, ``id`` and ``messages``, or of a whole account an object
in which ``chats`` and ``left_chats`` hold such objects as ``list``. It may have a gigabyte, so it is read forwards,
message by message. A message has ``id``, ``type`` (``message`` or ``service``), ``date`` (the clock of the exporting
computer), ``date_unixtime`` (seconds since 1970 in UTC, since 2021), ``from`` and ``from_id`` (of a service message
``actor``, ``actor_id``, ``action``), ``text`` (a string, or a list of strings and objects with ``text``), ``edited``,
``reply_to_message_id``, ``forwarded_from``, ``reactions``, and paths from the folder of the file: ``photo``, ``file``;
a remark in brackets stands in place of a file that was left out. Deleted messages are not in it. Source: Telegram,
"Telegram Data Export Schema" (core.telegram.org).
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from evidence_kit.errors import FormatError
from evidence_kit.intake.chats.json_cursor import JsonCursor, RawJson, UnreadableError
from evidence_kit.intake.chats.models import Attachment, Conversation, Message, Reaction
from evidence_kit.intake.chats.notes import Notes
from evidence_kit.intake.chats.originals import Original, Originals
from evidence_kit.intake.chats.people import People
from evidence_kit.intake.chats.repair import Mender
from evidence_kit.intake.chats.times import from_seconds
from evidence_kit.intake.findings import Finding, Source

_CHAT = re.compile(rb'"type":\s*"(personal_chat|bot_chat|saved_messages|replies|(private|public)_\w{1,40})"')
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
_LARGEST_ID = 2**63 - 1
_LARGEST_COUNT = 2**53 - 1


def recognises(_name: str, beginning: bytes) -> bool:
    """Say whether a file that begins so is such an export."""
    account = b'"about"' in beginning and (b'"personal_information"' in beginning or b'"chats"' in beginning)
    return beginning.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") and (
        account or (b'"messages"' in beginning and bool(_CHAT.search(beginning)))
    )


def conversations(
    files: Sequence[Original], originals: Originals, numbers: Iterator[int]
) -> Iterator[Conversation | Finding]:
    """Yield each chat of each file."""
    for original in files:
        try:
            with original.open() as stream:
                yield from _File(original, originals, JsonCursor(stream)).chats(numbers)
        except FormatError as error:
            detail = f"is not whole JSON, and was read as far as it goes: {error}"
            yield Finding(code="chat.file.cut", value=original.base, detail=detail, source=original.source())
        except OSError:
            detail = "the file cannot be read"
            yield Finding(code="chat.file.unreadable", value=original.base, detail=detail, source=original.source())


class _File:
    def __init__(self, original: Original, originals: Originals, cursor: JsonCursor) -> None:
        self._original = original
        self._originals = originals
        self._cursor = cursor

    def chats(self, numbers: Iterator[int]) -> Iterator[Conversation]:
        """Yield each chat; its messages have to be read before the next one is asked for."""
        yield from self._chat("", numbers)

    def _chat(self, path: str, numbers: Iterator[int]) -> Iterator[Conversation]:
        """Yield the chat that the object at *path* is; of an account those that it holds."""
        name = ""
        chat: _Chat | None = None
        for key in self._cursor.members():
            if key == "messages":
                chat = _Chat(self._original, self._originals, self._cursor, path)
                yield chat.conversation(next(numbers), name)
            elif key == "name":
                name = self._name()
                if chat and chat.made:
                    chat.made.title = name
            elif key in {"chats", "left_chats"} and not path and self._cursor.kind() == "{":
                yield from self._listed(f"/{key}", numbers)

    def _listed(self, path: str, numbers: Iterator[int]) -> Iterator[Conversation]:
        for key in self._cursor.members():
            if key == "list" and self._cursor.kind() == "[":
                for index in self._cursor.elements():
                    if self._cursor.kind() == "{":
                        yield from self._chat(f"{path}/list/{index}", numbers)

    def _name(self) -> str:
        try:
            return Mender(Notes(), broken=False).text(self._cursor.value())
        except UnreadableError:
            return ""


class _Chat:
    """The chat whose messages the cursor stands before."""

    def __init__(self, original: Original, originals: Originals, cursor: JsonCursor, path: str) -> None:
        self._original = original
        self._originals = originals
        self._cursor = cursor
        self._path = path
        self._notes = Notes()
        self._people = People(self._notes)
        self._mender = Mender(self._notes, broken=False)
        self._ids = array("q")
        self._ascending = True
        self.made: Conversation | None = None

    def conversation(self, number: int, title: str) -> Conversation:
        """Return the conversation, whose messages are read with the cursor."""
        self.made = Conversation(
            number=number,
            platform="telegram",
            format="telegram-json",
            title=title,
            participants=self._people.listed,
            notes=self._notes,
            files=(self._original.supplied.file,),
            messages=self._messages(),
        )
        return self.made

    def _messages(self) -> Iterator[Message]:
        doubled = self._cursor.doubled
        for index in self._cursor.elements():
            pointer = f"{self._path}/messages/{index}"
            try:
                value = self._cursor.value()
            except UnreadableError:
                source = self._original.source(pointer, *self._cursor.span)
                self._notes.add("chat.message.unreadable", "an entry cannot be read", source)
                continue
            source = self._original.source(pointer, *self._cursor.span)
            if self._cursor.doubled > doubled:
                self._notes.add("chat.json.key.twice", "a key stands twice in one object; the last one counts", source)
                doubled = self._cursor.doubled
            if isinstance(value, dict):
                yield self._message(value, source)
            else:
                self._notes.add("chat.message.unreadable", "an entry is no object", source)
                self._cursor.strange()

    def _message(self, value: dict[str, RawJson], source: Source) -> Message:
        self._mender.source = source
        text = self._mender.text
        service = value.get("type") == "service"
        action = text(value.get("action"))
        seconds, clock = value.get("date_unixtime"), text(value.get("date"))
        moment = from_seconds(seconds)
        if moment is None and not _LOCAL.fullmatch(clock):
            self._notes.add("chat.time.unreadable", "a time cannot be read", source)
        edited = value.get("edited_unixtime", value.get("edited"))
        number = self._remember(value.get("id"), source)
        return Message(
            number=number,
            sender=self._sender(value, "actor" if service else "from"),
            time=moment,
            time_as_told=str(seconds)[:40] if moment else clock,
            zone="utc" if moment else "not-told",
            local=clock if _LOCAL.fullmatch(clock) else "",
            kind=("call" if "call" in action else "system") if service else "message",
            text=self._text(value) or (action if service else ""),
            attachments=tuple(self._attachments(value)),
            edited=str(edited)[:40] if isinstance(edited, str | int) and not isinstance(edited, bool) else None,
            reactions=tuple(self._reactions(value.get("reactions"))),
            reply_to=self._answered(value.get("reply_to_message_id"), number, source),
            forwarded=text(value.get("forwarded_from")),
            source=source,
        )

    def _sender(self, value: dict[str, RawJson], key: str) -> int | None:
        identity = value.get(f"{key}_id")
        told = str(identity) if isinstance(identity, int) else self._mender.text(identity)
        return self._people.index(self._mender.text(value.get(key)), told, self._mender.source)

    def _text(self, value: dict[str, RawJson]) -> str:
        told = value.get("text")
        parts = told if isinstance(told, list) else [told]
        found = "".join(self._mender.text(part.get("text") if isinstance(part, dict) else part) for part in parts)
        poll = value.get("poll")
        return found or (self._mender.text(poll.get("question")) if isinstance(poll, dict) else "")

    def _attachments(self, value: dict[str, RawJson]) -> Iterator[Attachment]:
        media_type = self._mender.text(value.get("mime_type"))
        for key in ("photo", "file", "contact_vcard"):
            told = self._mender.text(value.get(key))
            if told.startswith("("):
                yield Attachment(name=self._mender.text(value.get("file_name")) or told, media_type=media_type)
            elif told:
                yield self._originals.attachment(self._original, told, media_type if key == "file" else "")

    def _reactions(self, listed: RawJson) -> Iterator[Reaction]:
        for one in listed if isinstance(listed, list) else []:
            if not isinstance(one, dict):
                continue
            told = self._mender.text(one.get("emoji")) or self._mender.text(one.get("type"))
            recent = one.get("recent")
            known = 0
            for who in recent if isinstance(recent, list) else []:
                if isinstance(who, dict):
                    known += 1
                    yield Reaction(text=told, by=self._sender(who, "from"))
            total = one.get("count")
            more = total - known if isinstance(total, int) and abs(total) <= _LARGEST_COUNT else 0
            if more > 0:
                yield Reaction(text=told, count=more)

    def _remember(self, identity: RawJson, source: Source) -> int:
        """Return the number of the next message, and keep its id for those that answer it."""
        known = isinstance(identity, int) and abs(identity) <= _LARGEST_ID
        number = identity if isinstance(identity, int) and known else (self._ids[-1] if self._ids else 0)
        if self._ids and number <= self._ids[-1] and self._ascending:
            self._ascending = False
            self._notes.add("chat.id.order", "ids do not rise, so no answers are assigned from here", source)
        self._ids.append(number)
        return len(self._ids)

    def _answered(self, identity: RawJson, number: int, source: Source) -> int | None:
        if not isinstance(identity, int) or abs(identity) > _LARGEST_ID:
            return None
        if self._ascending:
            index = bisect_left(self._ids, identity, 0, number)
            if index < number and self._ids[index] == identity:
                return index + 1
        self._notes.add("chat.reply.unknown", "answers a message that is not in the export", source)
        return None
