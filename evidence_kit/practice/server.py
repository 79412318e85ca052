"""The practice network's server: HTTP/1.1 with keep-alive, on a loopback address and on nothing else.

It is for training, for ``evidence-kit demo`` and for tests; it has no accounts, keeps nothing that is sent to it, and
sends no Date header, so that the same content gives the same bytes (RFC 9110 §6.6.1 asks only servers with a clock).
HEAD is answered like GET without the body. ``?lang=en`` on any page gives the English interface.

Pages of the network:

- ``/`` all posts, ``/posts/ID`` a post (1001 is the one of the exercise, 1003 the hostile one, 1009 deleted: 410),
  ``/people/ID``, ``/news/501`` (no scripts), ``/login-wall`` (not a post), ``/outcomes/`` a list of what follows
- ``/pictures/NAME``, ``/files/letter.txt``, ``/files/letter.pdf``, ``/static/NAME``, ``/favicon.ico``
- ``/api/…``: see `evidence_kit.practice.api`
- ``/go/ID`` 302 → ``/moved/ID`` 301 → ``/posts/ID``; ``/friends/ID`` 302 → ``/login-wall``; anything else 404

Honest outcomes, below ``/outcomes/``:

- ``error`` 500 · ``empty`` 204 · ``slow?seconds=N`` waits N seconds (default 5, at most 30) before the first byte
- ``endless`` sends a chunk every half second and gives up after `ENDLESS_SECONDS` without the last chunk
- ``truncated`` promises 1,000 bytes more than it sends, then closes · ``reset`` resets the connection
- ``gzip`` (whatever the client accepts) · ``chunked`` in several chunks · ``old-encoding`` in windows-1251
- ``broken-parts`` a missing picture and one from a port that refuses · ``beacon`` sends an XHR and a beacon with bodies
- ``frame`` a page with an iframe · ``cookies`` Set-Cookie twice · ``header`` a header value in UTF-8
- ``loop`` redirects to itself · ``lost`` redirects to a port that refuses
"""

import contextlib
import ipaddress
import socket
import struct
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from evidence_kit.display import visible
from evidence_kit.errors import UsageError
from evidence_kit.models import OnStep, ignore
from evidence_kit.practice.content import Content, load
from evidence_kit.practice.messages import Delivery, Request, Response
from evidence_kit.practice.site import Site

ENDLESS_SECONDS = 60.0
_BETWEEN_CHUNKS = 0.5
_MISSING_BYTES = 1000
_BEFORE_BREAKING_OFF = 1.0
"""Seconds between the last byte of a truncated page and the connection's end: Chromium throws away what it has not
looked at yet when it hears of the end, and then shows nothing."""
_MAX_BODY_BYTES = 1024 * 1024
_CHUNK_BYTES = 700


