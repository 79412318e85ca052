"""Answer every request of a page from its web archive, before it is sent.

Each request is held by the browser (``Fetch`` domain of the DevTools protocol, request stage) in pages, frames of other
sites, workers and service workers. What the archive has no answer to fails and is counted; what failed when it was
recorded fails in the same way. WebSockets cannot be held: they run against the proxy that is not there, and fail.
"""

import base64
from collections import Counter
from collections.abc import Coroutine
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from evidence_kit.browser.cdp import Event, Fields, ProtocolError
from evidence_kit.capture.holding import Holding
from evidence_kit.capture.observer import ENDLESS, Observer
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.traffic import Traffic
from evidence_kit.errors import FormatError, LimitError
from evidence_kit.replay.recorded import RecordedArchive, Reply, Request, body_digest

_EVERYTHING: Fields = {"patterns": [{"urlPattern": "*", "requestStage": "Request"}]}
_FRAMES = frozenset({"page", "iframe"})
_LOCAL = ("data:", "blob:", "about:")
"""Schemes whose content is in the page itself."""
_WEB = ("http://", "https://")
_NOTHING_THERE = "ConnectionRefused"
_REASONS = {
    "net::ERR_ABORTED": "Aborted",
    "net::ERR_TIMED_OUT": "TimedOut",
    "net::ERR_CONNECTION_TIMED_OUT": "TimedOut",
    "net::ERR_ACCESS_DENIED": "AccessDenied",
    "net::ERR_CONNECTION_CLOSED": "ConnectionClosed",
    "net::ERR_EMPTY_RESPONSE": "ConnectionClosed",
    "net::ERR_CONNECTION_RESET": "ConnectionReset",
    "net::ERR_CONNECTION_REFUSED": "ConnectionRefused",
    "net::ERR_CONNECTION_ABORTED": "ConnectionAborted",
    "net::ERR_CONNECTION_FAILED": "ConnectionFailed",
    "net::ERR_NAME_NOT_RESOLVED": "NameNotResolved",
    "net::ERR_INTERNET_DISCONNECTED": "InternetDisconnected",
    "net::ERR_ADDRESS_UNREACHABLE": "AddressUnreachable",
    "net::ERR_BLOCKED_BY_CLIENT": "BlockedByClient",
    "net::ERR_BLOCKED_BY_RESPONSE": "BlockedByResponse",
}
"""``Network.ErrorReason`` by the browser's own names; anything else is ``Failed``."""
_MOST_ADDRESSES = 1000
"""Addresses without an answer that are told one by one."""
_CLOCK = """(() => {
  const shift = SHIFT, RealDate = Date, now = () => RealDate.now() + shift;
  globalThis.Date = new Proxy(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (real, given, target) => Reflect.construct(real, given.length ? given : [now()], target),
    get: (real, name) => name === 'now' ? now : Reflect.get(real, name),
  });
  RealDate.prototype.constructor = globalThis.Date;
})();"""
"""A page that tells how long ago something was would otherwise show another text at every check."""


@dataclass(slots=True, kw_only=True)
class Account:
    """What was asked of the archive; filled while a page is rendered."""

    answered: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    """How often each address was asked for that the archive has no answer to."""
    unlisted: int = 0
    """Requests without an answer whose addresses were too many."""
    guessed: int = 0
    """Answers that were recorded for the same path with another query."""
    unreadable: int = 0
    """Answers that are there and could not be given."""

    def miss(self, url: str) -> None:
        """Count a request that nothing answers."""
        if url in self.missing or len(self.missing) < _MOST_ADDRESSES:
            self.missing[url] += 1
        else:
            self.unlisted += 1


class Gate(Holding):
    """Holds every request of every target, and sets its clock to the time of the recording."""

    def __init__(self, *, shift_ms: int, user_agent: str) -> None:
        """Shift the pages' clock by *shift_ms* milliseconds; they see *user_agent*, or the browser's own if empty."""
        self.everything = False
        self._clock = _CLOCK.replace("SHIFT", str(shift_ms))
        self._user_agent = user_agent

    def commands(self, session: str, parent: str, kind: str, target: str) -> list[tuple[str, Fields]]:  # noqa: ARG002
        """Return what turns it on in a new target of *kind*."""
        frame: Fields = {"source": self._clock, "runImmediately": True}
        return [
            ("Fetch.enable", _EVERYTHING),
            *([("Emulation.setUserAgentOverride", {"userAgent": self._user_agent})] if self._user_agent else []),
            ("Page.addScriptToEvaluateOnNewDocument", frame)
            if kind in _FRAMES
            else ("Runtime.evaluate", {"expression": self._clock}),
        ]

    def loaded(self, event: Event) -> Coroutine[Any, Any, None] | None:  # noqa: ARG002
        """Hold as before."""
        return None


