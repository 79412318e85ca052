"""What never ends, or grows as the square of its input, is told by a bound far from what it takes else."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

BOUND = 40
"""Seconds of this process's own computing. The inputs take about a second, and many minutes where cost is square."""


@contextmanager
def no_hang() -> Iterator[None]:
    """Fail what computes for longer than `BOUND`; time in which other programs run does not count."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"it has computed for {BOUND} seconds and has not ended")

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, BOUND)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
