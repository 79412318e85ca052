"""Pictures of a page: what the window shows, and the whole page in tiles.

Tiles have at most 8,000 rows at one device pixel per CSS pixel: larger pictures came out wrong without any error. The
size of each is compared with what was asked for.
"""

import asyncio
import base64
from dataclasses import dataclass

from evidence_kit.browser.cdp import Fields, ProtocolError
from evidence_kit.capture.page_session import PageSession
from evidence_kit.pictures.tiles import joined, png_size

HIGHEST = 60_000
"""Rows of the largest picture taken."""
_TILE = 8_000
_WIDEST = 8_000
_PIXELS = 200_000_000
"""Of the whole picture: more cannot be made into a viewing copy."""
_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How large a page is, and how much of it a picture can show: pairs of width and height in pixels."""

    page: tuple[int, int]
    picture: tuple[int, int]

    def cut(self, taken: tuple[int, int]) -> str:
        """Return what is said when the picture *taken* does not show everything; empty when it does."""
        if self.page == taken:
            return ""
        sizes = " x ".join(map(str, self.page)), " x ".join(map(str, taken))
        return f"the page measures {sizes[0]} pixels, {sizes[1]} were taken"


async def measure(driver: PageSession) -> Measure:
    """Return the size of the page as it is laid out now. Raises `ProtocolError`."""
    metrics = await driver.send("Page.getLayoutMetrics")
    # Not the CSS pixels: where a person has zoomed, the picture is larger than they count, and would be cut off.
    content, view = metrics["contentSize"], metrics["layoutViewport"]
    page = (max(int(content["width"]), view["clientWidth"]), max(int(content["height"]), view["clientHeight"]))
    width = min(page[0], _WIDEST)
    return Measure(page=page, picture=(width, min(page[1], HIGHEST, _PIXELS // width)))


async def window_picture(driver: PageSession, viewport: tuple[int, int] | None = None) -> bytes:
    """Return what the window shows, as PNG; nothing is scrolled. Raises `ProtocolError`.

    *viewport* is the size of a window that has a certain one.
    """
    return await _picture(driver, {}, viewport)


async def page_picture(driver: PageSession, size: tuple[int, int], *, until: float) -> bytes:
    """Return the page from its top left corner to *size*, as PNG, without scrolling.

    No tile but the first is begun after *until*, by the event loop's clock: the picture is lower then.
    Raises `ProtocolError`, and `FormatError` for what is no PNG.
    """
    # In a thread: writing a long picture takes seconds, and the browser goes on talking.
    return await asyncio.to_thread(joined, await page_tiles(driver, size, until=until))


async def page_tiles(driver: PageSession, size: tuple[int, int], *, until: float) -> list[bytes]:
    """Return the same as PNGs, one below the other."""
    width, height = size
    tiles: list[bytes] = []
    for top in range(0, height, _TILE):
        if tiles and asyncio.get_running_loop().time() > until:
            break
        rows = min(_TILE, height - top)
        clip = {"x": 0, "y": top, "width": width, "height": rows, "scale": 1}
        tiles.append(await _picture(driver, {"clip": clip, "captureBeyondViewport": True}, (width, rows)))
    return tiles


async def _picture(driver: PageSession, params: Fields, size: tuple[int, int] | None) -> bytes:
    answer = await driver.send("Page.captureScreenshot", {"format": "png", **params}, timeout=_SECONDS)
    data = base64.b64decode(answer["data"])
    found = png_size(data)
    if size is not None and found != size:
        message = f"the browser gave a picture of {found} pixels instead of {size}"
        raise ProtocolError(message)
    return data
