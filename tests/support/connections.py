"""Connections made of bytes, for the readers of plain streams; and the proof that a reading lost none of them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from evidence_kit.wire.exchange import ConnectionFrames, Extent, RawBytes, Reading, WebSocketMessage, WireExchange
from evidence_kit.wire.streams import Ending, Piece, Side

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One direction, as a recording would give it."""

    parts: tuple[Piece, ...]
    ending: Ending = Ending.CLOSED
    ended_by: Side | None = Side.SERVER

    def pieces(self) -> Iterator[Piece]:
        yield from self.parts

    @property
    def data(self) -> bytes:
        return b"".join(piece.data for piece in self.parts)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def recorded(
    *parts: bytes | tuple[float, bytes], ending: Ending = Ending.CLOSED, ended_by: Side | None = Side.SERVER
) -> Recorded:
    """Return a direction of *parts*, each with its second (0 if it has none)."""
    timed = [part if isinstance(part, tuple) else (0.0, part) for part in parts]
    pieces = tuple(Piece(data, at(second)) for second, data in timed)
    return Recorded(parts=pieces, ending=ending, ended_by=ended_by)


def split(data: bytes, cuts: Iterable[int], *, begin: float = 0.0) -> Recorded:
    """Return *data* cut at the offsets *cuts*, a millisecond between the pieces."""
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(data)}), len(data)]
    pairs = pairwise(edges)
    return recorded(*((begin + number / 1000, data[a:b]) for number, (a, b) in enumerate(pairs)))


def bytewise(data: bytes) -> Recorded:
    return split(data, range(len(data)))


def body(stored: object) -> bytes:
    """Return the bytes of a body or payload, wherever it is."""
    content = getattr(stored, "content", stored)
    return content.read_bytes() if isinstance(content, Path) else bytes(content)  # type: ignore[call-overload]


def exchanges(readings: Iterable[Reading]) -> list[WireExchange]:
    return [reading for reading in readings if isinstance(reading, WireExchange)]


def assert_heads_end_once(exchange: WireExchange) -> None:
    """Fail unless every head ends at its first empty line, where any reader of an archive will end it."""
    made = exchange.to_exchange()
    for head in (made.request_head, made.response_head, *exchange.interim_heads):
        if head is not None:
            match = re.search(rb"\r?\n\r?\n", head)
            assert match is not None
            assert match.end() == len(head)


def raws(readings: Iterable[Reading]) -> list[RawBytes]:
    return [reading for reading in readings if isinstance(reading, RawBytes)]


def messages(readings: Iterable[Reading]) -> list[WebSocketMessage]:
    return [reading for reading in readings if isinstance(reading, WebSocketMessage)]


def extents(readings: Iterable[Reading], side: Side) -> list[Extent]:
    """Return what of the direction of *side* each reading took."""
    found = []
    for reading in readings:
        if isinstance(reading, WireExchange | ConnectionFrames):
            found.append(reading.client if side is Side.CLIENT else reading.server)
        elif reading.side is side:
            found.append(reading.extent)
    return found


def assert_tiled(readings: Sequence[Reading], client: Recorded, server: Recorded) -> None:
    """Fail unless the readings lie side by side from the first byte of both directions to the last.

    WebSocket messages in fragments may have control frames inside: then only the sums are looked at.
    """
    assert_counted(readings, client, server)
    assert_raw_is_exact(readings, client, server)
    if any(isinstance(reading, WebSocketMessage) and reading.fragments > 1 for reading in readings):
        return
    for side, direction in ((Side.CLIENT, client), (Side.SERVER, server)):
        position = 0
        for extent in sorted(extents(readings, side), key=lambda extent: (extent.offset, extent.length)):
            assert extent.offset == position or not extent.length
            position += extent.length
        assert position == len(direction.data)


def assert_counted(readings: Sequence[Reading], client: Recorded, server: Recorded) -> None:
    """Fail unless the readings add up to both directions."""
    for side, direction in ((Side.CLIENT, client), (Side.SERVER, server)):
        assert sum(extent.length for extent in extents(readings, side)) == len(direction.data)


def assert_raw_is_exact(readings: Iterable[Reading], client: Recorded, server: Recorded) -> None:
    for raw in raws(readings):
        data = (client if raw.side is Side.CLIENT else server).data
        assert body(raw.body) == data[raw.extent.offset : raw.extent.offset + raw.extent.length]
