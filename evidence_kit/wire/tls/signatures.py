"""The server's signature over the handshake: RFC 8446 section 4.2.3 and 4.4.3, RFC 5246 section 7.4.3, and ML-DSA.

Only what is listed is known. SHA-1 is not: no browser accepts it any more.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from evidence_kit.errors import FormatError
from evidence_kit.trust import der
from evidence_kit.wire.tls.fields import Fields
from evidence_kit.wire.tls.suites import Version

_Verify = Callable[[object, bytes, bytes], bool]
"""Verifies a signature over data with a public key. False: the key is of another kind. Raises `InvalidSignature`."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One signature scheme."""

    name: str
    """IANA's name."""
    verify: _Verify
    versions: frozenset[Version] = frozenset(Version)


def _ecdsa(hash_: hashes.HashAlgorithm) -> _Verify:
    def verify(key: object, signature: bytes, data: bytes) -> bool:
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(signature, data, ec.ECDSA(hash_))
        return True

    return verify


def _rsa(pad: padding.AsymmetricPadding, hash_: hashes.HashAlgorithm) -> _Verify:
    def verify(key: object, signature: bytes, data: bytes) -> bool:
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        key.verify(signature, data, pad, hash_)
        return True

    return verify


def _pss(hash_: hashes.HashAlgorithm) -> _Verify:
    return _rsa(padding.PSS(padding.MGF1(hash_), hash_.digest_size), hash_)


def _plain(*kinds: type) -> _Verify:
    def verify(key: object, signature: bytes, data: bytes) -> bool:
        if not isinstance(key, kinds):
            return False
        key.verify(signature, data)  # type: ignore[attr-defined]
        return True

    return verify


_ONLY_12 = frozenset((Version.TLS_1_2,))
_ONLY_13 = frozenset((Version.TLS_1_3,))

_SCHEMES = {
    0x0401: Scheme("rsa_pkcs1_sha256", _rsa(padding.PKCS1v15(), hashes.SHA256()), _ONLY_12),
    0x0501: Scheme("rsa_pkcs1_sha384", _rsa(padding.PKCS1v15(), hashes.SHA384()), _ONLY_12),
    0x0601: Scheme("rsa_pkcs1_sha512", _rsa(padding.PKCS1v15(), hashes.SHA512()), _ONLY_12),
    0x0403: Scheme("ecdsa_secp256r1_sha256", _ecdsa(hashes.SHA256())),
    0x0503: Scheme("ecdsa_secp384r1_sha384", _ecdsa(hashes.SHA384())),
    0x0603: Scheme("ecdsa_secp521r1_sha512", _ecdsa(hashes.SHA512())),
    0x0804: Scheme("rsa_pss_rsae_sha256", _pss(hashes.SHA256())),
    0x0805: Scheme("rsa_pss_rsae_sha384", _pss(hashes.SHA384())),
    0x0806: Scheme("rsa_pss_rsae_sha512", _pss(hashes.SHA512())),
    0x0807: Scheme("ed25519", _plain(ed25519.Ed25519PublicKey)),
    0x0808: Scheme("ed448", _plain(ed448.Ed448PublicKey)),
    0x0809: Scheme("rsa_pss_pss_sha256", _pss(hashes.SHA256())),
    0x080A: Scheme("rsa_pss_pss_sha384", _pss(hashes.SHA384())),
    0x080B: Scheme("rsa_pss_pss_sha512", _pss(hashes.SHA512())),
    0x0904: Scheme("mldsa44", _plain(mldsa.MLDSA44PublicKey), _ONLY_13),
    0x0905: Scheme("mldsa65", _plain(mldsa.MLDSA65PublicKey), _ONLY_13),
    0x0906: Scheme("mldsa87", _plain(mldsa.MLDSA87PublicKey), _ONLY_13),
}

_CURVES = {0x0403: "secp256r1", 0x0503: "secp384r1", 0x0603: "secp521r1"}
"""In TLS 1.3 the scheme names the curve of the key, too."""

_BROKEN = (ValueError, TypeError, UnsupportedAlgorithm)

_VERSION = 0xA0
_LONG = 0x80
_BEFORE_KEY = 5
"""Serial number, algorithm, issuer, validity and subject."""


def scheme_of(number: int, version: Version) -> Scheme:
    """Return the scheme; raises `FormatError` for one that is unknown or that *version* does not allow."""
    scheme = _SCHEMES.get(number)
    if scheme is None or version not in scheme.versions:
        raise FormatError(f"the signature scheme 0x{number:04x} is not known for {version}")
    return scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signature, and what it is over."""

    scheme: int
    signature: bytes
    data: bytes


def is_signed(signed: Signed, version: Version, *, certificate: bytes) -> bool:
    """Return whether the signature is that of the DER *certificate*'s key.

    Raises `FormatError` when that cannot be known: the scheme is unknown, the certificate unreadable, or its key of
    another kind than the scheme says.
    """
    scheme = scheme_of(signed.scheme, version)
    try:
        key = load_der_public_key(der.shallow(_subject_key(certificate)))
    except _BROKEN as error:
        raise FormatError("the key of the server's certificate cannot be read") from error
    curve = key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else None
    try:
        fits = curve in (None, _CURVES.get(signed.scheme, curve)) or version is Version.TLS_1_2
        if fits and scheme.verify(key, signed.signature, signed.data):
            return True
    except InvalidSignature:
        return False
    except _BROKEN as error:
        raise FormatError(f"the signature cannot be verified as {scheme.name}") from error
    raise FormatError(f"the key of the server's certificate is of another kind than {scheme.name}")


def _subject_key(certificate: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo (RFC 5280 section 4.1).

    The rest of the certificate is not parsed: its flaws are another check's business, and hide no signature here.
    """
    tbs = _value(_value(certificate, 0)[1], 0)[1]
    tag, _, end = _value(tbs, 0)
    at = end if tag == _VERSION else 0
    for _ in range(_BEFORE_KEY):
        at = _value(tbs, at)[2]
    return tbs[at : _value(tbs, at)[2]]


def _value(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Return tag, content and end of the DER value at *at* (X.690 section 8.1); raises `FormatError`."""
    fields = Fields(data[at:], "the server's certificate")
    tag, length = fields.number(1), fields.number(1)
    if length >= _LONG:
        length = fields.number(length - _LONG)
    content = fields.take(length)
    return tag, content, at + fields.at
