"""``view`` as a program of its own: what it says, what it refuses, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.custody.custodian import Custodian
from tests.cli.running import RunCommand
from tests.support.screen import screen
from tests.support.viewing import commit_viewed

PROGRAM = [sys.executable, "-m", "evidence_kit"]
SECONDS = 60
HTML = "<!DOCTYPE html><title>Сургалт</title><p>Сургалт</p>"


@pytest.fixture
def viewed(case: Path, custodian: Callable[[], Custodian]) -> Path:
    """Return a case with one item to look at."""
    commit_viewed(CaseFolder.open(case), custodian(), html=HTML)
    return case


@dataclass(kw_only=True)
class Running:
    """The program, and what it said first."""

    process: subprocess.Popen[str]
    said: dict[str, Any]

    def ask(self, path: str, value: object = None) -> Any:  # noqa: ANN401  # documents of every kind
        """Return the document at *path*; with *value* send that first."""
        url = f"{self.said['url']}{path}"
        origin = url.rpartition("/")[0].rpartition("/")[0]
        headers = {"Origin": origin, "Content-Type": "application/json"}
        data = None if value is None else json.dumps(value).encode()
        with build_opener(ProxyHandler({})).open(Request(url, data=data, headers=headers), timeout=20) as answer:  # noqa: S310
            return json.load(answer)

    def end(self) -> tuple[int, str]:
        """Press Ctrl-C; return the status, and what was said on standard error."""
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, err


@contextmanager
def running(*arguments: object, environment: dict[str, str] | None = None) -> Iterator[Running]:
    """Run ``view`` until the block is left."""
    command = [*PROGRAM, "view", *map(str, arguments), "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, encoding="utf-8"
    ) as process:
        try:
            assert process.stdout is not None
            lines: list[str] = []
            while not lines or lines[-1] not in {"}\n", ""}:
                lines.append(process.stdout.readline())
            yield Running(process=process, said=json.loads("".join(lines) or "{}"))
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.network
@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: Windows sends no SIGINT to one program")
def test_the_address_is_told_while_it_runs_and_ctrl_c_ends_it(run: RunCommand, viewed: Path) -> None:
    with running("EV-0001", "--case", viewed, "--no-window") as view:
        overview = view.ask("overview.json")
        opened = view.ask("reveal", {"item": "EV-0001", "part": "text", "purpose": "Сургалт"})
        status, err = view.end()
        with pytest.raises(OSError, match="refused"):
            view.ask("overview.json")

    assert list(view.said) == ["schema", "practice", "signer_trust", "url", "kind", "items", "logged", "window"]
    assert view.said | {"url": ""} == {
        "schema": "evidence-kit/view/1",
        "practice": True,
        "signer_trust": "practice",
        "url": "",
        "kind": "item",
        "items": ["EV-0001"],
        "logged": True,
        "window": False,
    }
    assert [item["id"] for item in overview["items"]] == ["EV-0001"]
    assert overview["enclosed"] is False
    assert status == 0
    assert "Revealed: 1" in err
    assert "Traceback" not in err
    log = run("custody", "log", "--case", viewed, "--json").json
    assert (log["events"][-1]["type"], log["events"][-1]["seq"]) == ("viewed", opened["event"])
    assert log["events"][-1]["purpose"] == "Сургалт"


@pytest.mark.network
@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: Windows sends no SIGINT to one program")
@pytest.mark.parametrize("place", ["EV-0001 alone", pytest.param("case", marks=pytest.mark.slow)])
def test_every_kind_of_subject_is_told(viewed: Path, tmp_path: Path, place: str) -> None:
    path = viewed
    if place != "case":
        path = tmp_path / place
        (viewed / "items" / "EV-0001").rename(path)
    with running(path, "--no-window") as view:
        status, _ = view.end()

    assert status == 0
    assert (view.said["kind"], view.said["logged"]) == (("case", True) if place == "case" else ("item", False))


@pytest.mark.browser
@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: needs a screen without a monitor")
@pytest.mark.parametrize("how", ["ctrl-c", pytest.param("closed", marks=pytest.mark.slow)])
def test_a_window_opens_and_nothing_of_it_is_left(viewed: Path, how: str) -> None:
    # Not below pytest's own folder: Chromium's socket takes short paths only.
    with TemporaryDirectory(prefix="view-") as name, screen() as place:
        temporary = Path(name)
        environment = {**place.environment(), "TMPDIR": str(temporary)}
        with running("EV-0001", "--case", viewed, environment=environment) as view:
            wait_for(lambda: place.windows() or view.process.poll() is not None)
            if how == "closed":
                place.press("ctrl+shift+w")
                _, err = view.process.communicate(timeout=SECONDS)
            else:
                _, err = view.end()
        wait_for(lambda: not browsers(temporary))
        left = list(temporary.iterdir())

    assert view.said["window"] is True
    assert view.process.returncode == 0, err
    assert "Traceback" not in err
    assert left == []


def browsers(folder: Path) -> list[int]:
    """Return the numbers of the processes whose command line names *folder*."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                line = (process / "cmdline").read_bytes()
            except OSError:
                continue
            found += [int(process.name)] if f"--user-data-dir={folder}".encode() in line else []
    return found


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_cannot_be_looked_at_is_said(run: RunCommand, case: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.zip").write_bytes(b"PK\x03\x04")

    for what in (tmp_path / "empty", tmp_path / "file.zip", tmp_path / "nothing", case):
        answer = run("view", what, "--no-window")
        assert answer.code == 2, answer.err
        assert answer.out == ""
        assert "hint" in answer.err
    nobody = run("view", "EV-0009", "--case", case, "--no-window")
    assert (nobody.code, "no item EV-0009" in nobody.err) == (2, True)


def test_in_a_case_nobody_looks_without_a_key(
    run: RunCommand, viewed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVIDENCE_KIT_HOME", str(tmp_path / "nobody"))

    answer = run("view", "EV-0001", "--case", viewed, "--no-window")

    assert answer.code == 1
    assert answer.out == ""
    assert "setup" in answer.err


def test_an_officer_whose_key_the_log_does_not_take_is_told_at_once(colleague: RunCommand, viewed: Path) -> None:
    before = (viewed / "custody.jsonl").read_bytes()

    answer = colleague("view", "EV-0001", "--case", viewed, "--no-window")

    assert answer.code == 1
    assert answer.out == ""
    assert "custody key add" in answer.err
    assert (viewed / "custody.jsonl").read_bytes() == before


def test_without_a_browser_it_is_said(run: RunCommand, viewed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVIDENCE_KIT_BROWSER", "no-such-browser")
    monkeypatch.setenv("DISPLAY", ":0")

    answer = run("view", "EV-0001", "--case", viewed)

    assert answer.code == 1
    assert "EVIDENCE_KIT_BROWSER" in answer.err


@pytest.mark.network
@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: other systems always have a screen")
def test_without_a_screen_the_address_can_be_opened_all_the_same(viewed: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    with running("EV-0001", "--case", viewed, environment=environment) as view:
        wrong = view.said["url"].rpartition("/")[0][:-1] + "/"
        with pytest.raises(HTTPError, match="404"):
            build_opener(ProxyHandler({})).open(wrong, timeout=20)
        status, err = view.end()

    assert (view.said["window"], status) == (False, 0)
    assert "no screen" in err
