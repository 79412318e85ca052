"""The second witness: hears everything that the browser tells of its traffic, and takes nothing away from the page.

Of bodies it asks only for those that no server sent: what a service worker made. A document that the browser would save
instead of showing is read while it is held, as nobody else would, and then refused as it would have been anyway.
"""

import asyncio
import base64
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeAlias

from evidence_kit.browser.cdp import BrowserGoneError, Connection, Event, Fields, ProtocolError
from evidence_kit.capture.sessions import Sessions
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.traffic import Hop, Traffic

ENDLESS = frozenset({"text/event-stream", "multipart/x-mixed-replace"})
"""Media types of responses that are not meant to end."""
_PIECE = 1024 * 1024
_SHOWN = ("text/", "image/", "audio/", "video/", "multipart/x-mixed-replace")
_SHOWN_APPLICATIONS = ("html", "xml", "json", "javascript", "pdf")
_NO_BODY = frozenset({101, 103, 204, 205, 304})

Reaction: TypeAlias = Callable[[Event], Coroutine[Any, Any, None] | None]
"""Hears one event at once, or returns what is to be done about it."""


def _nothing() -> None:
    """Do nothing."""


class Observer:
    """Listens for the whole time of a capture."""

    takes_bodies = False
    """Whether it takes the bodies of all responses."""

    def __init__(self, traffic: Traffic, spool: Spool, *, halt: Callable[[], None] = _nothing) -> None:
        """Fold into *traffic*, put bodies into *spool*; *halt* lets nothing more pass, and may block."""
        self.traffic = traffic
        self.spool = spool
        self._halt = halt
        self.downloads: list[str] = []
        """Addresses of documents that the browser would have saved instead of shown."""
        self.listeners: list[Reaction] = []
        """Others who want to hear every event; what they return is run as a task."""
        self.reactions: dict[str, Reaction] = {
            "Target.attachedToTarget": self._attached,
            "Fetch.requestPaused": self._paused,
            "Page.loadEventFired": self._loaded,
            "Page.frameStoppedLoading": self._loaded,
            "Network.loadingFinished": self._ended_loading,
            "Network.loadingFailed": self._ended_loading,
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self._faults: list[BaseException] = []

    def begin(self, connection: Connection, sessions: Sessions) -> None:
        """Start to work on what is heard."""
        self.connection = connection
        self.sessions = sessions

    @property
    def busy(self) -> bool:
        """Whether something is being taken at this moment."""
        return bool(self._tasks)

    @property
    def awaited(self) -> bool:
        """Whether a request is under way that can be expected to end."""
        return any(not endless(hop) for hop in self.traffic.pending())

    def hear(self, event: Event) -> None:
        """Take in one event; everything that takes time becomes a task."""
        self.traffic.fold(event)
        if react := self.reactions.get(event.method):
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

    async def watch(self) -> None:
        """Do what has to be done from time to time, until cancelled."""

    async def end_recording(self) -> None:
        """Let nothing more pass and have nothing more told, for the rest of the capture."""
        await asyncio.to_thread(self._halt)
        for session in list(self.sessions.targets):
            self.spawn(self._turn_off(session))

    async def _turn_off(self, session: str) -> None:
        await self.connection.send("Network.disable", session=session)

    async def finish(self, seconds: float) -> None:
        """Wait at most *seconds* for what is being taken."""
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

    def _attached(self, event: Event) -> Coroutine[Any, Any, None]:
        return self.sessions.attached(event)

    def _loaded(self, event: Event) -> Coroutine[Any, Any, None] | None:
        return self.sessions.holding.loaded(event)

    def _ended_loading(self, event: Event) -> Coroutine[Any, Any, None] | None:
        if not self.sessions.keeping:
            return None
        hop = self.traffic.latest(event.params["requestId"])
        return self.collect(hop) if hop else None

    async def collect(self, hop: Hop) -> None:
        """Take the body of a response that has ended, if it is one that no server sent."""
        if hop.made_by_worker and not hop.whole and not without_body(hop):
            await self.ask(hop)

    async def held(self, event: Event, hop: Hop) -> None:
        """Do what has to be done before the browser gets a response that is held."""

    def take(self, hop: Hop, data: bytes) -> None:
        """Hear a piece of a document that is read for nobody; it has passed by."""

    async def _paused(self, event: Event) -> None:
        """Deal with a response that is held until we let it go."""
        params, request = event.params, {"requestId": event.params["requestId"]}
        if event.session in self.sessions.refused:
            return
        if "responseStatusCode" not in params:
            await self.connection.send("Fetch.continueRequest", request, session=event.session)
            return
        hop = self.traffic.latest(params.get("networkId", ""))
        answered = hop is not None and not 300 <= params["responseStatusCode"] < 400  # noqa: PLR2004
        if hop and answered and params["resourceType"] == "Document" and _is_download(response_fields(params)):
            await self._download(event, hop)
            return
        try:
            if hop and answered:
                await self.held(event, hop)
        finally:
            going = self.connection.send("Fetch.continueResponse", request, session=event.session)
            # At once: what a page asks for after its document shall not be held up any more.
            await asyncio.gather(going, self.sessions.holding.passed(event))

    async def _download(self, event: Event, hop: Hop) -> None:
        """Read a document that is about to become a download, and refuse it."""
        self.downloads.append(hop.url)
        session, request = event.session, {"requestId": event.params["requestId"]}
        answer = await self.connection.send("Fetch.takeResponseBodyAsStream", request, session=session)
        stream = {"handle": answer["stream"]}
        hop.download = True
        hop.response = hop.response or _response(event.params, hop)
        try:
            while not self.spool.full:
                part = await self.connection.send("IO.read", {**stream, "size": _PIECE}, session=session)
                self.take(hop, body_of(part, key="data"))
                if part.get("eof"):
                    hop.whole = True
                    break
        finally:
            await self.connection.send("IO.close", stream, session=session)
            await self.connection.send("Fetch.failRequest", {**request, "errorReason": "Aborted"}, session=session)

    async def ask(self, hop: Hop) -> None:
        """Ask the browser for a body, and keep it if it is surely byte for byte."""
        if self.spool.full:
            return
        for session in dict.fromkeys(reversed(hop.sessions)):
            try:
                answer = await self.connection.send(
                    "Network.getResponseBody", {"requestId": hop.request_id}, session=session
                )
            except ProtocolError:
                continue
            body = body_of(answer)
            # Without durable bodies text comes decoded and encoded again, which is not always what was received.
            exact = self.sessions.durable or answer.get("base64Encoded")
            if exact or (len(body) == hop.length and b"\xef\xbf\xbd" not in body):
                self.keep(hop, body)
            return

    def keep(self, hop: Hop, body: bytes) -> None:
        """Put a whole *body* into the spool, in place of a shorter one."""
        if hop.whole and hop.taken >= len(body):
            return
        self.spool.discard(hop.number)
        hop.taken = self.spool.append(hop.number, body)
        hop.whole = hop.taken == len(body)


def endless(hop: Hop) -> bool:
    """Return whether the answer to *hop* is a stream that is not meant to end."""
    return hop.kind == "EventSource" or (hop.response or {}).get("mimeType") in ENDLESS


def without_body(hop: Hop) -> bool:
    """Return whether the answer to *hop* has no body by its method or status (RFC 9110, 6.4.1)."""
    status = hop.response["status"] if hop.response else 0
    return hop.request["method"] == "HEAD" or status in _NO_BODY or hop.not_modified


def body_of(answer: Fields, *, key: str = "body") -> bytes:
    """Return the bytes of an answer of the protocol."""
    text: str = answer[key]
    # Text comes plain when its bytes are UTF-8, everything else in base64.
    return base64.b64decode(text) if answer.get("base64Encoded") else text.encode("utf-8", "surrogatepass")


def response_fields(paused: Fields) -> dict[str, str]:
    """Return the fields of a response that is held, their names in lower case."""
    return {field["name"].lower(): field["value"] for field in paused.get("responseHeaders", [])}


def media_type(headers: Mapping[str, str]) -> str:
    """Return the media type without its parameters, in lower case; empty when there is none."""
    return headers.get("content-type", "").split(";")[0].strip().lower()


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
        "mimeType": media_type({name.lower(): value for name, value in headers.items()}),
    }


def _is_download(headers: dict[str, str]) -> bool:
    if headers.get("content-disposition", "").strip().lower().startswith("attachment"):
        return True
    kind = media_type(headers)
    if not kind or kind.startswith(_SHOWN):
        return False
    return not any(name in kind for name in _SHOWN_APPLICATIONS)


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    # What a refusal leaves missing is found when the exchange is judged: nothing counts as recorded by default.
    with contextlib.suppress(ProtocolError, BrowserGoneError):
        await work
