"""Ctrl-C while the program is still loading ends it with 130 and not with a traceback."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

_INTERRUPTED = """
import runpy, sys
loading, start, target = sys.argv[1:]
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == loading:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
sys.argv = ["evidence-kit", "list"]
runpy.run_module(target, run_name="__main__") if start == "module" else runpy.run_path(target, run_name="__main__")
"""
_SCRIPT = Path(sysconfig.get_path("scripts")) / "evidence-kit"


@pytest.mark.parametrize("loading", ["typer", "evidence_kit.case.folder"])
@pytest.mark.parametrize("start", ["module", "checkout", "script"])
def test_ctrl_c_while_modules_are_loaded_is_no_traceback(project: Path, start: str, loading: str) -> None:
    if start == "script" and not _SCRIPT.is_file():
        pytest.skip("NOT TESTED: the console script is a program on this system")
    target = {"module": "evidence_kit", "checkout": str(project / "cli.py"), "script": str(_SCRIPT)}[start]

    ended = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED, loading, start, target],
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert ended.returncode == 130
    assert "Traceback" not in ended.stderr
