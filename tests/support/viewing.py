"""What tests of ``view`` look at: items made without a browser, and whoever listens for what ought not to get out."""

import io
import json
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from PIL import Image, ImageDraw
from playwright.sync_api import Page as BrowserPage
from playwright.sync_api import sync_playwright

from evidence_kit.archive.resource_names import resource_uri
from evidence_kit.archive.wacz import Page, write_wacz
from evidence_kit.archive.warc_writer import Exchange, WarcWriter
from evidence_kit.browser.find import find_browser
from evidence_kit.canonical import Json
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import ItemFile, commit_item
from evidence_kit.custody.custodian import Custodian
from evidence_kit.replay.page_documents import Setting
from evidence_kit.replay.serving import ViewServer
from evidence_kit.replay.viewer import enclosed, viewing
from evidence_kit.replay.viewer_reveals import NoteReveal, note_in
from evidence_kit.replay.viewer_subject import open_subject
from evidence_kit.texts import Language
from tests.support.cases import stage_small_item

SITE = "http://site.example"
SECRET = "Зохиомол нууц өгүүлбэр"
"""Stands in everything that may be seen only after a reveal."""
OFFICER = "Зохиомол Дорж"


class Trap:
    """A server that speaks HTTP and one that hears packets, on the loopback interface; they note whoever comes."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        trap = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.strip("/").partition("?")[0]
                trap.heard.append(name)
                body = hostile_page(trap).encode() if name == "page" else b""
                self.send_response(200)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class calls it
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
                trap.heard.append("connection")
                super().process_request(request, client_address)

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self.udp_port: int = self._udp.getsockname()[1]
        self._threads = [threading.Thread(target=self._server.serve_forever), threading.Thread(target=self._packets)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", ("127.0.0.1", self.udp_port))
        for thread in self._threads:
            thread.join()
        self._server.server_close()
        self._udp.close()

    def _packets(self) -> None:
        while self._udp.recvfrom(2048)[0]:
            self.heard.append("packet")


def hostile_page(trap: Trap) -> str:
    """Return a page that tries every way out that its maker could think of, and then says so in its title."""
    html = (Path(__file__).parents[1] / "replay" / "pages" / "hostile.html").read_text(encoding="utf-8")
    for name, value in {"HTTPPORT": trap.port, "UDPPORT": trap.udp_port, "SECRETTEXT": SECRET}.items():
        html = html.replace(name, str(value))
    return html


def commit_viewed(  # noqa: PLR0913  # what an item may hold
    case: CaseFolder,
    custodian: Custodian,
    *,
    html: str,
    url: str = f"{SITE}/page",
    title: str = SECRET,
    text: str = SECRET,
    reason: str = SECRET,
) -> str:
    """Commit an item with a recorded page, a screenshot, its text and a ledger, and return its id."""
    record = stage_small_item(case, custodian, url=url, screenshot=picture())
    folder = case.staging / record.id
    (folder / "capture.wacz").unlink()
    (folder / "text.txt").write_text(text, encoding="utf-8")
    (folder / "ledger.jsonl").write_bytes(ledger(url, reason))
    resources = {
        "screenshot": (picture(), "image/png"),
        "text": (text.encode("utf-8"), "text/plain"),
        "ledger": (ledger(url, reason), "application/jsonl"),
    }
    wacz = write_page(folder / "capture.wacz", url, html, title, custodian, resources)
    files = (
        *record.files,
        ItemFile(path="text.txt", role="text", media_type="text/plain"),
        ItemFile(path="ledger.jsonl", role="ledger", media_type="application/jsonl"),
    )
    commit_item(case, replace(record, files=files, detail={"wacz": {"transport_key_sha256": wacz}}), custodian)
    return record.id


def write_page(  # noqa: PLR0913, PLR0917  # what is in it
    path: Path, url: str, html: str, title: str, custodian: Custodian, resources: Mapping[str, tuple[bytes, str]]
) -> str:
    """Write a WACZ of one page and *resources* by role, and return the digest of its transport key."""
    now = custodian.clock()
    body = html.encode("utf-8")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(body)
    target = urlsplit(url)
    warc = path.with_name("data.warc.gz")
    with WarcWriter(warc, created=now) as writer:
        writer.warcinfo({"software": "test"})
        exchange = Exchange(
            url=url,
            started=now,
            request_head=f"GET {target.path} HTTP/1.1\r\nHost: {target.netloc}\r\n\r\n".encode(),
            request_body=b"",
            response_head=head,
            response_body=body,
        )
        index = list(writer.exchange(exchange).lines)
        for role, (data, media_type) in resources.items():
            uri = resource_uri(role, listed=url, final=url)
            index.append(writer.resource(uri, data, media_type=media_type, date=now))
    page = Page(url=url, ts=now, title=title, id="1")
    seal = write_wacz(path, warc=warc, index=index, pages=[page], title="test", created=now, software="test")
    warc.unlink()
    return str(seal.spki_sha256)


def picture() -> bytes:
    """Return a PNG with text on it."""
    image = Image.new("RGB", (800, 1200), "white")
    ImageDraw.Draw(image).text((40, 40), SECRET, fill="black", font_size=40)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def ledger(url: str, reason: str) -> bytes:
    """Return a ledger of one request that was recorded and one that was not."""
    line: dict[str, Json] = {
        "started": "2026-11-22T01:02:03.000Z",
        "method": "GET",
        "type": "Document",
        "mime": "text/html",
        "status": 200,
        "body_bytes": 10,
    }
    lines: list[dict[str, Json]] = [
        {"schema": "evidence-kit/ledger/1", "counts": {"requests": 2, "recorded": 1, "failed": 1}},
        {"n": 1, "url": url, "outcome": "recorded", "reason": "", **line},
        {**line, "n": 2, "url": f"{url}/lost", "outcome": "failed", "reason": reason, "status": None},
    ]
    dumped = (json.dumps(each, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for each in lines)
    return "".join(f"{each}\n" for each in dumped).encode("utf-8")


@dataclass(kw_only=True)
class Answer:
    """What the server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  # tests look into documents of every kind
        """The document in it."""
        return json.loads(self.body)


