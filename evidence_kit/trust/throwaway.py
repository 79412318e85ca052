"""Sign once with a key nobody keeps: the anonymous form of wacz-auth 0.1.0, as replay programs in browsers verify it.

ECDSA on P-384 with SHA-256; the signature is the 96 bytes r then s (IEEE P1363), not DER; the public key is a DER
SubjectPublicKeyInfo. It shows that a file is whole, never who made it: anybody can make another key.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP384R1, EllipticCurvePublicKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from evidence_kit.errors import FormatError
from evidence_kit.trust import der

_HALF = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class AnonymousSignature:
    """A signature and all that is known of its signer."""

    public_key_spki: bytes
    """DER SubjectPublicKeyInfo of a P-384 key, 120 bytes."""
    signature_raw: bytes
    """r and s, 48 big-endian bytes each."""


def sign_anonymously(message: bytes) -> AnonymousSignature:
    """Sign *message* with a new key, and forget the key."""
    key = generate_private_key(SECP384R1())
    r, s = decode_dss_signature(key.sign(message, ECDSA(SHA256())))
    return AnonymousSignature(
        public_key_spki=key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        signature_raw=r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big"),
    )


def check_anonymous(message: bytes, public_key_spki: bytes, signature_raw: bytes) -> bool:
    """Return whether the signature is one over *message* by that key; anything malformed is False."""
    key = _p384(public_key_spki)
    if key is None or len(signature_raw) != 2 * _HALF:
        return False
    r, s = (int.from_bytes(half, "big") for half in (signature_raw[:_HALF], signature_raw[_HALF:]))
    try:
        key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _p384(spki: bytes) -> EllipticCurvePublicKey | None:
    """Return the key if *spki* is a P-384 key in its one canonical encoding."""
    try:
        key = load_der_public_key(der.shallow(spki))
    except (ValueError, UnsupportedAlgorithm, FormatError):
        return None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP384R1):
        return None
    return key if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == spki else None
