"""A person uses the window: real clicks on a screen without a monitor, shots asked for on standard input."""

import json
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from evidence_kit.pictures.tiles import png_size
from tests.support.capture_site import read_archive
from tests.support.hand_site import HandSite
from tests.support.screen import Screen, screen

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: needs Xvfb"),
]

SETUP = ("setup", "--practice", "--name", "Зохиомол Дорж", "--id", "0001", "--role", "мөрдөгч", "--agency", "Сургалт")


class Program:
    """A capture by hand that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(process.stderr,), daemon=True).start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line)

    def hear(self, text: str) -> None:
        """Wait until the program says *text*."""
        while True:
            line = self._lines.get(timeout=40)
            self.said.append(line)
            if text in line:
                return

    def order(self, line: str) -> None:
        """Write *line* to the program."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def end(self) -> int:
        """Return its exit status when it has ended by itself."""
        return self.process.wait(60)


class Office:
    """A settings folder, a case, and a screen to sit before."""

    def __init__(self, folder: Path, own_screen: Screen) -> None:
        self.screen = own_screen
        self.case = folder / "хэрэг"
        self.home = folder / "тохиргоо"
        self.temporary = Path(tempfile.mkdtemp(prefix="ek"))
        variables = {"EVIDENCE_KIT_HOME": str(self.home), "EVIDENCE_KIT_LANG": "en", "TMPDIR": str(self.temporary)}
        self.environment = {**own_screen.environment(), **variables}

    def run(self, *arguments: object) -> Any:  # noqa: ANN401  # a JSON document
        """Run a command and return what it says with ``--json``."""
        command = [sys.executable, "-m", "evidence_kit", *map(str, arguments), "--json"]
        ended = subprocess.run(command, env=self.environment, capture_output=True, encoding="utf-8", check=False)
        return json.loads(ended.stdout)

    @contextmanager
    def capture(self, *arguments: object) -> Iterator[Program]:
        """Run ``capture --interactive`` while the block runs."""
        command = [sys.executable, "-m", "evidence_kit", "capture", "--interactive", "--timeout", "20"]
        with subprocess.Popen(
            [*command, "--case", str(self.case), *map(str, arguments)],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as process:
            try:
                yield Program(process)
            finally:
                process.kill()

    def newest(self) -> Path:
        """Return the folder of the newest item."""
        return max((self.case / "items").iterdir())


@pytest.fixture(scope="module")
def own_screen() -> Iterator[Screen]:
    with screen() as found:
        yield found


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, own_screen: Screen) -> Office:
    found = Office(tmp_path_factory.mktemp("office"), own_screen)
    found.run(*SETUP)
    found.run("case", "new", found.case, "--number", "2026-001", "--title", "Сургалт")
    return found


@pytest.fixture
def site() -> Iterator[HandSite]:
    with HandSite() as found:
        yield found


def test_what_was_done_by_hand_is_recorded_and_each_shot_shows_the_page_in_front(
    office: Office, site: HandSite
) -> None:
    hands = office.screen
    with office.capture(f"{site.url}/") as program:
        hands.click(site.wait_for("/")["next"])
        form = site.wait_for("/form")
        program.order("")
        program.hear("Shot 1 was taken")
        hands.click(form["word"])
        hands.type("mandakh")
        hands.click(form["send"])
        posted = site.wait_for("/posted")
        program.order("хариу")
        program.order("")
        program.hear("Shot 2 was taken")
        hands.click(posted["open"])
        site.wait_for("/popup")
        program.order("")
        program.hear("Shot 3 was taken")
        program.order("q")
        assert program.end() == 0

    folder = office.newest()
    shots = json.loads((folder / "shots.json").read_text(encoding="utf-8"))["shots"]
    texts = [(folder / f"shots/{number:02d}/text.txt").read_text(encoding="utf-8") for number in (1, 2, 3)]
    assert [shot["url"] for shot in shots] == [f"{site.url}{path}" for path in ("/form", "/posted", "/popup")]
    assert [shot["note"] for shot in shots] == ["", "хариу", ""]
    assert ["Маягт" in texts[0], "mandakh" in texts[1], "Жижиг цонх" in texts[2]] == [True] * 3
    item = json.loads((folder / "item.json").read_text(encoding="utf-8"))
    assert item["status"] == "complete"
    assert "mandakh" not in json.dumps(item["actions"])

    archive = read_archive(folder / "capture.wacz")
    assert {f"{site.url}{path}" for path in ("/", "/form", "/posted", "/popup")} <= {
        exchange.url for exchange in archive.exchanges
    }
    posts = [each.request for each in archive.exchanges if each.request.startswith(b"POST /posted ")]
    assert [post.partition(b"\r\n\r\n")[2] for post in posts] == [b"word=mandakh"]
    assert (
        archive.resources[f"urn:fullPageFinal:{site.url}/posted"] == (folder / "shots/02/screenshot.png").read_bytes()
    )

    environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    assert "Headless" not in environment["browser"]["user_agent"]
    assert office.run("verify", office.case)["verdict"] == "verified"
    assert list(office.temporary.iterdir()) == []


