"""Read WARC 0.17 to 1.1 (ISO 28500) record by record, strictly about form and patiently about everything else.

A record's departures from the standard are collected in its `problems`; damage ends the record, not the reading.
Memory stays constant whatever lengths, lines or compression a file claims.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from evidence_kit.archive.digest_labels import DigestCheck
from evidence_kit.archive.gzip_members import MemberStream
from evidence_kit.display import shorten
from evidence_kit.errors import FormatError

PIECE = 256 * 1024
"""Bytes to read at a time."""

_LONGEST_LINE = 8 * 1024 * 1024
"""An address may have 2 MiB in Chromium, and three times that percent-encoded."""
_LARGEST_HEAD = 16 * 1024 * 1024
_MOST_LINES = 10_000
_MOST_PROBLEMS = 10
"""Of one record; hostile ones could hold hundreds of thousands."""
_VERSION = re.compile(rb"(WARC/(?:0\.1[78]|1\.[01]))[ \t]*\r?\n", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CONTINUED = "continuation"
_TYPES = frozenset({"warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", _CONTINUED})
_WITHOUT_URI = frozenset({"warcinfo", "metadata"})
_USUAL = (
    *("WARC-Type", "WARC-Record-ID", "WARC-Date", "WARC-Target-URI", "WARC-Warcinfo-ID", "WARC-Concurrent-To"),
    *("WARC-Payload-Digest", "WARC-Block-Digest", "WARC-IP-Address", "Content-Type", "Content-Length"),
    *("WARC-Page-ID", "WARC-Resource-Type", "WARC-Protocol", "WARC-Cipher-Suite", "WARC-JSON-Metadata"),
)
_USUAL_VALUES = re.compile(
    r"[a-z]+ <urn:uuid:[0-9A-Fa-f-]+> \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z [0-9]{1,18}", re.ASCII
)
"""Type, id, date and length, of which none may hold a space, as nearly all tools write them."""
_MANDATORY = {
    "WARC-Type": re.compile(r"\S+"),
    "WARC-Record-ID": re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*:[^<>\s]+>"),
    "WARC-Date": re.compile(r"\d{4}(-\d\d(-\d\d([Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?[Zz])?)?)?", re.ASCII),
    "Content-Length": _LENGTH,
}
_WANTED = tuple((name, name.lower(), form.fullmatch) for name, form in _MANDATORY.items())
_ONCE = frozenset(
    {"warc-type", "warc-record-id", "warc-date", "content-length", "content-type", "warc-target-uri", "warc-truncated"}
    | {"warc-block-digest", "warc-payload-digest", "warc-ip-address", "warc-refers-to", "warc-warcinfo-id"}
    | {"warc-filename", "warc-profile", "warc-segment-number", "warc-segment-origin-id", "warc-segment-total-length"}
)
_END = b"\r\n\r\n"
_HTTP = re.compile(r"application/http\b", re.IGNORECASE)


class _Keys(dict[str, str]):
    """Names of header lines in lower case, of which the usual ones need not be looked at letter by letter."""

    def __missing__(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not the name of a header line: {name[:40]!r}")
        return name.lower()


_KEYS = _Keys((name, name.lower()) for name in _USUAL)


class WarcRecord:
    """One record, whose payload can be read until the next record is asked for."""

    def __init__(self, stream: MemberStream, *, check: bool = False) -> None:
        """Read the record's header, and its HTTP head, from *stream*; *check* counts the block's digest meanwhile."""
        self.problems: list[str] = []
        """Departures from the standard, in English."""
        self.readable = False
        """Whether the header told how long the block is."""
        self.http_head = b""
        """Of HTTP messages: request or status line, header lines and blank line, as stored."""
        self.length = 0
        """Bytes from the first of the record to the last, compressed if the file is; known when it is finished."""
        self.compressed = stream.gzipped
        """Whether the file is made of gzip members."""
        self._stream = stream
        self._left = 0
        self._first: dict[str, str] = {}
        self._lines: list[str] = []
        head = stream.peek_through(_END)
        self.offset = stream.offset
        """Byte at which the record, or its gzip member, begins."""
        if not self._read_plain_head(head):
            self._lines = [f"{name}:{value}" for name, value in self._read_headers()]
            self._first = {name.lower(): value for name, value in reversed(self.headers)}
        self.type = self._first.get("warc-type", "").lower()
        """WARC-Type in lower case, or nothing."""
        self._check_headers()
        self.block_digest = DigestCheck(self._first.get("warc-block-digest") if check else None)
        """Over the bytes of the block that were read so far."""
        if self.readable and self.type != _CONTINUED and _HTTP.match(self._first.get("content-type", "")):
            self.http_head = self._read_http_head()

    def __getstate__(self) -> dict[str, object]:
        """Return what another process may know of a record that was read to its end: all but its bytes."""
        return {name: value for name, value in vars(self).items() if name not in {"_stream", "block_digest"}}

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The header lines in order, as names and values."""
        return tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in self._lines))

    @property
    def record_id(self) -> str:
        """WARC-Record-ID without its angle brackets, or nothing."""
        return self._first.get("warc-record-id", "").strip("<>")

    @property
    def url(self) -> str:
        """WARC-Target-URI without the angle brackets that some tools put around it, or nothing."""
        return self._first.get("warc-target-uri", "").strip("<>")

    def header(self, name: str) -> str | None:
        """Return the first value of the header *name*, in any case."""
        return self._first.get(name.lower())

    def read(self, size: int) -> bytes:
        """Return 1 to *size* next bytes of the payload (after an HTTP head), empty at its end."""
        if not self._left:
            return b""
        piece = self._stream.read(min(size, self._left))
        self._left -= len(piece)
        self.block_digest.update(piece)
        return piece

    def pour(self, *takers: Callable[[bytes | memoryview], object]) -> None:
        """Give what is left of the payload, in pieces, to each of *takers*."""
        self._left -= self._stream.pour(self._left, self.block_digest.takers + takers)

    def finish(self) -> bool:
        """Read what is left, check how the record ends, and return whether another can follow."""
        if self._left:
            self.pour()
        stream = self._stream
        if self._left:
            self._problem(f"{self._left} bytes of the block are missing")
        elif self.readable:
            self._check_end()
        if not stream.gzipped:
            self.length = stream.position - self.offset
            if not self.readable:
                self._problem("the rest of the file was not read")
            return self.readable and not self._left and stream.waits()
        if not stream.at_member_end():
            self._problem("the record does not end with its gzip member")
            # Files compressed as one piece go on with the next record; anything else is left out.
            if not self.readable or stream.peek(5).upper() != b"WARC/":
                stream.skip_member()
        self.length = stream.position - self.offset
        return another(stream)

    def _read_plain_head(self, head: bytes) -> bool:
        """Take *head*, and return whether every line in it is as the standard has it, and none is folded.

        That is what nearly all heads are, and reading them line by line takes longer than inflating a small record.
        """
        if (match := _VERSION.match(head)) is None:
            return False
        first: dict[str, str] = {}
        try:
            lines = str(head[match.end() : -4], "utf-8").split("\r\n")
            for line in lines:
                name, value = line.split(":", 1)
                first[_KEYS[name]] = value.strip()
        except ValueError:
            return False
        if len(lines) > _MOST_LINES or head.count(b"\n", match.end()) != len(lines) + 1:
            return False
        self._lines = lines
        if len(first) < len(lines):
            first = {name.lower(): value for name, value in reversed(self.headers)}
        self._stream.take(len(head))
        self._first = first
        self.version, self.readable = str(match[1], "ascii").upper(), True
        return True

    def _read_headers(self) -> Iterator[tuple[str, str]]:
        """Yield the header lines, unfolded; what cannot be read becomes a problem."""
        line = self._stream.readline(_LONGEST_LINE)
        self.version = match[1].decode("ascii").upper() if (match := _VERSION.fullmatch(line)) else ""
        if not self.version:
            self._problem(f"a record does not begin with a WARC version but with {_shown(line)}")
            return
        name, value, size = "", "", len(line)
        for _ in range(_MOST_LINES):
            line = self._stream.readline(_LONGEST_LINE)
            size += len(line)
            if size > _LARGEST_HEAD or not line.endswith(b"\n"):
                break
            if not line.endswith(b"\r\n"):
                self._problem("a header line ends without a carriage return")
            if line[:1] in {b" ", b"\t"} and name:
                value += " " + self._text(line).strip()
                continue
            if name:
                yield name, value.strip()
            if line in {b"\r\n", b"\n"}:
                self.readable = True
                return
            name, colon, value = (part.strip(" \t\r\n") for part in self._text(line).partition(":"))
            if not colon or not _NAME.fullmatch(name):
                self._problem(f"not a header line: {_shown(line)}")
                name = ""
        self._problem("the record's header does not end")

    def _problem(self, text: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(text)

    def _text(self, line: bytes) -> str:
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError:
            self._problem(f"a header line is not UTF-8: {_shown(line)}")
            return line.decode("latin-1")

    def _check_headers(self) -> None:
        first = self._first
        if not self.version:
            return
        if len(first) < len(self._lines):
            names = [name.lower() for name, _ in self.headers]
            for name in sorted(_ONCE & set(names)):
                if names.count(name) > 1:
                    self._problem(f"{name} stands more than once")
        length = first.get("content-length", "")
        told = f"{self.type} {first.get('warc-record-id')} {first.get('warc-date')} {length}"
        if _USUAL_VALUES.fullmatch(told) or self._check_values(length):
            self._left = int(length)
        else:
            self.readable = False
        self._check_type()

    def _check_values(self, length: str) -> bool:
        """Note what is wrong with what every record must have, and return whether *length* is a length."""
        for name, key, form in _WANTED:
            value = self._first.get(key)
            if value is None:
                self._problem(f"{name} is missing")
            elif not form(value):
                self._problem(f"{name} is malformed: {shorten(value)}")
        return _LENGTH.fullmatch(length) is not None

    def _check_type(self) -> None:
        if self.type not in _TYPES:
            self._problem(f"not a type of record: {shorten(self.type, 40)}")
        elif self.type not in _WITHOUT_URI and not self.url:
            self._problem("WARC-Target-URI is missing")
        segment = self._first.get("warc-segment-number")
        if segment is not None and (not _LENGTH.fullmatch(segment) or (int(segment) > 1) != (self.type == _CONTINUED)):
            self._problem(f"WARC-Segment-Number {shorten(segment, 40)} is not one of a {shorten(self.type, 40)} record")

    def _read_http_head(self) -> bytes:
        head = bytearray()
        if _ends_only_here(whole := self._stream.peek_through(_END)) and len(whole) <= self._left:
            self._left -= len(whole)
            self.block_digest.update(whole)
            self._stream.take(len(whole))
            return whole
        while self._left:
            fresh = not head or head.endswith(b"\n")
            line = self._stream.readline(min(_LONGEST_LINE, self._left))
            self._left -= len(line)
            self.block_digest.update(line)
            head += line
            if not line or (fresh and line in {b"\r\n", b"\n"}):
                break
            if len(head) > _LARGEST_HEAD:
                self._problem("the HTTP head does not end")
                break
        return bytes(head)

    def _check_end(self) -> None:
        stream = self._stream
        if stream.skip(_END):
            return
        self._problem("the record does not end with two line ends")
        while stream.peek(1) in {b"\r", b"\n"}:
            stream.read(1)


def read_warc(source: Path | BinaryIO) -> Iterator[WarcRecord]:
    """Yield the records of a WARC, gzip members or plain; each can be read until the next is asked for.

    Raises `FormatError` when the first bytes are no WARC, and `OSError`.
    """
    with opened(source) as raw:
        stream = begin(raw)
        following = True
        while following:
            record = WarcRecord(stream)
            yield record
            following = record.finish()


@contextmanager
def record_at(path: Path, offset: int) -> Iterator[WarcRecord]:
    """Give the record that begins at byte *offset*, as an index line says; raises `FormatError` and `OSError`."""
    with path.open("rb") as raw:
        raw.seek(offset)
        yield WarcRecord(begin(raw))


@contextmanager
def opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    """Give *source* as an open binary stream, and close it only if it was a path."""
    if isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        yield source


def begin(raw: BinaryIO) -> MemberStream:
    """Return the stream of a WARC at its first record; raises `FormatError` when there is none."""
    stream = MemberStream(raw)
    start = stream.peek(5)
    if not stream.broken and start.upper() != b"WARC/":
        raise FormatError(f"not a WARC: it begins with {_shown(start)}")
    if not another(stream):
        raise FormatError("not a WARC: no gzip member in it can be read")
    return stream


def _ends_only_here(head: bytes) -> bool:
    """Whether the first blank line of *head* is its end."""
    return head.find(b"\n\r\n") == len(head) - 3 and b"\n\n" not in head and not head.startswith((b"\r", b"\n"))


def another(stream: MemberStream) -> bool:
    """Go on behind any damage, and return whether there is something to read."""
    while not stream.waits():
        if not stream.broken:
            return False
        stream.resume()
    return True


def _shown(line: bytes) -> str:
    return repr(line[:40].decode("latin-1"))
