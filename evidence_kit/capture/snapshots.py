"""What a reader would have seen: the rendered DOM and a screenshot of the whole page.

The DOM is asked of the browser, not of the page, whose scripts could answer otherwise. The screenshot is taken in tiles
of at most 8,000 pixels at one device pixel per CSS pixel: larger pictures came out wrong without any error.
"""

import base64
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path

from evidence_kit.browser.cdp import BrowserGoneError, ProtocolError
from evidence_kit.capture.driver import Driver
from evidence_kit.capture.inventory import clean
from evidence_kit.errors import FormatError
from evidence_kit.models import Problem
from evidence_kit.pictures.tiles import png_size, write_joined

_TILE = 8_000
_HIGHEST = 60_000
_WIDEST = 8_000
_PIXELS = 200_000_000
"""Of the whole picture: more cannot be made into a viewing copy."""
_SECONDS = 20.0


@dataclass(slots=True, kw_only=True)
class Snapshots:
    """What could be taken, and what could not."""

    final_url: str = ""
    loader: str = ""
    """The browser's id of the navigation that brought the pictured page."""
    title: str = ""
    lang: str = ""
    dom: bool = False
    screenshot: tuple[int, int] | None = None
    """Width and height in pixels."""
    problems: list[Problem] = field(default_factory=list)


async def take(driver: Driver, *, dom: Path, screenshot: Path, into: Snapshots) -> None:
    """Write the two files and fill *into*; what fails becomes a problem. Raises `BrowserGoneError` only."""
    before = await _where(driver)
    await _attempt(into, "dom.failed", _dom(driver, dom, into))
    await _attempt(into, "screenshot.failed", _screenshot(driver, screenshot, into))
    after = await _where(driver)
    into.loader, into.final_url = after[0], clean(after[1])
    if before != after:
        detail = f"the page went from {before[1]} to {after[1]} while it was being pictured"
        into.problems.append(Problem(code="page.moved", detail=detail))


async def _attempt(into: Snapshots, code: str, work: Coroutine[None, None, None]) -> None:
    try:
        await work
    except BrowserGoneError:
        raise
    except (ProtocolError, FormatError) as error:
        into.problems.append(Problem(code=code, detail=str(error)))


async def _where(driver: Driver) -> tuple[str, str]:
    tree = await driver.send("Page.getFrameTree")
    frame = tree["frameTree"]["frame"]
    return frame["loaderId"], frame["url"] + frame.get("urlFragment", "")


async def _dom(driver: Driver, path: Path, into: Snapshots) -> None:
    root = await driver.send("DOM.getDocument", {"depth": 0}, timeout=_SECONDS)
    answer = await driver.send("DOM.getOuterHTML", {"nodeId": root["root"]["nodeId"]}, timeout=_SECONDS)
    # Nothing else has to happen meanwhile.
    path.write_bytes(clean(answer["outerHTML"]).encode("utf-8"))  # noqa: ASYNC240
    into.dom = True
    about = await driver.evaluate("[document.title, document.documentElement?.lang ?? '']")
    into.title, into.lang = (clean(str(part)) for part in about)


async def _screenshot(driver: Driver, path: Path, into: Snapshots) -> None:
    metrics = await driver.send("Page.getLayoutMetrics")
    content, view = metrics["cssContentSize"], metrics["cssLayoutViewport"]
    wanted = (max(int(content["width"]), view["clientWidth"]), max(int(content["height"]), view["clientHeight"]))
    width = min(wanted[0], _WIDEST)
    height = min(wanted[1], _HIGHEST, _PIXELS // width)
    tiles = [await _tile(driver, top, width, min(_TILE, height - top)) for top in range(0, height, _TILE)]
    into.screenshot = write_joined(path, tiles)
    if wanted != (width, height):
        detail = f"the page measures {wanted[0]} x {wanted[1]} pixels, {width} x {height} were taken"
        into.problems.append(Problem(code="screenshot.truncated", detail=detail))


async def _tile(driver: Driver, top: int, width: int, height: int) -> bytes:
    clip = {"x": 0, "y": top, "width": width, "height": height, "scale": 1}
    answer = await driver.send(
        "Page.captureScreenshot", {"format": "png", "clip": clip, "captureBeyondViewport": True}, timeout=_SECONDS
    )
    data = base64.b64decode(answer["data"])
    if png_size(data) != (width, height):
        message = f"the browser gave a picture of {png_size(data)} pixels instead of {(width, height)}"
        raise ProtocolError(message)
    return data
