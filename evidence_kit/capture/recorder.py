"""The recorder ``browser``: hears everything on the DevTools protocol and takes the bodies, changing nothing.

How a body is taken, in this order (each measured on Chromium 156):

1. streams, large ones and those that last are streamed to us while the page reads them
   (``Network.streamResourceContent``), in constant memory;
2. others are asked for when they have ended (``Network.getResponseBody`` with durable messages: byte for byte, also
   when the connection broke, when the page made a blob of them or never read them);
3. documents that become downloads are read while they are held at the response, as nobody else will; PDF documents
   too, because the viewer's own page stands in their place afterwards; with a browser that has no durable messages, so
   are all bodies of moderate size, and of what is left only such is kept as is surely byte for byte.
"""

import asyncio
import base64
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from evidence_kit.browser.cdp import BrowserGoneError, Connection, Event, Fields, ProtocolError
from evidence_kit.capture.heads import declared_length
from evidence_kit.capture.sessions import MEBIBYTE, Sessions
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.traffic import Hop, Traffic

_LARGE = 4 * MEBIBYTE
_LASTING_SECONDS = 1.5
_SWEEP_SECONDS = 0.5
_HELD_SECONDS = 60.0
_PIECE = MEBIBYTE
_ENDLESS = frozenset({"text/event-stream", "multipart/x-mixed-replace"})
_SHOWN = ("text/", "image/", "audio/", "video/", "multipart/x-mixed-replace")
_SHOWN_APPLICATIONS = ("html", "xml", "json", "javascript", "pdf")
_BY_SCRIPT = frozenset({"Fetch", "XHR", "Other"})
"""What scripts may give up on at any moment; when no length is promised it is streamed from the beginning."""
_NO_BODY = frozenset({101, 103, 204, 205, 304})


Reaction: TypeAlias = Callable[[Event], Coroutine[Any, Any, None] | None]
"""Hears one event at once, or returns what is to be done about it."""


