"""The plain streams of an opened connection: opened anew, with flat memory, each time they are read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evidence_kit.wire.streams import Direction, Ending, Piece, Side
from evidence_kit.wire.tls.channel import Channel
from evidence_kit.wire.tls.ciphers import Protection
from evidence_kit.wire.tls.records import RecordError


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of one direction that holds content under one set of keys, and under those that follow from it."""

    start: int
    """How many bytes of the recorded stream lie before it."""
    protection: Callable[[], Protection]
    """Makes the keys, as they are at the start."""
    allowed: frozenset[int]
    """The handshake messages that may come in between."""
    dummies: bool = False
    """Whether ChangeCipherSpec records may come, too: among early data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainDirection:
    """What one side sent inside TLS: a `Direction`, one piece a record, with the time of the record's last byte."""

    side: Side
    recorded: Direction
    legs: tuple[Leg, ...]
    closed: bool
    """Whether a close_notify says that nothing is missing at the end."""
    faulty: bool
    """Whether something that is not authentic cuts it off."""
    closer: Side | None
    """The side whose close_notify came first, unless the other one had hung up before."""

    def pieces(self) -> Iterator[Piece]:
        """Yield the content from the beginning; it ends before the first record that is not authentic.

        `tls.records` has named that record: all of it was read once when the connection was opened. Raises
        `FormatError` when the recording is no longer what it was then.
        """
        for leg in self.legs:
            channel = Channel(self.side, self.recorded.pieces(), skip=leg.start, protection=leg.protection())
            channel.dummies = leg.dummies
            try:
                yield from channel.content(leg.allowed)
            except RecordError:
                if not self.faulty:
                    raise
                return

    @property
    def ending(self) -> Ending:
        """CLOSED when a close_notify came, whatever TCP did after it; else CUT in place of TCP's CLOSED."""
        if self.faulty:
            return Ending.CUT
        if self.closed:
            return Ending.CLOSED
        return Ending.CUT if self.recorded.ending is Ending.CLOSED else self.recorded.ending

    @property
    def ended_by(self) -> Side | None:
        """The side whose close_notify came first; without one, or before it, the one that ended TCP."""
        return self.closer or self.recorded.ended_by
