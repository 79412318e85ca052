"""The rules that only the WARCs of this kit promise to keep (docs/evidence-format.md, 3.1 and 3.2), record by record.

What every WARC must be is left to the reader. Here nothing may be missing, stand twice, point nowhere or lie between
the records, and the index is exactly the one that can be made from the records.
"""

import base64
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from evidence_kit.archive.cdxj import IndexLine, index_bytes
from evidence_kit.archive.http_facts import method_of, status_and_mime
from evidence_kit.archive.resource_names import role_of
from evidence_kit.archive.warc_reader import RecordFinding, WarcRecord
from evidence_kit.display import shorten

_DIGEST = re.compile(r"sha256:[A-Z2-7]{52}====")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_TYPES = frozenset({"warcinfo", "request", "response", "resource", "metadata"})
_HTTP = frozenset({"request", "response"})
_POINTER = "WARC-Concurrent-To"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A ``resource`` record: something that was made or observed by the kit."""

    uri: str
    digest: str
    """Of its block: ``sha256:`` and base32."""

    @property
    def role(self) -> str:
        """What kind of thing it says that it is: ``dom`` of ``urn:evidence-kit:dom:https://…``, or nothing."""
        return role_of(self.uri)

    @property
    def sha256(self) -> str:
        """The digest as 64 hexadecimal digits, or nothing if it is none."""
        if not _DIGEST.fullmatch(self.digest):
            return ""
        return base64.b32decode(self.digest.removeprefix("sha256:")).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is remembered of a record until all of them were seen."""

    offset: int
    type: str
    url: str
    date: str
    method: str
    points_to: str


class OwnWarc:
    """Looks at the findings about one WARC, in order."""

    def __init__(self) -> None:
        """Expect the warcinfo record."""
        self.resources: list[Resource] = []
        """Every resource record so far."""
        self.page_ids: set[str] = set()
        """Every WARC-Page-ID so far."""
        self._seen: dict[str, _Seen] = {}
        self._lines: list[IndexLine] = []
        self._warcinfo: str | None = None
        self._end = 0

    def problems(self, finding: RecordFinding) -> list[str]:
        """Return which rules the record of *finding* breaks, in English; damage is left to the reader."""
        record = finding.record
        if record is None:
            return []
        found = [*self._form(record), *self._place(record), *_digests(record)]
        self._remember(record)
        return found

    def conclude(self, size: int) -> Iterator[tuple[int, str]]:
        """Yield offset and problem of what shows only at the end of a WARC of *size* bytes."""
        if self._end != size:
            yield self._end, f"{size - self._end} bytes follow the last record"
        for record_id, seen in self._seen.items():
            target = self._seen.get(seen.points_to)
            if seen.points_to and target is None:
                yield seen.offset, f"it belongs to the record {shorten(seen.points_to)}, which is not there"
            elif seen.type == "response" and (target is None or not _are_one(record_id, seen, target)):
                yield seen.offset, "it has no request of its own"
            elif seen.type == "request" and target is not None and not _are_one(record_id, seen, target):
                yield seen.offset, "the response that it names is not its own"

    def index(self, filename: str) -> bytes:
        """Return the index of the records, in which *filename* is the name of their WARC."""
        return index_bytes(map(self._with_method, self._lines), filename=filename)

    def _with_method(self, line: IndexLine) -> IndexLine:
        """Return the *line* of a response with the method of its request."""
        seen = self._seen[line.record_id]
        request = self._seen.get(seen.points_to) if seen.type == "response" else None
        return replace(line, method=request.method or "GET") if request else line

    def _form(self, record: WarcRecord) -> Iterator[str]:
        if record.version != "WARC/1.1":
            yield f"its version is {shorten(record.version)}, not WARC/1.1"
        if not record.compressed:
            yield "it is no gzip member"
        if record.type not in _TYPES:
            yield f"the kit writes no {shorten(record.type, 40)} records"
        if record.record_id in self._seen:
            yield "another record has the same id"
        if sum(name.lower() == _POINTER.lower() for name, _ in record.headers) > 1:
            yield f"{_POINTER} stands more than once"
        if record.type in _HTTP and not record.http_head:
            yield "it holds no HTTP message"
        if _moment(record) is None:
            yield "its WARC-Date is not in UTC with milliseconds"

    def _place(self, record: WarcRecord) -> Iterator[str]:
        if record.offset != self._end:
            yield f"the {record.offset - self._end} bytes before it belong to no record"
        if (self._warcinfo is None) != (record.type == "warcinfo"):
            yield "the warcinfo record is not the first and only one"
        elif self._warcinfo is not None and record.header("WARC-Warcinfo-ID") != f"<{self._warcinfo}>":
            yield "it does not name the warcinfo record of its file"

    def _remember(self, record: WarcRecord) -> None:
        self._end = record.offset + record.length
        if self._warcinfo is None:
            self._warcinfo = record.record_id
        seen = _Seen(
            offset=record.offset,
            type=record.type,
            url=record.header("WARC-Target-URI") or "",
            date=record.header("WARC-Date") or "",
            method=method_of(record.http_head) if record.type == "request" else "",
            points_to=(record.header(_POINTER) or "").strip("<>"),
        )
        self._seen.setdefault(record.record_id, seen)
        page_id = record.header("WARC-Page-ID")
        if page_id is not None:
            self.page_ids.add(page_id)
        if record.type == "resource":
            self.resources.append(Resource(uri=seen.url, digest=record.header("WARC-Block-Digest") or ""))
        moment = _moment(record)
        if moment is not None:
            self._lines.append(self._line(record, seen, moment))

    def _line(self, record: WarcRecord, seen: _Seen, moment: datetime) -> IndexLine:
        status, mime = status_and_mime(record.http_head, record.header("Content-Type") or "")
        return IndexLine(
            record_id=record.record_id,
            record_type=record.type,
            url=seen.url,
            date=moment,
            offset=record.offset,
            length=record.length,
            filename="",
            mime=mime,
            status=status,
            digest=record.header("WARC-Payload-Digest" if record.http_head else "WARC-Block-Digest") or "",
        )


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


def _digests(record: WarcRecord) -> Iterator[str]:
    names = ["WARC-Block-Digest"] + ["WARC-Payload-Digest"] * (record.type in _HTTP)
    for name in names:
        if not _DIGEST.fullmatch(record.header(name) or ""):
            yield f"its {name} is no SHA-256 in base32"


def _are_one(record_id: str, seen: _Seen, other: _Seen) -> bool:
    """Return whether two records are request and response of one exchange."""
    return (
        {seen.type, other.type} == _HTTP
        and other.points_to == record_id
        and (seen.url, seen.date) == (other.url, other.date)
    )


def _moment(record: WarcRecord) -> datetime | None:
    text = record.header("WARC-Date") or ""
    try:
        return datetime.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _shown(line: bytes) -> str:
    return shorten(line.decode("utf-8", "replace"), 300)
