"""Read one direction of a connection as a stream of bytes, knowing where each stands and when it passed.

Nothing is held but what has not been taken yet, so memory is bounded by the largest thing that a reader waits for.
"""

import re
from collections import deque
from datetime import datetime

from evidence_kit.wire.streams import Direction, Ending, Piece, Side

TAKEN_AT_ONCE = 256 * 1024
"""Bytes: the most that is copied in one step."""

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_HEAD_END_LENGTH = 4
_MOST_MARKS = 4096


class Source:
    """What one side sent, taken from the front."""

    def __init__(self, direction: Direction, side: Side) -> None:
        """Begin at the first byte of *direction*, which *side* sent."""
        self.side = side
        self.offset = 0
        """Where in the direction the next byte to be taken stands."""
        self.last_time: datetime | None = None
        """When the last byte taken was passed on."""
        self._direction = direction
        self._pieces = direction.pieces()
        self._buffer = bytearray()
        # Ends (offsets) of the pieces at hand and their times.
        self._marks: deque[tuple[int, datetime]] = deque()
        self._received = 0

    @property
    def ending(self) -> Ending:
        """How the direction ended."""
        return self._direction.ending

    @property
    def ended_by(self) -> Side | None:
        """The side that ended the connection first."""
        return self._direction.ended_by

    @property
    def next_time(self) -> datetime | None:
        """When the next byte was passed on; None at the end."""
        return self.time_ahead(0)

    def time_ahead(self, skipped: int) -> datetime | None:
        """Return when the byte after the next *skipped* ones was passed on; None when the direction ends before it."""
        while len(self._buffer) <= skipped:
            if not self._fill():
                return None
        return next(time for end, time in self._marks if end > self.offset + skipped)

    def at_end(self) -> bool:
        """Return whether everything has been taken."""
        return not self._buffer and not self._fill()

    def peek(self, size: int) -> bytes:
        """Return the next *size* bytes without taking them; fewer only at the end."""
        while len(self._buffer) < size and self._fill():
            pass
        return bytes(self._buffer[:size])

    def take(self, limit: int = TAKEN_AT_ONCE) -> bytes:
        """Take what is at hand, at most *limit* bytes; nothing only at the end."""
        if not self._buffer:
            piece = self._next_piece()
            if piece is None:
                return b""
            if len(piece.data) <= limit:
                self._advance(len(piece.data))
                return piece.data
            self._buffer += piece.data
        data = bytes(self._buffer[:limit])
        del self._buffer[:limit]
        self._advance(len(data))
        return data

    def exactly(self, size: int) -> bytes | None:
        """Take *size* bytes; None, and nothing is taken, when the direction ends before them."""
        while len(self._buffer) < size:
            if not self._fill():
                return None
        return self._cut(size)

    def line(self, limit: int) -> bytes | None:
        """Take a line with its LF; None, and nothing is taken, when none ends within *limit* bytes."""
        searched = 0
        while (found := self._buffer.find(b"\n", searched, limit)) < 0:
            searched = len(self._buffer)
            if searched >= limit or not self._fill():
                return None
        return self._cut(found + 1)

    def peek_head(self, limit: int, *, skipped: int) -> bytes | None:
        """Return everything up to and with the first empty line; None when there is none within *limit* bytes.

        Empty lines within the next *skipped* bytes do not count.
        """
        searched = 0
        while True:
            found = _HEAD_END.search(self._buffer, max(skipped, searched - _HEAD_END_LENGTH))
            if found is not None:
                end = found.end()
                return bytes(self._buffer[:end]) if end <= limit else None
            searched = len(self._buffer)
            if searched >= limit or not self._fill():
                return None

    def _cut(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._advance(size)
        return data

    def _fill(self) -> bool:
        piece = self._next_piece()
        if piece is None:
            return False
        self._buffer += piece.data
        return True

    def _next_piece(self) -> Piece | None:
        """Return the next piece that holds anything, and remember its time."""
        for piece in self._pieces:
            if not piece.data:
                continue
            self._received += len(piece.data)
            if len(self._marks) >= _MOST_MARKS:
                # A head that comes byte by byte: its beginning and its end keep their times.
                self._marks.pop()
            self._marks.append((self._received, piece.time))
            return piece
        return None

    def _advance(self, size: int) -> None:
        self.offset += size
        if not size:
            return
        while self._marks[0][0] < self.offset:
            self._marks.popleft()
        self.last_time = self._marks[0][1]
