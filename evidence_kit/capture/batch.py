"""Take many pages: a few at once in threads, never two of one host, and an end in good order.

The main thread gives out the links and waits; each capture runs in a thread of the pool with an event loop and a
browser of its own. Interrupted, a capture ends like one that Ctrl-C ends: its start stays in the log, nothing follows.
"""

import asyncio
import heapq
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from evidence_kit.case.taking import TakenItem
from evidence_kit.errors import EvidenceError

_TICK_SECONDS = 0.5


class Interrupter:
    """Ends a batch early: nothing new is begun, and what runs is broken off."""

    def __init__(self) -> None:
        """Let everything run for now."""
        self.asked = False
        """Set this to end the batch, from wherever: a signal handler may do nothing longer."""
        self._lock = threading.Lock()
        self._running: dict[asyncio.Task[None], asyncio.AbstractEventLoop] = {}

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* in an event loop of its own (`RunCoroutine`); raises `KeyboardInterrupt` when broken off."""
        try:
            asyncio.run(self._watched(work))
        except asyncio.CancelledError as error:
            raise KeyboardInterrupt from error

    def break_off(self) -> None:
        """Break off what runs, each capture once: a second time would disturb how it ends its browser."""
        with self._lock:
            running, self._running = self._running, {}
            for task, loop in running.items():
                loop.call_soon_threadsafe(task.cancel)

    async def _watched(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        with self._lock:
            if self.asked:
                task.cancel()
            self._running[task] = asyncio.get_running_loop()
        try:
            await task
        finally:
            with self._lock:
                self._running.pop(task, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a batch ended."""

    interrupted: tuple[int, ...]
    """Numbers of the links whose capture was begun and brought no item."""
    error: EvidenceError | OSError | None
    """What made it impossible to go on, such as a full disk; a page that cannot be had is none."""


def take_all(  # noqa: PLR0913  # the work, its limits, and who hears of it
    urls: Sequence[str],
    take: Callable[[int], TakenItem],
    *,
    jobs: int,
    interrupter: Interrupter,
    on_taken: Callable[[int, TakenItem], None],
    on_tick: Callable[[], None],
) -> Ending:
    """Call *take* with the number (from 0) of each of *urls*, at most *jobs* at once, until all are taken.

    *on_taken* hears every item in this thread, and *on_tick* is called here now and then. What *take* raises of
    `EvidenceError` and `OSError` ends the batch.
    """
    waiting = _Waiting(urls)
    running: dict[Future[TakenItem], int] = {}
    interrupted: list[int] = []
    failure: EvidenceError | OSError | None = None
    with ThreadPoolExecutor(jobs, thread_name_prefix="capture") as pool:
        try:
            while True:
                while not interrupter.asked and len(running) < jobs and (number := waiting.next()) is not None:
                    running[pool.submit(take, number)] = number
                if not running:
                    return Ending(interrupted=tuple(interrupted), error=failure)
                for future in wait(running, _TICK_SECONDS, FIRST_COMPLETED).done:
                    number = running.pop(future)
                    waiting.done(number)
                    match _result(future):
                        case TakenItem() as item:
                            on_taken(number, item)
                        case None:
                            interrupted.append(number)
                        case error:
                            interrupted.append(number)
                            failure = failure or error
                            interrupter.asked = True
                on_tick()
                if interrupter.asked:
                    interrupter.break_off()
        finally:
            # However this thread leaves, the others must not go on for the rest of their time.
            interrupter.asked = True
            interrupter.break_off()


def _result(future: Future[TakenItem]) -> TakenItem | EvidenceError | OSError | None:
    """Return what came of a capture: an item, nothing when it was broken off, or why the batch cannot go on."""
    try:
        return future.result()
    except KeyboardInterrupt:
        return None
    except (EvidenceError, OSError) as error:
        return error


class _Waiting:
    """Numbers of links that are still to be taken: the first whose host is not being visited comes next."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._hosts = [urlsplit(url).hostname or "" for url in urls]
        self._of: dict[str, deque[int]] = {}
        for number, host in enumerate(self._hosts):
            self._of.setdefault(host, deque()).append(number)
        self._free = [(numbers[0], host) for host, numbers in self._of.items()]
        heapq.heapify(self._free)

    def next(self) -> int | None:
        """Return a number and hold back the others of its host; None when there is none to be had now."""
        if not self._free:
            return None
        _, host = heapq.heappop(self._free)
        return self._of[host].popleft()

    def done(self, number: int) -> None:
        """Let the next link of the same host come."""
        host = self._hosts[number]
        if self._of[host]:
            heapq.heappush(self._free, (self._of[host][0], host))
