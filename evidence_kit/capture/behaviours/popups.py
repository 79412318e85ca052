"""Windows that a page opens: allowed to load so that they are recorded, noted, closed, and the page brought back.

A window in the foreground keeps the page below from being painted, and with it everything that loads when it is seen.
At most a given number is allowed; further ones are closed at once and counted.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from evidence_kit.browser.cdp import Connection, Event, Fields, ProtocolError

_LONGEST_SECONDS = 6.0
_AFTER_LOAD_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class _Popup:
    target: str
    since: float
    loaded: float | None = None


class Popups:
    """The windows opened by one page."""

    def __init__(
        self,
        connection: Connection,
        *,
        note: Callable[..., None],
        front: Callable[[], Awaitable[Fields]],
        most: int = 8,
    ) -> None:
        """Allow *most*; tell of them with *note*; *front* brings the page itself back to the front."""
        self.opened = 0
        self._connection = connection
        self._note = note
        self._front = front
        self._most = most
        self._open: dict[str, _Popup] = {}
        self.refused: set[str] = set()
        """Sessions of the windows that were too many: `evidence_kit.capture.sessions` closes them."""
        self._arrived = False

    def hear(self, event: Event) -> None:
        """Take in one event of the browser."""
        match event.method:
            case "Target.attachedToTarget":
                self._attached(event.params)
            case "Target.detachedFromTarget":
                if gone := self._open.pop(event.params["sessionId"], None):
                    self._note("popup-closed-itself", loaded=gone.loaded is not None)
            case "Page.loadEventFired" if event.session in self._open:
                self._open[event.session].loaded = asyncio.get_running_loop().time()
            case _:
                pass

    def _attached(self, params: Fields) -> None:
        about = params["targetInfo"]
        if about["type"] != "page" or about.get("subtype"):
            return
        if self.opened >= self._most:
            self.refused.add(params["sessionId"])
            return
        self.opened += 1
        self._arrived = True
        self._open[params["sessionId"]] = _Popup(target=about["targetId"], since=asyncio.get_running_loop().time())

    async def tend(self, *, now: bool = False) -> None:
        """Close the windows that have loaded or had their time (all of them if *now*), and go back to the page."""
        if not self._arrived and not self._open:
            return
        moment = asyncio.get_running_loop().time()
        for session, popup in list(self._open.items()):
            over = popup.loaded is not None and moment > popup.loaded + _AFTER_LOAD_SECONDS
            if over or now or moment > popup.since + _LONGEST_SECONDS:
                del self._open[session]
                await self._leave(popup)
                self._arrived = True
        if self._arrived:
            self._arrived = False
            await self._front()

    async def finish(self, until: float) -> None:
        """Wait for the windows until the loop's time *until* at most, close them, and note how many were refused."""
        while self._open and asyncio.get_running_loop().time() < until:
            await self.tend()
            await asyncio.sleep(0.1)
        await self.tend(now=True)
        if self.refused:
            self._note("popups-refused", count=len(self.refused), allowed=self._most)

    async def _leave(self, popup: _Popup) -> None:
        try:
            answer = await self._connection.send("Target.getTargetInfo", {"targetId": popup.target})
            about = answer["targetInfo"]
            self._note("popup-closed", url=about["url"], title=about["title"], loaded=popup.loaded is not None)
            await self._connection.send("Target.closeTarget", {"targetId": popup.target})
        except ProtocolError as error:
            self._note("popup-not-closed", why=str(error))
