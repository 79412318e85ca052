"""A recording that is damaged, or that somebody planted beside an abandoned start, stops no work and is left there."""

import json
from pathlib import Path

import pytest

from evidence_kit.capture.completing import Beginning
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.capture.take import complete_interrupted
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.stamping import Stamping
from evidence_kit.models import RecorderKind
from tests.support.cases import URL, open_case, start_item
from tests.support.people import practice_custodian

CUSTODIAN = practice_custodian()


def _planted(tmp_path: Path, journal: str) -> tuple[CaseFolder, Path]:
    case = open_case(tmp_path / "case", CUSTODIAN)
    item = start_item(case, CUSTODIAN)
    recording = case.staging / f"{item}.recording"
    (case.staging / item).mkdir()
    (case.staging / item / "kept").write_bytes(b"x")
    recording.mkdir()
    (recording / "in-use.lock").touch()
    (recording / "journal.jsonl").write_text(f"{journal}\n", encoding="utf-8")
    return case, recording


def _about(url: str, **changed: object) -> str:
    beginning = Beginning(
        url=url,
        recorder=RecorderKind.BROWSER,
        started=CUSTODIAN.clock(),
        options=CaptureOptions(),
        warcinfo={},
    )
    return json.dumps({"time": 0, "note": "begun", "value": {**beginning.to_json(), **changed}})


@pytest.mark.parametrize(
    "journal",
    [
        '{"x":1}',
        "[1]",
        "7",
        '{"time":"x","told":{}}',
        '{"time":1e300,"note":"a","value":1}',
        '{"time":1,"told":{}}',
        '{"time":1,"note":"begun","value":{}}',
        '{"time":1,"note":"shot","value":7}',
        "[" * 100_000,
        _about(URL, options=[]),
        _about("https://example.mn/another"),
    ],
    ids=range(11),
)
def test_a_journal_that_no_capture_of_this_page_wrote_is_told_and_left(tmp_path: Path, journal: str) -> None:
    case, recording = _planted(tmp_path, journal)
    told: list[str] = []

    completed = [*complete_interrupted(case, CUSTODIAN, Stamping(), on_damage=lambda item, _: told.append(item))]

    assert (completed, told) == ([], ["EV-0001"])
    assert (recording / "journal.jsonl").is_file()
    assert (case.staging / "EV-0001" / "kept").is_file()
    assert case.log().problems == []
