"""Eyes and hands on one page: ask what is there, click where it was meant, and see what came of it.

Everything asked runs in an isolated world (``in_page/*.js``, one library that remembers elements by number between two
questions). Clicks are those of the mouse, through the browser's input, at a point where the element meant is on top.
"""

import asyncio
import json
from collections.abc import Callable
from enum import StrEnum
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from evidence_kit.browser.cdp import Fields, ProtocolError
from evidence_kit.canonical import Json
from evidence_kit.capture.behaviours.judging import Control, whole_box
from evidence_kit.capture.behaviours.words import Words

if TYPE_CHECKING:
    from evidence_kit.capture.driver import Driver

_PARTS = ("walking", "controls", "covers", "moving")
_TOLD = (
    "controls, control, aim, stillThere, measure, covers, covering, locked, scrollers, place, scrollBox, rows, turn, "
    "turnBack, shown, media, play, height, count, scrollPage, frames"
)
_ASK_SECONDS = 5.0
_PAUSE_SECONDS = 0.1
_HOVER_SECONDS = 0.05
"""Between pointing and the last look: what a page does then, it often does a moment later."""
_EFFECT_SECONDS = 2.5
_NO_EFFECT_SECONDS = 0.8
_QUIET_SECONDS = 1.5
_BACK_SECONDS = 3.0


class Result(StrEnum):
    """What came of a click."""

    CHANGED = "changed"
    """Text, height or elements around it changed, or the control itself did."""
    SHRANK = "folded again"
    """What the control had opened before is there no more."""
    NOTHING = "nothing changed"
    GONE = "gone before the click"
    COVERED = "covered by something else"
    MOVING = "does not stand still"
    OTHER = "became something else under the pointer"
    """What is said of it when the pointer is on it is no longer a reason to click: not clicked."""
    LED_AWAY = "led to another page, gone back"
    STAYED = "would have left the page, not allowed"
    WINDOW = "opened a window"


class Page:
    """The page as the behaviours see it."""

    def __init__(self, driver: "Driver", words: Words, *, end: float) -> None:
        """Work through *driver* until the event loop's time *end*, after which every question is refused."""
        self.driver = driver
        self.words = words
        self.end = end
        self._library = _library()
        self._opened: set[int] = set()

    def now(self) -> float:
        """Return the event loop's time."""
        return asyncio.get_running_loop().time()

    async def ask(self, name: str, *arguments: Json, seconds: float = _ASK_SECONDS) -> Any:  # noqa: ANN401  # JSON
        """Call the function *name* of the page's side; raises `ProtocolError` when it fails or time is over."""
        left = self.end - self.now()
        if left <= 0:
            message = "the time for it is over"
            raise ProtocolError(message)
        given = ", ".join(json.dumps(argument) for argument in arguments)
        call = f"(globalThis.evidenceKit ??= {self._library}).{name}({given})"
        return await self.driver.evaluate(call, timeout=min(seconds, left))

    async def pause(self, seconds: float = _PAUSE_SECONDS) -> None:
        """Wait, and look after windows that opened meanwhile."""
        await asyncio.sleep(max(min(seconds, self.end - self.now()), 0))
        await self.driver.popups.tend()

    async def quiet(self, until: float) -> None:
        """Wait until nothing is on its way, or the time *until*."""
        while not self.driver.quiet and self.now() < min(until, self.end):
            await self.pause()

    async def click(self, what: str, control: Control, allows: Callable[[Control], bool]) -> Result:
        """Click *control* if *allows* it still when pointed at, see what comes of it, and note it as *what*."""
        index = control.index
        aimed = await self.ask("aim", index, True)  # noqa: FBT003  # JSON for the page's side
        result = _UNREACHED.get(aimed["state"])
        if result is None:
            result = await self._press(index, aimed["x"], aimed["y"], allows)
        place: dict[str, Json] = {}
        if "box" in aimed:
            place = {"selector": aimed["selector"], "box": whole_box(aimed["box"])}
        self.driver.note("clicked", what=what, text=control.name[:80], **place, result=str(result))
        return result

    async def _press(self, index: int, x: int, y: int, allows: Callable[[Control], bool]) -> Result:
        before, entry = await self.ask("measure", index), await self._entry()
        refusals, windows = self.driver.refusals, self.driver.popups.opened
        if unfit := await self._point(index, x, y, allows):
            return unfit
        await self._mouse("mousePressed", x, y)
        await self._mouse("mouseReleased", x, y)
        after = await self._changes(index, before)
        if await self._went_back(entry):
            return Result.LED_AWAY
        if self.driver.refusals > refusals:
            return Result.STAYED
        if self.driver.popups.opened > windows:
            return Result.WINDOW
        if after == before:
            return Result.NOTHING
        folded_again = index in self._opened and _extent(after) < _extent(before)
        self._opened.add(index)
        return Result.SHRANK if folded_again else Result.CHANGED

    async def _point(self, index: int, x: int, y: int, allows: Callable[[Control], bool]) -> Result | None:
        """Move the pointer there, which the page may answer, and return why the element is not to be pressed now."""
        await self._mouse("mouseMoved", x, y)
        await self.pause(_HOVER_SECONDS)
        told = await self.ask("control", index)
        if told is None:
            return Result.GONE
        if not allows(Control.of(told)):
            return Result.OTHER
        return None if await self.ask("stillThere", index, x, y) else Result.MOVING

    async def _mouse(self, kind: str, x: int, y: int) -> None:
        button: Fields = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
        await self.driver.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **button}, timeout=5.0)

    async def _changes(self, index: int, before: Json) -> Any:  # noqa: ANN401  # JSON
        """Wait for an effect and, when there is one, for what it loads; return what is there then."""
        began, after = self.now(), before
        while after == before and self.now() < min(began + _EFFECT_SECONDS, self.end):
            if self.driver.quiet and self.now() > began + _NO_EFFECT_SECONDS:
                return before
            await self.pause()
            after = await self.ask("measure", index)
        await self.pause()
        await self.quiet(self.now() + _QUIET_SECONDS)
        return await self.ask("measure", index)

    async def _entry(self) -> tuple[int, str]:
        """Return number and address, without its fragment, of the entry of the history that is shown."""
        history = await self.driver.send("Page.getNavigationHistory", timeout=5.0)
        entry = history["entries"][history["currentIndex"]]
        return entry["id"], entry["url"].partition("#")[0]

    async def _went_back(self, entry: tuple[int, str]) -> bool:
        """Return to *entry* if the page is somewhere else now."""
        if (await self._entry())[1] == entry[1]:
            return False
        await self.driver.send("Page.navigateToHistoryEntry", {"entryId": entry[0]}, timeout=5.0)
        patience = min(self.now() + _BACK_SECONDS, self.end)
        while self.now() < patience and (await self._entry())[1] != entry[1]:
            await self.pause()
        await self.quiet(patience)
        return True


def _extent(measured: Fields | None) -> tuple[int, int, int]:
    # A document left and come back to knows nothing of its elements any more.
    return (measured["text"], measured["elements"], measured["height"]) if measured else (0, 0, 0)


_UNREACHED = {"gone": Result.GONE, "covered": Result.COVERED, "moving": Result.MOVING}


def _library() -> str:
    folder = files(__package__) / "in_page"
    parts = [folder.joinpath(f"{name}.js").read_text("utf-8") for name in _PARTS]
    return "(() => {\n'use strict';\n" + "\n".join(parts) + f"\nreturn {{ {_TOLD} }};\n}})()"
