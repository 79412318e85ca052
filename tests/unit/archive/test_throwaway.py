"""Anonymous signatures."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kit.trust.throwaway import check_anonymous, sign_anonymously

MESSAGE = b"sha256:" + b"0" * 64
SEAL = sign_anonymously(MESSAGE)


def test_a_signature_fits_its_message_and_key_only() -> None:
    other = sign_anonymously(MESSAGE)

    assert len(SEAL.signature_raw) == 96
    assert len(SEAL.public_key_spki) == 120
    assert check_anonymous(MESSAGE, SEAL.public_key_spki, SEAL.signature_raw)
    assert not check_anonymous(MESSAGE + b"\n", SEAL.public_key_spki, SEAL.signature_raw)
    assert not check_anonymous(MESSAGE, other.public_key_spki, SEAL.signature_raw)


def test_every_flipped_bit_of_key_or_signature_is_found() -> None:
    for at in range(8 * 96):
        changed = bytearray(SEAL.signature_raw)
        changed[at // 8] ^= 1 << at % 8
        assert not check_anonymous(MESSAGE, SEAL.public_key_spki, bytes(changed))
    for at in range(8 * 120):
        changed = bytearray(SEAL.public_key_spki)
        changed[at // 8] ^= 1 << at % 8
        assert not check_anonymous(MESSAGE, bytes(changed), SEAL.signature_raw)


@pytest.mark.parametrize(
    "signature",
    [b"", bytes(96), b"\xff" * 96, SEAL.signature_raw + b"\0"],
    ids=["empty", "zeros", "ones", "a byte too long"],
)
def test_a_malformed_signature_is_false(signature: bytes) -> None:
    assert not check_anonymous(MESSAGE, SEAL.public_key_spki, signature)


def test_a_key_on_another_curve_is_false() -> None:
    spki = generate_private_key(SECP256R1()).public_key()

    assert not check_anonymous(
        MESSAGE, spki.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), SEAL.signature_raw
    )


@settings(max_examples=50)
@given(st.binary(), st.binary())
def test_nothing_raises(spki: bytes, signature: bytes) -> None:
    assert not check_anonymous(MESSAGE, spki, signature)
