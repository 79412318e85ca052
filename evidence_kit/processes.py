"""Do the same to many things in several processes, in the order of the things; or one thing in a process apart.

Processes, not threads: checking signatures and reading records is mostly work of Python itself, which one process does
one at a time. They are started anew (``spawn``); whoever calls must therefore be in a program that does nothing when it
is imported. Each costs about a quarter of a second and its own memory, so the caller sees to it that there is enough to
do; meanwhile, and whenever it would wait, this process does its share. Where it is safe, they can be copies of this one
(``fork``), which are there at once.
"""

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from itertools import chain, islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread, Timer
from typing import IO, TypeVar

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")
_ROOT = Path(__file__).parents[1]
_START_SECONDS = 30.0
_AHEAD = 3
"""Enough that nobody waits for the next part, and few enough that they fit into memory."""


def spread(
    work: Callable[[_Part], _Result], parts: Iterable[_Part], *, processes: int, copies: bool = False
) -> Iterator[_Result]:
    """Yield *work* done to each of *parts*, in order, by up to *processes* at a time, of which this one is one.

    *work* is a function of a module, and what it takes and returns can be pickled. What it raises passes through. Of
    the parts no more than `_AHEAD` for each process are taken before their turn. If the processes cannot be started, or
    one of them is ended from outside, the rest is done in this one. With *copies* they may begin with all that this one
    holds: for work that neither keeps much nor meets what could break a process.
    """
    rest = iter(parts)
    first = list(islice(rest, 2))
    waiting = deque[_Part]()
    if processes > 1 and len(first) > 1:
        try:
            with _pool(processes - 1, copies=copies) as pool:
                yield from _by_others(pool, work, chain(first, rest), waiting, processes)
        except BrokenProcessPool:
            # The result is owed all the same.
            yield from map(work, chain(waiting, rest))
    else:
        yield from map(work, chain(first, rest))


@contextmanager
def _pool(others: int, *, copies: bool) -> Iterator[ProcessPoolExecutor]:
    """Give a pool of *others*; as copies only where no other thread, of Python or not, may hold a lock."""
    threads = Path("/proc/self/task")
    alone = threads.is_dir() and len(list(threads.iterdir())) == 1
    context = get_context("fork" if copies and alone else "spawn")
    pool = ProcessPoolExecutor(others, mp_context=context, initializer=_begin_as_other)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _by_others(
    pool: ProcessPoolExecutor,
    work: Callable[[_Part], _Result],
    parts: Iterable[_Part],
    waiting: deque[_Part],
    processes: int,
) -> Iterator[_Result]:
    """Do the same in the *pool* and in this process, with those parts in *waiting* whose result is still owed."""
    results = deque[Future[_Result]]()
    for part in parts:
        waiting.append(part)
        underway = sum(not each.done() for each in results)
        # One for each of the others to do, and one to go on with. None is taken back: a pool that breaks then hangs.
        results.append(pool.submit(work, part) if underway < 2 * (processes - 1) else _done_here(work, part))
        while results and (results[0].done() or len(results) > _AHEAD * processes):
            result = results.popleft().result()
            waiting.popleft()
            yield result
    while results:
        result = results.popleft().result()
        waiting.popleft()
        yield result


def _done_here(work: Callable[[_Part], _Result], part: _Part) -> Future[_Result]:
    own = Future[_Result]()
    try:
        own.set_result(work(part))
    except Exception as error:  # noqa: BLE001  # it passes through when its turn comes
        own.set_exception(error)
    return own


def _begin_as_other() -> None:
    """Leave an interrupt to whoever began this process, and end when that one has ended, however it did."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_beginner, daemon=True).start()


def _end_with_beginner() -> None:
    beginner = parent_process()
    assert beginner is not None  # noqa: S101  # this is not the main process
    wait([beginner.sentinel])
    os._exit(1)


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


class Apart:
    """A process of Python's own that is asked one line at a time, and ended when an answer takes too long.

    What breaks in it, a crash, a hang or a hunger for memory, ends it and nothing else. *module* is one of the kit with
    a function ``main``, which is given the bytes of memory that it may have, says a line when it is ready, and answers
    each line. Raises `OSError` when no process can be started.
    """

    def __init__(self, module: str, memory: int) -> None:
        """Start it, and wait until it is ready."""
        self.late = False
        """Whether it was ended because it took too long."""
        program = f"import sys; sys.path.append(sys.argv[1]); from {module} import main; main(int(sys.argv[2]))"
        self._process = subprocess.Popen(  # -P: modules in the current folder must not stand in for those of Python
            [sys.executable, "-P", "-c", program, str(_ROOT), str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with self.answering(_START_SECONDS) as answers:
            answers.readline()

    def ask(self, line: bytes) -> None:
        """Send *line*; one that has died does not answer."""
        with suppress(OSError):
            _pipe(self._process.stdin).write(line + b"\n")
            _pipe(self._process.stdin).flush()

    @contextmanager
    def answering(self, seconds: float) -> Iterator[IO[bytes]]:
        """Give what it answers, which ends with the process, and that after *seconds* at the latest."""
        watchdog = Timer(seconds, self._too_late)
        watchdog.start()
        try:
            yield _pipe(self._process.stdout)
        finally:
            watchdog.cancel()

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        with suppress(OSError):  # what was not yet written to it
            _pipe(self._process.stdin).close()
        _pipe(self._process.stdout).close()
        self._process.wait()

    def _too_late(self) -> None:
        self.late = True
        self._process.kill()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101  # both are pipes
    return stream
