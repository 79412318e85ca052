"""The windows and tabs that a person has open in the browser: what they show, and which one is in front.

A page is in front when it is visible and its window was the last to have the focus. The focus is asked for twice a
second, in isolated worlds, as the protocol tells of it no other way; typing and clicks are not listened to.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from evidence_kit.browser.cdp import Connection, Event, Fields, ProtocolError
from evidence_kit.canonical import Json
from evidence_kit.capture.inventory import cleaned
from evidence_kit.capture.journal import Journal
from evidence_kit.capture.page_session import PageSession
from evidence_kit.capture.result import Action
from evidence_kit.capture.sessions import Target
from evidence_kit.models import Clock

_LOOK = "[document.visibilityState === 'visible', document.hasFocus()]"
_LOOK_SECONDS = 1.0
_MOST_MOVES = 2_000
"""Changes of address that are noted; a page can make them without end."""


@dataclass(slots=True, kw_only=True, eq=False)
class Window:
    """A window or tab."""

    number: int
    """From 1, in the order in which they were opened."""
    page: PageSession
    url: str
    visible: bool = True
    active: int = 0
    """Grows whenever it gets the focus."""


@dataclass(slots=True, kw_only=True)
class Windows:
    """All of them, from the first on."""

    connection: Connection
    journal: Journal
    clock: Clock
    actions: list[Action]
    """Where what happens is noted."""
    on_crash: Callable[[str], None]
    """Hears the address of a page that crashed."""
    frames: set[str] = field(default_factory=set)
    """Ids of the main frames of all windows there ever were."""
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the last one was closed."""
    _open: dict[str, Window] = field(default_factory=dict)
    _count: int = 0
    _focus: int = 0
    _moves: int = 0

    def add(self, target: Target) -> Window:
        """Take in a window."""
        self._count += 1
        self._focus += 1
        page = PageSession(
            self.connection, target.session, journal=self.journal, clock=self.clock, frame=target.id
        )  # the main frame of a page has the id of its target
        window = Window(number=self._count, page=page, url=target.url, active=self._focus)
        self._open[target.session] = window
        self.frames.add(target.id)
        self.note("window-opened", window=window.number)
        return window

    def note(self, name: str, **detail: Json) -> None:
        """Remember that something happened."""
        action = Action(time=self.clock(), name=name, detail={key: cleaned(value) for key, value in detail.items()})
        self.actions.append(action)
        self.journal.note("action", action.to_json())

    def hear(self, event: Event) -> None:
        """Take in one event of the browser."""
        for known in self._open.values():
            known.page.hear_frames(event)
        if event.method == "Target.attachedToTarget":
            self._attached(event.params)
        elif event.method == "Target.detachedFromTarget":
            self._detached(event.params["sessionId"])
        elif window := self._open.get(event.session):
            self._happened(window, event)

    async def look(self) -> None:
        """Ask all windows whether they are visible and have the focus; one that is busy stays as it was."""
        await asyncio.gather(*(self._ask(window) for window in list(self._open.values())))

    def front(self) -> Window | None:
        """Return the window in front, as far as is known; None when there is none."""
        return max(self._open.values(), key=lambda window: (window.visible, window.active), default=None)

    async def _ask(self, window: Window) -> None:
        try:
            window.visible, focused = await window.page.evaluate(_LOOK, timeout=_LOOK_SECONDS)
        except ProtocolError:
            return
        if focused:
            self._focus += 1
            window.active = self._focus

    def _attached(self, params: Fields) -> None:
        about = params["targetInfo"]
        if about["type"] == "page" and not about.get("subtype"):
            self.add(Target(session=params["sessionId"], id=about["targetId"], type="page", url=about.get("url", "")))

    def _detached(self, session: str) -> None:
        if window := self._open.pop(session, None):
            self.note("window-closed", window=window.number)
            if not self._open:
                self.closed.set()

    def _happened(self, window: Window, event: Event) -> None:
        params = event.params
        match event.method:
            case "Page.frameNavigated" if not params["frame"].get("parentId"):
                self._moved(window, params["frame"]["url"] + params["frame"].get("urlFragment", ""), "window-navigated")
            case "Page.navigatedWithinDocument" if params["frameId"] == window.page.frame:
                self._moved(window, params["url"], "window-moved-within-page")
            case "Page.javascriptDialogOpening":
                # The browser shows it, and whoever sits there answers it.
                self.note("dialog-shown", window=window.number, kind=params["type"], text=params["message"])
            case "Page.javascriptDialogClosed":
                self.note("dialog-closed", window=window.number, accepted=params["result"])
            case "Inspector.targetCrashed":
                self.note("window-crashed", window=window.number, url=window.url)
                self.on_crash(window.url)
            case _:
                pass

    def _moved(self, window: Window, url: str, name: str) -> None:
        window.url = url
        self._moves += 1
        if self._moves <= _MOST_MOVES:
            self.note(name, window=window.number, url=url)
        elif self._moves == _MOST_MOVES + 1:
            self.note("windows-not-noted-further", limit=_MOST_MOVES)