class PracticeServer:
    """Serves a content from entering to leaving a ``with`` block.

    *host* must be a loopback address; *port* 0 takes any free one. *on_request* hears one line per request, such as
    ``GET /posts/1001 200``, from the serving threads. Raises `UsageError` for any other address and
    for a port that is taken.
    """

    def __init__(
        self,
        *,
        content: Content | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        on_request: OnStep = ignore,
        endless_seconds: float = ENDLESS_SECONDS,
    ) -> None:
        """Bind the address, without serving yet."""
        _loopback_only(host)
        shown = content if content is not None else load()
        self._refusing = _bind_refusing(host)
        try:
            self._server = _Server(host, port)
        except (OSError, OverflowError) as error:
            self._refusing.close()
            message = f"port {port} of {host} cannot be used: {error}"
            raise UsageError(message, hint="choose another port, or 0 for any free one") from error
        refused = _address(host, self._refusing.getsockname()[1])
        self._server.site = Site(shown, refused=refused)
        self._server.on_request = on_request
        self._server.endless_seconds = endless_seconds
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1})
        self.url = _address(host, self._server.server_address[1])
        """``http://127.0.0.1:PORT``, without a slash at the end."""

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every connection and stop."""
        self._server.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.cut_connections()
        self._server.server_close()
        self._refusing.close()


def _loopback_only(host: str) -> None:
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        message = f"the practice network is served on loopback addresses only, not on {visible(host)}"
        raise UsageError(message, hint="use 127.0.0.1")


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bind_refusing(host: str) -> socket.socket:
    """Return a socket that is bound but does not listen: its port refuses everyone, and nobody else gets it."""
    refusing = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        refusing.bind((host, 0))
    except OSError as error:
        refusing.close()
        message = f"{host} cannot be used on this computer: {error}"
        raise UsageError(message, hint="use 127.0.0.1") from error
    return refusing


class _Server(ThreadingHTTPServer):
    """Waits for its threads when it closes, and knows its connections so that it can end them."""

    daemon_threads = False
    # On Windows the option means that another program may take the same port.
    allow_reuse_address = sys.platform != "win32"
    site: Site
    on_request: Callable[[str], None]
    endless_seconds: float

    def __init__(self, host: str, port: int) -> None:
        self.closing = threading.Event()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer would look the address up in the DNS here.
        TCPServer.server_bind(self)

    def enter(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)
            if self.closing.is_set():
                _cut(connection)

    def leave(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def cut_connections(self) -> None:
        with self._lock:
            for connection in self._connections:
                _cut(connection)


def _cut(connection: socket.socket) -> None:
    # The client may have been faster, and then there is nothing left to shut down.
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests and delivers responses; what they are is decided by `Site`."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.enter(self.connection)

    def finish(self) -> None:
        self.server.leave(self.connection)
        super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            # A browser that goes away in the middle of a response is nothing unusual.
            self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        """Stay silent: `on_request` tells what is worth telling."""

    def _answer(self) -> None:
        request = self._request()
        if isinstance(request, Request):
            response = self.server.site.respond(request)
        else:
            response = self.server.site.problem(Request(method="GET", path="/", query={}), request)
            self.close_connection = True
        self.server.on_request(f"{self.command} {visible(self.path)} {response.status}")
        self._deliver(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815

    def _request(self) -> Request | int:
        """Return the request, or the status that says why it is none."""
        body = self._body()
        if isinstance(body, int):
            return body
        try:
            parts = urlsplit(self.path)
        except ValueError:
            return 400
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Request(method=self.command, path=unquote(parts.path), query=query, body=body)

    def _body(self) -> bytes | int:
        if "Transfer-Encoding" in self.headers:
            return 411
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            return 400
        if len(length) > len(str(_MAX_BODY_BYTES)) or int(length) > _MAX_BODY_BYTES:
            return 413
        return self.rfile.read(int(length))

    def _deliver(self, response: Response) -> None:
        if self.server.closing.wait(response.wait) or response.delivery is Delivery.RESET:
            self._reset()
            return
        self.send_response_only(response.status)
        for name, value in (("Server", "practice-network"), *response.headers):
            # http.server encodes headers as latin-1; this lets the UTF-8 bytes through as they are.
            self.send_header(name, value.encode().decode("latin-1"))
        match response.delivery:
            case Delivery.CHUNKED | Delivery.ENDLESS:
                self.send_header("Transfer-Encoding", "chunked")
            case Delivery.TRUNCATED:
                self.send_header("Content-Length", str(len(response.body) + _MISSING_BYTES))
            case _ if response.status != HTTPStatus.NO_CONTENT:
                self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection or response.delivery in {Delivery.TRUNCATED, Delivery.ENDLESS}:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(response)

    def _send_body(self, response: Response) -> None:
        if response.delivery not in {Delivery.CHUNKED, Delivery.ENDLESS}:
            self.wfile.write(response.body)
            if response.delivery is Delivery.TRUNCATED:
                self.server.closing.wait(_BEFORE_BREAKING_OFF)
            return
        for start in range(0, len(response.body), _CHUNK_BYTES):
            self._send_chunk(response.body[start : start + _CHUNK_BYTES])
        if response.delivery is Delivery.CHUNKED:
            self.wfile.write(b"0\r\n\r\n")
            return
        for number in range(int(self.server.endless_seconds / _BETWEEN_CHUNKS)):
            if self.server.closing.wait(_BETWEEN_CHUNKS):
                return
            self._send_chunk(f"<p>… {number + 1}</p>\n".encode())

    def _send_chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _reset(self) -> None:
        # Closing with a linger time of zero sends RST instead of FIN; Windows takes two shorts here, others two ints.
        layout = "hh" if sys.platform == "win32" else "ii"
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(layout, 1, 0))
        self.connection.close()
        self.close_connection = True
