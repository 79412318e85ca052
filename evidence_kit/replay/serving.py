"""The server behind ``view``: on 127.0.0.1, for one page and the replays in it, and a wall for everything else.

It is also the HTTP proxy, and the only way out, of the browser that the kit opens: a request that names another server
(absolute form or CONNECT, RFC 9112, 3.2) is refused and counted. Who asks must know the random word in the path, name
this server as host, and come from its own page.
"""

import contextlib
import hmac
import json
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from evidence_kit.canonical import Json
from evidence_kit.display import visible
from evidence_kit.errors import EvidenceError
from evidence_kit.replay.page_documents import revealed
from evidence_kit.replay.page_routes import PageRoutes, ReplayRoutes
from evidence_kit.replay.serving_answers import Answer, document, refusal
from evidence_kit.replay.viewer_reveals import Grant, Part
from evidence_kit.texts import Language, Texts

_TOKEN_BYTES = 32
_LARGEST_BODY = 64 * 1024
_LONGEST_HOST = 255
_MOST_HOSTS = 1000
_MOST_THREADS = 256
"""A connection has one; browsers open some dozens, and files have to be opened beside them."""
_OWN = frozenset({"", "same-origin", "none"})
"""Values of ``Sec-Fetch-Site`` of requests that our own page makes, or a person with the address."""


