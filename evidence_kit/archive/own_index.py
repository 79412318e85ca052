"""The index of our own WARCs (docs/evidence-format.md, 3.2): made of the records, and held against the one there."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

from evidence_kit.archive.cdxj import IndexLine, index_bytes, is_replayed
from evidence_kit.archive.http_facts import method_of, status_and_mime
from evidence_kit.archive.line_sum import LineSum
from evidence_kit.archive.warc_reader import WarcRecord, check_warc
from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.display import shorten
from evidence_kit.errors import FormatError

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_POINTER = "WARC-Concurrent-To"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What makes the line of a response: the method is that of its request."""

    type: str
    method: str
    points_to: str


class RecordIndex:
    """Makes the whole index, whatever the records are like, and keeps all of it: for a WARC that breaks the rules."""

    def __init__(self) -> None:
        """Begin without records."""
        self._seen: dict[str, _Seen] = {}
        self._lines: list[IndexLine] = []

    def add(self, record: WarcRecord) -> None:
        """Add the next record."""
        method = method_of(record.http_head) if record.type == "request" else ""
        seen = _Seen(type=record.type, method=method, points_to=pointer_of(record))
        self._seen.setdefault(record.record_id, seen)
        line = line_of(record)
        if line is not None:
            self._lines.append(line)

    def data(self, filename: str) -> bytes:
        """Return the index, in which *filename* is the name of the WARC."""
        return index_bytes(map(self._with_method, self._lines), filename=filename)

    def _with_method(self, line: IndexLine) -> IndexLine:
        """Return the *line* of a response with the method of its request."""
        seen = self._seen[line.record_id]
        request = self._seen.get(seen.points_to) if seen.type == "response" else None
        return replace(line, method=request.method or "GET") if request else line


def whole_index(archive: ZipReader, warc: str, filename: str) -> bytes:
    """Return the index that the records of the entry *warc* make, as far as they can be read; it names *filename*."""
    index = RecordIndex()
    try:
        with archive.open(warc) as stream:
            for finding in check_warc(stream):
                if finding.record is not None:
                    index.add(finding.record)
    except FormatError:
        pass  # told when the records were checked
    return index.data(filename)


def pointer_of(record: WarcRecord) -> str:
    """Return the id of the record to which *record* says that it belongs, or nothing."""
    return (record.header(_POINTER) or "").strip("<>")


def line_of(record: WarcRecord) -> IndexLine | None:
    """Return the line of a record with GET as its method, `None` if it cannot be replayed."""
    moment = moment_of(record)
    if moment is None or not is_replayed(record.type):
        return None
    status, mime = status_and_mime(record.http_head, record.header("Content-Type") or "")
    return IndexLine(
        record_id=record.record_id,
        record_type=record.type,
        url=record.header("WARC-Target-URI") or "",
        date=moment,
        offset=record.offset,
        length=record.length,
        filename="",
        mime=mime,
        status=status,
        digest=record.header("WARC-Payload-Digest" if record.http_head else "WARC-Block-Digest") or "",
    )


def moment_of(record: WarcRecord) -> datetime | None:
    """Return when a record was made, `None` when its date has not the one form."""
    text = record.header("WARC-Date") or ""
    try:
        return datetime.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def is_index_of(expected: LineSum, index: BinaryIO) -> bool:
    """Return whether an index consists of the lines of *expected*, in order; raises `FormatError`."""
    found = expected.another()
    before = b""
    while line := index.readline(expected.longest + 1):
        if not line.endswith(b"\n") or line < before or found.bytes > expected.bytes:
            return False
        found.add(line)
        before = line
    return found.value == expected.value


def index_problems(expected: bytes, found: bytes) -> Iterator[str]:
    """Yield how the index *found* departs from the one that was made of the records."""
    if expected == found:
        return
    wanted, present = Counter(expected.split(b"\n")), Counter(found.split(b"\n"))
    for line in wanted - present:
        yield f"it lacks the line of a record: {_shown(line)}"
    for line in present - wanted:
        yield f"it has a line that is of no record: {_shown(line)}"
    if wanted == present:
        yield "its lines are not in order"


def _shown(line: bytes) -> str:
    return shorten(line.decode("utf-8", "replace"), 300)
