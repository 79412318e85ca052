"""Where an HTTP/1 body ends (RFC 9112, 6.3), and taking it off the wire without its chunks (7.1).

Lengths are digits and nothing else: what `int` would also take (a sign, an underscore, other scripts) is no length.
Where RFC 9112 leaves a client no way on, the rule of Chromium is followed and a remark made: the page was shown by it.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from evidence_kit.display import shorten
from evidence_kit.wire.bodies import BodyFile
from evidence_kit.wire.heads import Head
from evidence_kit.wire.source import TAKEN_AT_ONCE, Source

_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(;[^\r\n]*)?(\r?)\n")
_CHUNK_LINE_LIMIT = 16 * 1024
_TRAILER_LIMIT = 64 * 1024
_MOST_EXTENSIONS = 3
_NO_BODY = frozenset({204, 304})
_RESET_CONTENT = 205
_OK = range(200, 300)


class Kind(Enum):
    """How the end of a body is found."""

    NONE = auto()
    LENGTH = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """What a head says about the body after it."""

    kind: Kind
    length: int = 0
    remarks: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of a body."""

    whole: bool = False
    broken: bool = False
    """Whether the framing could not be read on: what follows is nobody knows what."""
    trailers: bytes = b""
    """Trailer lines as received, without the empty line."""
    remarks: list[str]


def request_framing(head: Head) -> Framing:
    """Return how the body of a request ends."""
    framing = _declared(head, chunks=True)
    return framing if framing is not None else Framing(kind=Kind.NONE)


def response_framing(head: Head, method: bytes) -> Framing:
    """Return how the body of a final response to a *method* request ends."""
    status = head.status or 0
    if method == b"HEAD" or status in _NO_BODY or (method == b"CONNECT" and status in _OK):
        return Framing(kind=Kind.NONE)
    framing = _declared(head, chunks=head.version >= (1, 1))
    if framing is not None:
        return framing
    if status == _RESET_CONTENT:
        return Framing(kind=Kind.NONE)
    return Framing(kind=Kind.UNTIL_CLOSE)


def _declared(head: Head, *, chunks: bool) -> Framing | None:
    """Return what the fields promise; None when they promise nothing."""
    codings = [coding for coding in head.members(b"transfer-encoding") if coding != b"identity"]
    values = [part.strip(b" \t") for value in head.values(b"content-length") for part in value.split(b",")]
    remarks = []
    if codings and values:
        remarks.append("framing: both Transfer-Encoding and Content-Length")
    if codings and not chunks:
        remarks.append("framing: Transfer-Encoding in HTTP/1.0 is not followed")
    elif b"chunked" in codings:
        if codings != [b"chunked"]:
            remarks.append(f"framing: other transfer codings were left on: {_shown(b', '.join(codings))}")
        return Framing(kind=Kind.CHUNKED, remarks=tuple(remarks))
    elif codings:
        remarks.append(f"framing: transfer coding without chunks: {_shown(b', '.join(codings))}")
        return Framing(kind=Kind.UNTIL_CLOSE, remarks=tuple(remarks))
    if not values:
        return Framing(kind=Kind.UNTIL_CLOSE, remarks=tuple(remarks)) if remarks else None
    numbers = {int(value) for value in values if _LENGTH.fullmatch(value)}
    if len(numbers) != 1 or not all(_LENGTH.fullmatch(value) for value in values):
        remarks.append(f"framing: not one length: {_shown(b', '.join(values))}")
        return Framing(kind=Kind.UNTIL_CLOSE, remarks=tuple(remarks))
    if len(values) > 1:
        remarks.append("framing: Content-Length is repeated")
    return Framing(kind=Kind.LENGTH, length=numbers.pop(), remarks=tuple(remarks))


def take_body(source: Source, framing: Framing, out: BodyFile) -> Outcome:
    """Move a body from *source* to *out*."""
    outcome = Outcome(remarks=list(framing.remarks))
    match framing.kind:
        case Kind.NONE:
            outcome.whole = True
        case Kind.LENGTH:
            left = _move(source, framing.length, out)
            outcome.whole = not left
            if left:
                outcome.remarks.append(f"body: {framing.length - left} bytes came of {framing.length} promised")
        case Kind.CHUNKED:
            _take_chunks(source, out, outcome)
        case Kind.UNTIL_CLOSE:
            while data := source.take():
                out.write(data)
            # Whether that was all is for the end of the connection to say.
            outcome.whole = True
    return outcome


def _take_chunks(source: Source, out: BodyFile, outcome: Outcome) -> None:
    extensions: list[str] = []
    while True:
        line = source.line(_CHUNK_LINE_LIMIT)
        match = _CHUNK_LINE.fullmatch(line) if line else None
        if match is None:
            _unreadable(source, outcome, line, out)
            return
        if match[2] and len(extensions) < _MOST_EXTENSIONS:
            extensions.append(_shown(match[2]))
            outcome.remarks.append(f"chunk extension: {extensions[-1]}")
        _note_line_end(match[3], outcome)
        size = int(match[1], 16)
        if not size:
            break
        if _move(source, size, out):
            outcome.remarks.append("body: ended inside a chunk")
            return
        if not _end_chunk(source, outcome):
            return
    outcome.whole = True
    _take_trailers(source, outcome)


def _unreadable(source: Source, outcome: Outcome, line: bytes | None, out: BodyFile) -> None:
    """Say why there is no next chunk."""
    if line is None and len(source.peek(_CHUNK_LINE_LIMIT)) < _CHUNK_LINE_LIMIT:
        outcome.remarks.append("body: ended before its last chunk")
        return
    outcome.broken = True
    shown = _shown(line) if line is not None else "endless line"
    outcome.remarks.append(f"body: no chunk size after {out.length} bytes: {shown}")


def _end_chunk(source: Source, outcome: Outcome) -> bool:
    """Take the line end after a chunk's data; return whether it was there."""
    ahead = source.peek(2)
    if ahead == b"\r\n":
        source.take(2)
        return True
    if ahead[:1] == b"\n":
        source.take(1)
        _note_line_end(b"", outcome)
        return True
    if ahead in {b"", b"\r"}:
        outcome.remarks.append("body: ended before its last chunk")
    else:
        outcome.broken = True
        outcome.remarks.append("body: a chunk is longer than its size says")
    return False


def _take_trailers(source: Source, outcome: Outcome) -> None:
    """Take the trailer section and the empty line after it."""
    lines: list[bytes] = []
    left = _TRAILER_LIMIT
    while (line := source.line(left)) is not None:
        _note_line_end(line[-2:-1], outcome)
        if line in {b"\r\n", b"\n"}:
            outcome.trailers = b"".join(lines)
            return
        lines.append(line)
        left -= len(line)
    outcome.trailers = b"".join(lines)
    outcome.broken = not source.at_end()
    outcome.remarks.append("body: no empty line after the last chunk")


def _note_line_end(before: bytes, outcome: Outcome) -> None:
    if before != b"\r" and (remark := "body: chunk lines end with LF alone") not in outcome.remarks:
        outcome.remarks.append(remark)


def _move(source: Source, size: int, out: BodyFile) -> int:
    """Move *size* bytes; return how many of them never came."""
    while size and (data := source.take(min(size, TAKEN_AT_ONCE))):
        out.write(data)
        size -= len(data)
    return size


def _shown(data: bytes) -> str:
    return shorten(data[:200].decode("latin-1"))
