"""The short way to read a signature accepts nothing that the full parser refuses, and reads the same."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kit.errors import EvidenceError
from evidence_kit.models import Digest
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.cms import SignatureFacts, _bare_signing_time, _verify_parsed, sign_detached, verify_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.keys import PrivateKey, Signer

DIGEST = sha256_bytes(b"content")
BEGUN = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)


def _signer(key: PrivateKey, serial: int) -> Signer:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(serial).not_valid_before(BEGUN).not_valid_after(BEGUN + timedelta(days=1))
    return Signer(key=key, certificate=Certificate(built.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)))


SIGNERS = [
    _signer(ec.generate_private_key(ec.SECP256R1()), 7),
    _signer(ec.generate_private_key(ec.SECP384R1()), 2**70),
    _signer(rsa.generate_private_key(65537, 3072), 200),
]
SIGNED = [sign_detached(DIGEST, signer, at=BEGUN, with_chain=False) for signer in SIGNERS]


def _said(data: bytes, digest: Digest, certificate: Certificate, *, parsed: bool) -> SignatureFacts | None:
    try:
        return (_verify_parsed if parsed else verify_detached)(data, digest, (certificate,))
    except EvidenceError:
        return None


@st.composite
def _mutated(draw: st.DrawFn) -> tuple[int, bytes]:
    """Return which signer's signature it was, and what became of it."""
    which = draw(st.integers(0, len(SIGNERS) - 1))
    data = bytearray(SIGNED[which])
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["flip", "cut", "insert", "copy", "swap"])):
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[at : at + draw(st.integers(1, 4))]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=4))
            case "copy":
                data[at:at] = data[at : at + draw(st.integers(1, 64))]
            case _:
                other = SIGNED[(which + 1) % len(SIGNED)]
                data[at : at + 40] = other[at : at + 40]
    return which, bytes(data)


@settings(max_examples=600, deadline=None)
@given(mutated=_mutated())
def test_both_readers_say_the_same_of_whatever_became_of_a_signature(mutated: tuple[int, bytes]) -> None:
    which, data = mutated
    certificate = SIGNERS[which].certificate

    found = _said(data, DIGEST, certificate, parsed=False)

    assert found == _said(data, DIGEST, certificate, parsed=True)
    assert (found is not None) == (data == SIGNED[which])


@settings(max_examples=60, deadline=None)
@given(at=st.datetimes(datetime(1950, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC)), which=st.integers(0, 2))  # noqa: DTZ001  # the zone is added
def test_both_readers_read_the_same_time(at: datetime, which: int) -> None:
    signer, digest = SIGNERS[which], sha256_bytes(at.isoformat().encode())
    data = sign_detached(digest, signer, at=at, with_chain=False)

    found = _said(data, digest, signer.certificate, parsed=False)

    assert found is not None
    assert found == _said(data, digest, signer.certificate, parsed=True)
    assert found.signing_time == at.replace(microsecond=0)


@pytest.mark.parametrize("which", range(len(SIGNERS)))
def test_the_short_way_is_taken_for_a_signature_without_certificates_and_for_no_other(which: int) -> None:
    certificate = SIGNERS[which].certificate
    with_chain = sign_detached(DIGEST, SIGNERS[which], at=BEGUN, with_chain=True)

    assert _bare_signing_time(SIGNED[which], DIGEST, certificate) == BEGUN
    assert _bare_signing_time(with_chain, DIGEST, certificate) is None
    assert _bare_signing_time(SIGNED[which], sha256_bytes(b"other content"), certificate) is None
    assert _bare_signing_time(SIGNED[which], DIGEST, SIGNERS[which - 1].certificate) is None


@pytest.mark.parametrize("size", [0, 1, 200, 10**6])
def test_bytes_of_any_length_are_refused_by_both(size: int) -> None:
    certificate = SIGNERS[0].certificate

    assert _said(bytes(size), DIGEST, certificate, parsed=False) is None
    assert _said(bytes(size), DIGEST, certificate, parsed=True) is None