@dataclass(slots=True, kw_only=True)
class Wall:
    """What was asked of other servers, and not let through."""

    hosts: Counter[str] = field(default_factory=Counter)
    """How often which was asked for; the browser's own maker is among them."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refuse(self, target: str) -> Answer:
        """Count a request for *target*, an address or a host and port, and answer it."""
        host = (urlsplit(target).netloc if "://" in target else target)[:_LONGEST_HOST]
        with self._lock:
            if host in self.hosts or len(self.hosts) < _MOST_HOSTS:
                self.hosts[host] += 1
        return refusal(HTTPStatus.FORBIDDEN)


class ViewServer:
    """Serves *page* and *replays* while it runs; made by `running`."""

    def __init__(self, page: PageRoutes, replays: ReplayRoutes) -> None:
        """Bind a free port of 127.0.0.1, and begin to serve; raises `OSError`."""
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self.wall = Wall()
        self.page, self.replays = page, replays
        self._replayed: dict[int, tuple[Grant, _Listening]] = {}
        self._changing = threading.Lock()
        self._listening = _Listening(self)
        self.port = self._listening.port
        self.origin = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.origin}/{self.token}/"
        """Where the page is; whoever has it can look."""

    def answer(self, request: "_Handler") -> Answer:
        """Return the answer to a request with a path, of whatever host."""
        target = request.path
        enclosed = not target.startswith("/")
        parts = urlsplit(target)
        host = parts.netloc if enclosed else request.headers.get("Host", "")
        name, _, port = host.partition(":")
        ours = name == "127.0.0.1" and port.isdecimal() and parts.scheme in {"http", ""}
        wanted = request.headers.get("Range", "")
        if ours and int(port) == self.port:
            return self._own(request, parts.path, parts.query, enclosed=enclosed)
        if ours and (found := self._replayed.get(int(port))) and request.command != "POST":
            grant = found[0]
            if not parts.path.startswith(f"/{grant.word}/"):
                return refusal(HTTPStatus.NOT_FOUND)
            path = parts.path.removeprefix(f"/{grant.word}/")
            return self.replays.answer(grant, path, wanted, outside=self.origin)
        return self.wall.refuse(target) if enclosed else refusal(HTTPStatus.MISDIRECTED_REQUEST)

    def _own(self, request: "_Handler", path: str, query: str, *, enclosed: bool) -> Answer:
        _, given, *rest = path.split("/", 2)
        known = hmac.compare_digest(given.encode(), self.token.encode())
        if not known or not rest or request.headers.get("Sec-Fetch-Site", "") not in _OWN:
            return refusal(HTTPStatus.NOT_FOUND)
        if request.command == "POST":
            return self._posted(request, rest[0])
        return self.page.answer(rest[0], query, request.headers.get("Range", ""), enclosed=enclosed)

    def _posted(self, request: "_Handler", name: str) -> Answer:
        said = request.headers.get("Content-Type", "").partition(";")[0].strip()
        if request.headers.get("Origin") != self.origin or said != "application/json":
            return refusal(HTTPStatus.FORBIDDEN)
        try:
            value = json.loads(request.body())
        except (ValueError, RecursionError):
            return refusal(HTTPStatus.BAD_REQUEST)
        match name, value:
            case "reveal", {"item": str(item), "part": str(part), "purpose": str(purpose)} if part in set(Part):
                return document(self._reveal(self.page.reveals.reveal(item, Part(part), purpose)))
            case "hide", {"grant": str(word)}:
                self._hide(word)
                return document({})
        return refusal(HTTPStatus.BAD_REQUEST)

    def _reveal(self, grant: Grant) -> dict[str, Json]:
        answer = revealed(self.page.subject, grant)
        with self._changing:
            # Not if it was hidden, or everything ended, while its files were read: nobody would stop it then.
            if grant.part is Part.REPLAY and self.page.reveals.granted(grant.word):
                listening = _Listening(self)
                self._replayed[listening.port] = grant, listening
                self.page.replays[grant.word] = f"http://127.0.0.1:{listening.port}/{grant.word}/"
        return answer

    def _hide(self, word: str) -> None:
        with self._changing:
            self.page.reveals.hide(word)
            self.page.replays.pop(word, None)
            ended = [port for port, (grant, _) in self._replayed.items() if grant.word == word]
            listening = [self._replayed.pop(port)[1] for port in ended]
        for each in listening:
            each.stop()

    def stop(self) -> None:
        """End it, and every connection, when a reveal that is being noted is in the log."""
        self.page.reveals.end()
        with self._changing:
            listening = [each for _, each in self._replayed.values()]
            self._replayed.clear()
        for each in listening:
            each.stop()
        self._listening.stop()


@contextlib.contextmanager
def running(page: PageRoutes, replays: ReplayRoutes) -> Iterator[ViewServer]:
    """Serve until the block is left; raises `OSError` where there is no free port."""
    server = ViewServer(page, replays)
    try:
        yield server
    finally:
        server.stop()


class _Listening:
    """A port that is listened on, in a thread of its own."""

    def __init__(self, view: ViewServer) -> None:
        """Take a free port of 127.0.0.1; raises `OSError`."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.view = view
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name=f"view {self.port}")
        self._thread.start()

    def stop(self) -> None:
        """Listen no more, and end what is being answered."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    view: ViewServer

    def verify_request(self, request: object, client_address: object) -> bool:  # noqa: ARG002  # as the base class calls it
        """Return whether there is room for one more connection; one too many is closed at once."""
        return threading.active_count() < _MOST_THREADS

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that goes away in the middle of an answer is no fault."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "evidence-kit"
    sys_version = ""
    timeout = 60
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_CONNECT(self) -> None:
        self._send(self.server.view.wall.refuse(self.path))

    def __getattr__(self, name: str) -> object:
        """Answer every other method too: what names another server has to be counted."""
        if name.startswith("do_"):
            return self._refuse
        raise AttributeError(name)

    def body(self) -> bytes:
        """Return the body of a POST; raises `ValueError` for one that is too long or has no length."""
        size = int(self.headers.get("Content-Length", ""))
        if not 0 <= size <= _LARGEST_BODY:
            raise ValueError(size)
        return self.rfile.read(size)

    def _refuse(self) -> None:
        outside = not self.path.startswith("/")
        self._send(self.server.view.wall.refuse(self.path) if outside else refusal(HTTPStatus.METHOD_NOT_ALLOWED))

    def _answer(self) -> None:
        try:
            answer = self.server.view.answer(self)
        except (EvidenceError, OSError) as error:
            hint = error.hint if isinstance(error, EvidenceError) else ""
            english, texts = visible(str(error)), [Texts.load(language) for language in Language]
            said: dict[str, Json] = {str(each.language): each.fact(str(error)) or english for each in texts}
            advice: dict[str, Json] = {str(each.language): each.advice(hint) for each in texts}
            answer = document({"problem": english, "said": said, "hint": advice}, HTTPStatus.CONFLICT)
        except ValueError:
            # Of a target that is no address at all.
            answer = refusal(HTTPStatus.BAD_REQUEST)
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers().items():
            self.send_header(name, value)
        if self.command not in {"GET", "HEAD"}:
            # Whatever of its body was not read must not be taken for the next request.
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        try:
            for piece in answer.body if self.command != "HEAD" else ():
                self.wfile.write(piece)
        except (EvidenceError, OSError):
            # The head is gone already; a connection that ends early says that it was not all.
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class calls it
        """Say nothing: an address holds the word that opens the page."""
