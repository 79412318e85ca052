"""Fold the browser's network events into exchanges: one per request and redirect hop.

The same request is told on several sessions (page, worker, service worker twice), and its raw heads come as separate
``…ExtraInfo`` events in the order of the hops, sometimes late. So every session counts its own hops, and heads are
matched at the end. Nothing is sent to the browser here.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from evidence_kit.browser.cdp import Event, Fields
from evidence_kit.models import Clock

_NOT_MODIFIED = 304
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_DOWNLOAD = "Page.downloadWillBegin"
_RECORDED_SCHEMES = ("http://", "https://")


@dataclass(slots=True, kw_only=True, eq=False)
class Hop:
    """One request, as far as it got. Changes while the capture runs."""

    number: int
    request_id: str
    index: int
    """Place among the hops of one request id: 0, then 1 after the first redirect."""
    url: str
    started: datetime
    request: Fields
    kind: str
    """The protocol's resource type: ``Document``, ``Script``…"""
    initiator: Fields
    frame: str
    sessions: list[str] = field(default_factory=list)
    response: Fields | None = None
    redirect: bool = False
    """Whether the answer was a redirect, whose body the browser does not keep."""
    has_extra: bool = True
    request_extra: Fields | None = None
    response_extra: Fields | None = None
    from_cache: bool = False
    in_viewer: bool = False
    """Whether it only tells that the browser's PDF viewer shows what came before."""
    finished: bool = False
    failure: str = ""
    """``net::ERR_…`` when loading failed, with the reason of a block if one was given."""
    canceled: bool = False
    """Whether the page or the browser itself gave it up."""
    lengths: dict[str, int] = field(default_factory=dict)
    """Decoded body bytes that passed, as each session counted them."""
    wire_bytes: int = 0
    download: bool = False
    """Whether it was read as a download, whose loading then ends by our own hand."""
    refused: bool = False
    """Whether it would have been saved, and the browser, not allowed to, refused it after its head."""
    stream_session: str = ""
    """The session on which the body is being streamed to us."""
    taken: int = 0
    """Body bytes in the spool."""
    whole: bool = False
    """Whether the spool holds everything that the browser received."""
    note: str = ""
    """Why the body is not whole, in English."""

    fetched_body: bytes | None = None
    """The request's body, when the browser told it only on asking."""

    @property
    def request_body(self) -> bytes:
        """The body that was sent with the request."""
        if self.fetched_body is not None:
            return self.fetched_body
        entries = self.request.get("postDataEntries", [])
        return b"".join(base64.b64decode(entry.get("bytes", "")) for entry in entries)

    @property
    def made_by_worker(self) -> bool:
        """Whether the page's service worker answered, with something that no server sent as it is."""
        response = self.response or {}
        return bool(response.get("fromServiceWorker")) and response.get("serviceWorkerResponseSource") != "network"

    @property
    def seen_headers(self) -> Mapping[str, str]:
        """The response's fields as the browser shows them; repeated ones are joined by LF."""
        extra, response = self.response_extra or {}, self.response or {}
        headers: Mapping[str, str] = extra.get("headers") or response.get("headers", {})
        return headers

    @property
    def status(self) -> int | None:
        """The HTTP status of the response."""
        status = (self.response or {}).get("status") or (self.response_extra or {}).get("statusCode")
        return int(status) if status else None

    @property
    def not_modified(self) -> bool:
        """Whether the server said that what the browser has is good; the browser then shows that, with its status."""
        return (self.response_extra or {}).get("statusCode") == _NOT_MODIFIED

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.finished or bool(self.failure)

    @property
    def length(self) -> int:
        """Decoded body bytes that passed."""
        return max(self.lengths.values(), default=0)


@dataclass(slots=True, kw_only=True)
class Socket:
    """A WebSocket that the page opened; its frames are not kept."""

    url: str
    started: datetime
    request: Fields | None = None
    response: Fields | None = None
    frames: int = 0


