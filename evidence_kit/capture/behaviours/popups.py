"""Windows that a page opens: allowed to load so that they are recorded, noted, closed, and the page brought back.

A window in the foreground keeps the page below from being painted, and with it everything that loads when it is seen.
At most a given number is allowed; further ones are closed at once and counted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

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
        self._refused = 0
        self._arrived = False

    def hear(self, event: Event) -> Coroutine[Any, Any, None] | None:
        """Take in one event of the browser; return what is to be done at once."""
        match event.method:
            case "Target.attachedToTarget":
                return self._attached(event.params)
            case "Target.detachedFromTarget":
                if gone := self._open.pop(event.params["sessionId"], None):
                    self._note("popup-closed-itself", loaded=gone.loaded is not None)
            case "Page.loadEventFired" if event.session in self._open:
                self._open[event.session].loaded = asyncio.get_running_loop().time()
            case _:
                pass
        return None

    def _attached(self, params: Fields) -> Coroutine[Any, Any, None] | None:
        about = params["targetInfo"]
        if about["type"] != "page" or about.get("subtype"):
            return None
        if self.opened >= self._most:
            self._refused += 1
            return self._refuse(params["sessionId"], about["targetId"])
        self.opened += 1
        self._arrived = True
        self._open[params["sessionId"]] = _Popup(target=about["targetId"], since=asyncio.get_running_loop().time())
        return None

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
        if self._refused:
            self._note("popups-refused", count=self._refused, allowed=self._most)

    async def _leave(self, popup: _Popup) -> None:
        try:
            answer = await self._connection.send("Target.getTargetInfo", {"targetId": popup.target})
            about = answer["targetInfo"]
            self._note("popup-closed", url=about["url"], title=about["title"], loaded=popup.loaded is not None)
            await self._connection.send("Target.closeTarget", {"targetId": popup.target})
        except ProtocolError as error:
            self._note("popup-not-closed", why=str(error))

    async def _refuse(self, session: str, target: str) -> None:
        # The page that opened it waits until it is let go; one that is closed before leaves that page waiting for ever.
        # Nothing is waited for between the two: it has hardly time to ask for its page, and the ledger tells if it did.
        let_go = self._connection.send("Runtime.runIfWaitingForDebugger", session=session)
        await asyncio.gather(let_go, self._connection.send("Target.closeTarget", {"targetId": target}))
