"""Attach to every target of the browser before it runs: pages, frames of other sites, workers of all kinds.

Each is held at its start (``waitForDebuggerOnStart``) until listening has been turned on in it, so that not even its
first request is missed. The commands are sent at once and not one after the other: a service worker answers none of
them before it is let go.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from evidence_kit.browser.cdp import BrowserGoneError, Connection, Event, Fields, ProtocolError
from evidence_kit.capture import surroundings
from evidence_kit.capture.holding import Holding

MEBIBYTE = 1024 * 1024
_SECONDS = 10.0
_BUFFERS: Fields = {"maxTotalBufferSize": 160 * MEBIBYTE, "maxResourceBufferSize": 32 * MEBIBYTE}
_NO_BUFFERS: Fields = {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0}
_PROBE: Fields = {"maxTotalBufferSize": "asked only whether the command is known"}
"""Refused either way, but differently. Taken seriously, the command would empty what streams begin with."""
_NOTHING: Fields = {"patterns": [{"urlPattern": "*", "requestStage": "Request"}]}
"""Holds every request of a session before it is sent."""
_ATTACH: Fields = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
_OWN_SURFACES = [{"type": "browser_ui", "exclude": True}, {"type": "browser", "exclude": True}]
_FRAMES = frozenset({"page", "iframe"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something that runs code of a page."""

    session: str
    id: str
    type: str
    """``page``, ``iframe``, ``worker``, ``shared_worker``, ``service_worker``…"""
    url: str


class Sessions:
    """All targets attached so far."""

    def __init__(self, connection: Connection, *, timezone: str, locale: str, takes_bodies: bool) -> None:
        """Attach over *connection*; pages are told *timezone* and *locale*.

        *takes_bodies* if all are to be kept by the browser, and those that it does not keep outside the page held, so
        that they can be read. Otherwise none are, which costs the page no time, until there is a service worker.
        """
        self.targets: dict[str, Target] = {}
        self.durable = True
        """Whether the browser keeps bodies outside the page's process (Chromium of 2025 and later)."""
        self._connection = connection
        self._sessions: list[str] = []
        self._timezone = timezone
        self._locale = locale
        self._takes_bodies = takes_bodies
        self.keeping = takes_bodies
        """Whether the browser keeps bodies: there is nothing to be taken otherwise."""
        self.holding = Holding(self._try)
        self.refused: AbstractSet[str] = frozenset()
        """Sessions of windows that are not wanted; known when their `attached` begins to run."""

    async def begin(self) -> None:
        """Attach to what is there and to what will come."""
        everything = [*_OWN_SURFACES, {"type": "tab", "exclude": True}, {}]
        await self._connection.send("Target.setAutoAttach", {**_ATTACH, "filter": everything})

    async def open_page(self) -> Target:
        """Open an empty page and return it when it is attached; raises `ProtocolError` when it never is."""
        # The browser's first page comes before: it tells what this browser knows.
        await self._until(lambda target: target.type == "page")
        answer = await self._connection.send("Target.createTarget", {"url": "about:blank"})
        return await self._until(lambda target: target.id == answer["targetId"])

    async def _until(self, wanted: Callable[[Target], bool]) -> Target:
        for _ in range(int(_SECONDS / 0.01)):
            for target in self.targets.values():
                if wanted(target):
                    return target
            await asyncio.sleep(0.01)
        message = f"the browser showed no page within {_SECONDS:g} s"
        raise ProtocolError(message)

    async def attached(self, event: Event) -> None:
        """Turn on listening in a target that has just been attached, and let it run."""
        session, about = event.params["sessionId"], event.params["targetInfo"]
        kind = about["type"]
        if session in self.refused:
            await self._refuse(session, about["targetId"])
            return
        if kind == "service_worker" and not self.keeping:
            # It has not run yet: what it makes can still be kept by everyone that it may answer.
            self.keeping = True
            await asyncio.gather(*(self._try(other, "Network.enable", self._network()) for other in self._sessions))
        self._sessions.append(session)
        commands: list[tuple[str, Fields]] = [
            ("Target.setAutoAttach", _ATTACH),
            ("Network.enable", self._network()),
        ]
        if kind in _FRAMES:
            commands += [
                ("Network.configureDurableMessages", _PROBE),
                ("Page.enable", {}),
                ("Emulation.setTimezoneOverride", {"timezoneId": self._timezone}),
                ("Emulation.setLocaleOverride", {"locale": self._locale.replace("-", "_")}),
            ]
        commands += surroundings.COMMANDS
        commands += self.holding.commands(session, event.session, kind, about["targetId"])
        commands += [("Runtime.runIfWaitingForDebugger", {})]
        await asyncio.gather(*(self._try(session, method, fields) for method, fields in commands))
        self.targets[session] = Target(session=session, id=about["targetId"], type=kind, url=about.get("url", ""))

    async def _refuse(self, session: str, target: str) -> None:
        """Close a window before it has asked for anything.

        The page that opened it waits until it is let go; closed before, it would leave that page waiting for ever.
        """
        await self._try(session, "Fetch.enable", _NOTHING)
        await self._try(session, "Runtime.runIfWaitingForDebugger", {})
        await self._try("", "Target.closeTarget", {"targetId": target})

    def _network(self) -> Fields:
        return {**_BUFFERS, "enableDurableMessages": True} if self.keeping else _NO_BUFFERS

    async def _try(self, session: str, method: str, fields: Fields) -> None:
        # Not every kind of target knows every command (workers have no pages), and a target may be gone already.
        try:
            await self._connection.send(method, fields, session=session, timeout=_SECONDS)
        except BrowserGoneError:
            raise
        except ProtocolError as error:
            if method == "Network.configureDurableMessages" and "wasn't found" in str(error):
                self.durable = False
                self.holding.everything = self._takes_bodies
