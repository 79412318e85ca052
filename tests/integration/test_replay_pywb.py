"""A captured page, replayed by pywb with its own server gone, looks and reads as it did when it was captured."""

import gzip
import io
import json
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import brotlicffi  # type: ignore[import-untyped]
import pytest
from PIL import Image, ImageChops

from evidence_kit.capture import CaptureOptions, PageCapture
from evidence_kit.models import Status
from tests.support.capture_site import RawSite, read_ledger, reply
from tests.support.captures import capture

pytestmark = [pytest.mark.browser, pytest.mark.oracle]

OPTIONS = CaptureOptions(timeout=40)
MOST_DIFFERENT = 0.002
"""Share of the pixels that may differ, for a browser does not draw every letter twice alike."""
PAGE = """<!DOCTYPE html><html lang="mn"><head><meta charset="utf-8"><title>Сургалтын нийтлэл</title>
<link rel="stylesheet" href="/look.css"></head><body><article><h1>Зохиомлын Тулга</h1>
<p>Маргааш 10 цагт уулзъя. Үнэ нь 50 000 ₮.</p>
<img src="/picture.png?w=320&amp;u=https%3A%2F%2Fexample.mn%2F"
alt="Зураг"><img src="/old-picture" alt="Зураг"></article><section id="comments"></section><p id="moved"></p>
<script src="/page.js"></script></body></html>"""
LOOK = """body { margin: 0 auto; width: 640px; font: 18px sans-serif; background: #eef }
article { background: url(/ground.png); padding: 20px } img { display: block; width: 320px; height: 160px }
.comment { border-left: 6px solid #36c; margin: 12px; padding: 6px }"""
SCRIPT = """async function fill() {
  const comments = await (await fetch('/api/comments?post=1&after=%2Fstart')).json();
  for (const text of comments) {
    const line = document.createElement('p');
    line.className = 'comment';
    line.textContent = text;
    document.querySelector('#comments').append(line);
  }
  const counted = await fetch('/api/likes', {method: 'POST', body: 'post=1'});
  document.querySelector('#moved').textContent = 'Таалагдсан: ' + await counted.text();
}
fill();"""
COMMENTS = [f"Сэтгэгдэл {number}: хүнийг хүндэлье." for number in range(30)]


def picture(first: str, second: str) -> bytes:
    """Return a PNG of two halves."""
    image = Image.new("RGB", (320, 160), first)
    image.paste(second, (160, 0, 320, 160))
    stored = io.BytesIO()
    image.save(stored, "PNG")
    return stored.getvalue()


def site() -> RawSite:
    """Return a server of a page with redirects, codings, pictures, a stylesheet and parts that a script fetches."""
    comments = json.dumps(COMMENTS).encode()
    return RawSite(
        {
            "/go": reply("", status="302 Found", head=b"Location: /posts/1\r\n"),
            "/posts/1": reply(gzip.compress(PAGE.encode()), head=b"Content-Encoding: gzip\r\n"),
            "/look.css": reply(brotlicffi.compress(LOOK.encode()), "text/css", head=b"Content-Encoding: br\r\n"),
            "/page.js": reply(SCRIPT, "text/javascript; charset=utf-8"),
            "/ground.png": reply(picture("#fff", "#ffd"), "image/png"),
            "/picture.png?w=320&u=https%3A%2F%2Fexample.mn%2F": reply(picture("#c33", "#393"), "image/png"),
            "/old-picture": reply("", status="301 Moved Permanently", head=b"Location: /new-picture.png\r\n"),
            "/new-picture.png": reply(picture("#339", "#cc3"), "image/png"),
            "/api/comments?post=1&after=%2Fstart": (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
                b"Connection: close\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(comments), comments)
            ),
            "/api/likes": reply("17", "text/plain"),
            "/favicon.ico": reply(b"", "image/x-icon"),
        }
    )


@dataclass(frozen=True)
class Replay:
    """The same page twice: from its server, and from the archive."""

    origin: str
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
    return Replay(origin=server.url, sealed=sealed, sealed_folder=sealed_folder, shown=shown, shown_folder=shown_folder)


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
    with (
        Image.open(replay.sealed_folder / "screenshot.png") as sealed,
        Image.open(replay.shown_folder / "screenshot.png") as shown,
    ):
        assert shown.size == sealed.size
        difference = ImageChops.difference(sealed.convert("RGB"), shown.convert("RGB")).convert("L")
        changed = sealed.width * sealed.height - difference.histogram()[0]
        assert changed <= MOST_DIFFERENT * sealed.width * sealed.height


def test_everything_came_out_of_the_archive(replay: Replay) -> None:
    requests = read_ledger(replay.shown_folder)

    assert all(request["status"] in {200, 301, 302, 307} for request in requests), requests
    assert not any(request["url"].startswith(replay.origin) for request in requests)
    assert sum(f"/{replay.origin}/" in request["url"] for request in requests) >= len(site().replies) - 1
