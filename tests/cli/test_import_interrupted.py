"""``import`` of several files that is interrupted: the same command takes the rest, and nothing twice."""

from pathlib import Path

import pytest

from evidence_kit.intake import taking
from evidence_kit.intake.copying import copy_exactly
from tests.cli.running import RunCommand

NAMES = ("нэг.txt", "хоёр.txt", "гурав.txt")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = [tmp_path / name for name in NAMES]
    for path in found:
        path.write_text(path.name, encoding="utf-8")
    return found


def interrupt(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Have Ctrl-C come while the file *name* is copied, once."""

    def copying(source: Path, *more: object, **named: object) -> object:
        if source.name == name:
            monkeypatch.setattr(taking, "copy_exactly", copy_exactly)
            raise KeyboardInterrupt
        return copy_exactly(source, *more, **named)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(taking, "copy_exactly", copying)


@pytest.mark.parametrize("interrupted", NAMES)
def test_the_same_command_takes_the_rest_and_tells_of_all(
    officer: RunCommand, case: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch, interrupted: str
) -> None:
    interrupt(monkeypatch, interrupted)

    stopped = officer("import", *files, "--case", case)
    again = officer("import", *files, "--case", case, "--json")

    assert stopped.code == 130
    assert again.code == 0
    assert [item["id"] for item in again.json["items"]] == ["EV-0001", "EV-0002", "EV-0003"]
    assert [item["duplicates"] for item in again.json["items"]] == [[], [], []]
    assert again.json["completed"] == []
    assert len(officer("list", "--case", case, "--json").json["items"]) == 3
    assert officer("verify", case).code == 0
    assert list((case / ".staging").glob("EV-*")) == []


def test_a_command_that_was_answered_takes_the_same_again_and_says_so(
    officer: RunCommand, case: Path, files: list[Path]
) -> None:
    officer("import", *files, "--case", case)

    again = officer("import", files[0], "--case", case, "--json")

    (item,) = again.json["items"]
    assert item["id"] == "EV-0004"
    assert item["duplicates"]


def test_what_waits_for_the_same_command_is_in_nobodys_way(
    officer: RunCommand, case: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    interrupt(monkeypatch, NAMES[2])
    officer("import", *files, "--case", case)

    assert officer("verify", case).code == 0
    (tmp_path / "other.txt").write_text("other", encoding="utf-8")
    other = officer("import", tmp_path / "other.txt", "--case", case, "--json")

    assert [item["id"] for item in other.json["items"]] == ["EV-0004"]
    assert list((case / ".staging").glob("EV-*")) == []
