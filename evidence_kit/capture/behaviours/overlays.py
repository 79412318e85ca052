"""Deal with what lies over the page: decline, else close, else leave it and say so. Nothing is ever accepted."""

from dataclasses import replace

from evidence_kit.canonical import Json
from evidence_kit.capture.behaviours.judging import Control, Cover, choose
from evidence_kit.capture.behaviours.page import Page, Result

_MOST_ROUNDS = 4


class Overlays:
    """What lay over the page so far."""

    def __init__(self, page: Page, *, click: bool) -> None:
        """Deal with overlays by clicks, or if not *click* only tell of them."""
        self._page = page
        self._click = click
        self._left: set[str] = set()

    async def clear(self, until: float) -> bool:
        """Deal with every overlay that was not dealt with before; return whether one went away."""
        cleared = False
        for _ in range(_MOST_ROUNDS):
            covers = [Cover.of(told) for told in await self._page.ask("covers")]
            new = [one for one in covers if one.selector not in self._left and one.kind(self._page.words)]
            if not new or self._page.now() >= until:
                break
            cleared = await self._deal_with(new[0]) or cleared
        return cleared

    async def _deal_with(self, cover: Cover) -> bool:
        kind = cover.kind(self._page.words)
        locked = bool(await self._page.ask("locked"))
        why = await self._try(cover)
        about: dict[str, Json] = {"kind": kind, "selector": cover.selector, "box": cover.box, "share": cover.share}
        if why:
            self._left.add(cover.selector)
            about["why"] = why
        self._page.driver.note(
            "overlay-left" if why else "overlay-removed",
            **about,
            text=cover.text[:200],
            scrolling_locked_before=locked,
            scrolling_locked_after=bool(await self._page.ask("locked")),
        )
        return not why

    async def _try(self, cover: Cover) -> str:
        """Return why *cover* stays, or nothing when it has gone."""
        if cover.content:
            return "it holds what the page is about"
        if not self._click:
            return "clicking was not asked for"
        chosen = choose(cover, self._page.words)
        if chosen is None:
            return "no control that declines or closes it was recognised"
        control, deed = chosen
        what = "decline" if deed == "declined" else "close"

        def allows(now: Control) -> bool:
            # Where it stands in the cover is told with the cover only.
            seen = replace(cover, controls=[replace(now, corner=control.corner)])
            again = choose(seen, self._page.words)
            return again is not None and again[1] == deed

        result = await self._page.click(what, control, allows)
        if await self._page.ask("covering", cover.index):
            return f"it stayed after a click on its control: {result}"
        return "" if result is not Result.LED_AWAY else "its control led to another page"
