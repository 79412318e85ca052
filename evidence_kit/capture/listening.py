"""Visit one page with a running browser while everything is recorded."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from evidence_kit.browser.cdp import BrowserGoneError, Connection, Event, ProtocolError, open_connection
from evidence_kit.browser.launch import Chromium
from evidence_kit.capture import snapshots
from evidence_kit.capture.bounds import TOO_MUCH, Bounds
from evidence_kit.capture.driver import Appearance, Driver, Limits
from evidence_kit.capture.environment import describe_browser
from evidence_kit.capture.errands import Errand
from evidence_kit.capture.freeze import first_full_picture, freeze
from evidence_kit.capture.heard import Heard, Task, Underway
from evidence_kit.capture.interactive import use_window
from evidence_kit.capture.journal import Journal
from evidence_kit.capture.observer import Observer
from evidence_kit.capture.sessions import Sessions, Target
from evidence_kit.capture.snapshots import Taking
from evidence_kit.capture.traffic import Traffic
from evidence_kit.models import Problem

_LAST_SECONDS = 1.0
"""For asking where the page is when the last snapshots have used up all their time."""


async def listen(  # noqa: PLR0913  # everything that takes part
    chromium: Chromium, task: Task, heard: Heard, observer: Observer, journal: Journal, *, full: Callable[[], bool]
) -> None:
    """Visit the page, take the snapshots, and fill *heard*; a browser that dies is a crash noted there.

    *full* tells whether so much was recorded that no more is.
    """
    heard.downloads = observer.downloads

    bounds = Bounds(task.options.budgets)

    def hear(event: Event) -> None:
        if bounds.hears(event):
            journal.event(event)
            heard.surroundings.hear(event)
            observer.hear(event)
            bounds.count(event, heard.traffic, told=journal.size)

    try:
        async with open_connection(chromium.address, hear) as connection:
            options = task.options
            sessions = Sessions(
                connection, timezone=options.timezone, locale=options.locale, takes_bodies=observer.takes_bodies
            )
            observer.begin(connection, sessions)
            await _record(
                Underway(
                    connection=connection,
                    sessions=sessions,
                    observer=observer,
                    journal=journal,
                    task=task,
                    heard=heard,
                    full=lambda: full() or bool(bounds.reason),
                ),
                chromium,
                bounds,
            )
    except BrowserGoneError:
        heard.crashed = True
    finally:
        if bounds.reason:
            heard.problems.append(Problem(code=TOO_MUCH, detail=bounds.reason))
        await observer.close()


async def _record(underway: Underway, chromium: Chromium, bounds: Bounds) -> None:
    connection, sessions, heard = underway.connection, underway.sessions, underway.heard
    by_hand = underway.task.outside.interactive
    await connection.send("Browser.setDownloadBehavior", {"behavior": "deny"})
    await sessions.begin()
    target = await sessions.open_page()
    told = await connection.send("Browser.getVersion")
    heard.browser = describe_browser(chromium, told, durable=sessions.durable, by_hand=by_hand)
    underway.journal.note("browser", heard.browser)
    await heard.surroundings.note_network(connection)
    watcher = asyncio.create_task(underway.observer.watch())
    ender = asyncio.create_task(_end_early(bounds, underway.observer))
    try:
        if by_hand:
            await use_window(underway, target, by_hand.desk)
        else:
            await _visit(underway, target, bounds)
            # By hand the browser may be closed by now, which is how such a capture ends.
            await heard.surroundings.note_network(connection)
    finally:
        watcher.cancel()
        ender.cancel()
        await asyncio.gather(watcher, ender, return_exceptions=True)


async def _end_early(bounds: Bounds, observer: Observer) -> None:
    await bounds.passed.wait()
    await observer.end_recording()


async def _visit(underway: Underway, target: Target, bounds: Bounds) -> None:
    """Drive the page of *target* until all is taken."""
    task, heard = underway.task, underway.heard
    driver = Driver(
        underway.connection,
        target.session,
        underway.observer,
        options=task.options,
        visit=heard.visit,
        journal=underway.journal,
        clock=task.clock,
    )
    width, height = task.options.viewport
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    await driver.send("Emulation.setDeviceMetricsOverride", metrics)
    work = asyncio.create_task(_work(driver, task, heard, bounds))
    try:
        await _until_crash(work, driver, underway.connection)
        await underway.finish(target.session)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def _work(driver: Driver, task: Task, heard: Heard, bounds: Bounds) -> None:
    limits = Limits.of(asyncio.get_running_loop().time(), task.options.timeout)

    async def appeared(appearance: Appearance) -> None:
        if task.options.pictures and not _in_viewer(driver, heard.traffic):
            await _freeze(driver, task, heard, appearance, min(appearance.limit, limits.freeze))

    try:
        visit = driver.visit(task.url, limits, on_step=task.on_step, on_appeared=appeared)
        await _until_enough(visit, bounds, limits.settle + _LAST_SECONDS)
    except (ProtocolError, TimeoutError) as error:
        detail = str(error) or "the page was not done with in its time"
        heard.problems.append(Problem(code="page.unresponsive", detail=detail))
    driver.note_unlisted()
    if heard.visit.navigation_error or _in_viewer(driver, heard.traffic):
        return
    task.on_step("taking DOM and screenshot")
    taking = Taking(driver=driver, folder=task.folder, deadline=limits.end, into=heard.snapshots)
    try:
        async with asyncio.timeout_at(limits.end + _LAST_SECONDS):
            await snapshots.take(taking, pictures=task.options.pictures)
    except (ProtocolError, TimeoutError) as error:
        detail = str(error) or "DOM and screenshot were not taken within the time of the capture"
        heard.problems.append(Problem(code="page.unresponsive", detail=detail))


async def _until_enough(visit: Coroutine[Any, Any, None], bounds: Bounds, deadline: float) -> None:
    """Await *visit*, but only until a bound is passed, and until the loop's time *deadline*: then `TimeoutError`."""
    visiting, enough = asyncio.create_task(visit), asyncio.create_task(bounds.passed.wait())
    try:
        async with asyncio.timeout_at(deadline):
            await asyncio.wait({visiting, enough}, return_when=asyncio.FIRST_COMPLETED)
        if visiting.done():
            await visiting
    finally:
        for running in (visiting, enough):
            running.cancel()
        await asyncio.gather(visiting, enough, return_exceptions=True)


