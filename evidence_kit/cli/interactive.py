"""``capture --interactive``: the terminal of a person who uses the window of the browser.

Lines are read from standard input, whoever writes them: an empty one takes a shot, ``q`` ends, any other is a note for
the next shot. What is said to the person goes to standard error.
"""

import asyncio
import contextlib
import io
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING

from evidence_kit.capture.desk import Interactive, News, Order, Wish
from evidence_kit.cli.output import note
from evidence_kit.cli.run import Run
from evidence_kit.errors import CaptureError, UsageError
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder

_FINISH = frozenset({"q", "ф"})
"""The second is the letter on the same key of a Mongolian keyboard."""
_ANSWERED = frozenset({News.OPEN, News.NOTED, News.SHOT, News.SHOT_LACKS, News.NO_PAGE})
"""After these the keys are told again."""
_PIECE = 4096


class Terminal:
    """The person's place (`evidence_kit.capture.desk.Desk`)."""

    def __init__(self, texts: Texts) -> None:
        """Speak with *texts*."""
        self._texts = texts

    async def orders(self) -> AsyncIterator[Order]:
        """Yield an order for each line of standard input, until it ends."""
        loop = asyncio.get_running_loop()
        lines: asyncio.Queue[str | None] = asyncio.Queue()

        def hear(line: str | None) -> None:
            # The session may be over, and its loop with it.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(lines.put_nowait, line)

        # A thread that may be left behind: no event loop can wait for every kind of standard input.
        threading.Thread(target=_read_lines, args=(hear,), name="terminal", daemon=True).start()
        while (line := await lines.get()) is not None:
            yield _order(line.strip())

    def tell(self, news: News, **values: str | int) -> None:
        """Say *news* in the person's language."""
        note(self._texts.say(f"interactive.{news}", **values))
        if news in _ANSWERED:
            note(self._texts.say("interactive.keys"))


@contextlib.contextmanager
def at_the_window(run: Run, case: "CaseFolder", profile: str | None) -> Iterator[Interactive]:
    """Give what a capture by hand needs, its *profile* locked until the block ends.

    Raises `CaptureError` without a screen or with a profile in use, `UsageError` for a profile that cannot be.
    """
    from evidence_kit.browser.launch import window_possible

    if not window_possible(run.environ):
        hint = "run it on the desktop; over a network use a remote desktop, or leave out --interactive"
        raise CaptureError("there is no screen to show a window on: neither DISPLAY nor WAYLAND_DISPLAY", hint=hint)
    desk = Terminal(run.texts)
    if profile is None:
        yield Interactive(desk=desk)
        return
    from evidence_kit.browser.profiles import kept_profile
    from evidence_kit.home import settings_home

    home = settings_home(run.environ)
    if home.resolve().is_relative_to(case.path.resolve()):
        message = f"the settings folder {home} lies in the case, where no profile may be kept"
        raise UsageError(message, hint="let EVIDENCE_KIT_HOME name a folder outside of the case")
    with kept_profile(home, profile) as kept:
        yield Interactive(desk=desk, profile=kept)


def one_address(links: list[str]) -> str:
    """Return where the window begins; raises `UsageError` for more than one link."""
    from evidence_kit.capture.interactive import BLANK

    if len(links) > 1:
        raise UsageError("a window begins with one link", hint="give one link, or none; go on from there in the window")
    return links[0] if links else BLANK


def _order(text: str) -> Order:
    if not text:
        return Order(wish=Wish.SHOT)
    return Order(wish=Wish.FINISH) if text.lower() in _FINISH else Order(wish=Wish.NOTE, text=text)


def _read_lines(hear: Callable[[str | None], None]) -> None:
    """Hand every line of standard input to *hear*, and None at its end."""
    for line in _lines():
        hear(line)
    hear(None)


def _lines() -> Iterator[str]:
    # Past the buffer, which would be locked while this thread waits in it, and the program could not end.
    buffer = getattr(sys.stdin, "buffer", None)
    raw = buffer.raw if isinstance(buffer, io.BufferedReader) else None
    rest = b""
    while raw is not None:
        try:
            piece = raw.read(_PIECE)
        except OSError:
            break
        if not piece:
            break
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")
