"""Many captures at once: who may run beside whom, and how it ends."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from evidence_kit.capture.batch import Ending, Interrupter, take_all
from evidence_kit.case.taking import TakenItem
from evidence_kit.errors import CaseError
from evidence_kit.models import Status

SECONDS = 20


def _item(number: int) -> TakenItem:
    return TakenItem(id=f"EV-{number:04d}", status=Status.COMPLETE, answer={}, unstamped=())


def _take(
    urls: list[str],
    take: Callable[[int], TakenItem],
    *,
    jobs: int,
    interrupter: Interrupter | None = None,
    on_tick: Callable[[], None] = lambda: None,
) -> tuple[Ending, list[int]]:
    taken: list[int] = []
    ending = take_all(
        urls,
        take,
        jobs=jobs,
        interrupter=interrupter or Interrupter(),
        on_taken=lambda number, _item: taken.append(number),
        on_tick=on_tick,
    )
    return ending, taken


def test_as_many_run_at_once_as_there_are_jobs() -> None:
    barrier = threading.Barrier(3)

    def take(number: int) -> TakenItem:
        barrier.wait(SECONDS)
        return _item(number)

    ending, taken = _take([f"https://{host}.mn/" for host in "abcdef"], take, jobs=3)

    assert ending == Ending(interrupted=(), error=None)
    assert sorted(taken) == [0, 1, 2, 3, 4, 5]


def test_no_two_of_one_host_run_at_once_and_each_is_taken_in_its_order() -> None:
    hosts = ["a", "a", "a", "b", "A", "b"]
    running: Counter[str] = Counter()
    most: Counter[str] = Counter()
    order: list[int] = []
    lock = threading.Lock()

    def take(number: int) -> TakenItem:
        host = hosts[number].lower()
        with lock:
            running[host] += 1
            most[host] = max(most[host], running[host])
            order.append(number)
        threading.Event().wait(0.02)
        with lock:
            running[host] -= 1
        return _item(number)

    _take([f"https://{host}.mn:8443/{number}" for number, host in enumerate(hosts)], take, jobs=4)

    assert most == {"a": 1, "b": 1}
    assert [number for number in order if hosts[number].lower() == "a"] == [0, 1, 2, 4]
    assert [number for number in order if hosts[number] == "b"] == [3, 5]


@pytest.mark.parametrize("error", [CaseError("the log is damaged"), OSError(28, "No space left on device")])
def test_a_broken_case_or_a_full_disk_ends_the_batch_and_breaks_off_the_others(error: CaseError | OSError) -> None:
    interrupter = Interrupter()
    other_runs = threading.Event()

    async def endless() -> None:
        other_runs.set()
        await asyncio.sleep(3600)

    def take(number: int) -> TakenItem:
        if number == 0:
            interrupter.run(endless())
        other_runs.wait(SECONDS)
        raise error

    ending, taken = _take([f"https://{host}.mn/" for host in "abc"], take, jobs=2, interrupter=interrupter)

    assert ending == Ending(interrupted=(1, 0), error=error)
    assert taken == []


def test_what_was_past_interrupting_is_still_told() -> None:
    interrupter = Interrupter()

    def take(number: int) -> TakenItem:
        interrupter.asked = True
        return _item(number)

    ending, taken = _take(["https://a.mn/", "https://a.mn/2"], take, jobs=2, interrupter=interrupter)

    assert ending == Ending(interrupted=(), error=None)
    assert taken == [0]


def test_an_interrupted_capture_ends_what_it_began() -> None:
    interrupter = Interrupter()
    ended: list[int] = []

    async def capture(number: int) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)  # as a browser is closed, which a second interruption would disturb
            ended.append(number)

    def take(number: int) -> TakenItem:
        interrupter.run(capture(number))
        return _item(number)

    def interrupt() -> None:
        interrupter.asked = True

    urls = [f"https://{host}.mn/" for host in "abcd"]
    ending, taken = _take(urls, take, jobs=2, interrupter=interrupter, on_tick=interrupt)

    assert (sorted(ending.interrupted), taken, sorted(ended)) == ([0, 1], [], [0, 1])


def test_a_bug_in_one_capture_is_raised_and_leaves_none_running() -> None:
    interrupter = Interrupter()

    async def endless() -> None:
        await asyncio.sleep(3600)

    def take(number: int) -> TakenItem:
        if number == 0:
            interrupter.run(endless())
        message = "a bug"
        raise ZeroDivisionError(message)

    with pytest.raises(ZeroDivisionError):
        _take(["https://a.mn/", "https://b.mn/"], take, jobs=2, interrupter=interrupter)
