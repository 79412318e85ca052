"""Show a recorded page once more, offline, as it was shown when it was captured, and look at it.

The same hands as those of a capture (`evidence_kit.capture.driver`) load, scroll, open and settle it, within the times
that the capture had; pictures are looked at when the capture took them, and a few times more while they differ, for
pages move. Nothing takes time on its way here: if the first pictures differ, the beginning is shown once more without
what may still have been on its way when they were taken. The browser has a profile of its own, and its only way out
leads to a port where nothing answers.
"""

import asyncio
import contextlib
import math
import socket
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from evidence_kit.browser.cdp import BrowserGoneError, Connection, Event, ProtocolError, open_connection
from evidence_kit.browser.find import Browser
from evidence_kit.browser.launch import Chromium, LaunchOptions, Tap, launched
from evidence_kit.capture.bounds import Bounds
from evidence_kit.capture.driver import Appearance, Driver, Limits, Visit
from evidence_kit.capture.files import FIRST_FULL, FIRST_SCREENSHOT, SCREENSHOT, WINDOW
from evidence_kit.capture.journal import Journal
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.capture.screenshots import measure, page_tiles, window_picture
from evidence_kit.capture.sessions import Sessions
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.traffic import Traffic
from evidence_kit.errors import FormatError
from evidence_kit.models import Clock, OnStep
from evidence_kit.pictures.comparing import Comparison
from evidence_kit.replay.answering import Account, Answering, Gate
from evidence_kit.replay.recorded import RecordedArchive

_PICTURES = frozenset({"Image", "Media", "Font"})
_DATA = frozenset({"XHR", "Fetch"})
_LATE = (_DATA, _PICTURES, _DATA | _PICTURES)
"""What a page is shown without while it is on its way: resource types of the protocol."""
_LOOKS = 4
_LOOKS_WITHOUT = 2
"""How often a picture that differs is looked at; and of a page to which nothing more comes."""
_BETWEEN_SECONDS = 0.7
_END_SECONDS = 45.0
"""Beyond the time of the page, for what is under way and for comparing the largest pictures."""

Look = Callable[[Driver], Awaitable[list[bytes]]]
"""Takes a picture, as PNGs one below the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """How the page was captured."""

    url: str
    began: datetime
    """When the browser was sent there."""
    viewport: tuple[int, int]
    locale: str
    timezone: str
    scroll: bool
    expand: bool
    timeout: float
    """Seconds."""
    user_agent: str
    browser: str
    """Its name and version, as in `Rendered.product`; empty if it is not known."""

    def options(self, timeout: float) -> CaptureOptions:
        """Return the options of a capture like that, with at most *timeout* seconds."""
        return CaptureOptions(
            scroll=self.scroll,
            expand=self.expand,
            timeout=min(self.timeout, timeout),
            locale=self.locale,
            timezone=self.timezone,
            viewport=self.viewport,
        )


@dataclass(slots=True, kw_only=True)
class Rendered:
    """What came of it; filled while it lasts."""

    product: str = ""
    """The browser that rendered: ``HeadlessChrome/156.0.8078.79``."""
    account: Account = field(default_factory=Account)
    sockets: int = 0
    """WebSockets that the page wanted to open; none was."""
    looked: dict[str, list[bytes]] = field(default_factory=dict)
    """By path of the sealed picture, the last rendering of it."""
    problem: str = ""
    """Why the page could not be seen to the end, in English."""


@dataclass(slots=True, kw_only=True)
class _Work:
    """One rendering under way."""

    circumstances: Circumstances
    options: CaptureOptions
    sealed: Mapping[str, Comparison]
    rendered: Rendered
    scratch: Path
    clock: Clock
    on_step: OnStep
    late: frozenset[str] = frozenset()
    """Resource types that do not arrive: then only the first pictures are looked at."""


def render(  # noqa: PLR0913  # what is rendered, with what, and what it is held against
    browser: Browser,
    archive: RecordedArchive,
    circumstances: Circumstances,
    sealed: Mapping[str, Comparison],
    *,
    scratch: Path,
    timeout: float,
    clock: Clock,
    on_step: OnStep,
) -> Rendered:
    """Render the page of *archive* with *browser* and look at each *sealed* picture, by its path in the item.

    What it needs for a while lies in *scratch*.
    It takes at most *timeout* seconds, the times of `Limits` and the start of the browser aside. Raises `CaptureError`
    when the browser does not start; what the page does wrong is told in the result.
    """
    rendered = Rendered()
    options = circumstances.options(timeout)
    work = _Work(
        circumstances=circumstances,
        options=options,
        sealed=sealed,
        rendered=rendered,
        scratch=scratch,
        clock=clock,
        on_step=on_step,
    )
    _start(browser, archive, work)
    first = [sealed[file.path] for file in (FIRST_SCREENSHOT, FIRST_FULL) if file.path in sealed]
    for late in _LATE:
        if rendered.problem or all(comparison.agrees for comparison in first):
            break
        _start(browser, archive, replace(work, rendered=Rendered(), late=late))
    return rendered


def _start(browser: Browser, archive: RecordedArchive, work: _Work) -> None:
    """Render with a browser of its own, as a capture does: it takes a second and shares nothing with other pages."""
    options = work.options
    with tempfile.TemporaryDirectory(prefix="replay-", dir=work.scratch) as folder, _nowhere() as port:
        launch = LaunchOptions(
            viewport=options.viewport, locale=options.locale, timezone=options.timezone, tap=Tap(port=port, silent=True)
        )
        with launched(browser.path, launch) as chromium:
            asyncio.run(_render(chromium, archive, work, Path(folder)))


@contextlib.contextmanager
def _nowhere() -> Iterator[int]:
    """Give a port of this machine at which nobody answers, and nobody else can begin to."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


