"""Turn what shows one thing at a time: rows of slides to their end, films and sounds for some seconds, muted."""

from evidence_kit.canonical import Json
from evidence_kit.capture.behaviours.judging import Control, turns, whole, whole_box
from evidence_kit.capture.behaviours.page import Page
from evidence_kit.capture.result import Budgets

_SLIDE_SECONDS = 0.4
_MILLISECONDS = 1000


async def turn_rows(page: Page, budgets: Budgets, until: float) -> None:
    """Go through every row of slides until it ends or begins again, and note each."""
    for told in await page.ask("rows"):
        controls = [Control.of(one) for one in told["controls"]]
        button = next((one for one in controls if turns(one, page.words)), None)
        if not told["slides"] and button is None:
            continue
        first = await page.ask("shown", told["index"])
        turned, stopped = await _turn(page, told["index"], button, budgets, until)
        await page.ask("turnBack", told["index"])
        back = await page.ask("shown", told["index"]) == first
        about = {"selector": told["selector"], "box": whole_box(told["box"])}
        page.driver.note("carousel-turned", **about, turned=turned, stopped=stopped, first_shown_again=back)


async def _turn(page: Page, row: int, button: Control | None, budgets: Budgets, until: float) -> tuple[int, str]:
    last = await page.ask("shown", row)
    seen = {last}
    for turned in range(budgets.slides):
        if page.now() >= until:
            return turned, "time limit"
        if button is None:
            await page.ask("turn", row)
        else:
            await page.click("next slide", button, lambda now: turns(now, page.words))
        await page.pause(_SLIDE_SECONDS)
        await page.quiet(min(until, page.now() + 1))
        now = await page.ask("shown", row)
        if now in seen:
            return turned, "end of the row" if now == last else "it began again"
        last = now
        seen.add(now)
    return budgets.slides, "slide limit"


async def play_media(page: Page, budgets: Budgets, until: float) -> None:
    """Play films and sounds that do not play yet, each for the seconds of *budgets*, and note what was seen."""
    told = await page.ask("media", budgets.media)
    left = told["left"]
    for one in told["found"]:
        if page.now() + budgets.media_seconds > until:
            left += 1
            continue
        about: dict[str, Json] = {"kind": one["kind"], "source": one["source"], "selector": one["selector"]}
        about["box"] = whole_box(one["box"])
        if one["playing"]:
            page.driver.note("media-left-playing", **about)
            continue
        milliseconds = round(budgets.media_seconds * _MILLISECONDS)
        played = await page.ask("play", one["index"], milliseconds, seconds=budgets.media_seconds + 3)
        seen, duration = (whole(_thousandfold(played.get(name))) for name in ("seen", "duration"))
        page.driver.note(
            "media-played", **about, milliseconds=seen, duration_milliseconds=duration, result=played["result"]
        )
    if left:
        page.driver.note("media-not-played", count=left)


def _thousandfold(value: object) -> object:
    return value * _MILLISECONDS if isinstance(value, int | float) else value
