"""One line on a terminal's stderr that says how far long work is; nothing where nobody watches.

Plain letters on one line, written again over itself: no colours and no escape sequences.
"""

import os
import sys
import time
from collections.abc import Callable

from evidence_kit.cli.output import width_of

_CELLS = 12


class ProgressBar:
    """Shows done and total as a bar, and a sentence after it."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to measure the time for *total* pieces of work."""
        self._total = total
        self._clock = clock
        self._began = clock()
        self._shown = sys.stderr.isatty()
        self._width = 0

    def left(self, done: int) -> str:
        """Return h:mm:ss that the rest will take if it goes on as before; a dash before anything is done."""
        if not done:
            return "–"
        seconds = round((self._clock() - self._began) / done * (self._total - done))
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

    def draw(self, done: int, sentence: str) -> None:
        """Write the bar and *sentence*, cut at the width of the terminal."""
        if not self._shown:
            return
        filled = _CELLS * done // max(self._total, 1)
        line = f"[{'#' * filled}{'-' * (_CELLS - filled)}] {sentence}"
        while width_of(line) >= _columns():
            line = line[:-1]
        self._write(line)

    def clear(self) -> None:
        """Take the bar away, so that something else can be written there."""
        if self._shown and self._width:
            self._write("")

    def _write(self, line: str) -> None:
        width = width_of(line)
        sys.stderr.write(f"\r{line}{' ' * max(self._width - width, 0)}" + ("" if line else "\r"))
        sys.stderr.flush()
        self._width = width


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80
