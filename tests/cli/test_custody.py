"""``custody log`` and ``timestamp --pending``."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import OFFICER
from tests.cli.running import RunCommand
from tests.support.tsa import OpensslTsa


def test_the_log_has_the_events_as_stored_and_the_head(
    officer: RunCommand, case: Path, with_item: Callable[[], str]
) -> None:
    with_item()

    answer = officer("custody", "log", "--case", case, "--json")

    document = answer.json
    assert answer.code == 0
    assert next(iter(document.items())) == ("schema", "evidence-kit/custody-log/1")
    assert [event["type"] for event in document["events"]] == ["case.opened", "capture.started", "captured"]
    assert all(len(event["salt"]) == 64 for event in document["events"])
    assert document["head"].startswith("sha256:")
    assert document["practice"] is True


def test_people_see_the_time_in_utc_and_of_the_computer(
    officer: RunCommand, case: Path, with_item: Callable[[], str]
) -> None:
    with_item()

    shown = officer("custody", "log", "--case", case).out

    assert "PRACTICE" in shown
    assert "Case opened" in shown
    assert "Z  20" in shown
    assert "+08:00" in shown
    assert "Every event is signed" in shown


def test_an_altered_event_is_named_and_the_answer_is_3(officer: RunCommand, case: Path) -> None:
    log = case / "custody.jsonl"
    log.write_bytes(log.read_bytes().replace("мөрдөгч".encode(), "шүүгчээ".encode()))

    answer = officer("custody", "log", "--case", case)

    assert answer.code == 3
    assert "event 1: Every custody event was signed by the officer it names" in answer.out
    assert officer("custody", "log", "--case", case, "--json").json["problems"][0]["id"] == "custody.signatures"


def test_a_log_that_cannot_be_read_is_told_and_not_a_traceback(officer: RunCommand, case: Path) -> None:
    (case / "custody.jsonl").write_bytes(b"\xff\n")

    assert officer("custody", "log", "--case", case).code == 3
    assert officer("custody", "log", "--case", case, "--json").json["events"] == []


def test_stamping_needs_to_be_told_what_and_by_whom(officer: RunCommand, case: Path) -> None:
    assert officer("timestamp", "--case", case).code == 2
    assert officer("timestamp", "--pending", "--case", case).code == 1


@pytest.mark.network
def test_a_missing_token_is_fetched_by_the_next_command_that_can(
    run: RunCommand, tsa: OpensslTsa, tmp_path: Path
) -> None:
    folder = tmp_path / "case"
    run("setup", "--practice", *OFFICER, "--tsa", tsa.url)
    tsa.answer = "refused"

    opened = run("case", "new", folder, "--number", "1", "--title", "T", "--json")
    again = run("timestamp", "--pending", "--case", folder)
    tsa.answer = "granted"
    fetched = run("timestamp", "--pending", "--case", folder, "--json")

    assert opened.code == 4
    assert opened.json["problems"][0]["code"] == "time-stamp-pending"
    assert again.code == 4
    assert "evidence-kit timestamp --pending" in again.out
    assert fetched.code == 0
    assert next(iter(fetched.json.items())) == ("schema", "evidence-kit/timestamp/1")
    assert [(token["seq"], token["path"]) for token in fetched.json["tokens"]] == [(1, "seals/heads/000001.tsr")]


@pytest.mark.network
def test_an_authority_that_answers_leaves_nothing_pending(run: RunCommand, tsa: OpensslTsa, tmp_path: Path) -> None:
    run("setup", "--practice", *OFFICER, "--tsa", tsa.url)

    opened = run("case", "new", tmp_path / "case", "--number", "1", "--title", "T")

    assert opened.code == 0
    assert "pending" not in opened.out
