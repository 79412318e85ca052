"""The record layer (RFC 8446 section 5.1, RFC 5246 section 6.2.1): a stream of bytes as the records that tile it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from evidence_kit.errors import FormatError
from evidence_kit.wire.streams import Piece

HEADER = 5
"""Bytes before a record's body: type, version, length."""

LONGEST_PLAIN = 1 << 14
"""Bytes of content in one record."""

LONGEST_BODY = LONGEST_PLAIN + 2048
"""Bytes of a protected body in TLS 1.2; TLS 1.3 allows 256 more than the content."""

VERSION = 0x0303
"""What every record names but the first one of a client, which may name `FIRST_VERSION`."""

FIRST_VERSION = 0x0301

_CLIENT_HELLO = 1
_TYPE_AT = 5


class Kind(IntEnum):
    """What a record holds."""

    CHANGE_CIPHER_SPEC = 20
    ALERT = 21
    HANDSHAKE = 22
    DATA = 23


class RecordError(FormatError):
    """The bytes of one direction are not the records that they should be, or one of them is not authentic."""


class UnfinishedError(FormatError):
    """A handshake message was expected, and the stream had ended, or an alert had ended it."""


@dataclass(slots=True)
class Record:
    """One record, and when its last byte was passed on."""

    kind: int
    header: bytes
    """Five bytes."""
    body: bytes
    time: datetime
    end: int
    """How many bytes of the stream lie before the next record."""


class Records:
    """The records of one direction, read in order with the memory of one record and one piece."""

    def __init__(self, pieces: Iterable[Piece], *, skip: int = 0, client: bool = False) -> None:
        """Begin at the record that starts after *skip* bytes; only a *client* may begin with the older version."""
        self._pieces = iter(pieces)
        self._skip = skip
        self._buffer = bytearray()
        self._at = 0
        self._time: datetime | None = None
        self._first = client and skip == 0
        self.end = skip
        """How many bytes of the stream have been read as whole records."""

    @property
    def torn(self) -> int:
        """How many bytes stand after the last whole record; for use after the end."""
        return len(self._buffer) - self._at

    def next(self) -> Record | None:
        """Return the next record, or None when no whole one is left; raises `RecordError` for what is none."""
        while True:
            size = self._size()
            if size and self.torn >= size and self._time is not None:
                return self._cut(size, self._time)
            if not self._fill():
                return None

    def _fill(self) -> bool:
        piece = next(self._pieces, None)
        if piece is None:
            return False
        data = piece.data
        if self._skip:
            data, self._skip = data[self._skip :], max(0, self._skip - len(data))
        del self._buffer[: self._at]
        self._at = 0
        self._buffer += data
        self._time = piece.time
        return True

    def _size(self) -> int:
        """Return the size of the record that begins here, header included; 0 while its header is not there."""
        if self.torn < HEADER:
            return 0
        kind, version, length = _header(self._buffer[self._at : self._at + HEADER])
        if not Kind.CHANGE_CIPHER_SPEC <= kind <= Kind.DATA:
            raise RecordError(f"byte {self.end} begins a record of the unknown type {kind}")
        if version != VERSION and not (self._first and version == FIRST_VERSION and kind == Kind.HANDSHAKE):
            raise RecordError(f"byte {self.end} begins a record of the version 0x{version:04x}")
        if not 0 < length <= LONGEST_BODY:
            raise RecordError(f"byte {self.end} begins a record with a body of {length} bytes")
        return HEADER + length

    def _cut(self, size: int, time: datetime) -> Record:
        start, body, stop = self._at, self._at + HEADER, self._at + size
        self._at = stop
        self.end += size
        self._first = False
        header = bytes(self._buffer[start:body])
        return Record(header[0], header, bytes(self._buffer[body:stop]), time, self.end)


def begins_tls(data: bytes) -> bool:
    """Return whether *data*, the first bytes of a client, can be a TLS client's; six bytes are enough to know.

    They are a handshake record that begins with a ClientHello. Nothing at all is not TLS.
    """
    if not data:
        return False
    head = data[: _TYPE_AT + 1]
    allowed = (
        (Kind.HANDSHAKE,),
        (VERSION >> 8,),
        (FIRST_VERSION & 0xFF, VERSION & 0xFF),
        range((LONGEST_PLAIN >> 8) + 1),
        range(256),
        (_CLIENT_HELLO,),
    )
    return all(byte in choice for byte, choice in zip(head, allowed, strict=False))


def _header(header: bytes | bytearray) -> tuple[int, int, int]:
    return header[0], header[1] << 8 | header[2], header[3] << 8 | header[4]
