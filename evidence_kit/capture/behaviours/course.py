"""The order in which a page is worked on, and the share of the time that each part may take.

Without ``expand`` nothing on the page is clicked or started: it is scrolled only, and what lies over it is told of.
"""

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from evidence_kit.browser.cdp import ProtocolError
from evidence_kit.capture.behaviours.expanding import Expander
from evidence_kit.capture.behaviours.overlays import Overlays
from evidence_kit.capture.behaviours.page import Page
from evidence_kit.capture.behaviours.scrolling import scroll_boxes, scroll_page
from evidence_kit.capture.behaviours.showing import play_media, turn_rows
from evidence_kit.capture.behaviours.words import Words
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.models import OnStep

if TYPE_CHECKING:
    from evidence_kit.capture.driver import Driver

_MOST_ROUNDS = 5
_OVERLAYS, _SCROLLING, _EXPANDING, _ROWS, _MEDIA = 0.15, 0.4, 0.8, 0.88, 0.97
"""Parts of the time by which each is over, when everything is asked for."""
_SCROLLING_ALONE = 0.95
_LEAVE_SECONDS = 2.0
"""Beyond the end: a page is not left half way down because its time is over."""


async def run(driver: "Driver", end: float, options: CaptureOptions, on_step: OnStep) -> None:
    """Do what *options* ask for until the event loop's time *end*; what was and was not done becomes actions.

    Raises `BrowserGoneError` only; a page that does not answer ends what was being done to it, and that is noted.
    """
    page = Page(driver, Words.load(), end=end)
    course = _Course(page, options, on_step)
    driver.staying = options.expand
    try:
        await course.run()
    finally:
        driver.staying = False
    await driver.popups.finish(end)


class _Course:
    """One way through all behaviours."""

    def __init__(self, page: Page, options: CaptureOptions, on_step: OnStep) -> None:
        self._page = page
        self._options = options
        self._on_step = on_step
        self._began = page.now()
        self._overlays = Overlays(page, click=options.expand)

    async def run(self) -> None:
        options, page = self._options, self._page
        if options.scroll or options.expand:
            await self._part("overlays", self._overlays.clear(self._by(_OVERLAYS)))
        if options.scroll:
            self._on_step("scrolling")
            await self._part("scrolling", self._scroll(_SCROLLING if options.expand else _SCROLLING_ALONE))
        if options.expand:
            self._on_step("opening what is folded")
            await self._part("expanding", self._expand())
            await self._part("carousels", turn_rows(page, options.budgets, self._by(_ROWS)))
            await self._part("media", play_media(page, options.budgets, self._by(_MEDIA)))
            await self._part("overlays", self._overlays.clear(page.end))
        if options.scroll or options.expand:
            await self._part("going back to the top", self._leave())

    def _by(self, share: float) -> float:
        return self._began + (self._page.end - self._began) * share

    async def _part(self, name: str, work: Awaitable[object]) -> None:
        try:
            await work
        except ProtocolError as error:
            self._page.driver.note("behaviour-broken-off", behaviour=name, why=str(error))

    async def _scroll(self, share: float) -> None:
        until = self._by(share)
        try:
            await scroll_page(self._page, self._options.budgets, until)
            await scroll_boxes(self._page, self._options.budgets, until)
        finally:
            await self._page.ask("scrollPage", 0)

    async def _expand(self) -> None:
        expander = Expander(self._page, self._overlays, self._options.budgets)
        try:
            for _ in range(_MOST_ROUNDS):
                await self._overlays.clear(self._by(_EXPANDING))
                if not await expander.round(self._by(_EXPANDING)) or not self._options.scroll:
                    break
                # What was opened may load more, and more to open, when it is seen.
                await self._scroll(_EXPANDING)
        finally:
            await expander.report()

    async def _leave(self) -> None:
        self._page.end += _LEAVE_SECONDS
        await self._page.ask("scrollPage", 0)
        if frames := await self._page.ask("frames"):
            self._page.driver.note("frames-not-entered", count=frames)
