"""Drive one page: go there, let it load, do to it what `behaviours` do, let it settle.

No step waits for a silent network, which pages with an open stream never have; every step has a limit in time.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from evidence_kit.browser.cdp import BrowserGoneError, Connection, Event, Fields, ProtocolError
from evidence_kit.canonical import Json
from evidence_kit.capture import behaviours
from evidence_kit.capture.inventory import cleaned
from evidence_kit.capture.journal import Journal
from evidence_kit.capture.observer import Observer
from evidence_kit.capture.page_session import PageSession
from evidence_kit.capture.result import Action, CaptureOptions
from evidence_kit.models import Clock, OnStep

_SETTLE_SECONDS = 6.0
_FONT_SECONDS = 3.0
_MOST_ALIKE = 500
"""Actions of one name that are listed."""
_LONGEST = 10_000
"""Characters of a text that a page put into an action."""
FREEZE_SECONDS = 10.0
"""After the beginning of the page, in which its first pictures are taken."""
_APPEAR_SECONDS = 5.0
"""After the beginning of the page, in which something of it is waited for."""
_READY_SECONDS = 2.0
"""After its appearance, in which painting and loading may both come to an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times of the event loop's clock, in seconds, by which each step is over."""

    load: float
    freeze: float
    behave: float
    settle: float
    end: float

    @classmethod
    def of(cls, start: float, timeout: float) -> "Limits":
        """Share out *timeout* seconds, each share with what those before it left.

        Loading ends at 45 %, the freeze on its way at 50, behaviours at 65, settling at 70, the last snapshots at 100.
        """
        shares = {"load": 0.45, "freeze": 0.5, "behave": 0.65, "settle": 0.7, "end": 1.0}
        return cls(**{name: start + timeout * share for name, share in shares.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """When a page came into sight."""

    navigated: datetime
    """When the browser began to show this page instead of the one before."""
    appeared: datetime
    sign: str
    """``first-contentful-paint``, ``load``, or ``none`` when there was neither yet."""
    limit: float
    """The event loop's time at which ten seconds have passed since *navigated*."""


@dataclass(slots=True, kw_only=True)
class Visit:
    """What is known of one visit; filled while it lasts."""

    actions: list[Action] = field(default_factory=list)
    frame: str = ""
    """The main frame's id; empty when the browser opened no page."""
    navigation_error: str = ""
    """``net::ERR_…`` when the address could not be opened."""
    loaded: bool = False
    """Whether the load event was fired."""
    timed_out: bool = False
    """Whether the time for loading ended before the browser was done."""


class Driver(PageSession):
    """The hands on one page."""

    def __init__(  # noqa: PLR0913  # what it drives, and who hears of it
        self,
        connection: Connection,
        session: str,
        observer: Observer,
        *,
        options: CaptureOptions,
        visit: Visit,
        journal: Journal,
        clock: Clock,
    ) -> None:
        """Drive the page of *session* as *options* say, fill *visit*; times of actions come from *clock*."""
        super().__init__(connection, session, journal=journal, clock=clock)
        self.visited = visit
        self.crashed = asyncio.Event()
        self.staying = False
        """Whether the page is kept from going elsewhere, where it asks (``beforeunload``)."""
        self.refusals = 0
        """How often it was kept."""
        self.popups = behaviours.Popups(
            connection, note=self.note, front=lambda: self.send("Page.bringToFront"), most=options.budgets.popups
        )
        self._options = options
        self._observer = observer
        self._stopped = asyncio.Event()
        self._loader = ""
        self._painted: set[str] = set()
        self._noted: Counter[str] = Counter()
        observer.listeners.append(self._hear)
        observer.sessions.refused = self.popups.refused

    def note(self, name: str, **detail: Json) -> None:
        """Remember that something was done."""
        self._noted[name] += 1
        if self._noted[name] > _MOST_ALIKE:
            return
        known = {key: _short(cleaned(value)) for key, value in detail.items()}
        action = Action(time=self.now(), name=name, detail=known)
        self.visited.actions.append(action)
        self.journal.note("action", action.to_json())

    def note_unlisted(self) -> None:
        """Note how much of what a page did over and over again is not listed."""
        for name, times in list(self._noted.items()):
            if times > _MOST_ALIKE:
                self.note("not-listed", what=name, count=times - _MOST_ALIKE)

    @property
    def quiet(self) -> bool:
        """Whether nothing is on its way that can be expected to end."""
        return not self._observer.awaited and not self._observer.busy

    async def visit(
        self, url: str, limits: Limits, *, on_step: OnStep, on_appeared: Callable[[Appearance], Awaitable[None]]
    ) -> None:
        """Go to *url*, wait, do what the options ask for and settle, each within its limit.

        *on_appeared* is awaited once, when the page is there and nothing has been done to it yet.
        """
        on_step(f"opening {url}")
        await self._open(url, limits.load)
        if self.visited.navigation_error:
            if self._observer.busy:
                await self._wait(lambda: not self._observer.busy, limits.settle)
            return
        await self.send("Page.bringToFront")
        await on_appeared(await self._appear(limits.load))
        await self._load(limits.load)
        await self._fonts()
        await behaviours.run(self, limits.behave, self._options, on_step)
        on_step("waiting for what is still on its way")
        await self._settle(limits.settle)

    async def heights(self) -> tuple[int, int, int]:
        """Return the page's height, the top of what is shown and the height of what is shown, in CSS pixels."""
        metrics = await self.send("Page.getLayoutMetrics")
        view = metrics["cssVisualViewport"]
        return int(metrics["cssContentSize"]["height"]), int(view["pageY"]), int(view["clientHeight"])

    def _hear(self, event: Event) -> Any:  # noqa: ANN401  # a coroutine or None
        if event.method == "Page.javascriptDialogOpening":
            return self._dialog(event)
        self.popups.hear(event)
        self.hear_frames(event)
        if event.session == self.session:
            match event.method:
                case "Page.loadEventFired":
                    self.visited.loaded = True
                    self._stopped.set()
                case "Page.frameStoppedLoading" if event.params["frameId"] == self.visited.frame:
                    # Without a load event, too: the document's connection broke off.
                    self._stopped.set()
                case "Inspector.targetCrashed":
                    self.crashed.set()
                case "Page.lifecycleEvent" if event.params["name"] == "firstContentfulPaint":
                    self._painted.add(event.params["loaderId"])
                case "Page.frameNavigated":
                    self._navigated(event.params["frame"])
                case _:
                    pass
        return None

    def _navigated(self, frame: Fields) -> None:
        if not frame.get("parentId") and self._loader and frame["loaderId"] != self._loader:
            self.note("page-navigated-itself", url=frame["url"])

    async def _dialog(self, event: Event) -> None:
        # Leaving is allowed, or the page could hold us, save where a click of ours would lead away; anything else is
        # answered as by closing it.
        kind = event.params["type"]
        kept = self.staying and event.session == self.session
        accept = kind == "beforeunload" and not kept
        self.refusals += kind == "beforeunload" and kept
        self.note("dialog-answered", kind=kind, text=event.params["message"], accepted=accept)
        await self.connection.send("Page.handleJavaScriptDialog", {"accept": accept}, session=event.session)

    async def _open(self, url: str, limit: float) -> None:
        loop = asyncio.get_running_loop()
        tree = await self.send("Page.getFrameTree")
        self.frame = self.visited.frame = tree["frameTree"]["frame"]["id"]
        self.journal.note("frame", self.frame)
        await self.send("Page.setLifecycleEventsEnabled", {"enabled": True})
        self._stopped.clear()
        self.visited.loaded = False
        self.note("navigated", url=url)
        try:
            answer = await self.send("Page.navigate", {"url": url}, timeout=max(limit - loop.time(), 0.1))
        except BrowserGoneError:
            raise
        except ProtocolError as error:
            late = "did not answer" in str(error)
            self.visited.navigation_error = "timeout" if late else str(error)
            return
        self.visited.navigation_error = answer.get("errorText", "")
        self._loader = answer.get("loaderId", "")

    async def _appear(self, limit: float) -> Appearance:
        """Wait until something is to be seen, and a little longer for the rest, but not past *limit*."""
        loop = asyncio.get_running_loop()
        began, navigated = loop.time(), self.now()
        latest = min(began + _APPEAR_SECONDS, limit)
        await self._wait(lambda: self._loader in self._painted or self._stopped.is_set(), latest)
        appeared = self.now()
        painted = self._loader in self._painted
        sign = "first-contentful-paint" if painted else "load" if self.visited.loaded else "none"
        # Pictures of a page are better when it has loaded; one that never does is not waited for.
        latest = min(latest, loop.time() + _READY_SECONDS)
        await self._wait(lambda: self._loader in self._painted and self._stopped.is_set(), latest)
        return Appearance(navigated=navigated, appeared=appeared, sign=sign, limit=began + FREEZE_SECONDS)

    async def _load(self, limit: float) -> None:
        stopped = await self._wait(self._stopped.is_set, limit)
        self.visited.timed_out = not stopped
        self.note("loaded" if self.visited.loaded else "loading-stopped" if stopped else "load-not-awaited-longer")

    async def _fonts(self) -> None:
        try:
            await self.evaluate("document.fonts.ready.then(() => true)", timeout=_FONT_SECONDS)
        except BrowserGoneError:
            raise
        except ProtocolError:
            self.note("fonts-not-awaited-longer")
        else:
            self.note("fonts-ready")

    async def _settle(self, limit: float) -> None:
        limit = min(limit, asyncio.get_running_loop().time() + _SETTLE_SECONDS)
        quiet = await self._wait(lambda: self.quiet, limit)
        self.note(
            "settled" if quiet else "settled-with-requests-under-way", pending=len(self._observer.traffic.pending())
        )

    async def _wait(self, done: Callable[[], bool], limit: float) -> bool:
        loop = asyncio.get_running_loop()
        # Many unlike things end a wait; asking for all of them is simpler than an event for each.
        while not done() and loop.time() < limit:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return done()


def _short(value: Json) -> Json:
    return f"{value[:_LONGEST]}…" if isinstance(value, str) and len(value) > _LONGEST else value
