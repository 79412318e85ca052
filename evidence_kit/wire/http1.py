"""Read a plain HTTP/1.1 connection (RFC 9112) offline: requests and responses in pairs, every byte accounted for.

Both directions are read one exchange at a time: a request to its end, then its response. Times are only looked at to
say that a reply came early. What cannot be read on is handed out raw, to the end of its direction.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evidence_kit.display import shorten
from evidence_kit.wire.addresses import origin, socket_scheme, target_url
from evidence_kit.wire.bodies import EMPTY, BodyFolder, StoredBody
from evidence_kit.wire.exchange import Extent, HttpMessage, RawBytes, Reading, WireExchange, cut_short, few
from evidence_kit.wire.framing import Kind, Outcome, request_framing, response_framing, take_body
from evidence_kit.wire.heads import HEAD_LIMIT, Head, parse_head, parse_response_head
from evidence_kit.wire.raw import take_rest
from evidence_kit.wire.source import Source
from evidence_kit.wire.streams import Direction, Ending, Side
from evidence_kit.wire.websocket import read_messages

_NAMES = {Side.CLIENT: "request", Side.SERVER: "response"}
_SWITCHING = 101
_INFORMATIONAL = range(100, 200)
_MOST_INTERIM = 100
_OK = range(200, 300)
_PREFIX = b"HTTP/"
_MOST_BLANK = 64
_SLOP = 4
"""Bytes of rubbish before a status line that Chromium forgives."""


def read_http1(
    client: Direction, server: Direction, *, scheme: str, authority_hint: str, folder: Path
) -> Iterator[Reading]:
    """Yield what the connection carried, in order.

    *scheme* is ``http`` or ``https``; *authority_hint* (``host`` or ``host:port``) names the server where a request
    does not. Bodies are written into *folder*, which is this connection's own. A WebSocket's messages follow its
    exchange.
    """
    with BodyFolder(folder) as bodies:
        reader = _Reader(
            Source(client, Side.CLIENT), Source(server, Side.SERVER), bodies, scheme=scheme, hint=authority_hint
        )
        yield from reader.read()


@dataclass(slots=True, kw_only=True)
class _Request:
    """A request as far as it came."""

    message: HttpMessage
    head: Head
    method: bytes
    target: bytes
    started: datetime
    ended: datetime
    extent: Extent
    remarks: list[str]


@dataclass(slots=True, kw_only=True)
class _Reply:
    """What came back."""

    message: HttpMessage | None = None
    head: Head | None = None
    interim: tuple[bytes, ...] = ()
    started: datetime | None = None
    truncated: str | None = None
    ended_by: Side | None = None
    remarks: list[str]


class _Reader:
    """The state of a connection between two exchanges."""

    def __init__(self, client: Source, server: Source, bodies: BodyFolder, *, scheme: str, hint: str) -> None:
        self._client = client
        self._server = server
        self._bodies = bodies
        self._scheme = scheme
        self._hint = hint
        # Why a direction is not read on; empty while it is.
        self._lost = {Side.CLIENT: "", Side.SERVER: ""}

    def read(self) -> Iterator[Reading]:
        while not self._lost[Side.CLIENT] and (request := self._request()) is not None:
            begin = self._server.offset
            reply = _Reply(remarks=[]) if self._lost[Side.SERVER] else self._reply(request.method)
            exchange = self._exchange(request, reply, begin)
            yield exchange
            if exchange.websocket:
                extensions = reply.head.values(b"sec-websocket-extensions") if reply.head else ()
                yield from read_messages(
                    self._client, self._server, self._bodies, url=exchange.url, extensions=b", ".join(extensions)
                )
                return
            self._tunnel(request, reply)
        yield from self._rest()

    def _rest(self) -> Iterator[RawBytes]:
        """Yield what no exchange took."""
        url = origin(self._scheme, None, hint=self._hint)
        for source, otherwise in ((self._client, "an unfinished request"), (self._server, "bytes nobody asked for")):
            raw = take_rest(source, self._bodies, url=url, reason=self._lost[source.side] or otherwise)
            if raw is not None:
                yield raw

    def _tunnel(self, request: _Request, reply: _Reply) -> None:
        """Note that what follows is no HTTP, if that is so."""
        status = reply.head.status if reply.head else None
        if status == _SWITCHING and reply.head:
            names = b", ".join(reply.head.values(b"upgrade"))
            reason = f"after a switch to another protocol: {shorten(names[:200].decode('latin-1'))}"
        elif request.method == b"CONNECT" and status in _OK:
            reason = "inside a CONNECT tunnel"
        else:
            return
        self._lost = {side: self._lost[side] or reason for side in Side}

    def _request(self) -> _Request | None:
        """Take a request; None when there is no more of them."""
        source, begin = self._client, self._client.offset
        remarks: list[str] = []
        blank = _blank(source, remarks)
        started = source.time_ahead(blank)
        if started is None:
            return None
        raw = source.peek_head(HEAD_LIMIT[Side.CLIENT], skipped=blank)
        head = parse_head(raw[blank:]) if raw is not None else None
        if head is None or head.request_line is None:
            self._lost[Side.CLIENT] = _no_head(source, "request") if head is None else "not a request"
            return None
        source.exactly(blank + len(head.raw))
        method, target, _ = head.request_line
        framing = request_framing(head)
        body = self._bodies.new("request")
        outcome = take_body(source, framing, body)
        if outcome.broken:
            self._lost[Side.CLIENT] = "after a request body that cannot be read on"
        message = _message(head, outcome, chunked=framing.kind is Kind.CHUNKED, body=body.stored())
        return _Request(
            message=message,
            head=head,
            method=method,
            target=target,
            started=started,
            ended=source.last_time or started,
            extent=Extent(offset=begin, length=source.offset - begin),
            remarks=[*remarks, *(f"request {remark}" for remark in (*head.remarks, *outcome.remarks))],
        )

    def _reply(self, method: bytes) -> _Reply:
        """Take the responses to one request: any number of interim ones, and the final one."""
        source = self._server
        reply = _Reply(started=source.next_time, remarks=[])
        while (head := self._status_head(reply)) is not None:
            status = head.status or 0
            if status not in _INFORMATIONAL or status == _SWITCHING:
                self._final(head, method, reply)
                break
            reply.interim = (*reply.interim, head.raw)
            if len(reply.interim) >= _MOST_INTERIM:
                self._lost[Side.SERVER] = "after too many interim responses"
                break
        return reply

    def _status_head(self, reply: _Reply) -> Head | None:
        source = self._server
        if source.at_end():
            return None
        blank = _blank(source, reply.remarks)
        ahead = source.peek(blank + _SLOP + len(_PREFIX))[blank:].upper()
        slop = ahead.find(_PREFIX)
        if slop < 0:
            self._lost[Side.SERVER] = "an unfinished response" if _PREFIX.startswith(ahead) else "not a response"
            return None
        raw = source.peek_head(HEAD_LIMIT[Side.SERVER], skipped=blank)
        head = parse_response_head(raw[blank + slop :]) if raw is not None else None
        if raw is None or head is None:
            self._lost[Side.SERVER] = _no_head(source, "response") if raw is None else "not a response"
            return None
        source.exactly(len(raw))
        if slop:
            reply.remarks.append(f"response: rubbish before the status line: {raw[blank:][:slop].hex()}")
        return head

    def _final(self, head: Head, method: bytes, reply: _Reply) -> None:
        source = self._server
        reply.head = head
        if head.status == _SWITCHING:
            reply.message = HttpMessage(head=head.raw, body=EMPTY)
            return
        framing = response_framing(head, method)
        body = self._bodies.new("response")
        outcome = take_body(source, framing, body)
        if outcome.broken:
            self._lost[Side.SERVER] = "after a response body that cannot be read on"
            reply.truncated = None if outcome.whole else "unspecified"
        elif not outcome.whole:
            reply.truncated, reply.ended_by = cut_short(source)
        elif framing.kind is Kind.UNTIL_CLOSE:
            _judge_close(source, outcome, reply)
        reply.remarks += [f"response {remark}" for remark in (*head.remarks, *outcome.remarks)]
        reply.message = _message(head, outcome, chunked=framing.kind is Kind.CHUNKED, body=body.stored())

    def _exchange(self, request: _Request, reply: _Reply, begin: int) -> WireExchange:
        remarks = request.remarks + reply.remarks
        if reply.started is not None and reply.started < request.started:
            remarks.append("the reply began before its request")
        elif reply.started is not None and reply.started < request.ended:
            remarks.append("the reply began before the request had ended")
        if reply.message is None:
            remarks.append("no response")
        websocket = _is_websocket(request.head, reply.head)
        hosts = request.head.values(b"host")
        length = self._server.offset - begin
        ended = self._server.last_time if length else None
        ended_by = reply.ended_by
        stopped = not request.message.whole and not self._lost[Side.CLIENT]
        if stopped or (reply.message is None and not self._lost[Side.SERVER]):
            ended_by = ended_by or cut_short(self._client)[1]
        return WireExchange(
            url=target_url(
                socket_scheme(self._scheme) if websocket else self._scheme,
                hosts[0] if hosts else None,
                request.target,
                hint=self._hint,
            ),
            started=request.started,
            ended=max(request.ended, ended or request.ended),
            request=request.message,
            response=reply.message,
            interim_heads=reply.interim,
            truncated=reply.truncated,
            ended_by=ended_by,
            protocols=(_protocol(request.head, reply.head),),
            websocket=websocket,
            remarks=few(remarks),
            client=request.extent,
            server=Extent(offset=begin, length=length),
        )


def _message(head: Head, outcome: Outcome, *, chunked: bool, body: StoredBody) -> HttpMessage:
    return HttpMessage(head=head.raw, body=body, dechunked=chunked, trailers=outcome.trailers, whole=outcome.whole)


def _judge_close(source: Source, outcome: Outcome, reply: _Reply) -> None:
    """Say whether a body that ends with the connection is whole (RFC 9112, 8)."""
    if source.ending is Ending.CLOSED and source.ended_by is not Side.CLIENT:
        return
    outcome.whole = False
    reply.truncated, reply.ended_by = cut_short(source)
    if source.ending is Ending.CUT and source.ended_by is not Side.CLIENT:
        reply.truncated = "unspecified"
        outcome.remarks.append("body: ends without close_notify: whether that was all cannot be told")


def _is_websocket(request: Head, response: Head | None) -> bool:
    """Return whether both sides agreed on RFC 6455 (4.2.2)."""
    if response is None or response.status != _SWITCHING:
        return False
    return all(b"websocket" in head.members(b"upgrade") for head in (request, response))


def _protocol(request: Head, response: Head | None) -> str:
    if response is not None:
        return "http/1.1" if response.version >= (1, 1) else "http/1.0"
    return "http/1.1" if request.request_line and request.request_line[2] == b"1" else "http/1.0"


def _blank(source: Source, remarks: list[str]) -> int:
    """Return how many bytes of empty lines come before a head (RFC 9112, 2.2), and remark on them."""
    ahead = source.peek(_MOST_BLANK)
    count = len(ahead) - len(ahead.lstrip(b"\r\n"))
    if count:
        remarks.append(f"{count} bytes of empty lines before the {_NAMES[source.side]}")
    return count


def _no_head(source: Source, name: str) -> str:
    limit = HEAD_LIMIT[source.side]
    return f"a {name} head that does not end" if len(source.peek(limit)) >= limit else f"an unfinished {name}"
