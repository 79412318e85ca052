"""A capture by hand: a person uses the window, everything is recorded, and shots are taken when they ask for them.

It ends when they say so, when the last window was closed, or after the longest time that a session may last.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from evidence_kit.browser.cdp import BrowserGoneError, ProtocolError
from evidence_kit.capture.desk import Desk, News, Wish
from evidence_kit.capture.heard import Heard, Task, Underway
from evidence_kit.capture.sessions import Target
from evidence_kit.capture.shots import take_shot
from evidence_kit.capture.windows import Window, Windows

BLANK = "about:blank"
"""Where a window begins for which no address was given."""
_LONGEST_SECONDS = 8 * 3600.0
_TICK_SECONDS = 0.5


@dataclass(slots=True, kw_only=True)
class Session:
    """One session at the window."""

    task: Task
    heard: Heard
    desk: Desk
    windows: Windows
    full: Callable[[], bool]
    """Whether so much was recorded that no more is."""
    longest: float = _LONGEST_SECONDS
    _shooting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _note: str = ""
    _told: set[News] = field(default_factory=set)
    _downloads: int = 0

    async def run(self) -> None:
        """Do what is asked for until the end; raises `BrowserGoneError` when the browser crashed."""
        self.desk.tell(News.OPEN)
        closed = asyncio.create_task(self.windows.closed.wait())
        work = [asyncio.create_task(self._obey()), asyncio.create_task(self._watch())]
        try:
            done, _ = await asyncio.wait({*work, closed}, timeout=self.longest, return_when=asyncio.FIRST_COMPLETED)
            async with self._shooting:
                # What is being taken at this moment is taken as far as it goes.
                pass
            if not done:
                self.desk.tell(News.TOO_LONG)
            elif self.windows.closed.is_set():
                self.desk.tell(News.CLOSED)
            else:
                for task in done:
                    task.result()
        finally:
            for task in (*work, closed):
                task.cancel()
            await asyncio.gather(*work, closed, return_exceptions=True)

    async def _obey(self) -> None:
        async for order in self.desk.orders():
            match order.wish:
                case Wish.SHOT:
                    async with self._shooting:
                        await self._shoot()
                case Wish.NOTE:
                    self._note = order.text
                    self.desk.tell(News.NOTED)
                case Wish.FINISH:
                    return

    async def _shoot(self) -> None:
        await self.windows.look()
        window = self.windows.front()
        if window is None:
            self.desk.tell(News.NO_PAGE)
            return
        if not window.visible:
            # A minimized window is not painted, and there would be no picture of it.
            with contextlib.suppress(ProtocolError):
                await window.page.send("Page.bringToFront")
        number = len(self.heard.shots) + 1
        self.desk.tell(News.SHOOTING, number=number, url=window.url)
        shot = await take_shot(
            window, number, note=self._note, folder=self.task.folder, seconds=self.task.options.timeout
        )
        self._note = ""
        self.windows.note("shot-taken", shot=number, window=window.number, url=shot.url, whole=shot.whole)
        window.page.journal.note("shot", shot.to_json())
        self.heard.take_shot(shot)
        if shot.problems:
            self.desk.tell(News.SHOT_LACKS, number=number, url=shot.url, detail=shot.problems[0].detail)
        else:
            self.desk.tell(News.SHOT, number=number, url=shot.url)

    async def _watch(self) -> None:
        """Look where the focus is and what has to be told, until cancelled."""
        while True:
            await self.windows.look()
            if News.FULL not in self._told and self.full():
                self._told.add(News.FULL)
                self.desk.tell(News.FULL)
            for url in self.heard.downloads[self._downloads :]:
                self._downloads += 1
                self.desk.tell(News.DOWNLOAD, url=url)
            await asyncio.sleep(_TICK_SECONDS)


async def use_window(underway: Underway, target: Target, desk: Desk) -> None:
    """Let the window of *target* be used until the end, then close the browser.

    Raises `BrowserGoneError` when the browser crashed; that its last window was closed is no crash.
    """
    connection, task, heard = underway.connection, underway.task, underway.heard
    for other in list(underway.sessions.targets.values()):
        if other.type == "page" and other != target:
            await connection.send("Target.closeTarget", {"targetId": other.id})
    windows = Windows(
        connection=connection,
        journal=underway.journal,
        clock=task.clock,
        actions=heard.visit.actions,
        frames=heard.frames,
        on_crash=lambda url: desk.tell(News.CRASHED, url=url),
    )
    heard.visit.frame = target.id
    underway.journal.note("frame", target.id)
    first = windows.add(target)
    underway.observer.listeners.append(windows.hear)
    session = Session(task=task, heard=heard, desk=desk, windows=windows, full=underway.full)
    try:
        await underway.connection.send("Target.activateTarget", {"targetId": target.id})
        if task.url != BLANK:
            windows.note("navigated", url=task.url)
            # Beside the session: a page that never answers must not keep the person waiting.
            underway.observer.spawn(_open(first, task, heard))
        await session.run()
        if not windows.closed.is_set():
            await underway.finish(target.session)
            await connection.send("Browser.close")
    except BrowserGoneError:
        if not windows.closed.is_set():
            raise


async def _open(window: Window, task: Task, heard: Heard) -> None:
    answer = await window.page.send("Page.navigate", {"url": task.url}, timeout=task.options.timeout)
    heard.visit.navigation_error = answer.get("errorText", "")
