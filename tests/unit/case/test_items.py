"""What a case says it has a record of."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from evidence_kit.canonical import Json
from evidence_kit.case.items import INTERRUPTED, ItemRecord, commit_item, recorded_links
from evidence_kit.errors import IntegrityError
from evidence_kit.models import Problem, Status
from evidence_kit.verify import verify_path
from tests.support.cases import URL, commit_small_item, open_case, stage_small_item
from tests.support.people import practice_custodian, roots_of


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.INCOMPLETE])
def test_a_link_is_recorded_by_its_last_item_complete_or_not(tmp_path: Path, status: Status) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    commit_small_item(case, custodian)
    commit_item(case, replace(stage_small_item(case, custodian), status=status, http_status=404), custodian)

    (found,) = recorded_links(case).items()

    assert (found[0], found[1].item, found[1].outcome, found[1].http_status) == (URL, "EV-0002", status, 404)


def test_what_failed_was_abandoned_or_was_interrupted_is_no_record(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    interrupted = (Problem(code=INTERRUPTED, detail="the program was ended"),)
    commit_item(case, replace(stage_small_item(case, custodian), problems=interrupted), custodian)
    commit_item(case, replace(stage_small_item(case, custodian), status=Status.FAILED), custodian)
    stage_small_item(case, custodian)

    assert recorded_links(case) == {}


def test_a_log_that_does_not_hold_says_nothing_of_links(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    commit_small_item(case, custodian)
    log = case.path / "custody.jsonl"
    log.write_bytes(log.read_bytes().replace(b"example.mn", b"example.nm"))

    with pytest.raises(IntegrityError, match="does not hold together: event"):
        recorded_links(case)


class _Lying(ItemRecord):
    def to_json(self, folder: Path) -> dict[str, Json]:
        return {**super().to_json(folder), "http_status": 200}


def test_an_item_that_states_another_http_status_than_the_log_is_found(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    record = replace(stage_small_item(case, custodian), http_status=404)
    commit_item(case, _Lying(**{field.name: getattr(record, field.name) for field in fields(record)}), custodian)

    report = verify_path(case.path, roots=roots_of(custodian.signer), clock=custodian.clock)

    assert [check.detail for check in report.checks if check.outcome == "failed"] == [
        "its http_status is not the one that event 3 recorded"
    ]


def test_a_folder_for_files_that_could_not_be_had_does_not_become_part_of_an_item(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    record = stage_small_item(case, custodian)
    (case.staging / record.id / "shots" / "01").mkdir(parents=True)

    commit_item(case, record, custodian)

    assert sorted(path.name for path in (case.path / "items" / record.id).iterdir()) == [
        "capture.wacz",
        "item.json",
        "manifest-sha256.txt",
    ]
