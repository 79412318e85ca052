"""``case new``, ``case show``, ``list`` and ``show``."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from tests.cli.running import RunCommand
from tests.support.cases import URL

MARK = "PRACTICE, not a digital signature in law"


def test_a_case_is_opened_with_its_first_event(officer: RunCommand, tmp_path: Path) -> None:
    folder = tmp_path / "шинэ хэрэг"

    document = officer(
        "case", "new", folder, "--number", "2026-7", "--title", "Гарчиг", "--legal-basis", "гомдол", "--json"
    ).json

    assert next(iter(document.items())) == ("schema", "evidence-kit/case-new/1")
    assert document["practice"] is True
    assert document["case"]["path"] == str(folder)
    assert document["case"]["number"] == "2026-7"
    assert document["case"]["office"] == "Сургалтын хэлтэс"
    assert len(CaseFolder.open(folder).log().events) == 1


def test_practice_is_marked_in_the_text_too(officer: RunCommand, tmp_path: Path) -> None:
    assert MARK in officer("case", "new", tmp_path / "c", "--number", "1", "--title", "T").out


def test_a_case_needs_an_officer(run: RunCommand, tmp_path: Path) -> None:
    answer = run("case", "new", tmp_path / "c", "--number", "1", "--title", "T")

    assert answer.code == 1
    assert "evidence-kit: hint: run: evidence-kit setup" in answer.err
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("arguments", [["--number", " ", "--title", "T"], ["--number", "1"]])
def test_a_case_needs_a_number_and_a_title(officer: RunCommand, tmp_path: Path, arguments: list[str]) -> None:
    assert officer("case", "new", tmp_path / "c", *arguments).code == 2
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("place", ["inner", "items/EV-0009", "data/x"])
@pytest.mark.parametrize("mark", ["case.json", "tagmanifest-sha256.txt.p7s"])
def test_no_case_is_opened_inside_a_case_or_a_bundle(
    officer: RunCommand, tmp_path: Path, place: str, mark: str
) -> None:
    (tmp_path / "outer").mkdir()
    (tmp_path / "outer" / mark).write_bytes(b"")

    answer = officer("case", "new", tmp_path / "outer" / place, "--number", "1", "--title", "T")

    assert answer.code == 2
    assert "outside of it" in answer.err
    assert [path.name for path in (tmp_path / "outer").iterdir()] == [mark]


def test_a_folder_that_is_taken_is_left_alone(officer: RunCommand, case: Path) -> None:
    before = (case / "custody.jsonl").read_bytes()

    answer = officer("case", "new", case, "--number", "1", "--title", "T")

    assert answer.code == 1
    assert (case / "custody.jsonl").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="links are for administrators there")
@pytest.mark.parametrize("command", ["case new LOOP --title T", "bundle --output LOOP", "bundle --plan LOOP"])
def test_a_link_to_itself_is_no_place_to_write_to(
    officer: RunCommand, case: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.chdir(case)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)

    answer = officer(*(str(loop) if word == "LOOP" else word for word in command.split()))

    assert answer.code in {1, 2}
    assert "loop" in answer.err


def test_a_case_is_named_by_option_environment_or_folder(
    officer: RunCommand, case: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert officer("case", "show").code == 1
    assert officer("case", "show", "--case", case.name).code == 0

    monkeypatch.setenv("EVIDENCE_KIT_CASE", str(case))
    assert officer("case", "show").code == 0

    monkeypatch.delenv("EVIDENCE_KIT_CASE")
    monkeypatch.chdir(case)
    assert officer("case", "show").code == 0


def test_a_case_shows_what_it_holds(officer: RunCommand, case: Path, with_item: Callable[[], str]) -> None:
    with_item()

    document = officer("case", "show", "--case", case, "--json").json

    assert next(iter(document.items())) == ("schema", "evidence-kit/case-show/1")
    assert document["case"]["items"] == {"complete": 0, "incomplete": 1, "failed": 0, "abandoned": 0}
    assert document["case"]["events"] == 3
    assert document["case"]["head"].startswith("sha256:")
    assert "Incomplete: " in officer("case", "show", "--case", case).out


def test_the_list_has_items_and_what_was_abandoned(
    officer: RunCommand, case: Path, with_item: Callable[[], str], custodian: Callable[[], Custodian]
) -> None:
    item = with_item()
    draft = Draft(type=EventType.CAPTURE_STARTED, detail={"url": "https://example.mn/\u202egnp"})
    CaseFolder.open(case).commit(draft, custodian(), new_item=True)

    document = officer("list", "--case", case, "--json").json
    shown = officer("list", "--case", case).out

    assert next(iter(document.items())) == ("schema", "evidence-kit/list/1")
    assert [(found["id"], found["status"], found["url"]) for found in document["items"]] == [(item, "incomplete", URL)]
    assert [found["id"] for found in document["abandoned"]] == ["EV-0002"]
    assert MARK in shown
    assert "Abandoned" in shown
    assert "\u202e" not in shown


def test_an_empty_case_is_said_to_be_empty(officer: RunCommand, case: Path) -> None:
    assert "Nothing was captured" in officer("list", "--case", case).out


def test_an_item_is_shown_with_its_record_and_events(
    officer: RunCommand, case: Path, with_item: Callable[[], str]
) -> None:
    item = with_item()

    document = officer("show", item, "--case", case, "--json").json
    shown = officer("show", item, "--case", case).out

    (found,) = document["items"]
    assert next(iter(document.items())) == ("schema", "evidence-kit/show/1")
    assert found["record"]["schema"] == "evidence-kit/item/1"
    assert [event["type"] for event in found["events"]] == ["capture.started", "captured"]
    assert found["manifest_sha256"] in shown
    assert f"Web archive (WACZ): items/{item}/capture.wacz" in shown
    assert all((case / file["path"]).stat().st_size == file["bytes"] for file in found["files"])


def test_an_abandoned_attempt_is_shown_as_one(
    officer: RunCommand, case: Path, custodian: Callable[[], Custodian]
) -> None:
    draft = Draft(type=EventType.CAPTURE_STARTED, detail={"url": URL})
    CaseFolder.open(case).commit(draft, custodian(), new_item=True)

    document = officer("show", "EV-0001", "--case", case, "--json").json

    assert document["items"] == []
    assert [found["id"] for found in document["abandoned"]] == ["EV-0001"]
    assert "Abandoned" in officer("show", "EV-0001", "--case", case).out


def test_an_item_that_never_was_is_not_shown(officer: RunCommand, case: Path) -> None:
    answer = officer("show", "EV-0001", "--case", case)

    assert answer.code == 1
    assert "EV-0001" in answer.err
