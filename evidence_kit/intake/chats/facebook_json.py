r"""Conversations of Facebook's, Messenger's and Instagram's "Download your information" in JSON.

A thread is a folder (``messages/inbox/NAME_ID/``) with ``message_1.json``, ``message_2.json``…, each an object with
``participants``, ``title``, ``thread_path`` and at most 10,000 ``messages``, newest first; the first file holds the
newest. A message has ``sender_name``, ``timestamp_ms`` (milliseconds since 1970 in UTC) and what it consists of:
``content``, lists ``photos``, ``videos``, ``audio_files``, ``files`` and ``gifs`` of ``uri`` (a path from the top of
the export), ``sticker``, ``share`` (``link``, ``share_text``), ``reactions``, ``call_duration``, ``is_unsent``. Texts
are broken as `repair` tells.

Messenger's "Download secure storage data" is another form: one file a thread with ``threadName``, ``participants`` as
strings, and messages with ``senderName``, ``timestamp`` (the same unit), ``text``, ``media``, ``reactions``,
``isUnsent``; its texts are not broken. Neither form tells edits or replies. The makers publish no description; these
are the forms that open parsers read and that exports of 2018 to 2026 have.
"""

import io
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from evidence_kit.errors import FormatError
from evidence_kit.intake.chats.json_cursor import JsonCursor, RawJson, UnreadableError
from evidence_kit.intake.chats.models import Attachment, Conversation, Message, Reaction
from evidence_kit.intake.chats.notes import Notes
from evidence_kit.intake.chats.originals import Original, Originals
from evidence_kit.intake.chats.people import People
from evidence_kit.intake.chats.repair import Mender
from evidence_kit.intake.chats.threads import threads
from evidence_kit.intake.chats.times import from_milliseconds

LARGEST_FILE = 128 * 1024 * 1024
"""Bytes of one file: 10,000 messages have about 5 MB."""
_LISTS = ("photos", "videos", "audio_files", "files", "gifs", "media")
_MEMBERSHIP = {"Subscribe", "Unsubscribe"}


@dataclass(frozen=True, slots=True)
class _File:
    """One file of a thread, read into memory, and where its messages stand."""

    original: Original
    data: bytes
    spans: "array[int]"
    """Offset and length of each message, by turns, in the order of the file."""
    descending: bool
    head: dict[str, RawJson]


def recognises(_name: str, beginning: bytes) -> bool:
    """Say whether a file that begins so is one of a thread."""
    one = b'"sender_name"' in beginning and b'"timestamp_ms"' in beginning
    other = b'"senderName"' in beginning and b'"timestamp"' in beginning
    return b'"participants"' in beginning and b'"messages"' in beginning and (one or other)


def conversations(files: Sequence[Original], originals: Originals, numbers: Iterator[int]) -> Iterator[Conversation]:
    """Yield the conversation of each thread that the files belong to."""
    for thread in threads(files):
        yield _Thread(thread, originals).conversation(next(numbers))


