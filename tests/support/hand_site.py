"""A small site to be used by hand: a link, a form, a window; each page tells where its controls are on the screen."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

_TELL = """<script>
addEventListener('load', () => setTimeout(() => {
    const places = {};
    for (const control of document.querySelectorAll('[id]')) {
        const box = control.getBoundingClientRect();
        places[control.id] = [
            screenX + (outerWidth - innerWidth) / 2 + box.x + box.width / 2,
            screenY + outerHeight - innerHeight + box.y + box.height / 2,
        ];
    }
    fetch('/places' + location.pathname, {method: 'POST', body: JSON.stringify(places)});
}, 300));
</script>"""
PAGES = {
    "/": "<h1>Эхлэл</h1><p><a id=next href=/form>Дараах</a></p>",
    "/form": "<h1>Маягт</h1><form method=post action=/posted><input id=word name=word><button id=send>Илгээх</button>",
    "/posted": "<h1>Хүлээн авлаа</h1><p>{word}</p>"
    "<button id=open onclick=\"open('/popup', '', 'width=500,height=400')\">Цонх</button>",
    "/popup": "<h1>Жижиг цонх</h1>",
}


class HandSite:
    """The site, on 127.0.0.1 while the ``with`` block runs."""

    def __init__(self) -> None:
        """Prepare it."""
        self.places: dict[str, dict[str, tuple[float, float]]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait_for(self, path: str) -> dict[str, tuple[float, float]]:
        """Return where the controls of the page *path* are on the screen, when it has said so."""
        end = time.monotonic() + 30
        while path not in self.places:
            assert time.monotonic() < end, f"{path} was not opened"
            time.sleep(0.05)
        return self.places[path]


def _handler(site: HandSite) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer("")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
            if self.path.startswith("/places"):
                site.places[self.path.removeprefix("/places")] = json.loads(body)
                self._send(204, b"")
            else:
                self._answer(parse_qs(body)["word"][0])

        def _answer(self, word: str) -> None:
            page = PAGES.get(self.path)
            text = f"<!doctype html><meta charset=utf-8><title>{self.path}</title>{page}{_TELL}" if page else ""
            self._send(200 if page else 404, text.replace("{word}", word).encode("utf-8"))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
            pass

    return Handler