class Answering(Observer):
    """Hears the browser, and answers what its pages ask for."""

    def __init__(
        self, traffic: Traffic, spool: Spool, archive: RecordedArchive, account: Account, *, late: AbstractSet[str]
    ) -> None:
        """Answer from *archive* and count in *account*; what is of the resource types *late* never arrives."""
        super().__init__(traffic, spool)
        self._late = late
        self._archive = archive
        self._account = account
        self._streams: set[str] = set()
        del self.reactions["Network.loadingFinished"], self.reactions["Network.loadingFailed"]
        self.reactions["Fetch.requestPaused"] = self._answer

    async def _answer(self, event: Event) -> None:
        """Give a held request what was recorded for it."""
        params, asked = event.params, event.params["request"]
        held: Fields = {"requestId": params["requestId"]}
        if event.session in self.sessions.refused or params["resourceType"] in self._late:
            return
        if asked["url"].startswith(_LOCAL):
            await self.connection.send("Fetch.continueRequest", held, session=event.session)
        elif not asked["url"].startswith(_WEB):
            await self._fail(event, "BlockedByClient")
        else:
            await self._answer_web(event, _request(asked))

    async def _answer_web(self, event: Event, request: Request) -> None:
        found = self._archive.answers.find(request)
        if found is None:
            self._account.miss(request.url)
            await self._fail(event, _NOTHING_THERE)
            return
        self._account.guessed += found.guessed
        if found.answer.offset is None:
            self._account.answered += 1
            await self._fail(event, _REASONS.get(found.answer.failure.split(" ")[0], "Failed"))
            return
        try:
            reply = self._archive.reply(found.answer)
        except (FormatError, LimitError):
            self._account.unreadable += 1
            await self._fail(event, _NOTHING_THERE)
            return
        self._account.answered += 1
        if self._ended_before(request, reply):
            # The page reads the stream again and again when it ends: what was recorded it has had.
            return
        await self._fulfil(event, reply)

    def _ended_before(self, request: Request, reply: Reply) -> bool:
        """Return whether this is a stream that was given once before."""
        kinds = [value.decode("latin-1") for name, value in reply.fields if name.lower() == "content-type"]
        if not kinds or kinds[0].split(";")[0].strip().lower() not in ENDLESS:
            return False
        again = request.url in self._streams
        self._streams.add(request.url)
        return again

    async def _fulfil(self, event: Event, reply: Reply) -> None:
        lines = b"\0".join(name.encode("latin-1") + b": " + value for name, value in reply.fields)
        answer: Fields = {
            "requestId": event.params["requestId"],
            "responseCode": reply.status,
            "binaryResponseHeaders": base64.b64encode(lines).decode("ascii"),
            "body": base64.b64encode(reply.body).decode("ascii"),
        }
        if reply.reason:
            answer["responsePhrase"] = reply.reason
        try:
            await self.connection.send("Fetch.fulfillRequest", answer, session=event.session)
        except ProtocolError:
            # Either the page has gone, and this is refused as well, or the browser does not take such a head.
            await self._fail(event, "Failed")
            self._account.unreadable += 1

    async def _fail(self, event: Event, reason: str) -> None:
        failed = {"requestId": event.params["requestId"], "errorReason": reason}
        await self.connection.send("Fetch.failRequest", failed, session=event.session)


def _request(asked: Fields) -> Request:
    entries = asked.get("postDataEntries", [])
    body = b"".join(base64.b64decode(entry.get("bytes", "")) for entry in entries)
    fields = {name.lower(): value for name, value in asked["headers"].items()}
    return Request(method=asked["method"], url=asked["url"], range=fields.get("range", ""), body=body_digest(body))