class _Thread:
    def __init__(self, files: Sequence[Original], originals: Originals) -> None:
        self._files = files
        self._originals = originals
        self._notes = Notes()
        self._people = People(self._notes)
        self._mender = Mender(self._notes, broken=True)

    def conversation(self, number: int) -> Conversation:
        """Return the conversation; its files are read when its messages are asked for."""
        path = "/".join(original.name for original in self._files).lower()
        made = Conversation(
            number=number,
            platform="instagram" if "instagram" in path else "facebook",
            format="instagram-json" if "instagram" in path else "facebook-json",
            title="",
            participants=self._people.listed,
            notes=self._notes,
            files=tuple(dict.fromkeys(original.supplied.file for original in self._files)),
            messages=iter(()),
        )
        made.messages = self._messages(made)
        return made

    def _messages(self, made: Conversation) -> Iterator[Message]:
        numbers = count(1)
        # The last file holds the oldest messages.
        for original in reversed(self._files):
            file = self._read(original)
            if file:
                self._head(made, file)
                yield from self._of_file(file, numbers)

    def _read(self, original: Original) -> _File | None:
        with original.open() as stream:
            data = stream.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            detail = f"larger than {LARGEST_FILE} bytes, so not read"
            self._notes.add("chat.file.too.large", detail, original.source())
            return None
        spans = array("Q")
        head: dict[str, RawJson] = {}
        times: list[int] = []
        cursor = JsonCursor(io.BytesIO(data))
        try:
            for key in cursor.members():
                if key == "messages":
                    self._find(cursor, original, spans, times)
                elif key in {"title", "participants", "threadName", "thread_path"}:
                    head[key] = cursor.value()
        except UnreadableError:
            self._notes.add("chat.json.unreadable", "a value cannot be read", original.source())
        except FormatError:
            self._notes.add("chat.file.cut", "is not whole JSON: read as far as it goes", original.source())
        if cursor.doubled:
            detail = "a key stands twice in one object; the last one counts"
            self._notes.add("chat.json.key.twice", detail, original.source(), cursor.doubled)
        return _File(original, data, spans, len(times) > 1 and times[0] > times[-1], head)

    def _find(self, cursor: JsonCursor, original: Original, spans: "array[int]", times: list[int]) -> None:
        """Note where each message stands, and the first and last time."""
        for index in cursor.elements():
            try:
                value = cursor.value()
            except UnreadableError:
                source = original.source(f"/messages/{index}", *cursor.span)
                self._notes.add("chat.message.unreadable", "an entry cannot be read", source)
                spans.extend((0, 0))
                continue
            if not isinstance(value, dict):
                source = original.source(f"/messages/{index}", *cursor.span)
                self._notes.add("chat.message.unreadable", "an entry is no object", source)
                spans.extend((0, 0))
                cursor.strange()
                continue
            spans.extend(cursor.span)
            moment = value.get("timestamp_ms", value.get("timestamp"))
            if isinstance(moment, int):
                times[1:] = [moment]

    def _head(self, made: Conversation, file: _File) -> None:
        self._mender.source = file.original.source()
        self._mender.escaped = True
        if "threadName" in file.head:
            made.platform, made.format = "messenger", "messenger-json"
            self._mender = Mender(self._notes, broken=False)
        title = self._mender.text(file.head.get("title", file.head.get("threadName")))
        made.title = made.title or title
        listed = file.head.get("participants")
        for index, one in enumerate(listed if isinstance(listed, list) else []):
            name = self._mender.text(one.get("name") if isinstance(one, dict) else one)
            self._people.index(name, "", file.original.source(f"/participants/{index}"))

    def _of_file(self, file: _File, numbers: Iterator[int]) -> Iterator[Message]:
        indexes = range(len(file.spans) // 2)
        for index in reversed(indexes) if file.descending else indexes:
            offset, length = file.spans[2 * index], file.spans[2 * index + 1]
            if not length:
                continue
            raw = file.data[offset : offset + length]
            self._mender.source = file.original.source(f"/messages/{index}", offset, length)
            self._mender.escaped = raw.isascii()
            self._mender.repaired = False
            value = JsonCursor(io.BytesIO(raw)).value()
            if isinstance(value, dict):
                yield self._message(next(numbers), file.original, value)

    def _message(self, number: int, original: Original, value: dict[str, RawJson]) -> Message:
        text = self._mender.text
        source = self._mender.source
        sender = self._people.index(text(value.get("sender_name", value.get("senderName"))), "", source)
        told = value.get("timestamp_ms", value.get("timestamp"))
        moment = from_milliseconds(told)
        if moment is None:
            self._notes.add("chat.time.unreadable", "a time cannot be read", source)
        share = value.get("share")
        share = share if isinstance(share, dict) else {}
        content = text(value.get("content", value.get("text"))) or text(share.get("share_text"))
        attachments = tuple(self._attachments(original, value))
        reactions = tuple(self._reactions(value.get("reactions")))
        return Message(
            number=number,
            sender=sender,
            time=moment,
            time_as_told=str(told)[:40] if isinstance(told, int | str) else "",
            zone="utc" if moment else "not-told",
            kind=_kind(value),
            text=content,
            attachments=attachments,
            reactions=reactions,
            repaired=self._mender.repaired,
            source=source,
        )

    def _attachments(self, original: Original, value: dict[str, RawJson]) -> Iterator[Attachment]:
        sticker = value.get("sticker")
        listed: list[RawJson] = [sticker] if isinstance(sticker, dict) else []
        for key in _LISTS:
            some = value.get(key)
            listed += some if isinstance(some, list) else []
        for one in listed:
            told = self._mender.text(one.get("uri") if isinstance(one, dict) else None)
            if told:
                yield self._originals.attachment(original, told)
        share = value.get("share")
        link = self._mender.text(share.get("link") if isinstance(share, dict) else None)
        if link:
            yield Attachment(name=link, media_type="text/uri-list")

    def _reactions(self, listed: RawJson) -> Iterator[Reaction]:
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict):
                by = self._people.index(self._mender.text(one.get("actor")), "", self._mender.source)
                yield Reaction(text=self._mender.text(one.get("reaction")), by=by)


def _kind(value: dict[str, RawJson]) -> str:
    if value.get("is_unsent") is True or value.get("isUnsent") is True:
        return "deleted"
    told = value.get("type")
    if "call_duration" in value or told == "Call":
        return "call"
    return "system" if isinstance(told, str) and told in _MEMBERSHIP else "message"
