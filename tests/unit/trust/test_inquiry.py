"""Asking authorities about revocations: where the certificate says, within bounds, and never for nothing."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from evidence_kit.trust import inquiry
from evidence_kit.trust.inquiry import Place, inquire, places_in
from evidence_kit.trust.keys import PrivateKey, Signer
from evidence_kit.trust.revocation import Standing, Statement, standing_of
from tests.support.people import SetClock
from tests.support.pki import Authority
from tests.support.revocation_server import RevocationServer

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
AUTHORITY = Authority("Гэрчилгээжүүлэгч", clock=SetClock(NOW))


@pytest.fixture
def server() -> Iterator[RevocationServer]:
    with RevocationServer() as running:
        yield running


def never(_place: Place) -> bool:
    return False


def answers(officer: Signer, *, seconds: float = 5) -> list[Statement | str]:
    return list(inquire(officer.certificate, AUTHORITY.certificate, at=datetime.now(UTC), seconds=seconds, asked=never))


def good_ocsp(officer: Signer) -> Callable[[bytes], bytes]:
    def respond(request: bytes) -> bytes:
        assert ocsp.load_der_ocsp_request(request).serial_number == officer.certificate.x509.serial_number
        return AUTHORITY.ocsp(officer.certificate, since=NOW, until=NOW + DAY)

    return respond


def test_a_list_is_asked_for_first_since_it_tells_less_about_us(server: RevocationServer) -> None:
    officer = AUTHORITY.issue("Дорж", extensions=server.places())
    server.crl = AUTHORITY.crl({}, since=NOW, until=NOW + DAY)
    server.ocsp = good_ocsp(officer)

    (found,) = answers(officer)

    assert isinstance(found, Statement)
    assert found.der == server.crl
    assert server.asked == ["crl"]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        b"garbage",
        AUTHORITY.crl({}, since=NOW - 3 * DAY, until=NOW - 2 * DAY),
        Authority("Гэрчилгээжүүлэгч", clock=SetClock(NOW)).crl({}, since=NOW, until=NOW + DAY),
    ],
    ids=["missing", "garbage", "too old", "another authority's"],
)
def test_without_a_list_that_counts_the_responder_is_asked(server: RevocationServer, bad: bytes | None) -> None:
    officer = AUTHORITY.issue("Дорж", extensions=server.places())
    server.crl = bad
    server.ocsp = good_ocsp(officer)

    problem, found = answers(officer)

    assert isinstance(problem, str)
    assert "/crl" in problem
    assert isinstance(found, Statement)
    assert server.asked == ["crl", "ocsp"]


def test_what_is_too_large_is_not_taken(server: RevocationServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(inquiry._LARGEST, "crl", 100)  # noqa: SLF001  # 16 MB take long to make
    officer = AUTHORITY.issue("Дорж", extensions=server.places(responder=False))
    server.crl = AUTHORITY.crl({}, since=NOW, until=NOW + DAY)

    (problem,) = answers(officer)

    assert "more than 100 bytes" in str(problem)


def test_an_answer_in_drips_is_given_up_after_the_time_allowed(server: RevocationServer) -> None:
    officer = AUTHORITY.issue("Дорж", extensions=server.places(responder=False))
    server.crl, server.drip = AUTHORITY.crl({}, since=NOW, until=NOW + DAY), 0.3

    (problem,) = answers(officer, seconds=0.5)

    assert "no time is left" in str(problem) or "timed out" in str(problem)


def test_who_cannot_be_reached_is_told(server: RevocationServer) -> None:
    officer = AUTHORITY.issue("Дорж", extensions=server.places())
    server.__exit__(None, None, None)

    try:
        assert all(isinstance(answer, str) for answer in answers(officer))
    finally:
        server.__enter__()


def test_only_web_addresses_are_places() -> None:
    names = [x509.UniformResourceIdentifier(url) for url in ("file:///etc/passwd", "ldap://a.example/", "ftp://b/")]
    officer = AUTHORITY.issue(
        "Дорж", extensions=[x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])]
    )

    assert places_in(officer.certificate) == ()
    assert places_in(AUTHORITY.certificate) == ()


def test_the_responder_of_openssl_is_understood(tmp_path: Path, oracle: Callable[[str], Path]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    access = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(f"http://127.0.0.1:{port}/")
    )
    officer = AUTHORITY.issue("Officer", extensions=[x509.AuthorityInformationAccess([access])])
    key = AUTHORITY.signer().key
    assert isinstance(key, PrivateKey)
    serial = f"{officer.certificate.x509.serial_number:X}"
    serial = serial.zfill(len(serial) + len(serial) % 2)
    end = officer.certificate.not_after.strftime("%y%m%d%H%M%SZ")
    revoked = (NOW - DAY / 2).strftime("%y%m%d%H%M%SZ")
    (tmp_path / "index.txt").write_text(f"R\t{end}\t{revoked},superseded\t{serial}\tunknown\t/CN=Officer\n", "ascii")
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.certificate.pem())
    (tmp_path / "ca.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files = ["-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-rmd", "sha256"]
    command = [str(oracle("openssl")), "ocsp", "-port", str(port), "-ndays", "1", *files]

    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as responder:
        try:
            found = _first_answer(officer)
        finally:
            responder.kill()

    assert isinstance(found, Statement)
    told = standing_of(officer.certificate, AUTHORITY.certificate, [found], at=NOW)
    assert told.standing is Standing.REVOKED
    assert told.revoked is not None
    assert (told.revoked.time, told.revoked.reason) == (NOW - DAY / 2, "superseded")


def _first_answer(officer: Signer) -> Statement | str:
    """Ask until the responder has begun; it takes one connection at a time, and a mere look would keep it busy."""
    found: Statement | str = ""
    for _ in range(100):
        (found,) = answers(officer)
        if isinstance(found, Statement):
            break
        time.sleep(0.05)
    return found
