"""Visit one page with a running browser while everything is recorded."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path

from evidence_kit.browser.cdp import BrowserGoneError, Connection, ProtocolError, open_connection
from evidence_kit.browser.launch import Chromium
from evidence_kit.canonical import Json
from evidence_kit.capture import snapshots
from evidence_kit.capture.driver import Driver, Limits
from evidence_kit.capture.environment import describe
from evidence_kit.capture.recorder import Recorder
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.capture.sessions import Sessions
from evidence_kit.capture.snapshots import Snapshots
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.traffic import Traffic
from evidence_kit.capture.writing import DOM, SCREENSHOT
from evidence_kit.models import Clock, OnStep, Problem

_SNAPSHOT_SECONDS = 30.0
_FINISH_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be captured, where to, and how."""

    url: str
    folder: Path
    options: CaptureOptions
    clock: Clock
    on_step: OnStep


@dataclass(slots=True, kw_only=True)
class Heard:
    """What a capture has come to know; filled while it runs, so that an end midway loses nothing."""

    traffic: Traffic
    spool: Spool
    snapshots: Snapshots = field(default_factory=Snapshots)
    problems: list[Problem] = field(default_factory=list)
    environment: dict[str, Json] = field(default_factory=dict)
    driver: Driver | None = None
    crashed: bool = False
    downloads: list[str] = field(default_factory=list)


async def listen(chromium: Chromium, task: Task, heard: Heard) -> None:
    """Visit the page, take the snapshots, and fill *heard*; a browser that dies is a crash noted there."""
    recorder = Recorder(heard.traffic, heard.spool)
    heard.downloads = recorder.downloads
    try:
        async with open_connection(chromium.address, recorder.hear) as connection:
            await _record(connection, recorder, chromium, task, heard)
    except BrowserGoneError:
        heard.crashed = True
    finally:
        await recorder.close()


async def _record(connection: Connection, recorder: Recorder, chromium: Chromium, task: Task, heard: Heard) -> None:
    sessions = Sessions(connection, timezone=task.options.timezone, locale=task.options.locale)
    recorder.begin(connection, sessions)
    driver = heard.driver = await _page(connection, sessions, recorder, task)
    told = await connection.send("Browser.getVersion")
    heard.environment = describe(chromium, told, task.options, durable=sessions.durable)
    sweeper = asyncio.create_task(recorder.sweep())
    work = asyncio.create_task(_work(driver, task, heard))
    try:
        await _until_crash(work, driver, connection)
        await recorder.finish(_FINISH_SECONDS)
    finally:
        sweeper.cancel()
        work.cancel()
        await asyncio.gather(sweeper, work, return_exceptions=True)


async def _page(connection: Connection, sessions: Sessions, recorder: Recorder, task: Task) -> Driver:
    """Open the page's tab, ready to be driven."""
    await connection.send("Browser.setDownloadBehavior", {"behavior": "deny", "eventsEnabled": True})
    await sessions.begin()
    target = await sessions.open_page()
    driver = Driver(connection, target.session, recorder, clock=task.clock)
    width, height = task.options.viewport
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    await driver.send("Emulation.setDeviceMetricsOverride", metrics)
    return driver


async def _work(driver: Driver, task: Task, heard: Heard) -> None:
    limits = Limits.of(asyncio.get_running_loop().time(), task.options.timeout)
    try:
        await driver.visit(task.url, limits, scroll=task.options.scroll, on_step=task.on_step)
    except ProtocolError as error:
        heard.problems.append(Problem(code="page.unresponsive", detail=str(error)))
    if driver.navigation_error or _in_viewer(driver, heard.traffic):
        return
    task.on_step("taking DOM and screenshot")
    dom, screenshot = task.folder / DOM.path, task.folder / SCREENSHOT.path
    try:
        async with asyncio.timeout(_SNAPSHOT_SECONDS):
            await snapshots.take(driver, dom=dom, screenshot=screenshot, into=heard.snapshots)
    except (ProtocolError, TimeoutError) as error:
        detail = str(error) or f"DOM and screenshot took more than {_SNAPSHOT_SECONDS:g} s"
        heard.problems.append(Problem(code="page.unresponsive", detail=detail))


def _in_viewer(driver: Driver, traffic: Traffic) -> bool:
    """Return whether the page is a PDF: its viewer draws elsewhere, and the picture of its page would be empty."""
    documents = [hop for hop in traffic.hops if hop.kind == "Document" and hop.frame == driver.frame]
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
