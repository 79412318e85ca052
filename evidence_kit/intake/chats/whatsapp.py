"""Conversations of WhatsApp's "Export chat": a text file, with or without the media beside it.

The text's form stands in `whatsapp_lines`, the program's own words in `whatsapp_words`. The file is called
``_chat.txt`` (iOS) or ``WhatsApp Chat with NAME.txt`` in the language of the phone (Android), and lies alone, in a
folder or in a zip, the media beside it. It tells no zone, no ids, no replies and no reactions, and may be the tail of a
longer conversation.
"""

import re
from collections.abc import Iterator, Sequence

from evidence_kit.intake.chats.date_order import DateOrder
from evidence_kit.intake.chats.models import Attachment, Conversation, Message
from evidence_kit.intake.chats.notes import Notes
from evidence_kit.intake.chats.originals import Original, Originals
from evidence_kit.intake.chats.people import People
from evidence_kit.intake.chats.whatsapp_lines import Entry, begins_like_an_export, entries
from evidence_kit.intake.chats.whatsapp_words import (
    ATTACHED,
    ATTACHED_BEFORE,
    CALLS,
    DELETED,
    EDITED,
    OMITTED,
    SYSTEM,
)

_BEGINNING = 8 * 1024
_LONGEST_NAME = 100
_MARKS = "\u200e\u200f"
_ANDROID_FILE = re.compile(r"(?P<name>[^\n]{1,250}\.\w{1,8}) \((?P<word>[^()\n]{3,40})\)(?:\n|$)")
_IOS_FILE = re.compile(rf"<(?P<word>[^<>:\n]{{3,40}}): ?[{_MARKS}]?(?P<name>[^<>\n]{{1,250}})>(?:\n|$)")
_TITLES = re.compile(
    r"(?:WhatsApp Chat (?:with|-) |Чат WhatsApp с контактом |Чат WhatsApp с |WhatsApp чат: )(.+)", re.IGNORECASE
)


def recognises(_name: str, beginning: bytes) -> bool:
    """Say whether a file that begins so is a text export."""
    return begins_like_an_export(beginning[:_BEGINNING].decode("utf-8", "replace"))


def conversations(files: Sequence[Original], originals: Originals, numbers: Iterator[int]) -> Iterator[Conversation]:
    """Yield the conversation of each text file."""
    for original in files:
        yield _Export(original, originals).conversation(next(numbers))


class _Export:
    def __init__(self, original: Original, originals: Originals) -> None:
        self._original = original
        self._originals = originals
        self._notes = Notes()
        self._people = People(self._notes)
        self._order = DateOrder()

    def conversation(self, number: int) -> Conversation:
        """Return the conversation; the file is read when its messages are asked for."""
        return Conversation(
            number=number,
            platform="whatsapp",
            format="whatsapp-text",
            title=self._title(),
            participants=self._people.listed,
            notes=self._notes,
            files=(self._original.supplied.file,),
            messages=self._messages(),
        )

    def _title(self) -> str:
        """Return the name that the file, or the zip or folder around it, is called by."""
        original = self._original
        for name in (original.base, original.folder.rpartition("/")[2], original.supplied.name.rpartition("/")[2]):
            told = _TITLES.fullmatch(re.sub(r"\.(txt|zip)$", "", name, flags=re.IGNORECASE))
            if told:
                return told[1]
        return ""

    def _messages(self) -> Iterator[Message]:
        """Read the file twice: the order of day and month is known only when all dates were seen."""
        with self._original.open() as stream:
            for entry in entries(stream):
                if entry.stamp:
                    self._order.see(entry.stamp)
        self._tell_limits()
        number = 0
        with self._original.open() as stream:
            for entry in entries(stream):
                source = self._original.source(f"line/{entry.line}", entry.offset, entry.length)
                if entry.cut:
                    self._notes.add("chat.text.cut", "a text is longer than what is kept of it", source)
                if entry.damaged:
                    self._notes.add("chat.text.damaged", "bytes that are not UTF-8 became U+FFFD", source)
                if not entry.stamp:
                    self._notes.add("chat.text.before", "lines before the first message are left out", source)
                    continue
                number += 1
                yield self._message(number, entry)

    def _tell_limits(self) -> None:
        source = self._original.source()
        self._notes.add(
            "chat.whatsapp.unescaped",
            "nothing is escaped: a line in a message that looks like the beginning of one cannot be told from it",
            source,
        )
        self._order.tell(self._notes, source)

    def _message(self, number: int, entry: Entry) -> Message:
        source = self._original.source(f"line/{entry.line}", entry.offset, entry.length)
        stamp = entry.stamp
        local = self._order.local(stamp) if stamp else ""
        if stamp and not stamp.clock:
            self._notes.add("chat.time.unreadable", "a time of day cannot be read", source)
        name, text = _parted(entry.body)
        marked = text.startswith(tuple(_MARKS))
        text = text.lstrip(_MARKS)
        text, edited = _edited(text)
        kind = _kind(text, marked=marked, ios=entry.ios) if name else "system"
        attachments = self._attachments(text, kind) if name else ()
        return Message(
            number=number,
            sender=self._people.index(name, "", source) if kind != "system" or not entry.ios else None,
            time=None,
            time_as_told=stamp.told if stamp else "",
            zone="not-told",
            local=local,
            kind=kind,
            text=text,
            attachments=attachments,
            edited=edited,
            source=source,
        )

    def _attachments(self, text: str, kind: str) -> tuple[Attachment, ...]:
        if kind != "message":
            return ()
        if text.lower().lstrip(_MARKS) in OMITTED:
            return (Attachment(name=text),)
        told = _ANDROID_FILE.match(text) or _IOS_FILE.match(text)
        if not told:
            return ()
        name = told["name"].strip(_MARKS)
        attachment = self._originals.attachment(self._original, name)
        known = told["word"].lower() in ATTACHED | ATTACHED_BEFORE
        # In a language that is not known here, a file of that name beside the text tells as much.
        return (attachment,) if known or attachment.file else ()


def _parted(body: str) -> tuple[str, str]:
    """Return who wrote, "" for the program itself, and what."""
    name, colon, text = body.partition(": ")
    if not colon:
        name, colon, text = body.partition(":\n")
        text = "\n" + text
    name = name.strip(_MARKS + "\u202a\u202c\u00a0 ")
    # Quotes stand in notices: NAME changed the subject to "…: …".
    if not colon or not name or "\n" in name or len(name) > _LONGEST_NAME or any(mark in name for mark in '"“”«»'):
        return "", body
    return name, text


def _edited(text: str) -> tuple[str, str | None]:
    """Return the text without the remark that it was edited, and that remark."""
    start = text.rfind("<")
    remark = text[start:] if start >= 0 else ""
    if remark.lower() in EDITED:
        return text[:start].rstrip(_MARKS + " "), remark
    return text, None


def _kind(text: str, *, marked: bool, ios: bool) -> str:
    words = text.strip(_MARKS + " .\n").lower()
    if words in DELETED:
        return "deleted"
    if CALLS.fullmatch(words):
        return "call"
    if ios and marked and SYSTEM.search(text):
        return "system"
    return "message"
