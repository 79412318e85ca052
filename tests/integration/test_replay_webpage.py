"""A captured page, replayed by ReplayWeb.page in the browser with its own server gone, looks as it did."""

import functools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from evidence_kit.resources import replay_program
from tests.support.captures import capture
from tests.support.replay_site import MOST_DIFFERENT, OPTIONS, different_share, site

pytestmark = [pytest.mark.browser, pytest.mark.oracle, pytest.mark.slow]

# The page is shown in a frame, as replay programs do; the frame is as large as the sealed screenshot. The picture at
# the end keeps this page loading until the replayed one is done.
HELD_SECONDS = 30
START = """<!DOCTYPE html><meta charset="utf-8"><style>body { margin: 0 } iframe { border: 0; display: block }</style>
<script>
(async () => {
  await navigator.serviceWorker.register('/sw.js', {scope: '/'});
  const worker = (await navigator.serviceWorker.ready).active;
  navigator.serviceWorker.addEventListener('message', event => {
    if (event.data.msg_type !== 'collAdded') return;
    const frame = document.createElement('iframe');
    [frame.width, frame.height, frame.src] = [WIDTH, HEIGHT, '/w/case/mp_/' + URL];
    document.body.prepend(frame);
    const timer = setInterval(() => {
      if (!frame.contentDocument?.querySelector('#moved')?.textContent) return;
      clearInterval(timer);
      fetch('/done');
    }, 100);
  });
  const file = {sourceUrl: location.origin + '/capture.wacz', loadUrl: location.origin + '/capture.wacz'};
  worker.postMessage({msg_type: 'addColl', name: 'case', file});
})();
</script><body><img src="/held" alt="" hidden></body>"""


class _Handler(SimpleHTTPRequestHandler):
    """Serves a folder, parts of files too: the replay program reads the archive piece by piece."""

    def do_GET(self) -> None:
        if self.path in {"/done", "/held"}:
            self._hold()
            return
        path, wanted = Path(self.translate_path(self.path)), self.headers.get("Range", "")
        if not wanted or not path.is_file():
            super().do_GET()
            return
        data = path.read_bytes()
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        begin = int(first) if first else max(0, len(data) - int(last))
        end = min(int(last) + 1, len(data)) if first and last else len(data)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}")
        self.send_header("Content-Length", str(end - begin))
        self.end_headers()
        self.wfile.write(data[begin:end])

    def _hold(self) -> None:
        """Answer one path only when the other was asked for."""
        assert isinstance(self.server, _Server)
        if self.path == "/done":
            self.server.done.set()
        self.server.done.wait(HELD_SECONDS)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class calls it
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    """Closing waits for every connection."""

    def __init__(self, folder: Path) -> None:
        self.done = threading.Event()
        super().__init__(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve *folder* on the loopback interface; give its address."""
    with _Server(folder) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_replayweb_page_shows_what_was_sealed(tmp_path: Path) -> None:
    with site() as server:
        capture(f"{server.url}/go", tmp_path / "sealed", OPTIONS)
    web = tmp_path / "web"
    web.mkdir()
    (web / "sw.js").write_bytes(replay_program("sw.js").read_bytes())
    (web / "capture.wacz").write_bytes((tmp_path / "sealed" / "capture.wacz").read_bytes())
    with Image.open(tmp_path / "sealed" / "screenshot.png") as sealed:
        start = START.replace("WIDTH", str(sealed.width)).replace("HEIGHT", str(sealed.height))
    (web / "start.html").write_text(start.replace("URL", json.dumps(f"{server.url}/go")), encoding="utf-8")

    with served(web) as url:
        capture(f"{url}/start.html", tmp_path / "shown", OPTIONS)

    pictures = (tmp_path / folder / "screenshot.png" for folder in ("sealed", "shown"))
    assert different_share(*pictures) <= MOST_DIFFERENT
