"""Do the same to many things in several processes, and give the results in the order of the things.

Processes, not threads: checking signatures and reading records is mostly work of Python itself, which one process does
one at a time. They are started anew (``spawn``), the same on every system; whoever calls must therefore be in a program
that does nothing when it is imported. Each costs about a quarter of a second and its own memory, so the caller sees to
it that there is enough to do.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


def spread(work: Callable[[_Part], _Result], parts: Sequence[_Part], *, processes: int) -> Iterator[_Result]:
    """Yield *work* done to each of *parts*, in order, by up to *processes* at a time.

    *work* is a function of a module, and what it takes and returns can be pickled. What it raises passes through. If
    the processes cannot be started, or one of them is ended from outside, the rest is done in this one.
    """
    count = min(processes, len(parts))
    done = 0
    if count > 1:
        try:
            with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
                for result in pool.map(work, parts):
                    done += 1
                    yield result
        except BrokenProcessPool:
            # The result is owed all the same.
            yield from map(work, parts[done:])
        return
    yield from map(work, parts)
