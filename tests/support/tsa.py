"""A real RFC 3161 time-stamping authority on the loopback interface: ``openssl ts`` behind a small web server.

It makes its own root and certificate in a folder of its own, and both are gone with it. For tests only.
"""

import subprocess
import sys
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

Answer = Literal["granted", "refused", "garbage", "error", "empty"]

_CONFIG = """\
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[authority]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
{places}
[tsa]
default_tsa = tsa_config
[tsa_config]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
{certs}
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class _Server(ThreadingHTTPServer):
    """Says nothing of a client that went away: what it would print stands among what a command prints."""

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # as the library names them
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class OpensslTsa:
    """A context: inside it the authority answers at `url`; `root_pem` is its root certificate.

    *answer* says how: ``granted`` stamps, ``refused`` rejects properly (RFC 3161, 2.4.2), ``garbage`` and ``empty``
    send something else, ``error`` is HTTP status 503. *delay* waits so many seconds first. Both may be set at any time.
    *crl_url* is where its root tells of revocations; `crl` is what it tells.
    *include_root* puts the root into the token beside the authority's certificate, *rsa* signs with RSA, not P-256.
    `requests` counts what was asked.
    """

    def __init__(  # noqa: PLR0913  # one for each way authorities differ
        self,
        *,
        include_root: bool = True,
        rsa: bool = False,
        delay: float = 0.0,
        answer: Answer = "granted",
        name: str = "Practice time-stamping authority",
        crl_url: str = "",
    ) -> None:
        self.delay = delay
        self.answer: Answer = answer
        self.requests = 0
        self._include_root = include_root
        self._rsa = rsa
        self._name = name
        self._crl_url = crl_url
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._temporary = TemporaryDirectory(prefix="tsa-")
        self.folder = Path(self._temporary.name)
        self._make_certificates()
        self._server = _Server(("127.0.0.1", 0), self._handler())
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
        self._temporary.cleanup()

    @property
    def url(self) -> str:
        """The address to ask."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/tsa"

    @property
    def root_pem(self) -> Path:
        """The root certificate, as ``openssl -CAfile`` takes it."""
        return self.folder / "root.pem"

    @property
    def certificate_pem(self) -> Path:
        """The authority's own certificate."""
        return self.folder / "tsa.pem"

    def crl(self, *, since: datetime, until: datetime) -> bytes:
        """Return a CRL of its root that revokes nothing."""
        root = x509.load_pem_x509_certificate(self.root_pem.read_bytes())
        key = load_pem_private_key((self.folder / "root.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        builder = x509.CertificateRevocationListBuilder().issuer_name(root.subject)
        made = builder.last_update(since).next_update(until).sign(key, hashes.SHA256())
        return made.public_bytes(Encoding.DER)

    def reply(self, request: bytes) -> bytes:
        """Return the DER TimeStampResp to the DER *request*, as the server would, without the server."""
        config = "refusing.cnf" if self.answer == "refused" else "tsa.cnf"
        with self._lock:
            (self.folder / "request.tsq").write_bytes(request)
            self._openssl("ts", "-reply", "-config", config, "-queryfile", "request.tsq", "-out", "reply.tsr")
            return (self.folder / "reply.tsr").read_bytes()

    def _make_certificates(self) -> None:
        certs = "certs = root.pem" if self._include_root else ""
        places = f"crlDistributionPoints = URI:{self._crl_url}" if self._crl_url else ""
        for name, digests in (("tsa.cnf", "sha256, sha384, sha512"), ("refusing.cnf", "sha1")):
            (self.folder / name).write_text(
                _CONFIG.format(certs=certs, digests=digests, places=places), encoding="utf-8", newline="\n"
            )
        (self.folder / "serial").write_text("01\n", encoding="ascii", newline="\n")
        kind = ["-newkey", "rsa:2048"] if self._rsa else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        request = ["req", "-x509", "-config", "tsa.cnf", "-nodes", "-utf8", "-sha256", "-days", "3650", *kind]
        self._openssl(
            *request, "-keyout", "root.key", "-out", "root.pem", "-extensions", "root", *self._subject("root")
        )
        signed = ["-CA", "root.pem", "-CAkey", "root.key", "-extensions", "authority", *self._subject("unit 1")]
        self._openssl(*request, "-keyout", "tsa.key", "-out", "tsa.pem", *signed)

    def _subject(self, part: str) -> list[str]:
        return ["-subj", f"/CN={self._name}, {part}"]

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = self.rfile.read(int(self.headers["Content-Length"]))
                authority.requests += 1
                time.sleep(authority.delay)
                match authority.answer:
                    case "error":
                        self.send_error(503)
                        return
                    case "garbage":
                        body = b"\x30\x03\x02\x01\x00 this is no reply"
                    case "empty":
                        body = b""
                    case _:
                        body = authority.reply(request)
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it that
                """Say nothing: the standard error belongs to the test."""

        return Handler
