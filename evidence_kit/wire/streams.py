"""One connection as two plain streams of bytes, each piece with the time at which the relay passed it on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Side(StrEnum):
    """Who sent something, or ended it."""

    CLIENT = "client"
    SERVER = "server"


class Ending(StrEnum):
    """How one direction of a connection ended."""

    CLOSED = "closed"
    """Orderly: FIN, and with TLS a close_notify before it."""
    CUT = "cut"
    """FIN without the close_notify that TLS asks for."""
    RESET = "reset"
    """RST, or an error of the system."""
    OPEN = "open"
    """Not ended when the recording was."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes, and when the last of them was passed on (aware UTC)."""

    data: bytes
    time: datetime


class Direction(Protocol):
    """What one side sent, in order."""

    def pieces(self) -> Iterator[Piece]:
        """Yield the bytes from the beginning; may be called again. Memory stays flat however long the stream is."""

    @property
    def ending(self) -> Ending:
        """How it ended."""

    @property
    def ended_by(self) -> Side | None:
        """The side that ended the connection first; None while it is open."""


class RecordedDirection(Direction, Protocol):
    """A direction as it was recorded, with the time of its end."""

    @property
    def ended(self) -> datetime | None:
        """When it ended; None while it is open, or when that is not known."""
