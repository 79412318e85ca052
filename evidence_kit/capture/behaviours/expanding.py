"""Open what is folded: cut texts, further comments and replies, details, more of a list; round after round."""

from collections import Counter, deque

from evidence_kit.canonical import Json
from evidence_kit.capture.behaviours.judging import Control, Reason, judge
from evidence_kit.capture.behaviours.overlays import Overlays
from evidence_kit.capture.behaviours.page import Page, Result
from evidence_kit.capture.behaviours.words import folded
from evidence_kit.capture.result import Budgets

_FRUITLESS = 3
"""Clicks without effect after which controls of the same name are left alone."""
_ABSENT = frozenset({Result.GONE, Result.COVERED, Result.MOVING, Result.OTHER})


class Expander:
    """What has been opened in one page, and what has not."""

    def __init__(self, page: Page, overlays: Overlays, budgets: Budgets) -> None:
        """Open within *budgets*; *overlays* deals with what comes over the page meanwhile."""
        self._page = page
        self._overlays = overlays
        self._budgets = budgets
        self._waiting: deque[Control] = deque()
        self._opened: set[int] = set()
        self._uncovered: set[int] = set()
        self._results: Counter[Result] = Counter()
        self._fruitless: Counter[str] = Counter()
        self._left = 0
        self._unsure = 0
        self._rounds = 0
        self._cut = False
        self._stopped = ""
        self._broken_off = False
        self._before: dict[str, Json] = {}

    async def round(self, until: float) -> bool:
        """Open everything that can be found now; return whether anything was opened."""
        if not self._before:
            self._before = await self._extent()
        self._rounds += 1
        self._broken_off = True
        opened = self._results[Result.CHANGED]
        while not self._stopped and await self._look():
            while self._waiting and not self._stopped:
                self._stopped = self._over(until)
                if not self._stopped:
                    await self._open(self._waiting.popleft(), until)
        self._broken_off = False
        return self._results[Result.CHANGED] > opened

    async def report(self) -> None:
        """Note what was opened, what was left, and why it ended."""
        ended = "the page did not answer" if self._broken_off else "nothing more to open"
        before = {f"{name}_before": value for name, value in self._before.items()}
        after: dict[str, Json] = {}
        try:
            after = {f"{name}_after": value for name, value in (await self._extent()).items()}
        finally:
            self._page.driver.note(
                "expanded",
                clicked=sum(count for result, count in self._results.items() if result not in _ABSENT),
                results={str(result): count for result, count in sorted(self._results.items())},
                left=self._left + len(self._waiting),
                unsure=self._unsure,
                rounds=self._rounds,
                **before,
                **after,
                page_searched="in part" if self._cut else "whole",
                stopped=self._stopped or ended,
            )

    async def _look(self) -> bool:
        """Find controls not seen before; return whether there is anything to click."""
        while True:
            told = await self._page.ask("controls")
            self._cut = bool(told["cut"])
            for one in told["found"]:
                control = Control.of(one)
                reason = judge(control, self._page.words)
                self._unsure += reason is Reason.UNSURE
                if reason.opens:
                    self._waiting.append(control)
            if self._waiting or not told["more"]:
                return bool(self._waiting)

    def _over(self, until: float) -> str:
        if self._page.now() >= until:
            return "time limit"
        return "click limit" if self._results.total() >= self._budgets.clicks else ""

    async def _open(self, control: Control, until: float) -> None:
        told = await self._page.ask("control", control.index)
        if told is None:
            return
        now = Control.of(told)
        reason = judge(now, self._page.words)
        if not reason.opens or (reason is not Reason.MORE and control.index in self._opened):
            return
        if self._fruitless[folded(now.name)] >= _FRUITLESS:
            self._left += 1
            return
        result = await self._page.click(f"open ({reason})", now, self._opens)
        self._results[result] += 1
        if result is Result.SHRANK:
            # What was opened by the same control before: open it again, and leave it.
            self._results[await self._page.click("open again", now, self._opens)] += 1
        await self._follow_up(now, result, until)

    def _opens(self, control: Control) -> bool:
        return judge(control, self._page.words).opens

    async def _follow_up(self, control: Control, result: Result, until: float) -> None:
        match result:
            case Result.CHANGED:
                # What loads more is there again when it has; what only opened says so and is not clicked twice.
                self._opened.add(control.index)
                self._waiting.append(control)
            case Result.COVERED if control.index not in self._uncovered and await self._overlays.clear(until):
                self._uncovered.add(control.index)
                self._waiting.appendleft(control)
            case Result.LED_AWAY | Result.STAYED | Result.WINDOW:
                self._fruitless[folded(control.name)] = _FRUITLESS
            case Result.NOTHING:
                self._fruitless[folded(control.name)] += 1
            case Result.GONE | Result.SHRANK:
                pass
            case _:
                self._left += 1

    async def _extent(self) -> dict[str, Json]:
        height, elements = await self._page.ask("height"), await self._page.ask("count")
        return {"height": height, "elements": elements}
