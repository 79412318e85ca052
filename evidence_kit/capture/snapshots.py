"""What a reader would have seen, taken after the page was scrolled and has settled; freeze.py takes it before.

Each piece has its own limits in time and size; one that cannot be had is a problem, and the others are taken all the
same. The rendered DOM and the picture of the whole page, without which no capture is complete, come first.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from evidence_kit.browser.cdp import Fields, ProtocolError
from evidence_kit.canonical import Json
from evidence_kit.capture import renderings
from evidence_kit.capture.files import ACCESSIBILITY, DOM, DOM_SNAPSHOT, MHTML, SCREENSHOT, TEXT, WINDOW
from evidence_kit.capture.inventory import clean
from evidence_kit.capture.page_session import PageSession
from evidence_kit.capture.renderings import MEBIBYTE
from evidence_kit.capture.result import CapturedFile
from evidence_kit.capture.screenshots import measure, page_picture, window_picture
from evidence_kit.capture.visible_text import visible_text
from evidence_kit.errors import FormatError
from evidence_kit.models import Problem, utc_text
from evidence_kit.pictures.tiles import png_size

_LARGEST = 128 * MEBIBYTE
LARGEST_PICTURE = 512 * MEBIBYTE
_PIECE_SECONDS = 15.0
_PICTURE_SECONDS = 60.0
_PICTURE_SHARE = 0.5
"""Of what is left of the time: after it the picture is not made any higher."""


@dataclass(slots=True, kw_only=True)
class Snapshots:
    """What could be taken, and what could not."""

    final_url: str = ""
    loader: str = ""
    """The browser's id of the navigation that brought the pictured page."""
    first_loader: str = ""
    """The same of the page that was frozen; empty when none was."""
    title: str = ""
    lang: str = ""
    screenshot: tuple[int, int] | None = None
    """Width and height in pixels."""
    taken: dict[str, datetime] = field(default_factory=dict)
    """When each file was taken, by its role."""
    problems: list[Problem] = field(default_factory=list)

    @property
    def dom(self) -> bool:
        """Whether the rendered DOM was taken."""
        return DOM.role in self.taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """Taking several pieces of one page into *folder*, until *deadline* by the event loop's clock."""

    driver: PageSession
    folder: Path
    deadline: float
    into: Snapshots

    async def keep(
        self,
        file: CapturedFile,
        work: Awaitable[bytes],
        *,
        code: str = "",
        largest: int = _LARGEST,
        limit: float = _PIECE_SECONDS,
    ) -> bytes | None:
        """Write what *work* gives to *file* and return it; what fails is the problem *code*, or ``ROLE.failed``.

        More than *largest* bytes are not kept, and at most *limit* seconds are waited. Raises `BrowserGoneError` only.
        """
        seconds = min(limit, max(self.deadline - asyncio.get_running_loop().time(), 0.0))
        try:
            async with asyncio.timeout(seconds):
                data = await work
        except TimeoutError:
            self.fail(file, f"it took more than {seconds:.1f} s", code=code)
        except (ProtocolError, FormatError) as error:
            self.fail(file, str(error), code=code)
        else:
            if len(data) <= largest:
                return self.write(file, data)
            self.fail(file, f"it has {len(data)} bytes, more than the {largest} that are kept", code=code)
        return None

    def write(self, file: CapturedFile, data: bytes) -> bytes:
        """Write *data* to *file* and return it."""
        path = self.folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        # Under another name first: a file that is there is a whole one, whatever ends us.
        partial = path.with_name(f"{path.name}.part")
        partial.write_bytes(data)
        partial.replace(path)
        moment = self.into.taken[file.role] = self.driver.now()
        self.driver.journal.note("taken", {"role": file.role, "time": utc_text(moment)})
        return data

    def fail(self, file: CapturedFile, detail: str, *, code: str = "") -> None:
        """Remember that *file* could not be taken."""
        problem = Problem(code=code or f"{file.role}.failed", detail=f"{file.path}: {detail}")
        self.into.problems.append(problem)


async def take(taking: Taking, *, pictures: bool = True) -> None:
    """Write the last pictures and copies of the page; raises `ProtocolError` when it answers nothing at all.

    Without *pictures* nothing is written that shows or holds one.
    """
    driver, into = taking.driver, taking.into
    before = await where(driver)
    dom = await taking.keep(DOM, _dom(driver, into))
    if pictures:
        await taking.keep(WINDOW, window_picture(driver))
        picture = await taking.keep(SCREENSHOT, _screenshot(taking), largest=LARGEST_PICTURE, limit=_PICTURE_SECONDS)
        into.screenshot = png_size(picture) if picture else None
    if dom is None:
        for file in (DOM_SNAPSHOT, TEXT, *((MHTML,) if pictures else ()), ACCESSIBILITY):
            taking.fail(file, "it was not asked for, as the rendered DOM could not be taken")
    else:
        await _layout(taking)
        if pictures:
            await taking.keep(MHTML, renderings.mhtml(driver))
        await taking.keep(ACCESSIBILITY, renderings.accessibility_text(driver))
    after = await where(driver)
    into.loader, into.final_url = after[0], clean(after[1])
    about: dict[str, Json] = {"loader": into.loader, "url": into.final_url, "title": into.title, "lang": into.lang}
    driver.journal.note("pictured", {**about, "screenshot": list(into.screenshot) if into.screenshot else None})
    if before != after:
        detail = f"the page went from {before[1]} to {after[1]} while it was being pictured"
        into.problems.append(Problem(code="page.moved", detail=detail))
    if into.first_loader not in {"", into.loader}:
        detail = f"the page went on to {after[1]} after the first pictures had been taken"
        into.problems.append(Problem(code="freeze.other-page", detail=detail))


async def where(driver: PageSession) -> tuple[str, str]:
    """Return the id of the page's navigation and its address with its fragment."""
    tree = await driver.send("Page.getFrameTree")
    frame = tree["frameTree"]["frame"]
    return frame["loaderId"], frame["url"] + frame.get("urlFragment", "")


async def _dom(driver: PageSession, into: Snapshots) -> bytes:
    into.title, into.lang = await renderings.about(driver)
    return await renderings.rendered_dom(driver)


async def _screenshot(taking: Taking) -> bytes:
    size = await measure(taking.driver)
    now = asyncio.get_running_loop().time()
    until = now + (taking.deadline - now) * _PICTURE_SHARE
    picture = await page_picture(taking.driver, size.picture, until=until)
    if cut := size.cut(png_size(picture)):
        taking.into.problems.append(Problem(code="screenshot.truncated", detail=cut))
    return picture


async def _layout(taking: Taking) -> None:
    snapshots: list[Fields] = []

    async def snapshot() -> bytes:
        snapshots.extend(await renderings.layout_snapshots(taking.driver))
        return renderings.snapshots_json(snapshots)

    async def text() -> bytes:
        return clean(visible_text(snapshots)).encode("utf-8")

    if await taking.keep(DOM_SNAPSHOT, snapshot()) is not None:
        await taking.keep(TEXT, text())
    else:
        taking.fail(TEXT, "it is read from the snapshot of the layout, which could not be taken")
