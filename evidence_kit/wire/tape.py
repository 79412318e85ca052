"""What one side sent on a stream that became a WebSocket (RFC 8441), with its times: a direction of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from struct import Struct

from evidence_kit.wire.bodies import BodyFile, BodyFolder, StoredBody
from evidence_kit.wire.streams import Ending, Piece, Side

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARK = Struct(">QQ")
"""Bytes of a piece, and its time in microseconds."""


class Tape:
    """Pieces on the disk; a `Direction` once it is finished."""

    def __init__(self, bodies: BodyFolder) -> None:
        """Use two files of *bodies*."""
        self.ending = Ending.OPEN
        self.ended_by: Side | None = None
        self._data = bodies.new("stream")
        self._marks = bodies.new("times")

    @property
    def length(self) -> int:
        """Bytes so far."""
        return self._data.length

    def write(self, data: bytes, time: datetime) -> None:
        """Append a piece."""
        if data:
            self._data.write(data)
            self._marks.write(_MARK.pack(len(data), (time - _EPOCH) // timedelta(microseconds=1)))

    def body(self) -> StoredBody:
        """Return the data alone, for a stream that became no WebSocket after all."""
        self._marks.discard()
        return self._data.stored()

    def finish(self, ending: Ending, ended_by: Side | None) -> None:
        """End the writing."""
        self.ending, self.ended_by = ending, ended_by
        self._data.stored()
        self._marks.stored()

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces as they were written."""
        if not self.length:
            return
        with self._data.path.open("rb") as data, self._marks.path.open("rb") as marks:
            while mark := marks.read(_MARK.size):
                size, time = _MARK.unpack(mark)
                yield Piece(data.read(size), _EPOCH + timedelta(microseconds=time))

    def discard(self) -> None:
        """Delete the files, once everything in them was handed out."""
        self._data.discard()
        self._marks.discard()


Store = BodyFile | Tape
"""Where the data of one side of a stream goes."""
