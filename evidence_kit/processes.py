"""Do the same to many things in several processes, and give the results in the order of the things.

Processes, not threads: checking signatures and reading records is mostly work of Python itself, which one process does
one at a time. They are started anew (``spawn``), the same on every system; whoever calls must therefore be in a program
that does nothing when it is imported. Each costs about a quarter of a second and its own memory, so the caller sees to
it that there is enough to do; meanwhile, and whenever it would wait, this process does its share.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing import get_context
from typing import TypeVar

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")
_AHEAD = 3
"""Enough that nobody waits for the next part, and few enough that they fit into memory."""


def spread(work: Callable[[_Part], _Result], parts: Iterable[_Part], *, processes: int) -> Iterator[_Result]:
    """Yield *work* done to each of *parts*, in order, by up to *processes* at a time, of which this one is one.

    *work* is a function of a module, and what it takes and returns can be pickled. What it raises passes through. Of
    the parts no more than `_AHEAD` for each process are taken before their turn. If the processes cannot be started, or
    one of them is ended from outside, the rest is done in this one.
    """
    rest = iter(parts)
    first = list(islice(rest, 2))
    waiting = deque[_Part]()
    if processes > 1 and len(first) > 1:
        try:
            yield from _by_others(work, chain(first, rest), waiting, processes)
        except BrokenProcessPool:
            # The result is owed all the same.
            yield from map(work, chain(waiting, rest))
    else:
        yield from map(work, chain(first, rest))


def _by_others(
    work: Callable[[_Part], _Result], parts: Iterable[_Part], waiting: deque[_Part], processes: int
) -> Iterator[_Result]:
    """Do the same in other processes and in this one, with those parts in *waiting* whose result is still owed."""
    with ProcessPoolExecutor(processes - 1, mp_context=get_context("spawn")) as pool:
        results = deque[Future[_Result]]()

        def next_result() -> _Result:
            while not results[0].done() and _help(work, waiting, results):
                pass
            result = results.popleft().result()
            waiting.popleft()
            return result

        for part in parts:
            waiting.append(part)
            results.append(pool.submit(work, part))
            if len(results) > _AHEAD * processes:
                yield next_result()
        while results:
            yield next_result()


def _help(work: Callable[[_Part], _Result], waiting: deque[_Part], results: deque[Future[_Result]]) -> bool:
    """Do one of the parts *waiting* here instead of waiting for the others, the last that none of them has taken."""
    for index in range(len(results) - 1, -1, -1):
        if results[index].cancel():
            results[index] = own = Future[_Result]()
            try:
                own.set_result(work(waiting[index]))
            except Exception as error:  # noqa: BLE001  # it passes through when its turn comes
                own.set_exception(error)
            return True
    return False


def limit_memory(memory: int) -> None:
    """Hold this process to *memory* bytes, where the system can.

    Linux keeps to it, macOS hardly, and Windows has none of the kind: there time alone limits.
    """
    try:
        import resource  # noqa: PLC0415  # Windows has no such module
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = memory if most == resource.RLIM_INFINITY else min(memory, most)  # nobody may raise what was set before
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))
