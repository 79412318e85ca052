"""Visit one page with a running browser while everything is recorded."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from evidence_kit.browser.cdp import BrowserGoneError, Connection, Event, ProtocolError, open_connection
from evidence_kit.browser.launch import Chromium
from evidence_kit.canonical import Json
from evidence_kit.capture import snapshots
from evidence_kit.capture.driver import Appearance, Driver, Limits, Visit
from evidence_kit.capture.environment import describe_browser
from evidence_kit.capture.errands import Errand
from evidence_kit.capture.freeze import first_full_picture, freeze
from evidence_kit.capture.journal import Journal
from evidence_kit.capture.observer import Observer
from evidence_kit.capture.result import CaptureOptions, Outside
from evidence_kit.capture.sessions import Sessions
from evidence_kit.capture.snapshots import Snapshots, Taking
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.surroundings import Surroundings
from evidence_kit.capture.traffic import Traffic
from evidence_kit.models import Clock, OnStep, Problem

_FINISH_SECONDS = 5.0
_LAST_SECONDS = 1.0
"""For asking where the page is when the last snapshots have used up all their time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be captured, where to, and how."""

    url: str
    folder: Path
    options: CaptureOptions
    outside: Outside
    clock: Clock
    on_step: OnStep


@dataclass(slots=True, kw_only=True)
class Heard:
    """What a capture has come to know; filled while it runs, so that an end midway loses nothing."""

    traffic: Traffic
    spool: Spool
    visit: Visit = field(default_factory=Visit)
    snapshots: Snapshots = field(default_factory=Snapshots)
    surroundings: Surroundings = field(default_factory=Surroundings)
    problems: list[Problem] = field(default_factory=list)
    token: Errand[bytes] | None = None
    """Where the time stamp over the freeze will come from."""
    browser: dict[str, Json] = field(default_factory=dict)
    crashed: bool = False
    interrupted: bool = False
    """Whether our own process was ended midway."""
    ended: datetime | None = None
    """When that was; None for a capture that ends when it is written."""
    downloads: list[str] = field(default_factory=list)


async def listen(chromium: Chromium, task: Task, heard: Heard, observer: Observer, journal: Journal) -> None:
    """Visit the page, take the snapshots, and fill *heard*; a browser that dies is a crash noted there."""
    heard.downloads = observer.downloads

    def hear(event: Event) -> None:
        journal.event(event)
        heard.surroundings.hear(event)
        observer.hear(event)

    try:
        async with open_connection(chromium.address, hear) as connection:
            await _record(connection, observer, chromium, task, heard, journal)
    except BrowserGoneError:
        heard.crashed = True
    finally:
        await observer.close()


async def _record(  # noqa: PLR0913, PLR0917  # everything that takes part
    connection: Connection, observer: Observer, chromium: Chromium, task: Task, heard: Heard, journal: Journal
) -> None:
    options = task.options
    sessions = Sessions(connection, timezone=options.timezone, locale=options.locale, read_held=observer.takes_bodies)
    observer.begin(connection, sessions)
    driver = await _page(connection, sessions, observer, task, heard, journal)
    told = await connection.send("Browser.getVersion")
    heard.browser = describe_browser(chromium, told, durable=sessions.durable)
    journal.note("browser", heard.browser)
    watcher = asyncio.create_task(observer.watch())
    work = asyncio.create_task(_work(driver, task, heard))
    try:
        await _until_crash(work, driver, connection)
        await observer.finish(_FINISH_SECONDS)
        await heard.surroundings.ask_certificates(connection, driver.session, heard.traffic.hops)
    finally:
        watcher.cancel()
        work.cancel()
        await asyncio.gather(watcher, work, return_exceptions=True)


async def _page(  # noqa: PLR0913, PLR0917  # everything that takes part
    connection: Connection, sessions: Sessions, observer: Observer, task: Task, heard: Heard, journal: Journal
) -> Driver:
    """Open the page's tab, ready to be driven."""
    await connection.send("Browser.setDownloadBehavior", {"behavior": "deny"})
    await sessions.begin()
    target = await sessions.open_page()
    driver = Driver(
        connection,
        target.session,
        observer,
        options=task.options,
        visit=heard.visit,
        journal=journal,
        clock=task.clock,
    )
    width, height = task.options.viewport
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    await driver.send("Emulation.setDeviceMetricsOverride", metrics)
    return driver


async def _work(driver: Driver, task: Task, heard: Heard) -> None:
    limits = Limits.of(asyncio.get_running_loop().time(), task.options.timeout)

    async def appeared(appearance: Appearance) -> None:
        if not _in_viewer(driver, heard.traffic):
            await _freeze(driver, task, heard, appearance, min(appearance.limit, limits.freeze))

    try:
        await driver.visit(task.url, limits, on_step=task.on_step, on_appeared=appeared)
    except ProtocolError as error:
        heard.problems.append(Problem(code="page.unresponsive", detail=str(error)))
    if heard.visit.navigation_error or _in_viewer(driver, heard.traffic):
        return
    task.on_step("taking DOM and screenshot")
    taking = Taking(driver=driver, folder=task.folder, deadline=limits.end, into=heard.snapshots)
    try:
        async with asyncio.timeout_at(limits.end + _LAST_SECONDS):
            await snapshots.take(taking)
    except (ProtocolError, TimeoutError) as error:
        detail = str(error) or "DOM and screenshot were not taken within the time of the capture"
        heard.problems.append(Problem(code="page.unresponsive", detail=detail))


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
