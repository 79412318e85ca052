"""Whatever others made, `verify` ends soon, in little memory, with a list of checks, and never calls it verified."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from evidence_kit.models import Verdict
from tests.corpus.foreign import foreign_files

STRIDE = 151
"""Every so manieth file of others is tried in each run, all of them nightly."""
KINDS = {"unknown", "warc", "wacz"}


def verified(paths: Iterable[Path], project: Path) -> dict[str, dict[str, object]]:
    """Return what a process of its own, with limits, found of each of *paths*."""
    asked = list(paths)
    done = subprocess.run(
        [sys.executable, "-m", "tests.corpus.examine"],
        input="".join(json.dumps(os.fspath(path)) + "\n" for path in asked),
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"{asked[len(found)]}: {done.stderr[-3000:]}"
    assert len(found) == len(asked)
    return {str(answer["path"]): answer for answer in found}


def never_verified(found: dict[str, dict[str, object]]) -> None:
    """See that nothing is called ours, verified or altered, and that something was said of everything."""
    for path, answer in found.items():
        assert answer["verdict"] == Verdict.CANNOT_VERIFY, path
        assert answer["kind"] in KINDS, path
        assert answer["checks"], path


def test_files_made_like_those_of_others_cannot_be_verified(tmp_path: Path, project: Path) -> None:
    found = verified(foreign_files(tmp_path), project)

    never_verified(found)
    by_name = {Path(path).name: answer for path, answer in found.items()}
    assert by_name["good.warc.gz"] == {**by_name["good.warc.gz"], "kind": "warc", "failed": []}
    assert by_name["flipped.warc.gz"]["checks"] == ["warc.records"]
    assert by_name["flipped.warc.gz"]["failed"]
    assert len(found) > 35


def test_a_sample_of_the_files_of_others_cannot_be_verified(test_data: Path, project: Path) -> None:
    never_verified(verified(files(test_data)[::STRIDE], project))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_no_file_of_others_can_be_verified(test_data: Path, project: Path, part: int) -> None:
    never_verified(verified(files(test_data)[part::20], project))


@pytest.mark.slow
def test_no_folder_of_others_can_be_verified(test_data: Path, project: Path) -> None:
    never_verified(verified((path for path in sorted(test_data.rglob("*")) if path.is_dir()), project))


def files(folder: Path) -> list[Path]:
    """Return every file below *folder*, always in the same order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
