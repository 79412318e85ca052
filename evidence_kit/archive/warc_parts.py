"""Check one large WARC in several processes, with exactly what one reading from its beginning to its end finds.

It is divided at places that look like beginnings of gzip members. A part is read from its beginning until a record ends
where, or behind where, the next one begins. Since what is read from the beginning of a member on depends on nothing
before it, parts that end exactly where the next one begins are together what one reading gives, the first of them
beginning at byte 0. Wherever that does not hold (what looked like a member lay in a record, a record spans two places,
something is damaged there), everything from the beginning of that part on is read in one piece, here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from evidence_kit.archive.gzip_members import member_from
from evidence_kit.archive.warc_reader import RecordFinding, check_from, check_warc
from evidence_kit.archive.zip_reader import window
from evidence_kit.errors import FormatError
from evidence_kit.plain import open_plain
from evidence_kit.processes import spread

WORTHWHILE = 64 * 1024 * 1024
"""Bytes of one archive from which on it takes longer to read it here than to start other processes."""
_PART = 4 * 1024 * 1024
_MOST_RECORDS, _MOST_TEXT = 4_000, 2 * 1024 * 1024
"""Of one part: the findings of several wait in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarcPlace:
    """Where a WARC lies: *size* bytes from byte *offset* on of the plain file at *path*."""

    path: Path
    offset: int
    size: int

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open it; raises `OSError`."""
        with open_plain(self.path) as file:
            yield window(file, self.offset, self.size)


@dataclass(frozen=True, slots=True)
class _Part:
    place: WarcPlace
    begin: int
    end: int
    """Where the next one begins."""
    records: bool
    """Whether the records themselves are wanted."""


def check_warc_in_parts(
    place: WarcPlace, *, processes: int, records: bool = True, part_size: int = _PART
) -> Iterator[RecordFinding]:
    """Yield what `check_warc` yields; without *records* the findings do not hold them. Raises as it does.

    Parts have about *part_size* bytes.
    """
    with place.open() as stream:
        begins = [0, *_beginnings(stream, place.size, part_size)]
    ends = [*begins[1:], place.size]
    parts = [_Part(place, begin, end, records) for begin, end in zip(begins, ends, strict=True)]
    for part, findings in zip(parts, spread(_check, parts, processes=processes, copies=True), strict=True):
        if findings is None:
            with place.open() as stream:
                stream.seek(part.begin)
                yield from check_from(stream, part.begin) if part.begin else check_warc(stream)
            return
        yield from findings


def _beginnings(stream: BinaryIO, size: int, part_size: int) -> Iterator[int]:
    """Yield where parts may begin, if the file is made of gzip members."""
    begin = 0
    while size - begin > part_size:
        found = member_from(stream, begin + part_size)
        if found is None:
            return
        yield found
        begin = found


def _check(part: _Part) -> list[RecordFinding] | None:
    """Return what is found in *part*, or nothing if it does not end where the next one begins, or is too much."""
    found: list[RecordFinding] = []
    text, end = 0, part.begin
    try:
        with part.place.open() as stream:
            stream.seek(part.begin)
            # To the last finding: damage behind a record is told after it.
            for finding in _findings(stream, part):
                record = finding.record
                if finding.problems or record is None or not record.compressed or record.offset != end:
                    return None
                end += record.length
                if part.records:
                    text += len(record.http_head) + sum(len(name) + len(value) for name, value in record.headers)
                else:
                    finding = finding._replace(record=None)  # noqa: PLW2901  # nobody wants the rest of it
                    text += len(finding.url) + len(finding.record_id) + len(finding.detail)
                found.append(finding)
                if len(found) > _MOST_RECORDS or text > _MOST_TEXT:
                    return None
    except (FormatError, OSError):
        # Whoever reads it in one piece finds out why.
        return None
    return found if end == part.end else None


def _findings(stream: BinaryIO, part: _Part) -> Iterator[RecordFinding]:
    return check_from(stream, part.begin, end=part.end) if part.begin else check_warc(stream, end=part.end)
