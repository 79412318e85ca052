"""HTTP/2 frames (RFC 9113, 4.1 and 6): taken whole from one direction, padding and priority taken off."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from evidence_kit.errors import FormatError
from evidence_kit.wire.source import Source

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER_LENGTH = 9
_STREAM_MASK = 0x7FFFFFFF
_MOST_CONTROL = 1024 * 1024
MOST_FRAMES = 1_000_000
"""Of one direction: 500 MB come in some ten thousand, and a flood of empty ones would take hours to read."""
"""Bytes of a frame that is not DATA; larger ones belong to no browser and no server."""
_PRIORITY_LENGTH = 5
_ID_LENGTH = 4
_GOAWAY_LENGTH = 8
_SETTING_LENGTH = 6


class FrameType(IntEnum):
    """The frames that say something about a stream or a connection."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


# Flags, as far as they matter here. Plain numbers: enum arithmetic takes longer than the rest of a small frame.
END_STREAM = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITY = 0x20

_NAMES = {int(kind): kind.name for kind in FrameType}
_FIXED = {
    int(FrameType.RST_STREAM): 4,
    int(FrameType.PING): 8,
    int(FrameType.WINDOW_UPDATE): 4,
    int(FrameType.PRIORITY): 5,
}
_OF_STREAM = frozenset(
    {FrameType.DATA, FrameType.HEADERS, FrameType.RST_STREAM, FrameType.PUSH_PROMISE, FrameType.CONTINUATION}
)
_OF_CONNECTION = frozenset({FrameType.SETTINGS, FrameType.PING, FrameType.GOAWAY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame as it came."""

    header: bytes
    payload: bytes
    whole: bool
    """False for DATA that the end of the direction cut: a browser uses what came of it."""
    offset: int
    started: datetime
    ended: datetime

    @property
    def kind(self) -> int:
        """Its type; `FrameType` when it is a known one."""
        return self.header[3]

    @property
    def name(self) -> str:
        """Its type in words."""
        return _NAMES.get(self.kind) or f"type {self.kind}"

    @property
    def flags(self) -> int:
        """Its flags."""
        return self.header[4]

    @property
    def stream(self) -> int:
        """The stream it belongs to; 0 is the connection."""
        return int.from_bytes(self.header[5:], "big") & _STREAM_MASK

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return len(self.header) + len(self.payload)

    def ends_stream(self) -> bool:
        """Return whether its sender has nothing more to say on this stream."""
        return bool(self.flags & END_STREAM) and self.whole


class FrameReader:
    """The frames of one direction, with a look at the next."""

    def __init__(self, source: Source) -> None:
        """Begin where *source* stands."""
        self.source = source
        self.refused = ""
        """Why what is left is not read as frames; empty when it is only too short for one."""
        self._next: Frame | None = None
        self._count = 0

    def peek(self) -> Frame | None:
        """Return the next frame; None when what is left is none."""
        if self._next is None:
            self._next = self._read()
        return self._next

    def take(self) -> None:
        """Be done with the frame last peeked at."""
        self._next = None

    def _read(self) -> Frame | None:
        source = self.source
        offset, started = source.offset, source.next_time
        header = source.peek(HEADER_LENGTH)
        if started is None or len(header) < HEADER_LENGTH:
            return None
        length = int.from_bytes(header[:3], "big")
        is_data = header[3] == FrameType.DATA
        if length > _MOST_CONTROL and not is_data:
            self.refused = f"a frame of type {header[3]} with {length} bytes"
            return None
        self._count += 1
        if self._count > MOST_FRAMES:
            self.refused = f"more than {MOST_FRAMES} frames"
            return None
        whole = source.exactly(HEADER_LENGTH + length)
        if whole is None and not is_data:
            return None
        data = whole if whole is not None else source.peek(HEADER_LENGTH + length)
        if whole is None:
            source.exactly(len(data))
        return Frame(
            header=header,
            payload=data[HEADER_LENGTH:],
            whole=whole is not None,
            offset=offset,
            started=started,
            ended=source.last_time or started,
        )


def content(frame: Frame) -> bytes:
    """Return the data or the header block fragment of a frame. Raises `FormatError` for wrong padding."""
    data = frame.payload
    padding = 0
    if frame.flags & PADDED and frame.kind != FrameType.CONTINUATION and (data or frame.whole):
        if not data:
            raise FormatError(f"{frame.name} with no length of its padding")
        padding, data = data[0], data[1:]
    skipped = _ID_LENGTH if frame.kind == FrameType.PUSH_PROMISE else 0
    if frame.kind == FrameType.HEADERS and frame.flags & PRIORITY:
        skipped = _PRIORITY_LENGTH
    if not frame.whole:
        promised = int.from_bytes(frame.header[:3], "big")
        # Of data that was cut, the padding is what had not come yet.
        padding = max(0, padding - (promised - len(frame.payload)))
    if skipped + padding > len(data):
        raise FormatError(f"{frame.name} with more padding than frame")
    return data[skipped : len(data) - padding]


def check(frame: Frame) -> None:
    """Raise `FormatError` when a frame breaks the connection (RFC 9113, 6)."""
    kind, length = frame.kind, len(frame.payload)
    if kind in _OF_STREAM and not frame.stream:
        raise FormatError(f"{frame.name} on stream 0")
    if kind in _OF_CONNECTION and frame.stream:
        raise FormatError(f"{frame.name} on stream {frame.stream}")
    if length != _FIXED.get(kind, length):
        raise FormatError(f"{frame.name} of {length} bytes")
    if (kind == FrameType.SETTINGS and length % _SETTING_LENGTH) or (
        kind == FrameType.GOAWAY and length < _GOAWAY_LENGTH
    ):
        raise FormatError(f"{frame.name} of {length} bytes")


def settings(frame: Frame) -> list[tuple[int, int]]:
    """Return identifiers and values of a SETTINGS frame (RFC 9113, 6.5.1)."""
    data = frame.payload
    starts = range(0, len(data), _SETTING_LENGTH)
    return [(int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 6], "big")) for at in starts]


def goaway(frame: Frame) -> tuple[int, int, bytes]:
    """Return last stream, error code and further data of a GOAWAY frame (RFC 9113, 6.8)."""
    data = frame.payload
    return number(data), int.from_bytes(data[4:8], "big"), data[8:]


def number(data: bytes) -> int:
    """Return the stream number that *data* begins with."""
    return int.from_bytes(data[:_ID_LENGTH], "big") & _STREAM_MASK


def promised(frame: Frame) -> int:
    """Return the stream that a PUSH_PROMISE frame announces. Raises `FormatError`."""
    data = frame.payload[1:] if frame.flags & PADDED else frame.payload
    if len(data) < _ID_LENGTH:
        raise FormatError("PUSH_PROMISE without a stream")
    return number(data)
