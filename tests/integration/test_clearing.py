"""A program is killed while it removes what was recorded: what is left is still found, for its lock is removed last."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evidence_kit.case.workplace import interrupted
from tests.support.cases import open_case
from tests.support.people import practice_custodian

PROGRAM = """
import os, signal, sys
from pathlib import Path
from evidence_kit.case.workplace import Workplace, clear
folder, left = Path(sys.argv[1]), int(sys.argv[2])
def count(event, _arguments):
    global left
    if event in {"os.remove", "os.rmdir"}:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
place = Workplace(item="EV-0001", folder=folder, recording=folder.with_name("EV-0001.recording"))
sys.addaudithook(count)
clear(place)
"""
FILES = ("data.warc.gz", "import.jsonl", "in-use.lock", "plain/original/0001.jpg", "plain/supply.json")


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: kills with SIGKILL")
@pytest.mark.parametrize("removed", range(8))
def test_what_a_killed_removal_leaves_is_found(tmp_path: Path, pytestconfig: pytest.Config, removed: int) -> None:
    case = open_case(tmp_path / "case", practice_custodian())
    recording = case.staging / "EV-0001.recording"
    for name in FILES:
        (recording / name).parent.mkdir(parents=True, exist_ok=True)
        (recording / name).write_bytes(b"")

    command = [sys.executable, "-c", PROGRAM, str(case.staging / "EV-0001"), str(removed + 1)]
    ended = subprocess.run(command, cwd=pytestconfig.rootpath, check=False)

    left = [path.name for path in recording.rglob("*")]
    assert ended.returncode == -signal.SIGKILL
    assert interrupted(case) == (["EV-0001"] if left else [])