async def _render(chromium: Chromium, archive: RecordedArchive, work: _Work, folder: Path) -> None:
    rendered = work.rendered
    traffic = Traffic(work.clock)
    observer = Answering(traffic, Spool(folder, limit=0), archive, rendered.account, late=work.late)
    bounds = Bounds(work.options.budgets)
    told = 0

    def hear(event: Event) -> None:
        nonlocal told
        if bounds.hears(event):
            told += len(event.text)
            observer.hear(event)
            bounds.count(event, traffic, told=told)

    try:
        with Journal(folder / "journal.jsonl", work.clock) as journal:
            async with asyncio.timeout(work.options.timeout + _END_SECONDS):
                async with open_connection(chromium.address, hear) as connection:
                    await _visit(connection, observer, bounds, work, journal)
    except TimeoutError:
        rendered.problem = rendered.problem or "the page was not done with in its time"
    except BrowserGoneError as error:
        rendered.problem = rendered.problem or f"the browser ended: {error}"
    except (ProtocolError, FormatError) as error:
        rendered.problem = rendered.problem or str(error)
    finally:
        await observer.close()
        rendered.sockets = len(traffic.sockets)


async def _visit(connection: Connection, observer: Answering, bounds: Bounds, work: _Work, journal: Journal) -> None:
    options, rendered = work.options, work.rendered
    sessions = Sessions(connection, timezone=options.timezone, locale=options.locale, takes_bodies=False)
    told = await connection.send("Browser.getVersion")
    rendered.product = str(told.get("product", ""))
    agent = work.circumstances.user_agent
    sessions.holding = Gate(
        shift_ms=round((work.circumstances.began - work.clock()).total_seconds() * 1000),
        user_agent="" if agent == told.get("userAgent") else agent,
    )
    observer.begin(connection, sessions)
    await connection.send("Browser.setDownloadBehavior", {"behavior": "deny"})
    await sessions.begin()
    target = await sessions.open_page()
    driver = Driver(
        connection, target.session, observer, options=options, visit=Visit(), journal=journal, clock=work.clock
    )
    width, height = options.viewport
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    await driver.send("Emulation.setDeviceMetricsOverride", metrics)
    showing = asyncio.create_task(_show(driver, work))
    ends = [asyncio.create_task(event.wait()) for event in (driver.crashed, connection.gone, bounds.passed)]
    try:
        await asyncio.wait({showing, *ends}, return_when=asyncio.FIRST_COMPLETED)
        if showing.done():
            await showing
        else:
            rendered.problem = bounds.reason.partition(":")[0] or "the page's process or the browser crashed"
    finally:
        for task in (showing, *ends):
            task.cancel()
        await asyncio.gather(showing, *ends, return_exceptions=True)


async def _show(driver: Driver, work: _Work) -> None:
    """Go through the page as the capture did, and look at it when the capture did."""
    limits = Limits.of(asyncio.get_running_loop().time(), work.options.timeout)
    done = asyncio.Event()

    async def appeared(appearance: Appearance) -> None:
        until = min(appearance.limit, limits.freeze)
        await _look(driver, work, FIRST_SCREENSHOT.path, _window, until)
        await _look(driver, work, FIRST_FULL.path, _whole, until)
        done.set()

    visit = driver.visit(work.circumstances.url, limits, on_step=work.on_step, on_appeared=appeared)
    if work.late:
        await _until(visit, done)
        return
    await visit
    if driver.visited.navigation_error:
        work.rendered.problem = f"the recorded page could not be opened: {driver.visited.navigation_error}"
        return
    work.on_step("comparing the pictures")
    await _look(driver, work, WINDOW.path, _window, limits.end)
    await _look(driver, work, SCREENSHOT.path, _whole, limits.end)


async def _until(visit: Coroutine[Any, Any, None], done: asyncio.Event) -> None:
    """Run *visit* to its end, or until *done*."""
    tasks = asyncio.create_task(visit), asyncio.create_task(done.wait())
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if not tasks[0].cancelled():
        await tasks[0]


async def _look(driver: Driver, work: _Work, path: str, take: Look, until: float) -> None:
    """Hold what is seen now against the sealed picture at *path*, and look again while they differ."""
    sealed = work.sealed.get(path)
    if sealed is None:
        return
    loop = asyncio.get_running_loop()
    for number in range(_LOOKS_WITHOUT if work.late else _LOOKS):
        if number:
            await asyncio.sleep(_BETWEEN_SECONDS)
        if number and loop.time() > until:
            return
        before, tiles = work.rendered.looked.get(path), await take(driver)
        if tiles == before:
            # Nothing moves: it would look the same for ever.
            return
        work.rendered.looked[path] = tiles
        smoothed = work.rendered.product != work.circumstances.browser
        await asyncio.to_thread(sealed.look, tiles, smoothed=smoothed)
        if sealed.agrees:
            return


async def _window(driver: Driver) -> list[bytes]:
    return [await window_picture(driver)]


async def _whole(driver: Driver) -> list[bytes]:
    # Never cut short: what was not taken would look like a difference. The time for everything is bounded.
    return await page_tiles(driver, (await measure(driver)).picture, until=math.inf)
