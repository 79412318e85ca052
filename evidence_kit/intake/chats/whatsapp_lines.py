r"""The lines of WhatsApp's text export, and what its dates mean.

Android writes ``19/09/2026, 09:52 - NAME: TEXT``, iOS ``[19/09/2026, 09:52:03] NAME: TEXT``; a line without such a
beginning goes on with the message before it. Order and width of day, month and year, the comma, ``:`` or ``.`` in the
time and a mark of 12 hours follow the language and region of the phone (CLDR); since CLDR 42 U+202F may stand before
the mark. U+200E stands before what the program wrote itself. No zone is ever told.

There is no escaping: a line inside a message that looks like the beginning of one cannot be told from it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from evidence_kit.intake.chats.date_order import Stamp
from evidence_kit.intake.chats.times import hour_of

LONGEST_TEXT = 1024 * 1024
"""Bytes of one message's text that are kept."""
_LONGEST_LINE = 64 * 1024

_DATE = r"(\d{1,4})([./\-])\s?(\d{1,2})SEPARATOR\s?(\d{1,4})\.?"
_TIME = r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[ \u00a0\u202f]?([^\W\d_](?:[^\W\d_]|[. \u00a0\u202f]){0,8}?))?"
_BETWEEN = r"(?:,| г\.,?| klo| at| в)?[ \u00a0\u202f]{1,2}"
_STAMP = rf"({_DATE}{_BETWEEN}{_TIME})"
_BEGINNING = re.compile(
    r"[\u200e\u200f\ufeff]{0,3}(?:"
    rf"\[{_STAMP.replace('SEPARATOR', chr(92) + '3')}\] ?"
    rf"|{_STAMP.replace('SEPARATOR', chr(92) + '12')}[ \u00a0]?[-\u2013][ \u00a0])"
)
_BEGINNINGS = frozenset("0123456789[\u200e\ufeff".encode())
"""First bytes of such a beginning."""
_GROUPS = 9
"""Of each of the two forms: the whole, three numbers and a separator of the date, four of the time."""


@dataclass(slots=True)
class Entry:
    """The lines of one message."""

    line: int
    """Number of its first line, from 1."""
    offset: int
    length: int
    stamp: Stamp | None
    """None for lines before the first message."""
    body: str
    """What stands behind the stamp, further lines behind a line feed."""
    ios: bool = False
    cut: bool = False
    """Whether its text is longer than what is kept."""
    damaged: bool = False
    """Whether bytes that are not UTF-8 became U+FFFD."""


def entries(stream: BinaryIO) -> Iterator[Entry]:
    """Yield the messages of a text export; reading raises `OSError` or `FormatError`."""
    current: Entry | None = None
    parts: list[str] = []
    kept, offset, line, begins = 0, 0, 0, True
    while piece := stream.readline(_LONGEST_LINE):
        line += begins
        keeps = kept <= LONGEST_TEXT
        stamped = begins and piece[0] in _BEGINNINGS
        text = piece.decode("utf-8", "replace") if keeps or stamped else ""
        match = _BEGINNING.match(text) if stamped else None
        if match or current is None:
            if current:
                yield _finished(current, parts)
            stamp = _stamp(match) if match else None
            body = text[match.end() :] if match else text
            current = Entry(line, offset, 0, stamp, "", ios=bool(match and match[1]))
            parts, kept = [], 0
        else:
            body = text
        if match or keeps:
            parts.append(body)
            kept += len(piece)
        else:
            current.cut = True
        current.length += len(piece)
        current.damaged |= "\ufffd" in text and not _tells_replacement(piece)
        offset += len(piece)
        begins = piece.endswith(b"\n")
    if current:
        yield _finished(current, parts)


def begins_like_an_export(text: str) -> bool:
    """Say whether one of the first lines of *text* begins like a message."""
    return any(_BEGINNING.match(line) for line in text.splitlines()[:20])


def _stamp(match: re.Match[str]) -> Stamp:
    groups = match.groups()
    told, first, _, second, third, hour, minute, seconds, mark = (
        groups[:_GROUPS] if groups[0] is not None else groups[_GROUPS:]
    )
    return Stamp(
        told=told,
        numbers=(int(first), int(second), int(third)),
        year_first=len(first) == len("2026"),
        clock=_clock(int(hour), int(minute), -1 if seconds is None else int(seconds), mark),
    )


def _clock(hour: int, minute: int, second: int, mark: str | None) -> tuple[int, int, int] | None:
    of_day = hour_of(hour, mark)
    return None if of_day is None else (of_day, minute, second)


def _finished(entry: Entry, parts: list[str]) -> Entry:
    body = "".join(parts).replace("\r\n", "\n").removesuffix("\n")
    entry.body = body[:LONGEST_TEXT]
    entry.cut |= len(body) > LONGEST_TEXT
    return entry


def _tells_replacement(piece: bytes) -> bool:
    """Say whether the replacement character stands in the file itself."""
    return b"\xef\xbf\xbd" in piece