def test_closing_the_window_ends_the_capture_and_a_named_profile_keeps_its_cookies(
    office: Office, site: HandSite
) -> None:
    with office.capture("--profile", "investigation-1", f"{site.url}/") as program:
        site.wait_for("/")
        program.order("")
        program.hear("Shot 1 was taken")
        with office.capture("--profile", "investigation-1") as other:
            other.hear("in use by another capture")
            assert other.end() == 1
        office.screen.press("ctrl+shift+w")
        program.hear("The window was closed")
        assert program.end() == 0

    kept = office.home / "profiles/profile-investigation-1"
    assert kept.stat().st_mode & 0o777 == 0o700
    assert (kept / "Default").is_dir()
    assert "investigation-1" not in (office.newest() / "environment.json").read_text(encoding="utf-8")
    assert office.run("verify", office.case)["verdict"] == "verified"
    assert list(office.temporary.iterdir()) == []


def test_ctrl_c_leaves_a_valid_case_from_which_the_shots_are_completed(office: Office, site: HandSite) -> None:
    with office.capture(f"{site.url}/") as program:
        site.wait_for("/")
        program.order("")
        program.hear("Shot 1 was taken")
        program.process.send_signal(signal.SIGINT)
        assert program.end() == 130

    assert office.run("verify", office.case)["verdict"] == "verified"
    assert list(office.temporary.iterdir()) == []

    completed = office.run("capture", "--resume", "--case", office.case)["completed"]
    assert completed[0]["status"] == "incomplete"
    assert (office.newest() / "shots/01/screenshot.png").exists()


@pytest.mark.parametrize("recorder", ["wire", "browser"])
def test_the_officer_is_told_at_once_when_nothing_more_is_recorded(
    office: Office, site: HandSite, recorder: str
) -> None:
    limit = {"wire": 4_000, "browser": 800}[recorder]
    with office.capture("--recorder", recorder, "--max-bytes", limit, f"{site.url}/") as program:
        hands = office.screen
        hands.click(site.wait_for("/")["next"])
        program.hear("The limit of --max-bytes was reached")
        program.order("q")
        assert program.end() == 4

    item = json.loads((office.newest() / "item.json").read_text(encoding="utf-8"))
    assert (item["status"], item["recorder"]) == ("incomplete", recorder)
    assert "shots.none" in [problem["code"] for problem in item["problems"]]


def test_a_page_that_was_zoomed_in_is_pictured_whole(office: Office, site: HandSite) -> None:
    with office.capture(f"{site.url}/form") as program:
        hands = office.screen
        hands.click(site.wait_for("/form")["word"])
        for _ in range(3):
            hands.press("ctrl+plus")
        time.sleep(1)
        program.order("")
        program.hear("Shot 1 was taken")
        program.order("q")
        assert program.end() == 0

    shot = office.newest() / "shots/01"
    assert png_size((shot / "screenshot.png").read_bytes()) == png_size((shot / "window.png").read_bytes())
