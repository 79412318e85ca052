"""A case in a folder that a program copies to other computers: refused when it is new, told of otherwise."""

from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from tests.cli.running import RunCommand

NEW = ("--number", "1", "--title", "Гарчиг")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a folder that Syncthing copies."""
    (tmp_path / "хуваалцсан/.stfolder").mkdir(parents=True)
    return tmp_path / "хуваалцсан"


def test_a_new_case_is_refused_there_and_told_what_to_do(officer: RunCommand, copied: Path) -> None:
    answer = officer("case", "new", copied / "vault" / "c", *NEW)

    assert answer.code == 2
    assert "Syncthing" in answer.err
    assert "--allow-synced-folder" in answer.err
    assert not (copied / "vault").exists()


def test_a_case_that_is_wanted_there_says_so_in_its_first_event(officer: RunCommand, copied: Path) -> None:
    assert officer("case", "new", copied / "c", *NEW, "--allow-synced-folder").code == 0

    assert CaseFolder.open(copied / "c").log().full_events()[0].detail == {"format": 1, "synced": "Syncthing"}
    assert officer("verify", copied / "c").code in {0, 4}


def test_the_first_event_of_an_ordinary_case_names_no_service(officer: RunCommand, tmp_path: Path) -> None:
    assert officer("case", "new", tmp_path / "c", *NEW, "--allow-synced-folder").code == 0

    assert CaseFolder.open(tmp_path / "c").log().full_events()[0].detail == {"format": 1}


def test_the_examination_of_a_case_there_is_a_warning_in_both_languages(officer: RunCommand, copied: Path) -> None:
    officer("case", "new", copied / "c", *NEW, "--allow-synced-folder")

    checks = {check["id"]: check for check in officer("doctor", copied / "c", "--json").json["checks"]}

    assert checks["disk.cloud"]["outcome"] == "warning"
    assert "Syncthing" in checks["disk.cloud"]["detail"]
    assert "Таньсан тэмдэг" in officer("doctor", copied / "c", "--lang", "mn").out


def test_what_is_taken_into_such_a_case_is_taken_with_one_warning(
    officer: RunCommand, copied: Path, tmp_path: Path
) -> None:
    officer("case", "new", copied / "c", *NEW, "--allow-synced-folder")
    (tmp_path / "нэг.txt").write_bytes(b"a")
    (tmp_path / "хоёр.txt").write_bytes(b"b")

    answer = officer("import", tmp_path / "нэг.txt", tmp_path / "хоёр.txt", "--case", copied / "c", "--json")

    assert answer.code == 0
    assert answer.err.count("Syncthing") == 1
    assert len(answer.json["items"]) == 2
