"""A window for a person: Chromium with a profile of its own, whose only way out is the server of the page.

Whatever runs in it can reach that server and nothing else: every connection goes to it as a proxy, which refuses what
is not its own, no name is looked up, and nothing is sent over UDP. The profile is removed in the end.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from evidence_kit.browser.cdp import BrowserGoneError, Connection, Event, ProtocolError, open_connection
from evidence_kit.browser.find import Browser
from evidence_kit.browser.launch import Chromium, LaunchOptions, launched
from evidence_kit.replay.page_documents import Setting
from evidence_kit.replay.page_routes import PageRoutes, ReplayRoutes
from evidence_kit.replay.serving import ViewServer, running
from evidence_kit.replay.viewer_reveals import NoteReveal, Reveals
from evidence_kit.replay.viewer_subject import Subject
from evidence_kit.texts import Language

_SIZE = (1400, 960)
_ENDING_SECONDS = 10
_LOCALES = {Language.MONGOLIAN: "mn-MN", Language.ENGLISH: "en-GB"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """A subject that is being served."""

    server: ViewServer
    reveals: Reveals


@contextmanager
def viewing(subject: Subject, setting: Setting, note: NoteReveal | None) -> Iterator[Viewing]:
    """Serve *subject* until the block is left; raises what reading its items raises, and `OSError` without a port."""
    reveals = Reveals(subject=subject, note=note)
    page = PageRoutes(subject=subject, setting=setting, reveals=reveals)
    replays = ReplayRoutes(subject=subject, language=setting.language)
    # What cannot be read is said now and not on the page.
    _ = subject.items
    with running(page, replays) as server:
        yield Viewing(server=server, reveals=reveals)


def use_window(browser: Browser, server: ViewServer, language: Language, *, window: bool = True) -> None:
    """Show the page of *server* in *browser*, and return when its last window was closed; *window* False: unseen.

    Raises `CaptureError` when the browser does not start.
    """
    with enclosed(browser, server, language, window=window) as chromium:
        asyncio.run(_until_closed(chromium, server.url))


@contextmanager
def enclosed(browser: Browser, server: ViewServer, language: Language, *, window: bool) -> Iterator[Chromium]:
    """Run *browser* with *server* as its only way out until the block is left; raises `CaptureError`."""
    options = LaunchOptions(
        viewport=_SIZE,
        locale=_LOCALES[language],
        timezone="Asia/Ulaanbaatar",
        enclosure=server.port,
        window=window,
    )
    with launched(browser.path, options) as chromium:
        yield chromium


async def _until_closed(chromium: Chromium, url: str) -> None:
    """Go to *url* in the browser's first page, and wait until there is no page."""
    pages: set[str] = set()
    closed = asyncio.Event()

    async with open_connection(chromium.address, _listener(pages, closed)) as connection:
        try:
            await connection.send("Target.setDiscoverTargets", {"discover": True})
            found = await connection.send("Target.getTargets")
            target = next((each["targetId"] for each in found["targetInfos"] if each["type"] == "page"), "")
            if not target:
                # Its first page is still to come, or was closed at once.
                target = (await connection.send("Target.createTarget", {"url": "about:blank"}))["targetId"]
            session = await connection.send("Target.attachToTarget", {"targetId": target, "flatten": True})
            # Not on the command line, which everybody on this computer can read.
            await connection.send("Page.navigate", {"url": url}, session=session["sessionId"])
            gone = asyncio.create_task(connection.gone.wait())
            done = asyncio.create_task(closed.wait())
            await asyncio.wait({gone, done}, return_when=asyncio.FIRST_COMPLETED)
            for task in (gone, done):
                task.cancel()
            await asyncio.gather(gone, done, return_exceptions=True)
        except BrowserGoneError:
            # Closing the last window ends the browser on most systems.
            pass
        except ProtocolError:
            # A browser whose window was closed before the page was shown refuses what it is asked until it has ended.
            if not closed.is_set() and not await _ends(connection):
                raise


async def _ends(connection: Connection) -> bool:
    try:
        async with asyncio.timeout(_ENDING_SECONDS):
            await connection.gone.wait()
    except TimeoutError:
        return False
    return True


def _listener(pages: set[str], closed: asyncio.Event) -> Callable[[Event], None]:
    def hear(event: Event) -> None:
        if event.method == "Target.targetCreated" and event.params["targetInfo"]["type"] == "page":
            pages.add(event.params["targetInfo"]["targetId"])
        elif event.method == "Target.targetDestroyed":
            pages.discard(event.params["targetId"])
            if not pages:
                closed.set()

    return hear
