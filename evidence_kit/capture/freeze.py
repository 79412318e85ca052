"""Freeze first: what was to be seen before anything was done to the page, and a time stamp over it.

Within ten seconds of the page's beginning (sooner when it appears sooner) the visible part, the rendered DOM and the
visible text are written down; ``freeze.json`` (schema ``evidence-kit/freeze/1``) holds their digests and is what the
time-stamping authority stamps, beside the capture. Only then come a picture of the whole page, scrolling and the rest.
"""

from collections.abc import Callable
from pathlib import Path

from evidence_kit.browser.cdp import ProtocolError
from evidence_kit.canonical import Json, pretty
from evidence_kit.capture import renderings
from evidence_kit.capture.driver import Appearance
from evidence_kit.capture.errands import Errand
from evidence_kit.capture.files import FIRST_DOM, FIRST_FULL, FIRST_SCREENSHOT, FIRST_TEXT, FREEZE, FREEZE_TOKEN
from evidence_kit.capture.inventory import clean
from evidence_kit.capture.screenshots import measure, page_picture, window_picture
from evidence_kit.capture.snapshots import LARGEST_PICTURE, Snapshots, Taking, where
from evidence_kit.capture.visible_text import visible_text
from evidence_kit.errors import TimestampError
from evidence_kit.models import Clock, Problem, utc_text
from evidence_kit.trust.digests import sha256_bytes

Stamp = Callable[[bytes], bytes]
"""Returns the reply (RFC 3161) of a time-stamping authority over the given bytes; raises `TimestampError`."""

_FAILED = "freeze.failed"
_HIGHEST = 16_000
"""Rows of a page whose whole picture is taken before scrolling; it must not keep the capture waiting."""
_TOKEN_SECONDS = 10.0
"""How long the token is waited for when the capture is over."""


async def freeze(taking: Taking, appearance: Appearance, viewport: tuple[int, int]) -> bytes | None:
    """Write the first picture, DOM and text and the statement about them; return the statement.

    What fails is a problem; without any of the three there is no statement. Raises `BrowserGoneError` only.
    """
    driver, into = taking.driver, taking.into
    began = driver.now()
    try:
        before = await where(driver)
        kept = {
            FIRST_SCREENSHOT: await taking.keep(FIRST_SCREENSHOT, window_picture(driver, viewport), code=_FAILED),
            FIRST_DOM: await taking.keep(FIRST_DOM, _dom(taking), code=_FAILED),
            FIRST_TEXT: await taking.keep(FIRST_TEXT, _text(taking), code=_FAILED),
        }
        after = await where(driver)
    except ProtocolError as error:
        taking.fail(FREEZE, str(error), code=_FAILED)
        return None
    into.first_loader = after[0]
    if before != after:
        detail = f"the page went from {before[1]} to {after[1]} while it was being frozen"
        into.problems.append(Problem(code="freeze.moved", detail=detail))
    files: dict[str, Json] = {file.path: str(sha256_bytes(data)) for file, data in kept.items() if data is not None}
    if not files:
        return None
    statement: dict[str, Json] = {
        "schema": "evidence-kit/freeze/1",
        "url": clean(after[1]),
        "loader": after[0],
        "navigated": utc_text(appearance.navigated),
        "appeared": utc_text(appearance.appeared),
        "sign": appearance.sign,
        "began": utc_text(began),
        "time": utc_text(driver.now()),
        "files": files,
    }
    return taking.write(FREEZE, pretty(statement))


async def first_full_picture(taking: Taking) -> None:
    """Write the picture of the whole page as it is before scrolling, if it is not too high."""
    await taking.keep(FIRST_FULL, _full(taking), code=_FAILED, largest=LARGEST_PICTURE)


def keep_token(errand: Errand[bytes], folder: Path, into: Snapshots, clock: Clock) -> None:
    """Write the time stamp that *errand* brings, if it comes in time; else it is a problem."""
    try:
        token = errand.wait(_TOKEN_SECONDS)
    except TimestampError as error:
        into.problems.append(Problem(code="freeze.unstamped", detail=str(error)))
        return
    if token is None:
        detail = f"no time-stamping authority answered until {_TOKEN_SECONDS:g} s after the capture"
        into.problems.append(Problem(code="freeze.unstamped", detail=detail))
        return
    (folder / FREEZE_TOKEN.path).write_bytes(token)
    into.taken[FREEZE_TOKEN.role] = clock()


async def _dom(taking: Taking) -> bytes:
    await renderings.about(taking.driver)
    return await renderings.rendered_dom(taking.driver)


async def _text(taking: Taking) -> bytes:
    if FIRST_DOM.role not in taking.into.taken:
        message = "it was not asked for, as the rendered DOM could not be taken"
        raise ProtocolError(message)
    return clean(visible_text(await renderings.layout_snapshots(taking.driver))).encode("utf-8")


async def _full(taking: Taking) -> bytes:
    width, height = (await measure(taking.driver)).picture
    if height > _HIGHEST:
        message = f"the page is {height} pixels high, before scrolling at most {_HIGHEST} are taken"
        raise ProtocolError(message)
    return await page_picture(taking.driver, (width, height), until=taking.deadline)
