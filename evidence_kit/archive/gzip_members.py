"""A WARC file as one stream of bytes that knows where its gzip members begin (RFC 1952; WARC 1.1 annex D).

Reading goes forward only, in constant memory whatever the compression ratio. Damage never raises: it is noted in
`problems`, reading pauses there (`broken`), and `resume` goes on at the next member that holds a WARC record. What is
read from the beginning of a member on, damage and all, depends on nothing that lies before it.
"""

import zlib
from collections.abc import Callable, Iterable
from typing import BinaryIO

from isal import isal_zlib

_PIECE = 64 * 1024
_FIRST = 4 * 1024
"""Bytes of a member that are inflated at first: of a small one all, without copying what follows it again and again.

All pieces are counted from the member's beginning, wherever the bytes at hand end, since damage takes away its piece.
"""
_ROOM = 4 * _PIECE
"""Bytes of the file that are held at a time, always in the same place."""
_MAGIC = b"\x1f\x8b"
_DEFLATE_MAGIC = b"\x1f\x8b\x08"
_PROBE = 4096
_MOST_TRIES = 1000
"""Places in a row that look like a gzip member and hold no record; a hostile file could have millions."""
_GZIP = 16 + 15
"""A window of 32 KiB and the frame of RFC 1952, as zlib counts."""


