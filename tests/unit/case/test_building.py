"""Folders of unfinished work beside their target: private, and removed once nobody works in them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evidence_kit.case.building import abandoned, building

_KILLED = """
import os, sys
from pathlib import Path
from evidence_kit.case.building import building
with building(Path(sys.argv[1])) as folder:
    (folder / "picture.jpg").write_bytes(b"x")
    os._exit(9)
"""


def kill_while_building(target: Path) -> None:
    subprocess.run([sys.executable, "-c", _KILLED, str(target)], check=False)


def test_nothing_stays_of_what_ended(tmp_path: Path) -> None:
    with building(tmp_path / "шинэ" / "b") as folder:
        (folder / "picture.jpg").write_bytes(b"x")

    assert list((tmp_path / "шинэ").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: Windows has access lists instead of these bits")
def test_only_the_officer_can_look_inside(tmp_path: Path) -> None:
    with building(tmp_path / "b") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    kill_while_building(tmp_path / "a b.zip")
    (left,) = abandoned(tmp_path)
    assert (left / "picture.jpg").is_file()

    with building(tmp_path / "c"):
        assert not left.exists()


def test_what_is_in_use_or_not_ours_stays(tmp_path: Path) -> None:
    ours = tmp_path / f".x.new-{os.getpid()}"
    strangers = [tmp_path / ".x.new-1", tmp_path / ".x.new-2"]
    for folder in strangers:
        folder.mkdir()
    (strangers[1] / "letter.txt").write_bytes(b"x")

    with building(tmp_path / "x"), building(tmp_path / "y"):
        assert ours.is_dir()
        assert abandoned(tmp_path) == []

    assert all(folder.is_dir() for folder in strangers)