class Recorder:
    """Listens for the whole time of a capture."""

    def __init__(self, traffic: Traffic, spool: Spool) -> None:
        """Fold into *traffic*, put bodies into *spool*."""
        self.traffic = traffic
        self.spool = spool
        self.downloads: list[str] = []
        """Addresses of documents that the browser would have saved instead of shown."""
        self.listeners: list[Reaction] = []
        """Others who want to hear every event; what they return is run as a task."""
        self._reactions: dict[str, Reaction] = {
            "Target.attachedToTarget": lambda event: self._sessions.attached(event.params),
            "Fetch.requestPaused": self._held,
            "Network.requestWillBeSent": self._posted,
            "Network.responseReceived": self._answered,
            "Network.dataReceived": self._streamed,
            "Network.loadingFinished": self._ended_loading,
            "Network.loadingFailed": self._ended_loading,
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self._faults: list[BaseException] = []
        self._since: dict[int, float] = {}
        self._streams: dict[int, _Stream] = {}

    def begin(self, connection: Connection, sessions: Sessions) -> None:
        """Start to work on what is heard."""
        self._connection = connection
        self._sessions = sessions

    @property
    def busy(self) -> bool:
        """Whether a body is being taken at this moment."""
        return bool(self._tasks)

    @property
    def awaited(self) -> int:
        """How many requests are under way that can be expected to end."""
        return sum(not _endless(hop) for hop in self.traffic.pending())

    def hear(self, event: Event) -> None:
        """Take in one event; everything that takes time becomes a task."""
        self.traffic.fold(event)
        if react := self._reactions.get(event.method):
            self._spawn_if(react(event))
        for listener in self.listeners:
            self._spawn_if(listener(event))

    def _spawn_if(self, work: Coroutine[Any, Any, None] | None) -> None:
        if work is not None:
            self.spawn(work)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* beside everything else; a refusal by the browser ends it quietly, as targets come and go."""
        task = asyncio.create_task(_guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def sweep(self) -> None:
        """Stream whatever lasts long or grows large, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            for hop in self.traffic.pending():
                since = self._since.get(hop.number)
                lasting = since is not None and loop.time() - since > _LASTING_SECONDS
                if hop.response is not None and (lasting or hop.length > _LARGE):
                    self.spawn(self._stream(hop))
            await asyncio.sleep(_SWEEP_SECONDS)

    async def finish(self, seconds: float) -> None:
        """Take what has arrived of unfinished bodies, and wait at most *seconds* for bodies being taken."""
        for hop in self.traffic.pending():
            if hop.response is not None:
                self.spawn(self._stream(hop))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def close(self) -> None:
        """End everything that still runs; raises what went wrong inside it, which is a bug."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._faults:
            raise self._faults[0]

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()):
            self._faults.append(fault)

    async def _posted(self, event: Event) -> None:
        """Ask for a request's body that was not told with it, or not in full (parts that are files)."""
        if not event.params["request"].get("hasPostData"):
            return
        hop = self.traffic.latest(event.params["requestId"])
        entries = event.params["request"].get("postDataEntries", [])
        if hop is None or hop.fetched_body is not None or (entries and all("bytes" in entry for entry in entries)):
            return
        request = {"requestId": hop.request_id}
        answer = await self._connection.send("Network.getRequestPostData", request, session=event.session)
        hop.fetched_body = _body(answer, key="postData")

    def _ended_loading(self, event: Event) -> Coroutine[Any, Any, None] | None:
        hop = self.traffic.latest(event.params["requestId"])
        return self._collect(hop) if hop else None

    def _answered(self, event: Event) -> None:
        hop = self.traffic.latest(event.params["requestId"])
        if hop is None or hop.over:
            return
        self._since.setdefault(hop.number, asyncio.get_running_loop().time())
        length = declared_length(event.params["response"]["headers"])
        lasting = hop.kind in {"Document", "Media"} or (hop.kind in _BY_SCRIPT and length is None)
        if _endless(hop) or lasting or (length or 0) > _LARGE:
            self.spawn(self._stream(hop))

    def _streamed(self, event: Event) -> None:
        if "data" not in event.params:
            return
        hop = self.traffic.latest(event.params["requestId"])
        stream = self._streams.get(hop.number) if hop else None
        if hop is None or stream is None or hop.stream_session != event.session:
            return
        piece = base64.b64decode(event.params["data"])
        if stream.begun:
            hop.taken += self.spool.append(hop.number, piece)
        else:
            stream.early.append(piece)

    async def _stream(self, hop: Hop) -> None:
        """Have the rest of a body streamed to us, after what the browser already holds of it."""
        if hop.number in self._streams or hop.taken or not hop.sessions:
            return
        stream = self._streams[hop.number] = _Stream()
        hop.stream_session = hop.sessions[-1]
        try:
            answer = await self._connection.send(
                "Network.streamResourceContent", {"requestId": hop.request_id}, session=hop.stream_session
            )
            pieces = [base64.b64decode(answer["bufferedData"]), *stream.early]
            # The browser may have let go of the beginning: the rest alone would be a false body.
            stream.begun = sum(map(len, pieces)) == hop.lengths.get(hop.stream_session, 0)
            for piece in pieces if stream.begun else ():
                hop.taken += self.spool.append(hop.number, piece)
        except ProtocolError:
            # It has just ended: `_collect` asks for the whole of it.
            hop.stream_session = ""
        finally:
            stream.settled.set()

    async def _collect(self, hop: Hop) -> None:
        """Take the body of an exchange that has ended, unless it is here already."""
        if hop.whole or hop.redirect or without_body(hop):
            return
        if stream := self._streams.get(hop.number):
            await stream.settled.wait()
            hop.whole = stream.begun and hop.taken == hop.length
            # When loading failed, the page may have seen less than the browser received.
            if hop.whole and not hop.failure:
                return
        if self.spool.full:
            return
        for session in dict.fromkeys(reversed(hop.sessions)):
            try:
                answer = await self._connection.send(
                    "Network.getResponseBody", {"requestId": hop.request_id}, session=session
                )
            except ProtocolError:
                continue
            body = _body(answer)
            # Without durable bodies text comes decoded and encoded again, which is not always what was received.
            exact = self._sessions.durable or answer.get("base64Encoded")
            if exact or (len(body) == hop.length and b"\xef\xbf\xbd" not in body):
                self._keep(hop, body)
            return

    async def _held(self, event: Event) -> None:
        """Deal with a response that is held until we let it go."""
        params = event.params
        hop = self.traffic.latest(params.get("networkId", ""))
        if "responseStatusCode" not in params:
            await self._connection.send(
                "Fetch.continueRequest", {"requestId": params["requestId"]}, session=event.session
            )
            return
        headers = {field["name"].lower(): field["value"] for field in params.get("responseHeaders", [])}
        answered = hop is not None and not 300 <= params["responseStatusCode"] < 400  # noqa: PLR2004
        document = params["resourceType"] == "Document"
        if hop and answered and document and _is_download(headers):
            await self._download(event, hop)
            return
        try:
            if hop and answered and self._read_while_held(headers, document=document):
                answer = await self._connection.send(
                    "Fetch.getResponseBody",
                    {"requestId": params["requestId"]},
                    session=event.session,
                    timeout=_HELD_SECONDS,
                )
                self._keep(hop, _body(answer))
            elif hop and answered and not document and not self._sessions.durable:
                await self._stream(hop)
        finally:
            await self._connection.send(
                "Fetch.continueResponse", {"requestId": params["requestId"]}, session=event.session
            )

    def _read_while_held(self, headers: dict[str, str], *, document: bool) -> bool:
        if document and _media_type(headers) == "application/pdf":
            return True
        if self._sessions.durable:
            return False
        length = headers.get("content-length", "")
        moderate = length.isascii() and length.isdecimal() and int(length) <= _LARGE
        return _media_type(headers) not in _ENDLESS and moderate

    async def _download(self, event: Event, hop: Hop) -> None:
        """Read a document that is about to become a download, which is then refused as it would have been anyway."""
        self.downloads.append(hop.url)
        session, request = event.session, {"requestId": event.params["requestId"]}
        answer = await self._connection.send("Fetch.takeResponseBodyAsStream", request, session=session)
        stream = {"handle": answer["stream"]}
        hop.download = True
        hop.response = hop.response or _response(event.params, hop)
        try:
            while not self.spool.full:
                part = await self._connection.send("IO.read", {**stream, "size": _PIECE}, session=session)
                hop.taken += self.spool.append(hop.number, _body(part, key="data"))
                if part.get("eof"):
                    hop.whole = True
                    break
        finally:
            await self._connection.send("IO.close", stream, session=session)
            await self._connection.send("Fetch.failRequest", {**request, "errorReason": "Aborted"}, session=session)

    def _keep(self, hop: Hop, body: bytes) -> None:
        if hop.whole and hop.taken >= len(body):
            return
        self.spool.discard(hop.number)
        hop.taken = self.spool.append(hop.number, body)
        hop.whole = hop.taken == len(body)


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    # What a refusal leaves missing is found when the exchange is judged: nothing counts as recorded by default.
    with contextlib.suppress(ProtocolError, BrowserGoneError):
        await work


def _endless(hop: Hop) -> bool:
    return hop.kind == "EventSource" or (hop.response or {}).get("mimeType") in _ENDLESS


class _Stream:
    """A body that is being streamed."""

    def __init__(self) -> None:
        self.begun = False
        self.early: list[bytes] = []
        """Pieces heard before the answer that holds what comes before them."""
        self.settled = asyncio.Event()


def without_body(hop: Hop) -> bool:
    """Return whether the answer to *hop* has no body by its method or status (RFC 9110, 6.4.1)."""
    status = hop.response["status"] if hop.response else 0
    return hop.request["method"] == "HEAD" or status in _NO_BODY


def _body(answer: Fields, *, key: str = "body") -> bytes:
    text: str = answer[key]
    # Text comes plain when its bytes are UTF-8, everything else in base64.
    return base64.b64decode(text) if answer.get("base64Encoded") else text.encode("utf-8", "surrogatepass")


def _response(paused: Fields, hop: Hop) -> Fields:
    """Return what ``Network.responseReceived`` would have told, had the document been let through."""
    headers: dict[str, str] = {}
    for line in paused.get("responseHeaders", []):
        name, value = line["name"], line["value"]
        headers[name] = f"{headers[name]}\n{value}" if name in headers else value
    return {
        "url": hop.url,
        "status": paused["responseStatusCode"],
        "statusText": paused.get("responseStatusText", ""),
        "headers": headers,
        "mimeType": _media_type({name.lower(): value for name, value in headers.items()}),
    }


def _media_type(headers: dict[str, str]) -> str:
    return headers.get("content-type", "").split(";")[0].strip().lower()


def _is_download(headers: dict[str, str]) -> bool:
    if headers.get("content-disposition", "").strip().lower().startswith("attachment"):
        return True
    kind = _media_type(headers)
    if not kind or kind.startswith(_SHOWN):
        return False
    return not any(name in kind for name in _SHOWN_APPLICATIONS)
