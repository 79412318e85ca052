"""Do the same to many things in several processes, in the order of the things; or one thing in a process apart.

Processes, not threads: checking signatures and reading records is mostly work of Python itself, which one process does
one at a time. They are started anew (``spawn``); whoever calls must therefore be in a program that does nothing when it
is imported. Each costs about a quarter of a second and its own memory, so the caller sees to it that there is enough to
do; meanwhile, and whenever it would wait, this process does its share. Where it is safe, they can be copies of this one
(``fork``), which are there at once.

Others only help: where they cannot be started, are ended, or fail, what they were given is done here. So nothing is
used between them but one pair of sockets for each, no semaphore and no thread of this process, which a system may
refuse at any moment, and which a pool of Python's then waits for without end.
"""

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from itertools import chain, islice
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from queue import SimpleQueue
from threading import Thread, Timer
from typing import IO, Any, Generic, TypeVar

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")
_ROOT = Path(__file__).parents[1]
_START_SECONDS = 30.0
_AHEAD = 3
"""Enough that nobody waits for the next part, and few enough that they fit into memory."""
_GIVEN = 2
"""Parts that another process has at most: one to do, and one to go on with."""


def spread(
    work: Callable[[_Part], _Result], parts: Iterable[_Part], *, processes: int, copies: bool = False
) -> Iterator[_Result]:
    """Yield *work* done to each of *parts*, in order, by up to *processes* at a time, of which this one is one.

    *work* is a function of a module, and what it takes and returns can be pickled. What it raises passes through. It
    may be done to a part again that another process did not finish. Of the parts no more than `_AHEAD` for each process
    are taken before their turn. With *copies* the others may begin with all that this one holds: for work that neither
    keeps much nor meets what could break a process.
    """
    rest = iter(parts)
    first = list(islice(rest, 2))
    if processes > 1 and len(first) > 1:
        with _others(work, processes - 1, copies=copies) as others:
            yield from _by_all(work, others, chain(first, rest), _AHEAD * processes)
    else:
        yield from map(work, chain(first, rest))


class _Owed(Generic[_Part, _Result]):
    """A part whose result is owed."""

    def __init__(self, part: _Part) -> None:
        self.part = part
        self.done = Future[_Result]()
        self.elsewhere = False
        """Whether another process has it."""

    def do(self, work: Callable[[_Part], _Result]) -> None:
        try:
            self.done.set_result(work(self.part))
        except Exception as error:  # noqa: BLE001  # it passes through when its turn comes
            self.done.set_exception(error)


class _Other(Generic[_Part, _Result]):
    """Another process, which does one part after the other and sends back what that gives."""

    def __init__(self, work: Callable[[_Part], _Result], context: Any, before: Sequence["_Other[Any, Any]"]) -> None:  # noqa: ANN401  # of two classes
        """Start it; raises `OSError`. A copy has the ends of those *before* too, and must not keep them open."""
        self.given = deque[_Owed[_Part, _Result]]()
        self.connection: Connection[_Part, _Result]
        self.connection, there = context.Pipe()
        with there:
            ours = (self.connection, *(each.connection for each in before))
            copied = context.get_start_method() == "fork"
            self._process = context.Process(target=_serve, args=(work, there, ours if copied else ()), daemon=True)
            try:
                with _interrupt_later(copied=copied):
                    self._process.start()
            except OSError:
                self.connection.close()
                raise

    def give(self, owed: _Owed[_Part, _Result]) -> None:
        self.given.append(owed)
        owed.elsewhere = True
        try:
            self.connection.send(owed.part)
        except OSError:
            self.end()

    def hear(self) -> None:
        try:
            result = self.connection.recv()
        except (OSError, EOFError):
            self.end()
        else:
            self.given.popleft().done.set_result(result)

    def end(self) -> None:
        """End it, whatever it does, and leave to this process what it was given."""
        self._process.kill()
        self._process.join()
        self.connection.close()
        for owed in self.given:
            owed.elsewhere = False
        self.given.clear()

    @property
    def ended(self) -> bool:
        return self.connection.closed


@contextmanager
def _others(
    work: Callable[[_Part], _Result], count: int, *, copies: bool
) -> Iterator[Sequence[_Other[_Part, _Result]]]:
    """Give *count* other processes, or as many as can be started; copies only where no other thread may hold a lock."""
    threads = Path("/proc/self/task")
    others: list[_Other[_Part, _Result]] = []
    try:
        with suppress(OSError):
            alone = threads.is_dir() and len(list(threads.iterdir())) == 1
            context = get_context("fork" if copies and alone else "spawn")
            for _ in range(count):
                others.append(_Other(work, context, others))
        yield others
    finally:
        for other in others:
            if not other.ended:
                other.end()


@contextmanager
def _interrupt_later(*, copied: bool) -> Iterator[None]:
    """Let an interrupt wait, where it can, for a process that begins cannot yet leave it to this one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    if not copied:
        # It would let interrupts come when it is started, and is started with the first process.
        resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _by_all(
    work: Callable[[_Part], _Result], others: Sequence[_Other[_Part, _Result]], parts: Iterable[_Part], ahead: int
) -> Iterator[_Result]:
    owed = deque[_Owed[_Part, _Result]]()
    for part in parts:
        owed.append(_Owed(part))
        _hear(others, at_once=True)
        free = [other for other in others if not other.ended and len(other.given) < _GIVEN]
        if free:
            min(free, key=lambda other: len(other.given)).give(owed[-1])
        else:
            owed[-1].do(work)
        while owed and (owed[0].done.done() or len(owed) > ahead):
            yield _result(owed.popleft(), work, others)
    while owed:
        yield _result(owed.popleft(), work, others)


def _result(
    owed: _Owed[_Part, _Result], work: Callable[[_Part], _Result], others: Sequence[_Other[_Part, _Result]]
) -> _Result:
    while not owed.done.done():
        if owed.elsewhere:
            _hear(others)
        else:
            owed.do(work)
    return owed.done.result()


def _hear(others: Iterable[_Other[Any, Any]], *, at_once: bool = False) -> None:
    """Take what others have done, at least one unless it has to be *at_once*."""
    at_work = [other for other in others if other.given]
    told = wait([other.connection for other in at_work], 0 if at_once else None)
    for other in at_work:
        if other.connection in told:
            other.hear()


def _serve(
    work: Callable[[_Part], _Result], connection: "Connection[_Result, _Part]", not_ours: Collection[Connection]
) -> None:
    """Do *work* to what comes, in another process; leave interrupts to whoever began it, and end when that one has.

    Whatever goes wrong ends it without a word: the one who began it does the same again, and hears of it.
    """
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        for each in not_ours:
            each.close()
        parts = SimpleQueue[_Part]()
        Thread(target=_take, args=(connection, parts), daemon=True).start()
        while True:
            connection.send(work(parts.get()))
    finally:
        os._exit(1)


def _take(connection: "Connection[_Result, _Part]", parts: "SimpleQueue[_Part]") -> None:
    """Take parts as they come, so that nobody waits to give one; end with the other end."""
    try:
        while True:
            parts.put(connection.recv())
    finally:
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
