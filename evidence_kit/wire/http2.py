"""Read a plain HTTP/2 connection (RFC 9113) offline: frames of both directions by time, streams as exchanges.

Each direction is decoded by itself; the order between them only decides when an exchange is handed out. Priorities and
flow control are counted and not followed. A frame that breaks the connection ends the reading of its direction: it and
all that follows is handed out raw.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evidence_kit.errors import FormatError
from evidence_kit.wire.addresses import origin
from evidence_kit.wire.bodies import BodyFolder
from evidence_kit.wire.exchange import ConnectionFrames, Extent, RawBytes, Reading
from evidence_kit.wire.frames import (
    END_HEADERS,
    END_STREAM,
    PREFACE,
    Frame,
    FrameReader,
    FrameType,
    check,
    content,
    goaway,
    promised,
    settings,
)
from evidence_kit.wire.heads import HEAD_LIMIT
from evidence_kit.wire.hpack_fields import FieldDecoder, Fields
from evidence_kit.wire.http2_heads import request_head
from evidence_kit.wire.http2_stream import Place, Stream
from evidence_kit.wire.raw import Aside, take_rest
from evidence_kit.wire.source import Source
from evidence_kit.wire.streams import Direction, Side

_MOST_OPEN = 10_000
_MOST_LINGERING = 256
_MOST_CONTINUATIONS = 10_000
_MOST_NOTED = 256
_HEAD_OF_STREAM = frozenset({FrameType.HEADERS, FrameType.DATA, FrameType.RST_STREAM})


def read_http2(
    client: Direction, server: Direction, *, scheme: str, authority_hint: str, folder: Path
) -> Iterator[Reading]:
    """Yield the exchanges of the connection as they end, then what is left, and last its bookkeeping.

    The arguments are those of `read_http1`. A WebSocket's messages (RFC 8441) follow its exchange.
    """
    with BodyFolder(folder) as bodies:
        place = Place(
            scheme=scheme,
            hint=authority_hint,
            client=Source(client, Side.CLIENT),
            server=Source(server, Side.SERVER),
        )
        yield from _Connection(place, bodies).read()


@dataclass(slots=True)
class _Block:
    """A header block that is still coming: HEADERS or PUSH_PROMISE, and the CONTINUATIONs after it."""

    frames: list[Frame] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    length: int = 0


class _Direction:
    """What is known of one direction."""

    def __init__(self, source: Source, bodies: BodyFolder) -> None:
        self.source = source
        self.frames = FrameReader(source)
        self.decoder = FieldDecoder(limit=HEAD_LIMIT[source.side])
        self.block = _Block()
        self.lost = False
        self.own = 0
        """Bytes that belong to the connection itself."""
        self.aside = Aside(source.side, bodies)


class _Connection:
    """The streams that are open, and the two directions."""

    def __init__(self, place: Place, bodies: BodyFolder) -> None:
        self._place = place
        self._bodies = bodies
        self._url = origin(place.scheme, None, hint=place.hint)
        self._sides = {source.side: _Direction(source, bodies) for source in (place.client, place.server)}
        self._streams: dict[int, Stream] = {}
        # Streams that one side has reset while the other may still be sending.
        self._lingering: dict[int, None] = {}
        # The last stream that each side opened.
        self._highest = {Side.CLIENT: 0, Side.SERVER: 0}
        self._settings: list[tuple[Side, int, int]] = []
        self._goaways: list[tuple[Side, int, int, bytes]] = []
        self._counts: dict[str, int] = {}

    def read(self) -> Iterator[Reading]:
        client = self._sides[Side.CLIENT]
        if client.source.peek(len(PREFACE)) == PREFACE:
            client.source.exactly(len(PREFACE))
            client.own += len(PREFACE)
        else:
            yield from self._lose(client, "no HTTP/2 preface")
        while (turn := self._turn()) is not None:
            side, frame = turn
            self._sides[side].frames.take()
            try:
                number = self._take(side, frame)
            except FormatError as error:
                pending = self._sides[side].block.frames
                pending = pending if pending and pending[-1] is frame else [*pending, frame]
                yield from self._lose(self._sides[side], str(error), pending)
                continue
            yield from self._ended(number)
        yield from self._finish()

    def _turn(self) -> tuple[Side, Frame] | None:
        """Return the frame that passed next, and who sent it."""
        found = {side: None if state.lost else state.frames.peek() for side, state in self._sides.items()}
        ours, theirs = found[Side.CLIENT], found[Side.SERVER]
        if theirs is None:
            return (Side.CLIENT, ours) if ours is not None else None
        # Should the times be off, no answer comes before what it answers.
        early = theirs.stream % 2 and theirs.stream > self._highest[Side.CLIENT] and theirs.kind in _HEAD_OF_STREAM
        if ours is not None and (early or ours.ended <= theirs.ended):
            return Side.CLIENT, ours
        return Side.SERVER, theirs

    def _take(self, side: Side, frame: Frame) -> int:
        """Take a frame; return the stream that it may have ended, or 0. Raises `FormatError`."""
        state = self._sides[side]
        check(frame)
        if state.block.frames:
            last = state.block.frames[0]
            if frame.kind != FrameType.CONTINUATION or frame.stream != last.stream:
                raise FormatError("a header block that another frame interrupts")
            number = self._block(side, frame)
        else:
            number = self._take_other(side, frame)
        name = f"{side} {frame.name}"
        self._counts[name] = self._counts.get(name, 0) + 1
        return number

    def _take_other(self, side: Side, frame: Frame) -> int:
        match frame.kind:
            case FrameType.DATA:
                return self._data(side, frame)
            case FrameType.HEADERS:
                return self._block(side, frame)
            case FrameType.PUSH_PROMISE if side is Side.SERVER:
                return self._block(side, frame)
            case FrameType.RST_STREAM:
                return self._reset(side, frame)
            case FrameType.CONTINUATION | FrameType.PUSH_PROMISE:
                raise FormatError(f"{frame.name} out of place")
            case FrameType.SETTINGS if len(self._settings) < _MOST_NOTED:
                self._settings += [(side, *setting) for setting in settings(frame)][: _MOST_NOTED - len(self._settings)]
            case FrameType.GOAWAY if len(self._goaways) < _MOST_NOTED:
                self._goaways.append((side, *goaway(frame)))
            case _:
                pass
        self._sides[side].own += frame.size
        return 0

    def _data(self, side: Side, frame: Frame) -> int:
        data = content(frame)
        stream = self._stream(side, frame)
        if stream is None:
            return 0
        stream.count(side, frame)
        stream.data(side, data, frame.ended)
        if frame.ends_stream():
            stream.end(side)
        return frame.stream

    def _stream(self, side: Side, *frames: Frame) -> Stream | None:
        """Return the stream of frames; None, and they are put aside, when *side* had already ended it."""
        number = frames[0].stream
        stream = self._streams.get(number)
        if stream is not None and not stream.over(side):
            return stream
        if number > self._highest[_opener(number)]:
            raise FormatError(f"{frames[0].name} on stream {number}, which nobody opened")
        for frame in frames:
            self._sides[side].aside.add(frame)
        return None

    def _reset(self, side: Side, frame: Frame) -> int:
        number = frame.stream
        if number > self._highest[_opener(number)]:
            raise FormatError(f"RST_STREAM on stream {number}, which nobody opened")
        stream = self._streams.get(number)
        if stream is None:
            # The other side had already seen it end.
            self._sides[side].own += frame.size
            return 0
        stream.count(side, frame)
        stream.reset(side, int.from_bytes(frame.payload, "big"))
        self._lingering[number] = None
        return number

    def _block(self, side: Side, frame: Frame) -> int:
        """Take a part of a header block, and the whole of it when it is complete."""
        state, block = self._sides[side], self._sides[side].block
        part = content(frame)
        block.length += len(part)
        if block.length > HEAD_LIMIT[side] or len(block.frames) >= _MOST_CONTINUATIONS:
            raise FormatError("a header block without end")
        block.frames.append(frame)
        block.parts.append(part)
        if not frame.flags & END_HEADERS:
            return 0
        number = self._fields(side, block, state.decoder.decode(b"".join(block.parts)))
        state.block = _Block()
        return number

    def _fields(self, side: Side, block: _Block, fields: Fields) -> int:
        """Give a head to its stream; return the stream."""
        first = block.frames[0]
        pushed = first.kind == FrameType.PUSH_PROMISE
        number = promised(first) if pushed else first.stream
        ends = not pushed and bool(first.flags & END_STREAM)
        stream: Stream | None
        if pushed or (side is Side.CLIENT and number > self._highest[Side.CLIENT]):
            stream = self._open(
                side,
                number,
                Stream(
                    number=number,
                    bodies=self._bodies,
                    request=request_head(fields),
                    started=first.started,
                    pushed=pushed,
                ),
            )
        else:
            stream = self._stream(side, *block.frames)
            if stream is None:
                return 0
            stream.more_fields(side, fields, ends=ends)
        for frame in block.frames:
            stream.count(side, frame)
        if ends:
            stream.end(side)
        return number

    def _open(self, side: Side, number: int, stream: Stream) -> Stream:
        if _opener(number) is not side or number <= self._highest[side]:
            raise FormatError(f"stream {number} opened by the {side}, out of order")
        if len(self._streams) >= _MOST_OPEN:
            raise FormatError("too many open streams")
        self._highest[side] = number
        self._streams[number] = stream
        return stream

    def _ended(self, number: int) -> Iterator[Reading]:
        """Yield the exchange of stream *number* if both sides are done with it, or of one that waited too long."""
        stream = self._streams.get(number)
        if stream is not None and all(stream.over(side) for side in Side):
            yield from self._close(number)
        elif len(self._lingering) > _MOST_LINGERING:
            yield from self._close(next(iter(self._lingering)))

    def _close(self, number: int) -> Iterator[Reading]:
        self._lingering.pop(number, None)
        stream = self._streams.pop(number)
        refused = any(side is Side.SERVER and last < number for side, last, _, _ in self._goaways)
        remarks = ("the server's GOAWAY refused it",) if refused and stream.response is None else ()
        yield from stream.finish(self._place, remarks)

    def _lose(self, state: _Direction, reason: str, before: Sequence[Frame] = ()) -> Iterator[RawBytes]:
        """Yield what is left of a direction that cannot be read on."""
        state.lost = True
        state.block = _Block()
        for stream in self._streams.values():
            if not stream.over(state.source.side):
                stream.unreadable.add(state.source.side)
                stream.remarks.append(f"the rest of what the {state.source.side} sent cannot be read")
        raw = take_rest(state.source, self._bodies, url=self._url, reason=reason, before=before)
        if raw is not None:
            yield raw

    def _finish(self) -> Iterator[Reading]:
        """Yield everything that is left when both directions are over."""
        for state in self._sides.values():
            if state.frames.refused and not state.lost:
                yield from self._lose(state, state.frames.refused, state.block.frames)
        for number in list(self._streams):
            yield from self._close(number)
        for state in self._sides.values():
            if not state.lost:
                yield from self._lose(state, "an unfinished frame", state.block.frames)
            aside = state.aside.finish(url=self._url)
            if aside is not None:
                yield aside
        client, server = (self._sides[side].own for side in Side)
        yield ConnectionFrames(
            url=self._url,
            client=Extent(offset=0, length=client),
            server=Extent(offset=0, length=server),
            settings=tuple(self._settings),
            goaways=tuple(self._goaways),
            counts=self._counts,
        )


def _opener(number: int) -> Side:
    """Return the side that may open stream *number* (RFC 9113, 5.1.1)."""
    return Side.CLIENT if number % 2 else Side.SERVER