class MemberStream:
    """The bytes of a WARC, inflated if they are gzip members."""

    def __init__(self, stream: BinaryIO, offset: int = 0) -> None:
        """Begin at the position of *stream*, which counts as *offset*; only its ``readinto`` is used."""
        self.problems: list[tuple[int, str]] = []
        """What was found wrong with the compression: byte offset, English sentence."""
        self.broken = False
        """Reading stopped at damage; `resume` goes on behind it."""
        self._fill: Callable[[memoryview], int] = stream.readinto  # type: ignore[attr-defined]  # all that read have it
        self._input = bytearray(_ROOM)
        self._room = memoryview(self._input)
        self._taken = self._held = 0
        self._position = offset
        self._member_offset = 0
        self._inflate: isal_zlib.Decompress | None = None
        self._buffer = b""
        self._at = 0
        self._top_up(_PIECE)
        self.gzipped = self._input.startswith(_MAGIC, 0, self._held)

    @property
    def offset(self) -> int:
        """Where the next byte lies: in a gzip file, the offset of the member that holds it."""
        if self.gzipped:
            return self._member_offset
        return self._position - (len(self._buffer) - self._at)

    @property
    def position(self) -> int:
        """How many bytes of the file were taken: at the end of a gzip member, where the next one begins."""
        return self._position if self.gzipped else self.offset

    def waits(self) -> bool:
        """Return whether there is a next byte before the end or damage."""
        return self._at < len(self._buffer) or self._next_bytes()

    def peek(self, size: int) -> bytes:
        """Return up to *size* next bytes (of this member) without taking them; empty at the end or at damage."""
        while len(self._buffer) - self._at < size and self._more():
            pass
        return self._buffer[self._at : self._at + size]

    def peek_through(self, mark: bytes) -> bytes:
        """Return the next bytes up to and with *mark*, without taking them, if all are at hand; else nothing."""
        if self._at == len(self._buffer):
            self._next_bytes()
        end = self._buffer.find(mark, self._at)
        return self._buffer[self._at : end + len(mark)] if end >= 0 else b""

    def take(self, count: int) -> None:
        """Take *count* bytes, which were looked at."""
        self._at += count

    def skip(self, mark: bytes) -> bool:
        """Take the next bytes if they are *mark*, and return whether they are."""
        if not self._buffer.startswith(mark, self._at) and self.peek(len(mark)) != mark:
            return False
        self._at += len(mark)
        return True

    def pour(self, size: int, takers: Iterable[Callable[[bytes | memoryview], object]]) -> int:
        """Give up to *size* next bytes, in pieces, to each of *takers*; return how many there were."""
        left = size
        while left and (self._at < len(self._buffer) or self._next_bytes()):
            piece: bytes | memoryview = self._buffer
            if self._at or len(piece) > left:
                piece = memoryview(piece)[self._at : self._at + left]
            for take in takers:
                take(piece)
            self._at += len(piece)
            left -= len(piece)
        return size - left

    def read(self, size: int) -> bytes:
        """Return 1 to *size* next bytes; empty at the end or at damage."""
        if self._at == len(self._buffer) and not self._next_bytes():
            return b""
        piece = self._buffer[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def readline(self, limit: int) -> bytes:
        """Return the next bytes up to and with a line feed, at most *limit* of them."""
        line = bytearray()
        while len(line) < limit:
            if self._at == len(self._buffer) and not self._next_bytes():
                break
            end = self._buffer.find(b"\n", self._at, self._at + limit - len(line))
            stop = min(len(self._buffer), self._at + limit - len(line)) if end < 0 else end + 1
            line += self._buffer[self._at : stop]
            self._at = stop
            if end >= 0:
                break
        return bytes(line)

    def at_member_end(self) -> bool:
        """Return whether nothing is left of the current gzip member; always true for a plain file."""
        if not self.gzipped:
            return True
        while self._at == len(self._buffer) and self._inflate is not None and not self.broken:
            self._step()
        return self._at == len(self._buffer)

    def skip_member(self) -> None:
        """Leave out the rest of the current gzip member."""
        while not self.at_member_end():
            self._at = len(self._buffer)

    def resume(self) -> None:
        """Go on after damage."""
        self.broken = False

    def _next_bytes(self) -> bool:
        """Fill the empty buffer, crossing into the next member if need be."""
        while self._at == len(self._buffer) and not self.broken:
            if not self._step():
                return False
        return self._at < len(self._buffer)

    def _more(self) -> bool:
        """Lengthen the buffer without crossing into another member."""
        if self._at == len(self._buffer):
            return self._next_bytes()
        if self.broken or (self.gzipped and self._inflate is None):
            return False
        rest = self._buffer[self._at :]
        self._buffer, self._at = b"", 0
        alive = self._step()
        self._buffer = rest + self._buffer
        return alive

    def _step(self) -> bool:
        """Produce a piece, or finish a member, or note damage; false at the end of the file."""
        if not self.gzipped:
            self._top_up(1)
            self._buffer, self._at = bytes(self._room[self._taken : self._held]), 0
            self._drop(len(self._buffer))
            return bool(self._buffer)
        if self._inflate is not None:
            return self._inflate_piece(self._inflate)
        if self._held - self._taken < _FIRST:
            self._top_up(_FIRST)
            if self._taken == self._held:
                return False
        self._member_offset = self._position
        if not self._input.startswith(_MAGIC, self._taken, self._held):
            self._damaged("bytes that are no gzip member")
            return False
        self._inflate = isal_zlib.decompressobj(_GZIP)
        return self._inflate_piece(self._inflate)

    def _inflate_piece(self, inflate: "isal_zlib.Decompress") -> bool:
        size = _FIRST if self._position == self._member_offset else _PIECE
        if self._held - self._taken < size:
            self._top_up(size)
        piece = self._room[self._taken : min(self._taken + size, self._held)]
        if not piece:
            # The inflater may still hold output or wait for nothing; at the end of the file it waits in vain.
            self._inflate = None
            self.problems.append((self._member_offset, "the file ends inside this gzip member"))
            self.broken = True
            return False
        try:
            self._buffer, self._at = inflate.decompress(piece, _PIECE), 0
        except isal_zlib.IsalError as error:  # type: ignore[misc]  # its stub calls the class an instance
            self._damaged(f"the gzip member is damaged ({error})")
            return False
        if inflate.eof:
            self._inflate = None
            taken = len(piece) - len(inflate.unused_data)
        else:
            taken = len(piece) - len(inflate.unconsumed_tail)
        self._taken += taken
        self._position += taken
        return True

    def _damaged(self, what: str) -> None:
        """Note damage to the current member and move to the next one that holds a WARC record."""
        self._inflate = None
        self.broken = True
        start = max(0, self._member_offset + 1 - self._position)
        self._drop(start)
        while True:
            found = self._input.find(_DEFLATE_MAGIC, self._taken, self._held)
            if found >= 0:
                self._drop(found - self._taken)
                self._top_up(_PROBE)
                if _holds_record(bytes(self._room[self._taken : min(self._taken + _PROBE, self._held)])):
                    break
                self._drop(1)
                continue
            self._drop(max(0, self._left() - len(_DEFLATE_MAGIC) + 1))
            before = self._left()
            self._top_up(before + 1)
            if self._left() == before:
                self._drop(before)
                break
        self.problems.append((self._member_offset, f"{what}; reading goes on at byte {self._position}"))

    def _left(self) -> int:
        """Return how many bytes of the file are at hand."""
        return self._held - self._taken

    def _drop(self, count: int) -> None:
        self._taken += count
        self._position += count

    def _top_up(self, size: int) -> None:
        """Bring up to *size* next bytes of the file to hand, which at its end are fewer."""
        left = self._held - self._taken
        if left >= size:
            return
        self._room[:left] = self._room[self._taken : self._held]
        self._taken, self._held = 0, left
        while self._held < size and (count := self._fill(self._room[self._held :])):
            self._held += count


def member_from(stream: BinaryIO, offset: int) -> int | None:
    """Return where, from byte *offset* of the seekable *stream* on, something looks like a gzip member with a record.

    Nothing if there is none, or too much that is none. It may as well lie inside a record.
    """
    stream.seek(offset)
    data = b""
    for _ in range(_MOST_TRIES):
        while (found := data.find(_DEFLATE_MAGIC)) < 0 or len(data) < found + _PROBE:
            piece = stream.read(_PIECE)
            if not piece:
                break
            dropped = found if found >= 0 else max(0, len(data) - len(_DEFLATE_MAGIC) + 1)
            data, offset = data[dropped:] + piece, offset + dropped
        if found < 0:
            return None
        if _holds_record(data[found : found + _PROBE]):
            return offset + found
        data, offset = data[found + 1 :], offset + found + 1
    return None


def _holds_record(data: bytes) -> bool:
    try:
        # Not ISA-L, which reads ahead of what it is asked for, and so finds damage that lies behind it.
        return zlib.decompressobj(_GZIP).decompress(data, 16).upper().startswith(b"WARC/")
    except zlib.error:
        return False
