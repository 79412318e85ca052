"""One page of the browser to speak to.

Nothing is put into the page: what is evaluated runs in an isolated world, which shares the page's document but none of
its scripts.
"""

from datetime import datetime
from typing import Any

from evidence_kit.browser.cdp import Connection, Event, Fields, ProtocolError
from evidence_kit.capture.journal import Journal
from evidence_kit.models import Clock

_WORLD = "evidence-kit"


class PageSession:
    """The page of one session, and the frames in it."""

    def __init__(
        self, connection: Connection, session: str, *, journal: Journal, clock: Clock, frame: str = ""
    ) -> None:
        """Speak over *connection*; *frame* is the id of the main frame, which must be known before `evaluate`."""
        self.connection = connection
        self.session = session
        self.journal = journal
        self.frame = frame
        self._clock = clock
        self._frames: dict[str, None] = {}

    def now(self) -> datetime:
        """Tell the time."""
        return self._clock()

    def sessions(self) -> list[str]:
        """Return the sessions of the page and, after it, of the frames in it that have processes of their own."""
        return [self.session, *self._frames]

    def hear_frames(self, event: Event) -> None:
        """Take in that a frame with a process of its own came or went."""
        if event.session not in self.sessions():
            return
        if event.method == "Target.attachedToTarget" and event.params["targetInfo"]["type"] == "iframe":
            self._frames[event.params["sessionId"]] = None
        elif event.method == "Target.detachedFromTarget":
            self._frames.pop(event.params["sessionId"], None)

    async def send(self, method: str, params: Fields | None = None, *, timeout: float = 10.0) -> Fields:
        """Send a command to the page."""
        return await self.connection.send(method, params, session=self.session, timeout=timeout)

    async def evaluate(self, expression: str, *, timeout: float = 5.0) -> Any:  # noqa: ANN401  # a JSON value of the page
        """Return the value of *expression* in an isolated world of the main frame; a promise is awaited."""
        where = {"frameId": self.frame, "worldName": _WORLD}
        world = await self.send("Page.createIsolatedWorld", where, timeout=timeout)
        answer = await self.send(
            "Runtime.evaluate",
            {
                "expression": expression,
                "contextId": world["executionContextId"],
                "returnByValue": True,
                "awaitPromise": True,
            },
            timeout=timeout,
        )
        if "exceptionDetails" in answer:
            message = f"the page could not evaluate {expression[:60]}"
            raise ProtocolError(message)
        return answer["result"].get("value")
