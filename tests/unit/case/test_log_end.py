"""An event is appended after looking at the end of the log alone, and what was noted of the rest decides nothing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.log_end import NOTES, read_end
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import head_of, split_lines
from evidence_kit.errors import CaseError, FormatError
from tests.support.cases import URL, open_case
from tests.support.people import practice_custodian

CUSTODIAN = practice_custodian()
STARTED = Draft(type=EventType.CAPTURE_STARTED, detail={"url": URL})


@pytest.fixture
def case(tmp_path: Path) -> CaseFolder:
    made = open_case(tmp_path / "case", CUSTODIAN)
    for _ in range(3):
        made.commit(STARTED, CUSTODIAN, new_item=True)
    return made


def test_the_end_of_a_log_is_what_the_whole_log_gives(case: CaseFolder) -> None:
    end = read_end(case.path)

    log, signatures = case.log_bytes()
    assert (end.count, end.head) == head_of(log, signatures)
    assert end.sizes == (len(log), len(signatures))


def test_a_last_line_longer_than_what_is_read_at_once_is_read_whole(case: CaseFolder) -> None:
    case.commit(
        Draft(type=EventType.CAPTURE_STARTED, note="ү" * 200_000, detail={"url": URL}), CUSTODIAN, new_item=True
    )

    assert read_end(case.path).head == head_of(*case.log_bytes())[1]


def _lose(_notes: Path) -> None:
    _notes.unlink()


def _tear(notes: Path) -> None:
    notes.write_bytes(notes.read_bytes()[:20])


def _exchange(notes: Path) -> None:
    """Notes of another log of the same length: neither the head nor the lines about keys are this one's."""
    value = json.loads(notes.read_bytes())
    notes.write_text(json.dumps({**value, "head": f"sha256:{'0' * 64}", "keys": []}), encoding="utf-8")


def _reach_beyond(notes: Path) -> None:
    value = json.loads(notes.read_bytes())
    notes.write_text(json.dumps({**value, "sizes": [10**6, 10**6]}), encoding="utf-8")


def _miss_a_signature(notes: Path) -> None:
    value = json.loads(notes.read_bytes())
    notes.write_text(json.dumps({**value, "sizes": [value["sizes"][0], 0]}), encoding="utf-8")


def _cut_into_a_line(notes: Path) -> None:
    value = json.loads(notes.read_bytes())
    notes.write_text(json.dumps({**value, "sizes": [value["sizes"][0] - 5, value["sizes"][1]]}), encoding="utf-8")


def _be_negative(notes: Path) -> None:
    value = json.loads(notes.read_bytes())
    notes.write_text(json.dumps({**value, "sizes": [-1, 3], "keys": [[-5, 3]]}), encoding="utf-8")


@pytest.mark.parametrize(
    "harm", [_lose, _tear, _exchange, _reach_beyond, _miss_a_signature, _cut_into_a_line, _be_negative]
)
def test_wrong_notes_are_made_anew(case: CaseFolder, harm: Callable[[Path], None]) -> None:
    harm(case.staging / NOTES)

    committed = case.commit(STARTED, CUSTODIAN, new_item=True)

    assert (committed.seq, committed.item) == (5, "EV-0004")
    assert (committed.seq, committed.head) == head_of(*case.log_bytes())
    assert case.log().problems == []


def test_a_number_is_not_given_twice_whatever_the_notes_say(case: CaseFolder) -> None:
    for highest in (0, -5, 10**30):
        end = read_end(case.path)
        value = json.loads((case.staging / NOTES).read_bytes())
        value |= {"count": end.count, "head": str(end.head), "sizes": [*end.sizes], "highest": highest}
        (case.staging / NOTES).write_text(json.dumps(value), encoding="utf-8")

        case.commit(STARTED, CUSTODIAN, new_item=True)

    assert [event.item for event in case.log().full_events()[1:]] == [f"EV-{number:04d}" for number in range(1, 7)]


def test_old_notes_are_brought_up_to_date(case: CaseFolder) -> None:
    old = (case.staging / NOTES).read_bytes()
    for _ in range(3):
        case.commit(STARTED, CUSTODIAN, new_item=True)
    (case.staging / NOTES).write_bytes(old)

    assert case.commit(STARTED, CUSTODIAN, new_item=True).item == "EV-0007"
    assert case.log().problems == []


def test_the_register_is_asked_whatever_is_noted(case: CaseFolder) -> None:
    stranger: Custodian = practice_custodian()

    with pytest.raises(CaseError, match="not registered"):
        case.commit(STARTED, stranger)


def test_a_change_far_above_the_end_is_not_hidden_by_appending(case: CaseFolder) -> None:
    log = case.path / "custody.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"item":"EV-0001"', b'"item":"EV-0009"'))

    case.commit(STARTED, CUSTODIAN, new_item=True)

    assert {(check.id, check.subject) for check in case.log().problems} >= {("custody.signatures", "event 2")}


@pytest.mark.parametrize("name", ["custody.jsonl", "custody.sig"])
def test_nothing_is_appended_to_a_log_that_does_not_end_with_an_event_and_its_signature(
    case: CaseFolder, name: str
) -> None:
    whole = (case.path / name).read_bytes()
    last = split_lines(whole)[-1]

    for harmed in (whole[:-1], whole[: -len(last)], whole + last[:30], whole + last):
        (case.path / name).write_bytes(harmed)
        with pytest.raises(FormatError):
            case.commit(STARTED, CUSTODIAN, new_item=True)
        assert (case.path / name).read_bytes() == harmed
