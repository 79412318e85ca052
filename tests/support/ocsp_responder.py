"""A real OCSP responder (RFC 6960) on the loopback interface: ``openssl ocsp``, bounded in requests and in time."""

import socket
import subprocess
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.keys import PrivateKey, Signer
from tests.support.pki import Authority

_REQUESTS = 40
_SECONDS = 120
_FORM = "%y%m%d%H%M%SZ"


class OpensslOcsp:
    """A context: inside it a responder that *authority* has certified tells of the certificates it was told of."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        self.responder = authority.issue("Practice responder", extensions=[usage, x509.OCSPNoCheck()])

    def __enter__(self) -> Self:
        self._temporary = TemporaryDirectory(prefix="ocsp-")
        self._folder = Path(self._temporary.name)
        self._process: subprocess.Popen[bytes] | None = None
        key = self.responder.key
        assert isinstance(key, PrivateKey)
        files = {
            "ca.pem": self._authority.certificate.pem(),
            "responder.pem": self.responder.certificate.pem(),
            "responder.key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        }
        for name, data in files.items():
            (self._folder / name).write_bytes(data)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._temporary.cleanup()

    def knows(self, good: Iterable[Signer], revoked: Mapping[Signer, datetime] | None = None) -> None:
        """Begin to answer, about these certificates only (the database of ``openssl ca``)."""
        rows = [_row("V", signer.certificate, "") for signer in good]
        rows += [_row("R", signer.certificate, f"{at:{_FORM}}") for signer, at in (revoked or {}).items()]
        (self._folder / "index.txt").write_text("".join(rows), encoding="utf-8", newline="\n")
        self._end()
        serve = ["openssl", "ocsp", "-port", str(self._port), "-index", "index.txt", "-nrequest", str(_REQUESTS)]
        keys = ["-ndays", "1", "-CA", "ca.pem", "-rsigner", "responder.pem", "-rkey", "responder.key"]
        with (self._folder / "said.txt").open("wb") as said:
            self._process = subprocess.Popen(
                [*serve, *keys], cwd=self._folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
            )
        self._limit = Timer(_SECONDS, self._process.kill)
        self._limit.daemon = True
        self._limit.start()
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        assert first.startswith(b"ACCEPT "), (self._folder / "said.txt").read_text("utf-8", "replace")

    def _end(self) -> None:
        if self._process:
            self._limit.cancel()
            self._process.terminate()
            self._process.communicate(timeout=30)

    @property
    def place(self) -> x509.AuthorityInformationAccess:
        """The extension of a certificate that names it."""
        address = x509.UniformResourceIdentifier(f"http://127.0.0.1:{self._port}/")
        return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, address)])


def _row(state: str, certificate: Certificate, revoked: str) -> str:
    until = f"{certificate.x509.not_valid_after_utc:{_FORM}}"
    serial = f"{certificate.x509.serial_number:X}"
    return f"{state}\t{until}\t{revoked}\t{serial.zfill(len(serial) + len(serial) % 2)}\tunknown\t/CN={serial}\n"
