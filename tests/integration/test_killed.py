"""Nothing of a capture goes on when the program is killed."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_kit.browser.launch import LaunchOptions, launched
from evidence_kit.practice import PracticeServer
from tests.support.whole_way import the_browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: looks into /proc"),
]

_CAPTURE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from evidence_kit.browser.find import Browser
from evidence_kit.capture import CaptureOptions, capture_page
browser = Browser(path=Path(sys.argv[1]), kind="chromium")
recording = Path(sys.argv[3]) / "recording"
recording.mkdir()
capture_page(sys.argv[2], Path(sys.argv[3]), options=CaptureOptions(timeout=60), browser=browser, warcinfo={},
             recording=recording, clock=lambda: datetime.now(UTC), on_step=lambda step: print(step, flush=True))
"""


def _processes_with(text: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it ended meanwhile
            if text.encode() in command:
                found.append(int(entry.name))
    return found


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A short path: Chromium puts a socket there, whose name may have 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="ek", ignore_cleanup_errors=True) as name:
        yield Path(name)


def test_a_killed_capture_leaves_no_browser_and_no_profile(tmp_path: Path, temporary: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    with PracticeServer() as server:
        arguments = [str(the_browser().path), f"{server.url}/outcomes/slow?seconds=25", str(work)]
        process = subprocess.Popen(
            [sys.executable, "-c", _CAPTURE, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        with process:
            assert process.stdout is not None
            assert any(line.startswith("opening") for line in process.stdout)
            assert _processes_with(str(temporary))
            process.send_signal(signal.SIGKILL)
        end = time.monotonic() + 20
        while (_processes_with(str(temporary)) or any(temporary.iterdir())) and time.monotonic() < end:
            time.sleep(0.1)

    assert _processes_with(str(temporary)) == []
    assert list(temporary.iterdir()) == []


def test_a_browser_that_is_ended_while_it_tidies_up_leaves_nothing(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chromium removes the link to the folder of its socket first, and the folder after it."""
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    options = LaunchOptions(viewport=(800, 600), locale="mn-MN", timezone="Asia/Ulaanbaatar")

    with launched(the_browser().path, options):
        (link,) = temporary.glob("*/profile/SingletonSocket")
        assert link.readlink().parent.parent == temporary
        link.unlink()

    assert list(temporary.iterdir()) == []


def test_a_browser_that_crashes_leaves_none_of_its_memory_in_the_home_folder(tmp_path: Path) -> None:
    options = LaunchOptions(viewport=(800, 600), locale="mn-MN", timezone="Asia/Ulaanbaatar")
    home = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "settings")}

    with launched(the_browser().path, options, environment=home) as chromium:
        chromium.process.send_signal(signal.SIGSEGV)
        chromium.process.wait(timeout=60)

    assert list(tmp_path.rglob("*.dmp")) == []
