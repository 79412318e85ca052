"""One HTTP/2 stream while it lasts (RFC 9113, 5.1 and 8.1), and the exchange that becomes of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from evidence_kit.errors import FormatError
from evidence_kit.wire.addresses import socket_scheme, target_url
from evidence_kit.wire.bodies import EMPTY, BodyFolder, StoredBody
from evidence_kit.wire.exchange import Extent, HttpMessage, Reading, WireExchange, cut_short, few
from evidence_kit.wire.frames import Frame
from evidence_kit.wire.hpack_fields import Fields
from evidence_kit.wire.http2_heads import WrittenHead, response_head, trailer_lines
from evidence_kit.wire.source import Source
from evidence_kit.wire.streams import Ending, Side
from evidence_kit.wire.tape import Store, Tape
from evidence_kit.wire.websocket import read_messages

_MOST_INTERIM = 100
_INFORMATIONAL = range(100, 200)
_OK = range(200, 300)
_NO_BODY = frozenset({204, 304})
_LENGTH = re.compile(rb"[0-9]{1,18}")
_ERRORS = (
    *("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED"),
    *("FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"),
    *("INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a stream is: what its URL lacks may come from here."""

    scheme: str
    hint: str
    client: Source
    server: Source


@dataclass(slots=True)
class _Half:
    """What one side has sent so far."""

    store: Store
    offset: int = 0
    taken: int = 0
    trailers: bytes | None = None
    ended: bool = False
    """By END_STREAM."""
    reset: int | None = None
    """The error code, if it reset the stream."""
    last: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Stream:
    """What came on a stream so far."""

    number: int
    bodies: BodyFolder
    request: WrittenHead
    started: datetime
    pushed: bool = False
    """Whether the server announced it; then its promise stands for the request."""
    unreadable: set[Side] = field(default_factory=set)
    """The sides whose frames could not be read on while the stream was open."""
    response: WrittenHead | None = None
    interim: list[bytes] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    halves: dict[Side, _Half] = field(init=False)
    tapes: dict[Side, Tape] = field(default_factory=dict)
    """The data of both sides, with its times, if a WebSocket was asked for."""

    def __post_init__(self) -> None:
        """Make room for the data of both sides."""
        if self.is_socket:
            self.tapes = {side: Tape(self.bodies) for side in Side}
            self.halves = {side: _Half(tape) for side, tape in self.tapes.items()}
        else:
            names = {Side.CLIENT: "request", Side.SERVER: "response"}
            self.halves = {side: _Half(self.bodies.new(name)) for side, name in names.items()}
        self.halves[Side.CLIENT].ended = self.pushed
        self.remarks += self.request.remarks
        if self.pushed:
            self.remarks.append("pushed by the server: the request is its promise")

    @property
    def is_socket(self) -> bool:
        """Whether the client asks for a WebSocket (RFC 8441)."""
        return self.request.value(b":method") == b"CONNECT" and self.request.value(b":protocol") == b"websocket"

    def over(self, side: Side) -> bool:
        """Return whether *side* has ended or reset the stream."""
        half = self.halves[side]
        return half.ended or half.reset is not None

    def count(self, side: Side, frame: Frame) -> None:
        """Make *frame* part of this stream."""
        half = self.halves[side]
        half.offset = half.offset if half.taken else frame.offset
        half.taken += frame.size
        half.last = frame.ended

    def end(self, side: Side) -> None:
        """Note that *side* has nothing more to say."""
        self.halves[side].ended = True

    def reset(self, side: Side, code: int) -> None:
        """Note that *side* broke the stream off."""
        if self.halves[side].reset is None:
            self.halves[side].reset = code
            name = _ERRORS[code] if code < len(_ERRORS) else str(code)
            self.remarks.append(f"reset by the {side}: {name}")

    def data(self, side: Side, data: bytes, time: datetime) -> None:
        """Append to a body."""
        store = self.halves[side].store
        if isinstance(store, Tape):
            store.write(data, time)
        else:
            store.write(data)

    def more_fields(self, side: Side, fields: Fields, *, ends: bool) -> None:
        """Take a head of the response, or trailers. Raises `FormatError` for what can be neither."""
        half = self.halves[side]
        if side is Side.SERVER and self.response is None:
            head = response_head(fields)
            if head.status not in _INFORMATIONAL or ends:
                self.response = head
                self.remarks += head.remarks
                return
            if len(self.interim) >= _MOST_INTERIM:
                raise FormatError("too many interim responses")
            self.interim.append(head.raw)
            return
        if half.trailers is not None or not ends:
            raise FormatError("a head in the middle of a body")
        half.trailers = trailer_lines(fields)

    def finish(self, place: Place, remarks: tuple[str, ...] = ()) -> Iterator[Reading]:
        """Yield the exchange, and the messages if it was a WebSocket."""
        self.remarks += remarks
        socket = self.is_socket and self.response is not None and self.response.status in _OK
        yield self._exchange(place, socket=socket)
        if socket:
            yield from self._messages(place)

    def _exchange(self, place: Place, *, socket: bool) -> WireExchange:
        client, server = self.halves[Side.CLIENT], self.halves[Side.SERVER]
        request = self._message(Side.CLIENT, self.request, socket=socket)
        response = self._message(Side.SERVER, self.response, socket=socket) if self.response else None
        truncated: str | None = None
        ended_by: Side | None = None
        if response is None:
            self.remarks.append("no response")
            ended_by = self._ended(Side.SERVER, place)[1]
        elif not response.whole:
            truncated, ended_by = self._ended(Side.SERVER, place)
        elif not request.whole:
            ended_by = self._ended(Side.CLIENT, place)[1]
        elif client.last and server.last and server.last < client.last:
            self.remarks.append("the reply was over before the request")
        return WireExchange(
            url=self._url(place, socket=socket),
            started=self.started,
            ended=max(half.last or self.started for half in self.halves.values()),
            request=request,
            response=response,
            interim_heads=tuple(self.interim),
            truncated=truncated,
            ended_by=ended_by,
            protocols=("h2",),
            stream=self.number,
            websocket=socket,
            remarks=few(self.remarks),
            client=_extent(client, socket=socket),
            server=_extent(server, socket=socket),
        )

    def _message(self, side: Side, head: WrittenHead, *, socket: bool) -> HttpMessage:
        half = self.halves[side]
        if socket:
            return HttpMessage(head=head.raw, body=EMPTY)
        store = half.store
        body = store.body() if isinstance(store, Tape) else store.stored()
        return HttpMessage(
            head=head.raw, body=body, trailers=half.trailers or b"", whole=half.ended and self._fits(side, head, body)
        )

    def _fits(self, side: Side, head: WrittenHead, body: StoredBody) -> bool:
        """Return whether a body that was ended is as long as its head promises (RFC 9113, 8.1.1)."""
        promise = head.value(b"content-length")
        if promise is None or (
            side is Side.SERVER and (self.request.value(b":method") == b"HEAD" or head.status in _NO_BODY)
        ):
            return True
        name = "request" if side is Side.CLIENT else "response"
        if not _LENGTH.fullmatch(promise):
            self.remarks.append(f"{name}: Content-Length is no length")
            return True
        if int(promise) != body.length:
            self.remarks.append(f"{name} body: {body.length} bytes came of {int(promise)} promised")
        return body.length >= int(promise)

    def _ended(self, side: Side, place: Place) -> tuple[str, Side | None]:
        """Return why what *side* sent is not whole, and who broke it off."""
        if self.halves[side].ended:
            return "unspecified", side
        if side in self.unreadable:
            return "unspecified", None
        if self.halves[Side.SERVER].reset is not None:
            return "disconnect", Side.SERVER
        if self.halves[Side.CLIENT].reset is not None:
            return "unspecified", Side.CLIENT
        return cut_short(place.server)

    def _url(self, place: Place, *, socket: bool) -> str:
        request = self.request
        named = (request.value(b":scheme") or b"").decode("latin-1")
        scheme = named if named in {"http", "https"} else place.scheme
        return target_url(
            socket_scheme(scheme) if socket else scheme,
            request.value(b":authority") or request.value(b"host"),
            request.value(b":path") or b"/",
            hint=place.hint,
        )

    def _messages(self, place: Place) -> Iterator[Reading]:
        client, server = self._played(place.client), self._played(place.server)
        extensions = (self.response and self.response.value(b"sec-websocket-extensions")) or b""
        url = self._url(place, socket=True)
        yield from read_messages(client, server, self.bodies, url=url, extensions=extensions)
        for tape in self.tapes.values():
            tape.discard()

    def _played(self, source: Source) -> Source:
        """Return what one side said on this stream, as a direction of its own."""
        half, tape = self.halves[source.side], self.tapes[source.side]
        ending = Ending.CLOSED if half.ended else source.ending
        tape.finish(ending if half.reset is None else Ending.RESET, source.ended_by)
        return Source(tape, source.side)


def _extent(half: _Half, *, socket: bool) -> Extent:
    # The data of a WebSocket is accounted for by its messages.
    return Extent(offset=half.offset, length=half.taken - (half.store.length if socket else 0))
