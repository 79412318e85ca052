"""CMS envelopes (RFC 5652, RFC 5083): content that only the holders of the recipients' keys can read.

AES-256-GCM (RFC 5084) under a key made for this envelope and forgotten; for each recipient the key is encrypted with
RSAES-OAEP and SHA-256 (RFC 3560), or wrapped with AES under an ephemeral ECDH with the X9.63 derivation on SHA-256
(RFC 5753). Written as BER while the content comes, so memory stays flat; ``openssl cms -decrypt`` opens it (3.0 and
later), which holds all of it in memory.
"""

import os
from collections.abc import Sequence
from types import TracebackType
from typing import BinaryIO, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from evidence_kit.errors import UsageError
from evidence_kit.trust import der
from evidence_kit.trust.certificates import Certificate

_AUTH_ENVELOPED = der.oid("1.2.840.113549.1.9.16.1.23")
_DATA = der.oid("1.2.840.113549.1.7.1")
_AES_256_GCM = der.oid("2.16.840.1.101.3.4.1.46")
_AES_256_WRAP = der.sequence(der.oid("2.16.840.1.101.3.4.1.45"))
_SHA256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.NULL)
_MGF1 = der.oid("1.2.840.113549.1.1.8")
_OAEP = der.oid("1.2.840.113549.1.1.7")
_EC_KEY = der.oid("1.2.840.10045.2.1")
_ECDH_SHA256 = der.oid("1.3.132.1.11.1")

_KEY, _NONCE, _TAG = 32, 12, 16
_PART = 64 * 1024
"""Bytes of content in one part of the envelope."""

_END = b"\0\0"


class EnvelopeWriter:
    """A file to write to: what comes in goes to *out* encrypted. Without `close` the envelope is no whole one."""

    def __init__(self, out: BinaryIO, recipients: Sequence[Certificate]) -> None:
        """Begin; raises `UsageError` for a certificate that nobody can encrypt to, and what *out* raises."""
        key, nonce = os.urandom(_KEY), os.urandom(_NONCE)
        infos = [_recipient(certificate, key) for certificate in recipients]
        if not infos:
            raise UsageError("an envelope needs a recipient")
        self._out = out
        self._gcm = Cipher(AES(key), GCM(nonce)).encryptor()
        self._waiting = bytearray()
        algorithm = der.sequence(_AES_256_GCM, der.sequence(der.octets(nonce), der.integer(_TAG)))
        # ContentInfo, [0], AuthEnvelopedData, then EncryptedContentInfo and its [0]: all of a length not known yet.
        out.write(b"\x30\x80" + _AUTH_ENVELOPED + b"\xa0\x80" + b"\x30\x80")
        out.write(der.integer(0) + der.set_of(*infos))
        out.write(b"\x30\x80" + _DATA + algorithm + b"\xa0\x80")

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Encrypt *data* and write it, in whole parts."""
        self._waiting += data
        while len(self._waiting) >= _PART:
            self._part(self._waiting[:_PART])
            del self._waiting[:_PART]
        return len(data)

    def close(self) -> None:
        """Write what is left, and the tag that vouches for all of it; *out* stays open."""
        if self._waiting:
            self._part(self._waiting)
        self._gcm.finalize()
        self._out.write(_END * 2 + der.octets(self._gcm.tag) + _END * 3)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """Close it, unless something went wrong."""
        if kind is None:
            self.close()

    def _part(self, data: bytes | bytearray) -> None:
        self._out.write(der.octets(self._gcm.update(bytes(data))))


def can_receive(certificate: Certificate) -> None:
    """See that *certificate* can be a recipient's; raises `UsageError`, and `FormatError` for an unreadable key."""
    try:
        usage = certificate.x509.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    ecdh = isinstance(certificate.public_key, ec.EllipticCurvePublicKey)
    if usage is not None and not (usage.key_agreement if ecdh else usage.key_encipherment):
        raise UsageError(
            f"the certificate of {certificate.subject!r} is not made for encryption",
            hint="give a certificate whose key usage is key encipherment (RSA) or key agreement (EC)",
        )


def _recipient(certificate: Certificate, key: bytes) -> bytes:
    """Return the RecipientInfo (RFC 5652 section 6.2)."""
    can_receive(certificate)
    public = certificate.public_key
    if isinstance(public, rsa.RSAPublicKey):
        return _transport(certificate, public, key)
    return _agreement(certificate, public, key)


def _transport(certificate: Certificate, public: rsa.RSAPublicKey, key: bytes) -> bytes:
    """Return a KeyTransRecipientInfo (section 6.2.1)."""
    mask = padding.MGF1(hashes.SHA256())
    encrypted = public.encrypt(key, padding.OAEP(mask, hashes.SHA256(), label=None))
    parameters = der.sequence(der.tlv(0xA0, _SHA256), der.tlv(0xA1, der.sequence(_MGF1, _SHA256)))
    algorithm = der.sequence(_OAEP, parameters)
    return der.sequence(der.integer(0), _named(certificate), algorithm, der.octets(encrypted))


def _agreement(certificate: Certificate, public: ec.EllipticCurvePublicKey, key: bytes) -> bytes:
    """Return a KeyAgreeRecipientInfo (section 6.2.2) with an ephemeral key (RFC 5753 section 3.1.1)."""
    ephemeral = ec.generate_private_key(public.curve)
    shared_info = der.sequence(_AES_256_WRAP, der.tlv(0xA2, der.octets((8 * _KEY).to_bytes(4, "big"))))
    secret = ephemeral.exchange(ec.ECDH(), public)
    wrapping = X963KDF(hashes.SHA256(), _KEY, shared_info).derive(secret)
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    originator = der.tlv(0xA1, der.sequence(_EC_KEY), der.tlv(0x03, b"\0", point))
    wrapped = der.sequence(_named(certificate), der.octets(aes_key_wrap(wrapping, key)))
    algorithm = der.sequence(_ECDH_SHA256, _AES_256_WRAP)
    return der.tlv(0xA1, der.integer(3), der.tlv(0xA0, originator), algorithm, der.sequence(wrapped))


def _named(certificate: Certificate) -> bytes:
    """Return the IssuerAndSerialNumber."""
    return der.sequence(certificate.x509.issuer.public_bytes(), _serial(certificate.x509.serial_number))


def _serial(number: int) -> bytes:
    if number >= 0:
        return der.integer(number)
    return der.tlv(0x02, number.to_bytes((-number - 1).bit_length() // 8 + 1, "big", signed=True))