async def _freeze(driver: Driver, task: Task, heard: Heard, appearance: Appearance, deadline: float) -> None:
    task.on_step("freezing the page as it appeared")
    taking = Taking(driver=driver, folder=task.folder, deadline=deadline, into=heard.snapshots)
    statement = await freeze(taking, appearance, task.options.viewport)
    stamp = task.outside.stamp
    if statement is not None and stamp is not None:
        heard.token = Errand(lambda: stamp(statement))
    await first_full_picture(taking)


def _in_viewer(driver: Driver, traffic: Traffic) -> bool:
    """Return whether the page is a PDF: its viewer draws elsewhere, and the picture of its page would be empty."""
    documents = [hop for hop in traffic.hops if hop.kind == "Document" and hop.frame == driver.visited.frame]
    response = documents[-1].response if documents else None
    return response is not None and response.get("mimeType") == "application/pdf"


async def _until_crash(work: asyncio.Task[None], driver: Driver, connection: Connection) -> None:
    """Wait for *work*, or for the end of page or browser; then `BrowserGoneError`."""
    ends = [asyncio.create_task(driver.crashed.wait()), asyncio.create_task(connection.gone.wait())]
    try:
        await asyncio.wait({work, *ends}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
    if work.done():
        await work
        return
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError, BrowserGoneError):
        await work
    message = "the page's process or the browser crashed"
    raise BrowserGoneError(message)
