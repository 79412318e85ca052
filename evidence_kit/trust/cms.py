"""Detached CAdES signatures (RFC 5652, ETSI EN 319 122-1 baseline B) in one fixed form.

The form leaves no byte free: SHA-256 only; signed attributes exactly content-type, message-digest, signing-time and
signing-certificate-v2 (without issuerSerial); one signer, named by issuer and serial number; no unsigned attribute, no
CRL. The verifier reads the time and the signature value, writes the whole structure anew from them, and wants the same
bytes. (Stock tools accept some altered signatures; `openssl cms -verify` took 19 of 1,373 flipped bits.)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from asn1crypto import cms
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding

from evidence_kit.errors import FormatError, IntegrityError
from evidence_kit.models import Digest
from evidence_kit.trust import der
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.keys import Signer

_DATA = der.oid("1.2.840.113549.1.7.1")
_SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE = der.oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = der.oid("1.2.840.113549.1.9.4")
_SIGNING_TIME = der.oid("1.2.840.113549.1.9.5")
_SIGNING_CERTIFICATE_V2 = der.oid("1.2.840.113549.1.9.16.2.47")
_SHA256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"))
_ECDSA_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))
_RSA_SHA256 = der.sequence(der.oid("1.2.840.113549.1.1.11"), der.NULL)
_VERSION_1 = der.integer(1)
_DIGESTS = der.set_of(_SHA256)
_CONTENT = der.sequence(_DATA)
_CONTENT_TYPE_DATA = der.sequence(_CONTENT_TYPE, der.set_of(_DATA))

_LARGEST = 64 * 1024
_TIME_SIZE = 13
"""Characters of a UTCTime."""
_SET = b"\x31"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFacts:
    """What a signature that holds says."""

    certificate: Certificate
    signing_time: datetime
    """The time the signer claims, UTC, whole seconds."""
    embedded: tuple[Certificate, ...]
    """The certificates inside, in the order of the file."""


def sign_detached(digest: Digest, signer: Signer, *, at: datetime, with_chain: bool) -> bytes:
    """Return a DER ContentInfo that signs content of the given SHA-256 *digest*; *with_chain* puts the chain inside."""
    attributes = _signed_attributes(digest, signer.certificate, at)
    signature = signer.sign(der.set_of(*attributes))
    embedded = (signer.certificate, *signer.chain) if with_chain else ()
    return _content_info(attributes, signature, signer.certificate, embedded)


def verify_detached(data: bytes, digest: Digest, certificates: Iterable[Certificate]) -> SignatureFacts:
    """Check that *data* signs *digest* with one of *certificates*, in the fixed form; a certificate inside is one too.

    Raises `FormatError` when the structure is another, `IntegrityError` when the signature does not hold.
    Whether the certificate may be believed is for the caller.
    """
    known = tuple(certificates)
    for candidate in _named(data, known):
        signed_at = _bare_signing_time(data, digest, candidate)
        if signed_at is not None:
            return SignatureFacts(certificate=candidate, signing_time=signed_at, embedded=())
    return _verify_parsed(data, digest, known)


def _named(data: bytes, known: Sequence[Certificate]) -> list[Certificate]:
    """Return those of the *known* certificates whose digest stands in *data*, as the signer's must.

    Others may have keys that no signer may have (a root on P-521, say), or the signer's issuer and serial number.
    """
    return [candidate for candidate in known if bytes.fromhex(candidate.fingerprint) in data]


def _verify_parsed(data: bytes, digest: Digest, known: Sequence[Certificate]) -> SignatureFacts:
    """Do the same with a full parser, which reads every signature, and can say what is wrong with it."""
    found = _read(data)
    embedded = tuple(Certificate(member.chosen.dump()) for member in found.members)
    if not set(embedded) <= set(known):
        message = "the signature file holds a certificate that is not among those recorded"
        raise FormatError(message)
    certificate = _signer_certificate(found, _named(data, known))
    attributes = _signed_attributes(digest, certificate, found.signing_time)
    if found.message_digest != digest.value:
        message = "the signature was made over other content"
        raise IntegrityError(message)
    check_signature(certificate, der.set_of(*attributes), found.signature)
    if _content_info(attributes, found.signature, certificate, embedded) != data:
        message = "the signature file is not in the one form allowed: some of its bytes were changed or added"
        raise FormatError(message)
    return SignatureFacts(certificate=certificate, signing_time=found.signing_time, embedded=embedded)


def certificates_of(data: bytes) -> tuple[Certificate, ...]:
    """Return the certificates inside the signature *data*, unchecked; raises `FormatError`."""
    return tuple(Certificate(member.chosen.dump()) for member in _read(data).members)


def check_signature(certificate: Certificate, data: bytes, signature: bytes) -> None:
    """Check a signature over SHA-256 of *data*; ECDSA must be minimal DER with low s. Raises `IntegrityError`."""
    key = certificate.signer_key
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
            return
        key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError) as error:
        message = f"the signature does not belong to the content and the key of {certificate.subject!r}"
        raise IntegrityError(message) from error
    r, s = utils.decode_dss_signature(signature)
    if utils.encode_dss_signature(r, s) != signature or s > der.ORDERS[key.curve.name] // 2:
        message = "the signature value is not in the one form allowed"
        raise IntegrityError(message)


def _bare_signing_time(data: bytes, digest: Digest, certificate: Certificate) -> datetime | None:
    """Return the signing time if *data* is, byte for byte, a signature by *certificate* without certificates inside.

    A custody log has hundreds of thousands of these, and a full CMS parser takes ten times as long as the signature
    itself. Nothing read here is believed: time and signature value are cut out where they ought to stand, everything is
    written anew, and only the very same bytes go on to the check of the signature. None leaves it to the full parser to
    say what is wrong. Raises `IntegrityError` when the signature does not hold.
    """
    frame = _frame(certificate, len(data))
    if frame is None:
        return None
    try:
        stated = data[frame.time : frame.time + _TIME_SIZE].decode("ascii")
        signing_time = datetime.fromisoformat(f"20{stated[:6]}T{stated[6:]}")
    except ValueError:
        return None
    signature = data[frame.signature :]
    attributes = b"".join((frame.to_time, der.moment(signing_time), frame.to_digest, digest.value, frame.to_end))
    if b"".join((frame.before, attributes, frame.behind, signature)) != data:
        return None
    check_signature(certificate, _SET + attributes, signature)
    return signing_time


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """Everything in a signature of one length by one certificate that is the same in all of them, in their order."""

    before: bytes
    """Up to the signed attributes, their tag included: another one than when they are signed (RFC 5652, 5.4)."""
    to_time: bytes
    to_digest: bytes
    to_end: bytes
    """Up to the end of the signed attributes."""
    behind: bytes
    """Up to the signature value."""
    time: int
    """Where the 13 characters of the UTCTime stand."""
    signature: int


@lru_cache(maxsize=256)
def _frame(certificate: Certificate, size: int) -> _Frame | None:
    """Return what stands in each signature of *size* bytes; None where there is no such signature.

    It is cut out of one that is written for the purpose.
    """
    digest, at = sha256_bytes(certificate.der + b"no content"), datetime(2000, 1, 1, tzinfo=UTC)
    attributes = _signed_attributes(digest, certificate, at)
    least = len(_content_info(attributes, b"", certificate, ()))
    # The lengths around the value take up to twelve bytes more when it is long.
    for value in range(max(0, size - least - 12), size - least + 1):
        whole = _content_info(attributes, bytes(value), certificate, ())
        if len(whole) == size:
            break
    else:
        return None
    signed = der.set_of(*attributes)[1:]
    begin = whole.index(signed)
    first, second = whole.index(der.moment(at), begin), whole.index(digest.value, begin)
    end = begin + len(signed)
    return _Frame(
        before=whole[:begin],
        to_time=whole[begin:first],
        to_digest=whole[first + len(der.moment(at)) : second],
        to_end=whole[second + len(digest.value) : end],
        behind=whole[end : size - value],
        time=first + 2,
        signature=size - value,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    members: Sequence[cms.CertificateChoices]
    issuer: bytes
    serial: int
    signing_time: datetime
    message_digest: bytes
    signature: bytes


def _read(data: bytes) -> _Found:
    """Read the parts that differ from one signature to the next; the rest is compared as a whole later."""
    if len(data) > _LARGEST:
        message = f"the signature file is larger than {_LARGEST} bytes"
        raise FormatError(message)
    try:
        signed = cms.ContentInfo.load(data, strict=True)["content"]
        (info,) = signed["signer_infos"]
        attributes = {attribute["type"].dotted: attribute["values"][0] for attribute in info["signed_attrs"]}
        time = attributes["1.2.840.113549.1.9.5"].native
        return _Found(
            members=list(signed["certificates"]),
            issuer=info["sid"].chosen["issuer"].dump(),
            serial=info["sid"].chosen["serial_number"].native,
            signing_time=time.astimezone(UTC),
            message_digest=attributes["1.2.840.113549.1.9.4"].native,
            signature=info["signature"].native,
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        # asn1crypto raises these, by what is wrong, for bytes that are not the structure asked for.
        message = "not a detached CMS signature by one signer"
        raise FormatError(message) from error


def _signer_certificate(found: _Found, candidates: Iterable[Certificate]) -> Certificate:
    for candidate in candidates:
        if candidate.x509.serial_number == found.serial and candidate.x509.issuer.public_bytes() == found.issuer:
            return candidate
    message = f"the certificate with serial number {found.serial} that signed is not there"
    raise FormatError(message)


def _signed_attributes(digest: Digest, certificate: Certificate, at: datetime) -> list[bytes]:
    return [
        _CONTENT_TYPE_DATA,
        der.sequence(_MESSAGE_DIGEST, der.set_of(der.octets(digest.value))),
        der.sequence(_SIGNING_TIME, der.set_of(der.moment(at))),
        _signer_parts(certificate).attribute,
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignerParts:
    """What stands in every signature by one certificate."""

    attribute: bytes
    """signing-certificate-v2."""
    identifier: bytes
    """Issuer and serial number."""
    algorithm: bytes


@lru_cache(maxsize=64)
def _signer_parts(certificate: Certificate) -> _SignerParts:
    essence = der.sequence(der.sequence(der.sequence(der.octets(bytes.fromhex(certificate.fingerprint)))))
    issuer = certificate.x509.issuer.public_bytes(Encoding.DER)
    return _SignerParts(
        attribute=der.sequence(_SIGNING_CERTIFICATE_V2, der.set_of(essence)),
        identifier=der.sequence(issuer, der.integer(certificate.x509.serial_number)),
        algorithm=_RSA_SHA256 if isinstance(certificate.public_key, rsa.RSAPublicKey) else _ECDSA_SHA256,
    )


def _content_info(
    attributes: list[bytes], signature: bytes, certificate: Certificate, embedded: Sequence[Certificate]
) -> bytes:
    parts = _signer_parts(certificate)
    signer_info = der.sequence(
        _VERSION_1,
        parts.identifier,
        _SHA256,
        der.tlv(0xA0, *sorted(attributes)),
        parts.algorithm,
        der.octets(signature),
    )
    certificates = [der.tlv(0xA0, *sorted({inside.der for inside in embedded}))] if embedded else []
    signed_data = der.sequence(_VERSION_1, _DIGESTS, _CONTENT, *certificates, der.set_of(signer_info))
    return der.sequence(_SIGNED_DATA, der.tlv(0xA0, signed_data))
