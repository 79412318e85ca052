"""Where responses are held: documents at their head, as only then can one that would be saved be read.

While it may hold anything of a frame, the browser leads every request of that frame through itself, which costs a page
of many parts a third of its time. So nothing is held in a page between the response of its document and the end of its
loading: what would be saved in that time is refused by the browser at its head, and the ledger says so.
"""

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from evidence_kit.browser.cdp import Event, Fields

Send: TypeAlias = Callable[[str, str, Fields], Coroutine[Any, Any, None]]
"""Sends a command, given session, method and parameters; a refusal is no fault."""

_DOCUMENTS: Fields = {"patterns": [{"urlPattern": "*", "requestStage": "Response", "resourceType": "Document"}]}
_EVERYTHING: Fields = {"patterns": [{"urlPattern": "*", "requestStage": "Response"}]}
_FRAMES = frozenset({"page", "iframe"})


class Holding:
    """Knows the frames of every page, and which pages are loading."""

    def __init__(self, send: Send) -> None:
        """Speak to the browser with *send*."""
        self.everything = False
        """Whether all responses have to be held, of workers too: for a browser that keeps no bodies."""
        self._send = send
        self._page_of: dict[str, str] = {}
        self._frame_of: dict[str, str] = {}
        self._loading: set[str] = set()

    def commands(self, session: str, parent: str, kind: str, target: str) -> list[tuple[str, Fields]]:
        """Return what turns it on in a new target of *kind*, which *parent* (a session) told of."""
        if kind in _FRAMES:
            page = self._page_of.get(parent, session) if kind == "iframe" else session
            self._page_of[session], self._frame_of[session] = page, target
            return [] if page in self._loading else [("Fetch.enable", self._patterns)]
        return [("Fetch.enable", self._patterns)] if self.everything else []

    @property
    def _patterns(self) -> Fields:
        return _EVERYTHING if self.everything else _DOCUMENTS

    async def passed(self, event: Event) -> None:
        """Hear that the response of ``Fetch.requestPaused`` *event* is let go: if it is a page's document, it loads."""
        session, params = event.session, event.params
        redirect = 300 <= params["responseStatusCode"] < 400  # noqa: PLR2004
        document = params["resourceType"] == "Document" and params["frameId"] == self._main_frame(session)
        if self.everything or redirect or not document:
            return
        self._loading.add(session)
        for other in self._sessions(session):
            await self._send(other, "Fetch.disable", {})

    def loaded(self, event: Event) -> Coroutine[Any, Any, None] | None:
        """Hear ``Page.loadEventFired`` or ``Page.frameStoppedLoading``: documents are held again."""
        session, main = event.session, self._main_frame(event.session)
        if session not in self._loading or event.params.get("frameId", main) != main:
            return None
        self._loading.discard(session)
        return self._hold(session)

    def _main_frame(self, session: str) -> str:
        """Return the main frame of a page; empty for what is none."""
        return self._frame_of[session] if self._page_of.get(session) == session else ""

    async def _hold(self, page: str) -> None:
        for session in self._sessions(page):
            await self._send(session, "Fetch.enable", self._patterns)

    def _sessions(self, page: str) -> list[str]:
        return [session for session, of in self._page_of.items() if of == page]
