"""Scroll down as a reader would, until nothing more comes or a budget is used up, and back to the top."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from evidence_kit.capture.behaviours.judging import whole, whole_box
from evidence_kit.capture.behaviours.page import Page
from evidence_kit.capture.result import Budgets

_STEP_SECONDS = 0.25
_GROWTH_SECONDS = 2.0
_QUIET_SECONDS = 0.5
_MOST_BOXES = 3

_Place = tuple[int, int, int]
"""Height of what is scrolled, top of what is shown of it, height of what is shown; in CSS pixels."""


@dataclass(slots=True)
class _Descent:
    """One way down a page or a box."""

    page: Page
    measure: Callable[[], Awaitable[_Place]]
    go: Callable[[int], Awaitable[object]]
    budgets: Budgets
    until: float
    steps: int = 0
    height: int = 0
    reached: int = 0
    """How far down was shown, in CSS pixels."""

    async def run(self) -> str:
        """Scroll; return why it ended."""
        while True:
            self.height, top, shown = await self.measure()
            self.reached = max(self.reached, top + shown)
            if top + shown >= self.height - 1 and not await self._grows():
                return "end of the page"
            if why := self._over():
                return why
            self.steps += 1
            await self.go(top + max(shown * 4 // 5, 100))
            await self.page.pause(_STEP_SECONDS)
            if (await self.measure())[1] <= top and top + shown < self.height - 1:
                return "the page cannot be scrolled further"

    def _over(self) -> str:
        if self.page.now() >= self.until:
            return "time limit"
        if self.steps >= self.budgets.steps:
            return "step limit"
        return "height limit" if self.reached >= self.budgets.height else ""

    async def _grows(self) -> bool:
        """Wait at the end whether more comes; pages load on arrival there."""
        began = self.page.now()
        while self.page.now() < min(began + _GROWTH_SECONDS, self.until):
            await self.page.pause()
            if (await self.measure())[0] > self.height:
                return True
            if self.page.driver.quiet and self.page.now() > began + _QUIET_SECONDS:
                return False
        return False


async def scroll_page(page: Page, budgets: Budgets, until: float) -> None:
    """Scroll the page to its end and note how far it went."""
    descent = _Descent(page, page.driver.heights, lambda top: page.ask("scrollPage", top), budgets, until)
    stopped = "the page did not answer"
    try:
        stopped = await descent.run()
    finally:
        found = {"steps": descent.steps, "height": descent.height, "reached": descent.reached}
        page.driver.note("scrolled", **found, stopped=stopped)


async def scroll_boxes(page: Page, budgets: Budgets, until: float) -> None:
    """Scroll the large boxes that scroll by themselves, each to its end and back, and note each."""
    for told in (await page.ask("scrollers"))[:_MOST_BOXES]:
        if page.now() >= until:
            break
        descent = _box_descent(page, told["index"], budgets, until)
        stopped = "the page did not answer"
        try:
            stopped = await descent.run()
            await page.ask("scrollBox", told["index"], 0)
        finally:
            about = {"selector": told["selector"], "box": whole_box(told["box"])}
            found = {"steps": descent.steps, "height": descent.height, "reached": descent.reached}
            page.driver.note("scrolled-inside", **about, **found, stopped=stopped)


def _box_descent(page: Page, index: int, budgets: Budgets, until: float) -> _Descent:
    async def measure() -> _Place:
        height, top, shown = await page.ask("place", index) or (0, 0, 0)
        return whole(height), whole(top), whole(shown)

    return _Descent(page, measure, lambda top: page.ask("scrollBox", index, top), budgets, until)
