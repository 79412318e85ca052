"""Conversations of Viber's "Email message history": a CSV file for each chat, alone or in a zip.

A record (RFC 4180) is date, time, name, number and text, or has date and time in one field; the account's own messages
have the name ``Me``. The maker publishes no description, and versions differ: the columns are recognised by what stands
in the first records, and a file in which they are not found is no export. No zone and no ids of messages are told.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from evidence_kit.intake.chats.date_order import DateOrder, Stamp
from evidence_kit.intake.chats.models import Conversation, Message
from evidence_kit.intake.chats.notes import Notes
from evidence_kit.intake.chats.originals import Original, Originals
from evidence_kit.intake.chats.people import People
from evidence_kit.intake.chats.times import hour_of
from evidence_kit.intake.findings import Source

_FIRST_RECORDS = 20
_LONGEST_RECORD = 1024 * 1024
_LONGEST_LINE = 64 * 1024
_DELIMITERS = (",", ";", "\t")
_DATE = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})")
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?(?:\s?([^\W\d_][^\d]{0,8}))?")
_NUMBER = re.compile(r"\+?[\d \-()]{5,24}|")
_SEPARATE, _TOGETHER = 5, 4
"""Fields of a record with date and time in two fields and in one."""


@dataclass(frozen=True, slots=True)
class _Record:
    """One record and where it stands."""

    line: int
    offset: int
    length: int
    text: str
    cut: bool


@dataclass(frozen=True, slots=True)
class _Row:
    """What a record tells."""

    stamp: Stamp
    name: str
    number: str
    text: str


def recognises(_name: str, beginning: bytes) -> bool:
    """Say whether a file that begins so is such an export."""
    return bool(_delimiter(beginning.decode("utf-8-sig", "replace")))


def conversations(files: Sequence[Original], originals: Originals, numbers: Iterator[int]) -> Iterator[Conversation]:
    """Yield the conversation of each file."""
    del originals  # the export names no files
    for original in files:
        yield _Chat(original).conversation(next(numbers))


class _Chat:
    def __init__(self, original: Original) -> None:
        self._original = original
        self._notes = Notes()
        self._people = People(self._notes)
        self._order = DateOrder()

    def conversation(self, number: int) -> Conversation:
        """Return the conversation; the file is read when its messages are asked for."""
        return Conversation(
            number=number,
            platform="viber",
            format="viber-csv",
            title=self._original.base.rpartition(".")[0],
            participants=self._people.listed,
            notes=self._notes,
            files=(self._original.supplied.file,),
            messages=self._messages(),
        )

    def _messages(self) -> Iterator[Message]:
        """Read the file twice: the order of day and month is known only when all dates were seen."""
        with self._original.open() as stream:
            delimiter = _delimiter(stream.read(_LONGEST_LINE).decode("utf-8-sig", "replace"))
        for row, _ in self._rows(delimiter, Notes()):
            self._order.see(row.stamp)
        self._order.tell(self._notes, self._original.source())
        for number, (row, source) in enumerate(self._rows(delimiter, self._notes), 1):
            yield Message(
                number=number,
                sender=self._people.index(row.name, row.number, source),
                time=None,
                time_as_told=row.stamp.told,
                zone="not-told",
                local=self._order.local(row.stamp),
                text=row.text,
                source=source,
            )

    def _rows(self, delimiter: str, notes: Notes) -> Iterator[tuple[_Row, Source]]:
        with self._original.open() as stream:
            for record in _records(stream):
                source = self._original.source(f"line/{record.line}", record.offset, record.length)
                row = None if record.cut else _row(record.text, delimiter)
                if row:
                    yield row, source
                elif record.line > 1 and record.text.strip():
                    # The first line may hold the names of the columns.
                    notes.add("chat.message.unreadable", "a record is not of the form of the others", source)


def _records(stream: BinaryIO) -> Iterator[_Record]:
    """Yield each record: a line, or several where a line feed stands in quotes."""
    parts: list[bytes] = []
    line, first, offset, size, quotes = 0, 1, 0, 0, 0
    while piece := stream.readline(_LONGEST_LINE):
        parts.append(piece)
        size += len(piece)
        quotes += piece.count(b'"')
        line += piece.endswith(b"\n")
        cut = size > _LONGEST_RECORD
        if cut or (quotes % 2 == 0 and piece.endswith(b"\n")):
            yield _Record(first, offset, size, b"".join(parts).decode("utf-8", "replace"), cut)
            parts, first, offset, size, quotes = [], line + 1, offset + size, 0, 0
    if parts:
        yield _Record(first, offset, size, b"".join(parts).decode("utf-8", "replace"), cut=False)


def _delimiter(beginning: str) -> str:
    """Return what stands between the fields if the first lines are such records, else ""."""
    lines = [line for line in beginning.splitlines()[:_FIRST_RECORDS] if line]
    for delimiter in _DELIMITERS:
        # The names of columns, and lines inside quotes, are no records.
        if sum(1 for line in lines if _row(line, delimiter)) * 2 > max(1, len(lines) - 1):
            return delimiter
    return ""


def _row(text: str, delimiter: str) -> _Row | None:
    """Return what a record tells, None if it is not of the form."""
    try:
        fields = next(csv.reader(text.removeprefix("\ufeff").splitlines(keepends=True), delimiter=delimiter), [])
    except csv.Error:
        return None
    if len(fields) == _TOGETHER:
        date, _, time = fields[0].strip().partition(" ")
        fields = [date, time, *fields[1:]]
    if len(fields) != _SEPARATE:
        return None
    stamp = _stamp(fields[0].strip().rstrip(","), fields[1].strip())
    if not stamp or not _NUMBER.fullmatch(fields[3].strip()):
        return None
    return _Row(stamp, fields[2], fields[3].strip(), fields[4].replace("\r\n", "\n"))


def _stamp(date: str, time: str) -> Stamp | None:
    found, clock = _DATE.fullmatch(date), _TIME.fullmatch(time)
    if not found or not clock:
        return None
    first, second, third = found.groups()
    hour = hour_of(int(clock[1]), clock[4])
    return Stamp(
        told=f"{date} {time}",
        numbers=(int(first), int(second), int(third)),
        year_first=len(first) == len("2026"),
        clock=None if hour is None else (hour, int(clock[2]), -1 if clock[3] is None else int(clock[3])),
    )
