"""A captured page, replayed by pywb with its own server gone, looks and reads as it did when it was captured."""

import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest

from evidence_kit.capture import PageCapture
from evidence_kit.models import Status
from tests.support.capture_site import read_ledger
from tests.support.captures import capture
from tests.support.replay_site import COMMENTS, MOST_DIFFERENT, OPTIONS, different_share, site

pytestmark = [pytest.mark.browser, pytest.mark.oracle]


@dataclass(frozen=True)
class Replay:
    """The same page twice: from its server, and from the archive."""

    origin: str
    parts: int
    """Addresses that the server answered."""
    sealed: PageCapture
    sealed_folder: Path
    shown: PageCapture
    shown_folder: Path


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Return when *server* listens at *port*."""
    while server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port)):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("pywb ended before it answered")


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory, oracle: Callable[[str], Path]) -> Replay:
    home = tmp_path_factory.mktemp("pywb")
    sealed_folder, shown_folder = home / "sealed", home / "shown"
    with site() as server:
        sealed = capture(f"{server.url}/go", sealed_folder, OPTIONS)
    manager, port = oracle("wb-manager"), free_port()
    for command in (("init", "case"), ("add", "--unpack-wacz", "case", sealed_folder / "capture.wacz")):
        subprocess.run([manager, *command], cwd=home, check=True, capture_output=True)
    # Without frame and banner: the page as it is.
    (home / "config.yaml").write_text("framed_replay: false\ncustom_banner_html: ''\n", encoding="utf-8")
    with subprocess.Popen(
        [oracle("wayback"), "--bind", "127.0.0.1", "--port", str(port), "--directory", home],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as pywb:
        try:
            wait_for(port, pywb)
            shown = capture(f"http://127.0.0.1:{port}/case/{server.url}/go", shown_folder, OPTIONS)
        finally:
            pywb.terminate()
    return Replay(
        origin=server.url,
        parts=len(server.replies),
        sealed=sealed,
        sealed_folder=sealed_folder,
        shown=shown,
        shown_folder=shown_folder,
    )


class _Text(HTMLParser):
    """Gathers what people read."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._hidden += tag in {"script", "style", "title"}

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style", "title"}

    def handle_data(self, data: str) -> None:
        self.words += [] if self._hidden else data.split()


def text(folder: Path) -> str:
    """Return the text of the captured DOM."""
    parser = _Text()
    parser.feed((folder / "dom.html").read_text(encoding="utf-8"))
    return " ".join(parser.words)


def test_the_page_was_captured_without_known_gaps(replay: Replay) -> None:
    assert (replay.sealed.status, replay.sealed.problems) == (Status.COMPLETE, ())


def test_the_replayed_page_reads_the_same(replay: Replay) -> None:
    assert COMMENTS[-1] in text(replay.sealed_folder)
    assert text(replay.shown_folder) == text(replay.sealed_folder)
    assert "Таалагдсан: 17" in text(replay.shown_folder)


def test_the_replayed_page_looks_the_same(replay: Replay) -> None:
    pictures = (folder / "screenshot.png" for folder in (replay.sealed_folder, replay.shown_folder))

    assert different_share(*pictures) <= MOST_DIFFERENT


def test_everything_came_out_of_the_archive(replay: Replay) -> None:
    requests = read_ledger(replay.shown_folder)

    assert all(request["status"] in {200, 301, 302, 307} for request in requests), requests
    assert not any(request["url"].startswith(replay.origin) for request in requests)
    assert sum(f"/{replay.origin}/" in request["url"] for request in requests) >= replay.parts - 1
