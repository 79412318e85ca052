"""The rules that only the WARCs of this kit promise to keep (docs/evidence-format.md, 3.1 and 3.2), record by record.

What every WARC must be is left to the reader. Here nothing may be missing, stand twice, point nowhere or lie between
the records, and the index is exactly the one that can be made from the records. Of a record that keeps the rules
sixteen bytes stay, however many there are.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from evidence_kit.archive.cdxj import IndexLine, line_bytes
from evidence_kit.archive.http_facts import method_of
from evidence_kit.archive.line_sum import LineSum, Marks, draw_secret
from evidence_kit.archive.own_index import line_of, moment_of, pointer_of
from evidence_kit.archive.resource_names import role_of
from evidence_kit.archive.warc_reader import RecordFinding, WarcRecord
from evidence_kit.display import shorten

_DIGEST = re.compile(r"sha256:[A-Z2-7]{52}====")
_TYPES = frozenset({"warcinfo", "request", "response", "resource", "metadata"})
_HTTP = frozenset({"request", "response"})
_POINTER = "warc-concurrent-to"


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
    """What is remembered of a record until its counterpart, or all of them, were seen."""

    offset: int
    type: str
    url: str
    date: str
    method: str
    points_to: str
    line: IndexLine | None
    """Of a response, whose method is not known yet."""


class OwnWarc:
    """Looks at the findings about one WARC, in order."""

    def __init__(self, filename: str) -> None:
        """Expect the warcinfo record; *filename* is the name of the WARC in its index."""
        self.resources: list[Resource] = []
        """Every resource record so far."""
        self.page_ids: set[str] = set()
        """Every WARC-Page-ID so far."""
        secret = draw_secret()
        self._filename = filename
        self._ids = Marks(secret)
        self._lines = LineSum(secret)
        self._open: dict[str, _Seen] = {}
        self._doubled = False
        self._warcinfo: str | None = None
        self._end = 0

    def problems(self, finding: RecordFinding) -> list[str]:
        """Return which rules the record of *finding* breaks, in English; damage is left to the reader."""
        record = finding.record
        if record is None:
            return []
        is_new = self._ids.add(record.record_id)
        found = [*_form(record, is_new=is_new), *self._place(record), *_digests(record)]
        self._end = record.offset + record.length
        if self._warcinfo is None:
            self._warcinfo = record.record_id
        self._remember(record)
        if is_new:
            self._pair(record)
        else:
            self._doubled = True
        return found

    def conclude(self, size: int) -> Iterator[tuple[int, str]]:
        """Yield offset and problem of what shows only at the end of a WARC of *size* bytes."""
        if self._end != size:
            yield self._end, f"{size - self._end} bytes follow the last record"
        for seen in self._open.values():
            there = seen.points_to in self._ids
            if seen.points_to and not there:
                yield seen.offset, f"it belongs to the record {shorten(seen.points_to)}, which is not there"
            elif seen.type == "response":
                yield seen.offset, "it has no request of its own"
            elif seen.type == "request" and there:
                yield seen.offset, "the response that it names is not its own"

    def index_sum(self) -> LineSum | None:
        """Return the sum of the lines of the index.

        `None` where records that break the rules have lines for which all records have to be at hand.
        """
        if self._doubled or any(seen.line for seen in self._open.values()):
            return None
        return self._lines

    def _place(self, record: WarcRecord) -> Iterator[str]:
        if record.offset != self._end:
            yield f"the {record.offset - self._end} bytes before it belong to no record"
        if (self._warcinfo is None) != (record.type == "warcinfo"):
            yield "the warcinfo record is not the first and only one"
        elif self._warcinfo is not None and record.header("WARC-Warcinfo-ID") != f"<{self._warcinfo}>":
            yield "it does not name the warcinfo record of its file"

    def _remember(self, record: WarcRecord) -> None:
        page_id = record.header("WARC-Page-ID")
        if page_id is not None:
            self.page_ids.add(page_id)
        if record.type == "resource":
            uri, digest = (record.header(name) or "" for name in ("WARC-Target-URI", "WARC-Block-Digest"))
            self.resources.append(Resource(uri=uri, digest=digest))

    def _pair(self, record: WarcRecord) -> None:
        """Note the line of a record in the index, and forget request and response when both were seen."""
        line = line_of(record)
        if line is not None and record.type != "response":
            self._note(line)
        seen = _Seen(
            offset=record.offset,
            type=record.type,
            url=record.header("WARC-Target-URI") or "",
            date=record.header("WARC-Date") or "",
            method=method_of(record.http_head) if record.type == "request" else "",
            points_to=pointer_of(record),
            line=line if record.type == "response" else None,
        )
        other = self._open.get(seen.points_to)
        if other is not None and _are_one(record.record_id, seen, other):
            del self._open[seen.points_to]
            response = seen.line or other.line
            if response is not None:
                self._note(replace(response, method=seen.method or other.method))
        elif record.type in _HTTP or (seen.points_to and seen.points_to not in self._ids):
            self._open[record.record_id] = seen

    def _note(self, line: IndexLine) -> None:
        self._lines.add(line_bytes(replace(line, filename=self._filename)))


def _form(record: WarcRecord, *, is_new: bool) -> Iterator[str]:
    if record.version != "WARC/1.1":
        yield f"its version is {shorten(record.version)}, not WARC/1.1"
    if not record.compressed:
        yield "it is no gzip member"
    if record.type not in _TYPES:
        yield f"the kit writes no {shorten(record.type, 40)} records"
    if not is_new:
        yield "another record has the same id"
    if sum(name.lower() == _POINTER for name, _ in record.headers) > 1:
        yield "WARC-Concurrent-To stands more than once"
    if record.type in _HTTP and not record.http_head:
        yield "it holds no HTTP message"
    if moment_of(record) is None:
        yield "its WARC-Date is not in UTC with milliseconds"


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
