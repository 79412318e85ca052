"""Read the messages of a WebSocket (RFC 6455), permessage-deflate (RFC 7692) included, offline.

Fragments are joined, masks and compression taken off. Control frames are messages of their own. What breaks the framing
rules is handed out raw, to the end of its direction, as browsers then give the connection up.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evidence_kit.wire.bodies import BodyFolder
from evidence_kit.wire.exchange import Extent, Opcode, RawBytes, WebSocketMessage, few
from evidence_kit.wire.inflation import Deflate, Inflation
from evidence_kit.wire.payload import Payload
from evidence_kit.wire.raw import take_rest
from evidence_kit.wire.source import TAKEN_AT_ONCE, Source
from evidence_kit.wire.streams import Direction, Side

_CONTINUATION = 0
_CONTROL = frozenset({Opcode.CLOSE, Opcode.PING, Opcode.PONG})
_OPCODES = frozenset({_CONTINUATION, *Opcode})
_CONTROL_LIMIT = 125
_LENGTHS = {126: 2, 127: 8}
_MOST_LENGTH = 1 << 63
_SHORTEST = 2
_MASK_LENGTH = 4
_CODE_LENGTH = 2


def read_websocket(
    client: Direction, server: Direction, *, url: str, extensions: bytes, folder: Path
) -> Iterator[WebSocketMessage | RawBytes]:
    """Yield the messages of both sides by the time at which they ended.

    *extensions* is ``Sec-WebSocket-Extensions`` as the server answered it. Long payloads are written into *folder*.
    """
    with BodyFolder(folder) as bodies:
        sides = Source(client, Side.CLIENT), Source(server, Side.SERVER)
        yield from read_messages(*sides, bodies, url=url, extensions=extensions)


def read_messages(
    client: Source, server: Source, bodies: BodyFolder, *, url: str, extensions: bytes
) -> Iterator[WebSocketMessage | RawBytes]:
    """Do what `read_websocket` does, for what is left of two directions after a handshake."""
    deflate = Deflate.from_header(extensions)
    sides = [_Reader(source, bodies, deflate, url=url).read() for source in (client, server)]
    yield from heapq.merge(*sides, key=lambda message: message.ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """The header of a frame (RFC 6455, 5.2)."""

    time: datetime
    size: int
    """Bytes of the header."""
    final: bool
    deflated: bool
    opcode: int
    mask: bytes
    length: int
    problem: str = ""


@dataclass(slots=True, kw_only=True)
class _Message:
    """A message that is still coming."""

    opcode: Opcode
    started: datetime
    offset: int
    payload: Payload
    deflated: bool
    taken: int = 0
    fragments: int = 0
    remarks: list[str]


class _Reader:
    """One direction."""

    def __init__(self, source: Source, bodies: BodyFolder, deflate: Deflate, *, url: str) -> None:
        self._source = source
        self._bodies = bodies
        self._deflate = deflate.agreed
        self._inflation = Inflation(deflate, source.side)
        self._url = url
        self._message: _Message | None = None

    def read(self) -> Iterator[WebSocketMessage | RawBytes]:
        reason = "an unfinished WebSocket frame"
        while (frame := self._frame_header()) is not None:
            if frame.problem:
                reason = frame.problem
                break
            message = self._begin(frame)
            whole = self._take(message, frame)
            if whole and not frame.final:
                self._message = message
                continue
            if message.opcode not in _CONTROL:
                self._message = None
            yield self._finished(message, whole=whole)
        if self._message is not None:
            yield self._finished(self._message, whole=False)
        raw = take_rest(self._source, self._bodies, url=self._url, reason=reason)
        if raw is not None:
            yield raw

    def _frame_header(self) -> _Frame | None:
        """Return the header of the next frame, not yet taken; None when none is left."""
        time, start = self._source.next_time, self._source.peek(_SHORTEST)
        if time is None or len(start) < _SHORTEST:
            return None
        extended = _LENGTHS.get(start[1] & 0x7F, 0)
        masked = bool(start[1] & 0x80)
        size = _SHORTEST + extended + (_MASK_LENGTH if masked else 0)
        header = self._source.peek(size)
        if len(header) < size:
            return None
        length = int.from_bytes(header[_SHORTEST:][:extended], "big") if extended else start[1] & 0x7F
        return _Frame(
            time=time,
            size=size,
            final=bool(start[0] & 0x80),
            deflated=bool(start[0] & 0x40),
            opcode=start[0] & 0x0F,
            mask=header[size - _MASK_LENGTH :] if masked else b"",
            length=length,
            problem=self._problem(start[0], length),
        )

    def _problem(self, first: int, length: int) -> str:
        """Return which rule of RFC 6455, 5.2 to 5.5, a frame breaks; empty when none."""
        final, opcode = bool(first & 0x80), first & 0x0F
        if opcode not in _OPCODES:
            return f"a WebSocket frame of unknown kind {opcode}"
        control = opcode in _CONTROL
        if first & 0x30 or (first & 0x40 and (not self._deflate or control or opcode == _CONTINUATION)):
            return "a WebSocket frame with reserved bits"
        if control and (not final or length > _CONTROL_LIMIT):
            return "a WebSocket control frame that is long or in fragments"
        if not control and (opcode == _CONTINUATION) != (self._message is not None):
            return "a WebSocket fragment out of order"
        return "a WebSocket frame without end" if length >= _MOST_LENGTH else ""

    def _begin(self, frame: _Frame) -> _Message:
        """Take a frame's header; return the message that the frame belongs to."""
        source = self._source
        offset = source.offset
        source.exactly(frame.size)
        if self._message is not None and frame.opcode == _CONTINUATION:
            message = self._message
        else:
            message = _Message(
                opcode=Opcode(frame.opcode),
                started=frame.time,
                offset=offset,
                payload=Payload(self._bodies, self._inflation if frame.deflated else None),
                deflated=frame.deflated,
                remarks=[],
            )
        if bool(frame.mask) != (source.side is Side.CLIENT):
            remark = "masked by the server" if frame.mask else "not masked by the client"
            message.remarks += [remark] if remark not in message.remarks else []
        message.taken += frame.size
        message.fragments += 1
        return message

    def _take(self, message: _Message, frame: _Frame) -> bool:
        """Take a frame's payload; return whether all of it was there."""
        left, turn = frame.length, 0
        while left and (data := self._source.take(min(left, TAKEN_AT_ONCE))):
            message.payload.feed(_unmasked(data, frame.mask, turn) if frame.mask else data)
            left -= len(data)
            turn = (turn + len(data)) % _MASK_LENGTH
            message.taken += len(data)
        return not left

    def _finished(self, message: _Message, *, whole: bool) -> WebSocketMessage:
        payload = message.payload.finish(whole=whole)
        message.remarks += payload.remarks
        code = None
        if message.opcode is Opcode.CLOSE and isinstance(payload.content, bytes) and payload.length >= _CODE_LENGTH:
            code = int.from_bytes(payload.content[:_CODE_LENGTH], "big")
        return WebSocketMessage(
            url=self._url,
            side=self._source.side,
            started=message.started,
            ended=self._source.last_time or message.started,
            opcode=message.opcode,
            payload=payload.content,
            length=payload.length,
            fragments=message.fragments,
            deflated=message.deflated,
            inflated=payload.inflated,
            close_code=code,
            whole=whole,
            remarks=few(message.remarks),
            extent=Extent(offset=message.offset, length=message.taken),
        )


def _unmasked(data: bytes, mask: bytes, turn: int) -> bytes:
    """Return *data* without its mask, of which *turn* bytes were used before (RFC 6455, 5.3)."""
    size = len(data)
    key = ((mask[turn:] + mask[:turn]) * (size // _MASK_LENGTH + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
