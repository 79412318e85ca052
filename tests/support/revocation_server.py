"""A web server on the loopback interface that gives out a CRL and answers OCSP requests, well or badly."""

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID


class RevocationServer:
    """A context: inside it `crl` is given out, and what `ocsp` returns for a request; None is HTTP status 404.

    *drip* seconds pass between two parts of every answer. `asked` lists the kinds of requests in their order.
    """

    def __init__(self) -> None:
        self.crl: bytes | None = None
        self.ocsp: Callable[[bytes], bytes | None] = lambda _request: None
        self.drip = 0.0
        self.asked: list[str] = []

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def places(self, *, crl: bool = True, responder: bool = True) -> list[x509.ExtensionType]:
        """Return the extensions of a certificate that name this server."""
        found: list[x509.ExtensionType] = []
        if crl:
            point = x509.DistributionPoint([self._name("crl")], None, None, None)
            found.append(x509.CRLDistributionPoints([point]))
        if responder:
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, self._name("ocsp"))
            found.append(x509.AuthorityInformationAccess([access]))
        return found

    @property
    def crl_address(self) -> str:
        """Where the CRL is given out."""
        return self._name("crl").value

    def _name(self, path: str) -> x509.UniformResourceIdentifier:
        return x509.UniformResourceIdentifier(f"http://127.0.0.1:{self._server.server_address[1]}/{path}")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append("crl")
                self._answer(server.crl)

            def do_POST(self) -> None:
                server.asked.append("ocsp")
                self._answer(server.ocsp(self.rfile.read(int(self.headers["Content-Length"]))))

            def _answer(self, body: bytes | None) -> None:
                if body is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                parts = [body[at : at + 64] for at in range(0, len(body), 64)] if server.drip else [body]
                try:
                    for part in parts:
                        self.wfile.write(part)
                        time.sleep(server.drip)
                except OSError:
                    return  # who asked went away

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it that
                """Say nothing: the standard error belongs to the test."""

        return Handler
