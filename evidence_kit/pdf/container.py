"""The container of a PDF signature: the CMS in /Contents and the space reserved for it.

These are the only bytes of a signed PDF that the signature does not cover. Readers pass over zeros after the CMS,
over the case of hexadecimal digits, over certificates and unsigned attributes, and over much of BER. So everything is
read, written anew from what it says, and compared with what stands there (ISO 32000-2, 12.8.1; RFC 5652, 5).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asn1crypto import cms, core
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from evidence_kit.errors import EvidenceError, FormatError, IntegrityError
from evidence_kit.trust import cms as detached
from evidence_kit.trust import der
from evidence_kit.trust.certificates import Certificate

_DATA = der.oid("1.2.840.113549.1.7.1")
_SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
_STAMP_TOKEN = der.oid("1.2.840.113549.1.9.16.2.14")
_SHA256 = der.oid("2.16.840.1.101.3.4.2.1")
_ECDSA_SHA256 = der.oid("1.2.840.10045.4.3.2")
_RSA_SHA256 = der.oid("1.2.840.113549.1.1.11")

_LONG = 0x80
"""In a DER length: how many octets of length follow (ITU-T X.690, 8.1.3.5); alone, an end marked otherwise."""

BROKEN = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)
"""What asn1crypto raises, by what is wrong, for bytes that are not the structure asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What stands in the place of the signature: the DER found there and the zeros that fill it up."""

    der: bytes
    padding: bytes
    canonical: bool
    """Whether the place holds nothing but ``<``, hexadecimal digits of one case, and ``>``."""


def read_container(place: bytes) -> Container:
    """Read the bytes between the two covered ranges; raises `FormatError` when they are no hexadecimal string."""
    digits = place[1:-1]
    if place[:1] != b"<" or place[-1:] != b">":
        message = "the place of the signature is not a hexadecimal string"
        raise FormatError(message)
    try:
        data = bytes.fromhex(digits.decode("ascii"))
    except ValueError as error:
        message = "the place of the signature holds something other than hexadecimal digits"
        raise FormatError(message) from error
    size = _size(data)
    canonical = digits in {data.hex().encode("ascii"), data.hex().upper().encode("ascii")}
    return Container(der=data[:size], padding=data[size:], canonical=canonical)


def loose_place(container: Container) -> list[str]:
    """Return what is loose about the place itself: one English text for each kind of looseness."""
    found = []
    if not container.canonical:
        found.append("the signature is not written in hexadecimal digits of one kind")
    if any(container.padding):
        found.append("the space after the signature is not empty")
    return found


def loose_parts(data: bytes, *, signer: Certificate) -> list[str]:
    """Return why bytes of the DER signature *data* could be changed unseen, as a list of one English text or none."""
    try:
        if _in_one_form(data, signer):
            return []
    except (*BROKEN, EvidenceError) as error:
        return [f"the signature's structure is not in the kit's form: {error}"]
    return ["the signature's structure is not in the kit's form"]


def unproven(embedded: Sequence[Certificate], *, proven: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Return those of *embedded* that are not among *proven*, and whose own signature no certificate at hand confirms.

    A root confirms itself, so it is believed only when something proven stands on it.
    """
    sure = set(proven)
    pool = [*embedded, *sure]
    grew = True
    while grew:
        issuers = {above for below in sure for above in pool if _issued(below, above)}
        above_sure = {certificate for certificate in issuers if _issued_by_any(certificate, pool)}
        grew = not above_sure <= sure
        sure |= above_sure
    return tuple(certificate for certificate in embedded if certificate not in sure)


def token_of(info: cms.SignerInfo) -> bytes | None:
    """Return the DER of the signature time stamp token (RFC 3161, appendix A), or None; raises `FormatError`."""
    try:
        attributes = info["unsigned_attrs"]
        tokens = [
            value.dump()
            for attribute in (() if isinstance(attributes, core.Void) else attributes)
            if attribute["type"].native == "signature_time_stamp_token"
            for value in attribute["values"]
        ]
    except BROKEN as error:
        message = "the unsigned attributes of the signature cannot be read"
        raise FormatError(message) from error
    if len(tokens) > 1:
        message = f"the signature carries {len(tokens)} time stamps instead of one"
        raise FormatError(message)
    return tokens[0] if tokens else None


def _size(data: bytes) -> int:
    """Return the length of the first DER value in *data*; all of it when that cannot be told."""
    first, rest = data[1:2], data[2:]
    if not first or first[0] == _LONG:
        return len(data)
    if first[0] < _LONG:
        return 2 + first[0]
    octets = first[0] - _LONG
    return min(len(data), 2 + octets + int.from_bytes(rest[:octets], "big"))


def _in_one_form(data: bytes, signer: Certificate) -> bool:
    signed = cms.ContentInfo.load(data, strict=True)["content"]
    (info,) = signed["signer_infos"]
    signed_attributes = info["signed_attrs"].contents
    signature = info["signature"].native
    try:
        detached.check_signature(signer, der.tlv(0x31, signed_attributes), signature)
    except IntegrityError:
        return False
    token = token_of(info)
    stamp = [der.tlv(0xA1, der.sequence(_STAMP_TOKEN, der.set_of(token)))] if token else []
    digest = _one_of(info["digest_algorithm"].dump(), der.sequence(_SHA256), der.sequence(_SHA256, der.NULL))
    signature_algorithm = (
        der.sequence(_RSA_SHA256, der.NULL)
        if isinstance(signer.signer_key, rsa.RSAPublicKey)
        else der.sequence(_ECDSA_SHA256)
    )
    signer_info = der.sequence(
        der.integer(1),
        der.sequence(signer.x509.issuer.public_bytes(Encoding.DER), der.integer(signer.x509.serial_number)),
        digest,
        der.tlv(0xA0, signed_attributes),
        signature_algorithm,
        der.octets(signature),
        *stamp,
    )
    certificates = sorted(choice.chosen.dump() for choice in signed["certificates"])
    for each in certificates:
        Certificate(each).x509  # noqa: B018  # raises for what is no certificate
    rebuilt = der.sequence(
        der.integer(1),
        der.set_of(digest),
        der.sequence(_DATA),
        der.tlv(0xA0, *certificates),
        der.set_of(signer_info),
    )
    return len(set(certificates)) == len(certificates) and der.sequence(_SIGNED_DATA, der.tlv(0xA0, rebuilt)) == data


def _one_of(found: bytes, *allowed: bytes) -> bytes:
    return found if found in allowed else allowed[0]


def _issued(child: Certificate, parent: Certificate) -> bool:
    try:
        child.x509.verify_directly_issued_by(parent.x509)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature, FormatError):
        return False
    return True


def _issued_by_any(child: Certificate, pool: Iterable[Certificate]) -> bool:
    return any(_issued(child, parent) for parent in pool)