class Traffic:
    """All exchanges of a capture, in the order they began.

    What is told is only put aside, with its time, until someone asks: so that a page that is loading has the processor
    for itself.
    """

    def __init__(self, clock: Clock) -> None:
        """Take the times of requests from *clock*, when the browser tells of them."""
        self._told: list[tuple[datetime, Event]] = []
        self._hops: list[Hop] = []
        self._pending: list[Hop] = []
        self._sockets: dict[str, Socket] = {}
        self._clock = clock
        self._requests: dict[str, list[Hop]] = {}
        self._counts: dict[tuple[str, str], int] = {}
        self._request_extras: dict[str, dict[str, list[Fields]]] = {}
        self._response_extras: dict[str, dict[str, list[Fields]]] = {}

    def latest(self, request_id: str) -> Hop | None:
        """Return the newest hop of a request, if it is one that is recorded."""
        self._take_in()
        return self._latest(request_id)

    def _latest(self, request_id: str) -> Hop | None:
        hops = self._requests.get(request_id)
        return hops[-1] if hops else None

    @property
    def hops(self) -> list[Hop]:
        """The requests so far."""
        self._take_in()
        return self._hops

    @property
    def sockets(self) -> dict[str, Socket]:
        """The WebSockets so far, by the browser's id."""
        self._take_in()
        return self._sockets

    def more_than(self, most: int) -> bool:
        """Return whether there are more than *most* requests and WebSockets."""
        # Each is told of at least once: mostly this is answered without reading what was put aside.
        if len(self._hops) + len(self._sockets) + len(self._told) <= most:
            return False
        return len(self.hops) + len(self.sockets) > most

    def pending(self) -> list[Hop]:
        """Return the hops that are still under way."""
        self._take_in()
        # Asked many times a second: what is over is over, and is not looked at again.
        self._pending = [hop for hop in self._pending if not hop.over]
        return self._pending

    def fold(self, event: Event) -> None:
        """Hear one event of the ``Network`` domain, or of a download; others are ignored."""
        if event.method.startswith("Network.") or event.method == _DOWNLOAD:
            self._told.append((self._clock(), event))

    def _take_in(self) -> None:
        told, self._told = self._told, []
        for moment, event in told:
            self._fold(moment, event)

    def _fold(self, moment: datetime, event: Event) -> None:
        if event.method == _DOWNLOAD:
            self._refused(event.params)
            return
        name = event.method.removeprefix("Network.")
        if name == "requestWillBeSent":
            self._sent(moment, event)
        elif name.startswith("webSocket"):
            self._socket(moment, name, event.params)
        elif name == "requestWillBeSentExtraInfo":
            self._extra(self._request_extras, event)
        elif name == "responseReceivedExtraInfo":
            self._extra(self._response_extras, event)
        elif hop := self._latest(event.params.get("requestId", "")):
            _progress(hop, name, event)

    def match_heads(self) -> None:
        """Give every hop its raw heads; to be called once, when the capture is over."""
        self._take_in()
        self._match()
        documents: set[str] = set()
        for hop in self.hops:
            response = hop.response or {}
            sent = hop.request_extra or hop.response_extra or response.get("remoteIPAddress")
            hop.in_viewer = hop.kind == "Document" and not sent and hop.url in documents
            if response.get("mimeType") == "application/pdf":
                documents.add(hop.url)

    def _match(self) -> None:
        for request_id, hops in self._requests.items():
            with_extra = [hop for hop in hops if hop.has_extra]
            requests = max(self._request_extras.get(request_id, {}).values(), key=len, default=[])
            responses = max(self._response_extras.get(request_id, {}).values(), key=len, default=[])
            for hop, extra in zip(with_extra, requests, strict=False):
                hop.request_extra = extra
            for hop, extra in zip(with_extra, responses, strict=False):
                hop.response_extra = extra
                # One that the browser did not follow, e.g. the last of too many.
                hop.redirect = hop.redirect or (hop.response is None and extra.get("statusCode", 0) in _REDIRECTS)

    def _sent(self, moment: datetime, event: Event) -> None:
        params = event.params
        request_id, url = params["requestId"], params["request"]["url"]
        hops = self._requests.get(request_id, [])
        index = self._counts.get((event.session, request_id), 0)
        self._counts[event.session, request_id] = index + 1
        if "redirectResponse" in params and 0 < index <= len(hops):
            _redirected(hops[index - 1], params)
        if index < len(hops):
            return
        if not url.startswith(_RECORDED_SCHEMES):
            return
        hop = Hop(
            number=len(self._hops),
            request_id=request_id,
            index=len(hops),
            url=url,
            started=moment,
            request=params["request"],
            kind=params.get("type", "Other"),
            initiator=params.get("initiator", {}),
            frame=params.get("frameId", ""),
            sessions=[event.session],
        )
        self._requests.setdefault(request_id, []).append(hop)
        self._hops.append(hop)
        self._pending.append(hop)

    def _extra(self, extras: dict[str, dict[str, list[Fields]]], event: Event) -> None:
        extras.setdefault(event.params["requestId"], {}).setdefault(event.session, []).append(event.params)

    def _refused(self, params: Fields) -> None:
        documents = (hop for hop in reversed(self._hops) if hop.kind == "Document" and hop.frame == params["frameId"])
        if (hop := next(documents, None)) and hop.url == params["url"]:
            hop.refused = True

    def _socket(self, moment: datetime, name: str, params: Fields) -> None:
        socket = self._sockets.setdefault(params["requestId"], Socket(url="", started=moment))
        match name:
            case "webSocketCreated":
                socket.url = params["url"]
            case "webSocketWillSendHandshakeRequest":
                socket.request = params["request"]
            case "webSocketHandshakeResponseReceived":
                socket.response = params["response"]
            case "webSocketFrameSent" | "webSocketFrameReceived":
                socket.frames += 1
            case _:
                pass


def _progress(hop: Hop, name: str, event: Event) -> None:
    params = event.params
    if event.session not in hop.sessions:
        hop.sessions.append(event.session)
    match name:
        case "responseReceived":
            hop.response = hop.response or params["response"]
            hop.kind = params.get("type", hop.kind)
            hop.has_extra = params.get("hasExtraInfo", True)
        case "requestServedFromCache":
            hop.from_cache = True
        case "dataReceived":
            hop.lengths[event.session] = hop.lengths.get(event.session, 0) + params["dataLength"]
        case "loadingFinished":
            hop.finished = True
            # After a failure the browser's own error page is counted under the same id.
            if not hop.failure:
                hop.wire_bytes = int(params.get("encodedDataLength", 0))
        case "loadingFailed":
            reasons = (
                params.get("errorText", ""),
                params.get("blockedReason", ""),
                params.get("corsErrorStatus", {}).get("corsError", ""),
            )
            hop.failure = " ".join(reason for reason in reasons if reason) or "net::ERR_FAILED"
            hop.canceled = bool(params.get("canceled"))
        case _:
            pass


def _redirected(hop: Hop, params: Fields) -> None:
    if hop.redirect:
        return
    hop.response = params["redirectResponse"]
    hop.has_extra = params.get("redirectHasExtraInfo", True)
    hop.redirect = True
    hop.finished = True
    hop.wire_bytes = int(params["redirectResponse"].get("encodedDataLength", 0))
