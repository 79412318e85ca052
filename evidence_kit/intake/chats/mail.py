"""Conversations of e-mail: ``.eml`` files of one folder together, or a mailbox (``.mbox``, RFC 4155).

The sender is who stands in ``From`` (RFC 5322, 3.6.2), which anybody can write; no signature is checked. ``To`` and
``Cc`` are participants. The time is that of ``Date``. The text is the first ``text/plain`` part, else the text of
``text/html``; every other part is an attachment with the digest of its decoded bytes. A message inside a message is an
attachment that is not opened. Messages of a mailbox begin at ``From `` behind an empty line, as every program that
writes them agrees.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import count
from typing import BinaryIO

from evidence_kit.intake.chats.mail_parts import Mail, read_mail
from evidence_kit.intake.chats.models import Conversation, Message
from evidence_kit.intake.chats.notes import Notes
from evidence_kit.intake.chats.originals import Original, Originals
from evidence_kit.intake.chats.people import People
from evidence_kit.intake.findings import Source

LARGEST_MESSAGE = 36 * 1024 * 1024
"""Bytes; providers take 25 MB of attachments, a third more when they are written as text."""
_MOST_IDS = 500_000
_LONGEST_LINE = 64 * 1024
_ENVELOPE = re.compile(rb"From [^\r\n]{1,500}\r?\n[!-9;-~]{1,100}:")
_FIELD = re.compile(rb"[!-9;-~]{1,100}:[ \t\r\n]")
_KNOWN = re.compile(
    rb"^(from|date|subject|message-id|received|mime-version|return-path|delivered-to):", re.IGNORECASE | re.MULTILINE
)
_ENOUGH = 2


def recognises(_name: str, beginning: bytes) -> bool:
    """Say whether a file that begins so is an e-mail or a mailbox."""
    if _ENVELOPE.match(beginning):
        return True
    head = beginning.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    names = {name.lower() for name in _KNOWN.findall(head)}
    return bool(_FIELD.match(head)) and len(names) >= _ENOUGH


def conversations(files: Sequence[Original], originals: Originals, numbers: Iterator[int]) -> Iterator[Conversation]:
    """Yield the conversation of each mailbox, and of the e-mails of each folder."""
    folders: dict[str, list[Original]] = {}
    for original in files:
        mailbox = bool(_ENVELOPE.match(originals.beginning(original, _LONGEST_LINE)))
        key = f"{original.container}/{original.supplied.file if mailbox else ''}/{original.folder}"
        folders.setdefault(f"{mailbox} {key}", []).append(original)
    for together in folders.values():
        yield _Mailbox(together).conversation(next(numbers))


class _Mailbox:
    def __init__(self, files: Sequence[Original]) -> None:
        self._files = files
        self._notes = Notes()
        self._people = People(self._notes)
        self._ids: dict[str, int] = {}

    def conversation(self, number: int) -> Conversation:
        """Return the conversation; its files are read when its messages are asked for."""
        first = self._files[0]
        return Conversation(
            number=number,
            platform="email",
            format="email",
            title=first.base if len(self._files) == 1 else first.folder.rpartition("/")[2],
            participants=self._people.listed,
            notes=self._notes,
            files=tuple(dict.fromkeys(one.supplied.file for one in self._files)),
            messages=self._messages(),
        )

    def _messages(self) -> Iterator[Message]:
        numbers = count(1)
        for original in self._files:
            with original.open() as stream:
                for index, (offset, length, data) in enumerate(_split(stream), 1):
                    source = original.source(f"message/{index}", offset, length)
                    if length > LARGEST_MESSAGE:
                        detail = f"a message of more than {LARGEST_MESSAGE} bytes, of which the beginning is read"
                        self._notes.add("chat.text.cut", detail, source)
                    yield self._message(next(numbers), read_mail(data, source), source)

    def _message(self, number: int, mail: Mail, source: Source) -> Message:
        for code, detail in mail.remarks:
            self._notes.add(code, detail, source)
        if mail.identity and len(self._ids) < _MOST_IDS:
            self._ids.setdefault(mail.identity, number)
        sender = self._people.index(*mail.sender, source)
        for name, address in mail.recipients:
            self._people.index(name, address, source)
        return Message(
            number=number,
            sender=sender,
            time=mail.time,
            time_as_told=mail.time_as_told,
            zone="told" if mail.time else "not-told",
            local=mail.local,
            text=mail.text,
            attachments=mail.attachments,
            reply_to=next((self._ids[one] for one in mail.answers if one in self._ids), None),
            subject=mail.subject,
            source=source,
        )


def _split(stream: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Yield offset, length and at most `LARGEST_MESSAGE` bytes of each message of a mailbox, or of the only one."""
    parts: list[bytes] = []
    offset, length, kept = 0, 0, 0
    empty_before, begins, mailbox = True, True, False
    while piece := stream.readline(_LONGEST_LINE):
        if begins and piece.startswith(b"From ") and empty_before and (mailbox or not length):
            if length:
                yield offset, length, b"".join(parts)
            mailbox, parts, offset, length, kept = True, [], offset + length, 0, 0
        if kept < LARGEST_MESSAGE:
            parts.append(piece)
            kept += len(piece)
        length += len(piece)
        empty_before = begins and piece in {b"\n", b"\r\n"}
        begins = piece.endswith(b"\n")
    if length:
        yield offset, length, b"".join(parts)
