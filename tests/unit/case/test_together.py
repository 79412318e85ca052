"""Several threads work on one case, and it stays whole."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evidence_kit.bundle.beginning import Intent, begin
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.selection import Choice
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.opened import OpenItems
from evidence_kit.case.stamping import Stamping, head_tokens, stamp_head
from evidence_kit.custody.log import head_of
from evidence_kit.models import Verdict
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case, start_item
from tests.support.people import practice_custodian, roots_of
from tests.support.tsa import OpensslTsa


def test_threads_that_commit_at_once_give_every_item_its_own_number(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)

    with ThreadPoolExecutor(4) as pool:
        items = list(pool.map(lambda _: commit_small_item(case, custodian), range(16)))

    assert sorted(items) == [f"EV-{number:04d}" for number in range(1, 17)]
    assert verify_path(case.path, roots=roots_of(custodian.signer), clock=custodian.clock).verdict is Verdict.VERIFIED


def test_bundles_that_begin_while_others_commit_leave_no_beginning_that_led_nowhere(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    for _ in range(3):
        commit_small_item(case, custodian)
    intent = Intent(
        choice=Choice(),
        ground="",
        purpose="",
        name="bundle",
        language=Language.ENGLISH,
        show_pictures=False,
        session_data=False,
        sealed=False,
    )
    ended = threading.Event()

    def commit() -> None:
        while not ended.is_set():
            start_item(case, custodian)

    with ThreadPoolExecutor(2) as pool:
        working = [pool.submit(commit) for _ in range(2)]
        begun = [begin(case, custodian, intent, OpenItems(case.path / "items", ())) for _ in range(3)]
        ended.set()

    assert [one.result() for one in working] == [None, None]
    events = [str(event.type) for event in case.log().full_events()]
    assert events.count("bundle.started") == len(begun)
    starts = [place for place, type_ in enumerate(events) if type_ == "bundle.started"]
    assert [events[place + 1 : place + 4] for place in starts] == [["bundled"] * 3] * 3


def test_who_reads_while_others_commit_never_sees_half_a_commit(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    ended = threading.Event()

    def read() -> int:
        reads = 0
        while not ended.is_set():
            head_of(*case.log_bytes())
            reads += 1
        return reads

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        for _ in range(10):
            commit_small_item(case, custodian)
        ended.set()

    assert reading.result() > 0


@pytest.mark.oracle
@pytest.mark.network
def test_threads_that_stamp_one_head_at_once_leave_one_token(tmp_path: Path, tsa: OpensslTsa) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    stamping = Stamping(tsa=(tsa.url,))

    with ThreadPoolExecutor(4) as pool:
        problems = list(pool.map(lambda _: stamp_head(CaseFolder.open(case.path), stamping), range(4)))

    assert problems == [[], [], [], []]
    assert [token.seq for token in head_tokens(case, case.log().links)] == [1]
