"""Detached signatures leave no byte free, and openssl accepts them."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from evidence_kit.errors import EvidenceError, FormatError, IntegrityError
from evidence_kit.trust import der
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.cms import check_signature, sign_detached, verify_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.keys import PrivateKey, Signer
from tests.support.people import practice_custodian

CONTENT = "мөр\nline\n".encode()
DIGEST = sha256_bytes(CONTENT)
NOW = datetime.now(UTC).replace(microsecond=0)


def _self_signed(key: PrivateKey) -> Signer:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return Signer(key=key, certificate=Certificate(built.public_bytes(Encoding.DER)))


def _signers() -> list[Signer]:
    keys: list[PrivateKey] = [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 3072)]
    return [practice_custodian().signer, *map(_self_signed, keys)]


@pytest.mark.parametrize("signer", _signers(), ids=["p256", "p384", "rsa3072"])
@pytest.mark.parametrize("with_chain", [False, True])
def test_openssl_verifies_the_signature_as_cades(tmp_path: Path, signer: Signer, with_chain: bool) -> None:
    signature = sign_detached(DIGEST, signer, at=NOW, with_chain=with_chain)
    (tmp_path / "e").write_bytes(CONTENT)
    (tmp_path / "e.p7s").write_bytes(signature)
    (tmp_path / "signer.pem").write_bytes(signer.certificate.pem())
    (tmp_path / "chain.pem").write_bytes((signer.chain or (signer.certificate,))[-1].pem())
    command = "openssl cms -verify -cades -binary -purpose any -inform DER -in e.p7s -content e -certfile signer.pem"

    done = subprocess.run(
        [*command.split(), "-CAfile", "chain.pem", "-out", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "CAdES Verification successful" in done.stderr


@pytest.mark.parametrize("signer", _signers(), ids=["p256", "p384", "rsa3072"])
def test_a_good_signature_tells_who_signed_and_when(signer: Signer) -> None:
    signature = sign_detached(DIGEST, signer, at=NOW, with_chain=True)

    facts = verify_detached(signature, DIGEST, [signer.certificate, *signer.chain])

    assert facts.certificate == signer.certificate
    assert facts.signing_time == NOW
    assert set(facts.embedded) == {signer.certificate, *signer.chain}


@pytest.mark.parametrize("with_chain", [False, True])
def test_every_changed_byte_is_refused(with_chain: bool) -> None:
    signer = practice_custodian().signer
    signature = sign_detached(DIGEST, signer, at=NOW, with_chain=with_chain)
    known = [signer.certificate, *signer.chain]

    for position in range(len(signature)):
        for change in (0x01, 0x80, 0xFF):
            altered = bytearray(signature)
            altered[position] ^= change
            with pytest.raises((FormatError, IntegrityError)):
                verify_detached(bytes(altered), DIGEST, known)


@pytest.mark.parametrize("extra", [b"\0", b"\x30\x00", b"\n"])
def test_bytes_after_the_signature_are_refused(extra: bytes) -> None:
    signer = practice_custodian().signer
    signature = sign_detached(DIGEST, signer, at=NOW, with_chain=False)

    with pytest.raises(EvidenceError):
        verify_detached(signature + extra, DIGEST, [signer.certificate])


def test_a_signature_over_other_content_is_refused() -> None:
    signer = practice_custodian().signer
    signature = sign_detached(DIGEST, signer, at=NOW, with_chain=False)

    with pytest.raises(IntegrityError, match="other content"):
        verify_detached(signature, sha256_bytes(b"other"), [signer.certificate])


def test_a_certificate_inside_that_is_not_recorded_is_refused() -> None:
    signer = practice_custodian().signer
    signature = sign_detached(DIGEST, signer, at=NOW, with_chain=True)

    with pytest.raises(FormatError, match="not among those recorded"):
        verify_detached(signature, DIGEST, [signer.certificate])


def test_a_signature_by_somebody_else_with_the_same_name_and_number_is_refused() -> None:
    mine, theirs = (
        _self_signed(ec.generate_private_key(ec.SECP256R1())),
        _self_signed(ec.generate_private_key(ec.SECP256R1())),
    )
    signature = sign_detached(DIGEST, theirs, at=NOW, with_chain=False)

    with pytest.raises(EvidenceError):
        verify_detached(signature, DIGEST, [mine.certificate])


def test_the_other_valid_value_of_an_ecdsa_signature_is_refused() -> None:
    signer = practice_custodian().signer
    low = signer.sign(CONTENT)
    r, s = decode_dss_signature(low)
    high = encode_dss_signature(r, der.ORDERS["secp256r1"] - s)

    check_signature(signer.certificate, CONTENT, low)
    with pytest.raises(IntegrityError, match="one form"):
        check_signature(signer.certificate, CONTENT, high)
