"""Certificates and proofs of servers as they may stand in a handshake, in order and not."""

import zlib
from collections.abc import Callable

import brotlicffi  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from evidence_kit.models import Outcome
from evidence_kit.wire.tls.connection import TlsConnection
from evidence_kit.wire.tls.findings import Subject
from tests.unit.wire.tls.forge import Forger, number, numbers
from tests.unit.wire.tls.peers import ALL_PASSED, outcomes, text


def detail(connection: TlsConnection, subject: Subject) -> str:
    return next(finding.detail for finding in connection.findings if finding.id is subject)


@pytest.mark.parametrize("compression", [(1, zlib.compress), (2, brotlicffi.compress)])
def test_compressed_certificates_are_expanded(
    forger: Forger, compression: tuple[int, Callable[[bytes], bytes]]
) -> None:
    forger.compression = compression

    connection = forger.write().open()

    assert outcomes(connection) == ALL_PASSED
    assert connection.certificates == (forger.certificate,)


@pytest.mark.parametrize("compression", [(1, zlib.compress), (2, brotlicffi.compress)])
@pytest.mark.parametrize("off", [-1, 1])
def test_compressed_certificates_of_another_size_than_said_are_refused(
    forger: Forger, compression: tuple[int, Callable[[bytes], bytes]], off: int
) -> None:
    forger.compression = compression
    forger.claimed_size = len(forger.certificate) + 9 + off

    assert "not the" in detail(forger.write().open(), Subject.HANDSHAKE)


@pytest.mark.parametrize(
    ("compression", "size", "words"),
    [
        ((1, lambda _: b"no stream"), None, "no zlib stream"),
        ((2, lambda _: b"\xff" * 9), None, "no brotli stream"),
        ((2, lambda _: brotlicffi.compress(bytes(1 << 23))), 5, "not the 5 bytes"),
        ((1, lambda _: zlib.compress(bytes(1 << 23))), 5, "not the 5 bytes"),
        ((1, lambda data: zlib.compress(data) + b"more"), None, "not the"),
        ((2, lambda data: brotlicffi.compress(data)[:-3]), None, "not the"),
        ((1, zlib.compress), 0xFFFFFF, "16777215 bytes"),
        ((3, zlib.compress), None, "which was not offered"),
    ],
)
def test_compressed_certificates_that_cannot_be_expanded_are_a_finding(
    forger: Forger, compression: tuple[int, Callable[[bytes], bytes]], size: int | None, words: str
) -> None:
    forger.compression, forger.claimed_size = compression, size

    connection = forger.write().open()

    assert words in detail(connection, Subject.HANDSHAKE)
    assert connection.outcome(Subject.HANDSHAKE) is Outcome.FAILED


def test_an_unknown_compression_that_was_offered_is_an_error(forger: Forger) -> None:
    forger.compression = 3, zlib.compress
    forger.offered[27] = numbers(3, size=1)

    assert "unknown algorithm 3" in detail(forger.write().open(), Subject.HANDSHAKE)


@pytest.mark.parametrize(
    ("scheme", "key", "name"),
    [
        (0x0904, mldsa.MLDSA44PrivateKey.generate, "mldsa44"),
        (0x0905, mldsa.MLDSA65PrivateKey.generate, "mldsa65"),
        (0x0906, mldsa.MLDSA87PrivateKey.generate, "mldsa87"),
    ],
)
def test_post_quantum_signatures_are_verified(
    forger: Forger, scheme: int, key: Callable[[], mldsa.MLDSA44PrivateKey], name: str
) -> None:
    private = key()
    forger.certificate = with_key(private)
    forger.scheme, forger.sign = scheme, private.sign

    connection = forger.write().open()
    forger.sign = lambda data: private.sign(data + b"!")
    wrong = forger.write().open()

    assert outcomes(connection) == ALL_PASSED
    assert connection.signature_scheme == name
    assert outcomes(wrong) == ALL_PASSED | {"tls.server-proof": Outcome.FAILED}


def with_key(private: mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey) -> bytes:
    """Return a certificate with that key and nothing else in order: serial number -1, no names, nobody's signature."""
    key = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    fields = der(0xA0, b"\x02\x01\x02") + der(2, b"\xff") + der(48, b"") * 4 + key
    return der(48, der(48, fields) + der(48, b"") + der(3, b"\0"))


def der(tag: int, content: bytes) -> bytes:
    size = number(len(content), 1) if len(content) < 128 else b"\x82" + number(len(content), 2)
    return number(tag, 1) + size + content


@pytest.mark.parametrize(
    ("scheme", "words"),
    [
        (0x0AFE, "0x0afe is not known"),
        (0x0401, "0x0401 is not known for tls/1.3"),
        (0x0201, "0x0201 is not known"),
        (0x0804, "of another kind than rsa_pss_rsae_sha256"),
        (0x0503, "of another kind than ecdsa_secp384r1_sha384"),
    ],
)
def test_a_signature_that_cannot_be_verified_is_an_error_and_not_a_gap(forger: Forger, scheme: int, words: str) -> None:
    forger.scheme = scheme

    connection = forger.write().open()

    assert connection.outcome(Subject.SERVER_PROOF) is Outcome.FAILED
    assert words in detail(connection, Subject.SERVER_PROOF)


@pytest.mark.parametrize("certificate", [b"", b"\x30\x82\xff\xff", b"\x30\x00", b"no certificate at all"])
def test_a_certificate_without_a_readable_key_fails_the_proof(forger: Forger, certificate: bytes) -> None:
    forger.certificate = certificate

    assert forger.write().open().outcome(Subject.SERVER_PROOF) is Outcome.FAILED


def test_a_wrong_signature_fails_the_proof_and_opens_the_content(forger: Forger) -> None:
    forger.sign = lambda _: b"\x30\x06\x02\x01\x01\x02\x01\x01"

    connection = forger.write(server=forger.server.seal(23, b"tell")).open()

    assert outcomes(connection) == ALL_PASSED | {"tls.server-proof": Outcome.FAILED}
    assert text(connection.server) == b"tell"