@dataclass(kw_only=True)
class Served:
    """A server that runs, asked without a browser."""

    server: ViewServer
    told: list[str] = field(default_factory=list)

    def ask(  # noqa: PLR0913  # what a request has
        self,
        target: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        host: str = "",
        port: int = 0,
    ) -> Answer:
        """Ask for *target*, as it stands in the request line."""
        connection = HTTPConnection("127.0.0.1", port or self.server.port, timeout=20)
        with closing(connection):
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            sent = {"Host": host or f"127.0.0.1:{port or self.server.port}", **(headers or {})}
            if body is not None:
                sent["Content-Length"] = str(len(body))
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(status=answer.status, headers=dict(answer.getheaders()), body=answer.read())

    def get(self, path: str, **more: Any) -> Answer:  # noqa: ANN401  # as `ask` takes them
        """Ask for *path* below the secret word."""
        return self.ask(f"/{self.server.token}/{path}", **more)

    def replay(self, item: str) -> str:
        """Reveal the archive of an item, and return where it is replayed."""
        return self.origin_of(self.reveal(item, "replay").json["grant"])

    def origin_of(self, grant: str) -> str:
        """Return where the archive of *grant* is replayed, as the frame of the page says."""
        return self.get(f"frame/{grant}").body.decode().partition('src="')[2].partition("?")[0]

    def replayed(self, origin: str, name: str, **more: Any) -> Answer:  # noqa: ANN401  # as `ask` takes them
        """Ask for *name* where an archive is replayed."""
        place = urlsplit(origin)
        return self.ask(place.path + name, port=place.port or 0, **more)

    def post(self, name: str, value: object, headers: Mapping[str, str] | None = None) -> Answer:
        """Send *value*, as the page does."""
        own = {"Origin": self.server.origin, "Content-Type": "application/json"}
        body = json.dumps(value).encode()
        return self.get(name, method="POST", body=body, headers={**own, **(headers or {})})

    def reveal(self, item: str, part: str, purpose: str = "Сургалт") -> Answer:
        """Reveal a part of an item."""
        return self.post("reveal", {"item": item, "part": part, "purpose": purpose})


@contextmanager
def served(
    path: Path, kind: str, *, only: str = "", custodian: Custodian | None = None, note: NoteReveal | None = None
) -> Iterator[Served]:
    """Serve what is at *path*; in a case *custodian* signs the reveals."""
    writes = note_in(CaseFolder.open(path), custodian) if custodian else note
    setting = Setting(
        language=Language.ENGLISH, kind=kind, logged=bool(writes), practice=True, officer=OFFICER if writes else ""
    )
    with closing(open_subject(path, kind, only=only)) as subject, viewing(subject, setting, writes) as shown:
        yield Served(server=shown.server)


@dataclass(kw_only=True)
class Looking:
    """A person before the page."""

    page: BrowserPage
    errors: list[str] = field(default_factory=list)

    def open(self, url: str) -> None:
        """Go to the page, and wait for its first item."""
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))
        self.page.set_default_timeout(30_000)
        self.page.goto(url)
        self.page.wait_for_selector("#item h2")

    def reveal(self, part: str, purpose: str = "Сургалт") -> None:
        """Reveal a part of the item that is shown."""
        self.page.click(f"#tab-{part}")
        self.page.fill("#purpose", purpose)
        self.page.click("#reveal")
        self.page.wait_for_selector("#hide")

    def replayed(self, selector: str) -> Any:  # noqa: ANN401  # Playwright's frame
        """Return the frame of the recorded page when *selector* is in it."""
        inner = self.page.frame_locator("#replay").frame_locator("iframe").first.frame_locator("iframe").first
        handle = inner.locator(selector).first
        handle.wait_for(state="attached")
        return handle


@contextmanager
def in_window(server: ViewServer) -> Iterator[Looking]:
    """Look as `evidence-kit view` does, in a browser that has no way out but *server*; only nobody sees it."""
    browser = find_browser(os.environ)
    assert browser is not None, "no browser: run scripts/bootstrap.sh test"
    with enclosed(browser, server, Language.ENGLISH, window=False) as chromium, sync_playwright() as playwright:
        connected = playwright.chromium.connect_over_cdp(chromium.address)
        yield Looking(page=connected.contexts[0].pages[0])
        connected.close()
