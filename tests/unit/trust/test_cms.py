"""Detached signatures leave no byte free, and openssl accepts them."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
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


def _certified(key: CertificateIssuerPrivateKeyTypes, *, twin_of: Certificate | None = None) -> Certificate:
    """Return a certificate over *key*; *twin_of* another it has that one's issuer and serial number."""
    name = twin_of.x509.issuer if twin_of else x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Other")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(twin_of.x509.serial_number if twin_of else 9)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )
    return Certificate(built.public_bytes(Encoding.DER))


_OTHER_KEYS: list[CertificateIssuerPrivateKeyTypes] = [
    ec.generate_private_key(ec.SECP521R1()),
    ec.generate_private_key(ec.BrainpoolP256R1()),
    ed25519.Ed25519PrivateKey.generate(),
    rsa.generate_private_key(65537, 1024),  # noqa: S505  # one that is refused
    dsa.generate_private_key(2048),
]
other_keys = pytest.mark.parametrize("key", _OTHER_KEYS, ids=["p521", "brainpool", "ed25519", "rsa1024", "dsa"])


@other_keys
@pytest.mark.parametrize("with_chain", [False, True])
@pytest.mark.parametrize("twin", [False, True])
def test_certificates_that_are_not_the_signers_are_of_no_consequence(
    key: CertificateIssuerPrivateKeyTypes, *, with_chain: bool, twin: bool
) -> None:
    signer = _self_signed(ec.generate_private_key(ec.SECP256R1()))
    other = _certified(key, twin_of=signer.certificate if twin else None)
    signature = sign_detached(DIGEST, signer, at=NOW, with_chain=with_chain)

    facts = verify_detached(signature, DIGEST, [other, signer.certificate])

    assert facts.certificate == signer.certificate


@other_keys
def test_a_signer_with_a_key_that_is_not_accepted_is_said(key: CertificateIssuerPrivateKeyTypes) -> None:
    signer = _self_signed(ec.generate_private_key(ec.SECP256R1()))
    claimed = _certified(key, twin_of=signer.certificate)
    signature = sign_detached(DIGEST, signer, at=NOW, with_chain=False)
    forged = signature.replace(bytes.fromhex(signer.certificate.fingerprint), bytes.fromhex(claimed.fingerprint))

    with pytest.raises(FormatError, match="accepted are P-256"):
        verify_detached(forged, DIGEST, [claimed])


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
