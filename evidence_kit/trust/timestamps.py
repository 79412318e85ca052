"""RFC 3161 time stamps: asking an authority, and reading its reply so strictly that no byte of it is free.

What the authority signed (TSTInfo, signed attributes, signature value) and its certificates are kept byte for byte.
What nobody signed is put into one form: status granted without free text, algorithm identifiers as RFC 5754 has them,
certificates in DER order (some authorities send them unsorted, which strict readers refuse), no CRLs, no unsigned
attributes. The verifier writes the reply anew from what it read and wants the same bytes. docs/decisions/0003.
"""

import hashlib
import re
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException, HTTPResponse
from typing import ClassVar

from asn1crypto import cms, core, tsp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding

from evidence_kit.errors import EvidenceError, FormatError, IntegrityError, SilenceError, TimestampError
from evidence_kit.models import Digest
from evidence_kit.trust import der
from evidence_kit.trust.certificates import Certificate

_LARGEST = 256 * 1024
_GRANTED = der.sequence(der.integer(0))
_SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
_TST_INFO = der.oid("1.2.840.113549.1.9.16.1.4")
_HASHES: dict[str, tuple[hashes.HashAlgorithm, str, str, str]] = {
    # name: algorithm, OIDs of the digest, of ECDSA and of RSA PKCS#1 v1.5 with it (RFC 5754)
    "sha256": (hashes.SHA256(), "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2", "1.2.840.113549.1.1.11"),
    "sha384": (hashes.SHA384(), "2.16.840.1.101.3.4.2.2", "1.2.840.10045.4.3.3", "1.2.840.113549.1.1.12"),
    "sha512": (hashes.SHA512(), "2.16.840.1.101.3.4.2.3", "1.2.840.10045.4.3.4", "1.2.840.113549.1.1.13"),
}
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_GEN_TIME = re.compile(rb"[0-9]{14}(?:\.[0-9]{1,9})?Z")
"""RFC 3161, 2.4.2: seconds and Z are a must; without Z the time would be that of whoever reads it."""
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)
"""What asn1crypto raises, by what is wrong, for bytes that are not the structure asked for."""


class _AnyReply(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """A TimeStampResp; asn1crypto's own wants a token even in a refusal, which has none (RFC 3161, 2.4.2)."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a time stamp says: the stamped digest existed at *time*, says the authority."""

    time: datetime
    certificate: Certificate
    """The authority's."""
    embedded: tuple[Certificate, ...]
    policy: str
    serial: int
    nonce: int | None


def stamp(url: str, digest: Digest, *, timeout: float = 20.0) -> bytes:
    """Ask the authority at *url* for a time stamp over *digest* and return the reply to keep, already checked.

    The authority learns our network address and the digest, nothing else. *timeout* in seconds.
    Raises `TimestampError`.
    """
    nonce = secrets.randbits(63)
    request = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest.value},
            "nonce": nonce,
            "cert_req": True,
        }
    )
    reply = kept_form(fetch_reply(url, request.dump(), timeout=timeout))
    try:
        token = read_reply(reply, digest, certificates_inside(reply))
    except EvidenceError as error:
        message = f"the reply of the time-stamping authority cannot be used: {error}"
        raise TimestampError(message) from error
    if token.nonce != nonce:
        message = "the time-stamping authority answered another request (nonce differs)"
        raise TimestampError(message)
    return reply


def stamp_all(urls: Sequence[str], digest: Digest, *, timeout: float = 20.0) -> list[bytes | TimestampError]:
    """Ask all authorities at once for a time stamp over *digest*; return what each answered, in their order."""

    def ask(url: str) -> bytes | TimestampError:
        try:
            return stamp(url, digest, timeout=timeout)
        except TimestampError as error:
            return error

    if not urls:
        return []
    with ThreadPoolExecutor(max_workers=len(urls)) as asking:
        return list(asking.map(ask, urls))


def fetch_reply(url: str, request: bytes, *, timeout: float) -> bytes:
    """Send the DER *request* (RFC 3161, 3.4) and return the DER reply, *timeout* seconds later at most.

    Only looking up the name may take longer. Raises `TimestampError`, of the kind `SilenceError` when time ran out.
    """
    if not url.startswith(("http://", "https://")):
        message = f"not an address of a time-stamping authority: {url!r}"
        raise TimestampError(message)
    query = urllib.request.Request(  # noqa: S310  # the scheme is checked above
        url, data=request, headers={"Content-Type": "application/timestamp-query", "User-Agent": "evidence_kit"}
    )
    try:
        with urllib.request.urlopen(query, timeout=timeout) as response:  # noqa: S310  # as above
            body = _read_until(response, time.monotonic() + timeout)
    except urllib.error.HTTPError as error:
        error.close()  # it is a response too, and would keep its connection
        message = f"the time-stamping authority at {url} answered with HTTP status {error.code}"
        raise TimestampError(message) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        message = f"the time-stamping authority at {url} could not be reached: {reason}"
        raise (SilenceError if isinstance(reason, TimeoutError) else TimestampError)(message) from error
    if len(body) > _LARGEST:
        message = f"the time-stamping authority at {url} sent more than {_LARGEST} bytes"
        raise TimestampError(message)
    return body


def _read_until(response: HTTPResponse, end: float) -> bytes:
    """Read as much as a reply may have; raises `TimeoutError` when it trickles on until *end*."""
    body = b""
    while len(body) <= _LARGEST and (piece := response.read1(_LARGEST + 1 - len(body))):
        body += piece
        if time.monotonic() > end:
            message = "it did not finish its answer in time"
            raise TimeoutError(message)
    return body


def kept_form(reply: bytes) -> bytes:
    """Return *reply* as it is kept; raises `TimestampError` when it was refused or cannot be read."""
    try:
        parsed = _AnyReply.load(reply)
        status = parsed["status"]["status"].native
        text = " ".join(parsed["status"]["status_string"].native or ())
        if status in {"granted", "granted_with_mods"}:
            return _write(_read(parsed["time_stamp_token"]["content"]))
    except _BROKEN as error:
        message = "the time-stamping authority's answer is not a time stamp reply"
        raise TimestampError(message) from error
    except EvidenceError as error:
        message = f"the time-stamping authority's answer cannot be used: {error}"
        raise TimestampError(message) from error
    message = f"the time-stamping authority refused: {status} {text}".rstrip()
    raise TimestampError(message)


def certificates_inside(reply: bytes) -> tuple[Certificate, ...]:
    """Return the certificates in a kept *reply*, unchecked; raises `FormatError`."""
    return tuple(Certificate(member) for member in _load(reply).certificates)


def read_reply(reply: bytes, digest: Digest, certificates: Iterable[Certificate]) -> Token:
    """Check that the kept *reply* stamps *digest*, in every byte, and return what it says.

    Every certificate inside must be one of *certificates*. Raises `FormatError` for another structure,
    `IntegrityError` when the token stamps something else or its signature does not hold.
    Whether the authority may be believed is for the caller.
    """
    found = _load(reply)
    known = tuple(certificates)
    embedded = tuple(Certificate(member) for member in found.certificates)
    if not set(embedded) <= set(known):
        message = "the time stamp holds a certificate that is not among those recorded"
        raise FormatError(message)
    if not embedded:
        message = "the time stamp holds no certificate"
        raise FormatError(message)
    authority = _authority(found, known)
    _check_signature(found, authority)
    if found.rsa is not isinstance(authority.public_key, rsa.RSAPublicKey):
        message = "the time stamp names another kind of signature than the one that it holds"
        raise FormatError(message)
    if found.imprint != ("sha256", digest.value):
        message = "the time stamp belongs to other content"
        raise IntegrityError(message)
    if (authority.x509.issuer.public_bytes(Encoding.DER), authority.x509.serial_number) != (found.issuer, found.serial):
        message = "the time stamp names another certificate than the one it was signed with"
        raise FormatError(message)
    if _write(found) != reply:
        message = "the time stamp is not in the one form allowed: some of its bytes were changed or added"
        raise FormatError(message)
    return _token(found, authority, embedded)


def read_foreign_reply(reply: bytes, digest: Digest, certificates: Iterable[Certificate]) -> Token:
    """As `read_reply`, of a reply that somebody else keeps: in no form of ours, perhaps without certificates inside.

    Bytes that nobody signed may be others than the authority wrote.
    """
    found = _load(reply)
    embedded = tuple(Certificate(member) for member in found.certificates)
    authority = _authority(found, (*certificates, *embedded))
    _check_signature(found, authority)
    if found.imprint != ("sha256", digest.value):
        message = "the time stamp belongs to other content"
        raise IntegrityError(message)
    return _token(found, authority, embedded)


def _token(found: "_Found", authority: Certificate, embedded: tuple[Certificate, ...]) -> Token:
    return Token(
        time=found.time,
        certificate=authority,
        embedded=embedded,
        policy=found.policy,
        serial=found.token_serial,
        nonce=found.nonce,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    content: bytes
    certificates: Sequence[bytes]
    issuer: bytes
    serial: int
    hash_name: str
    attributes: bytes
    """The content of the SET of signed attributes, as signed."""
    message_digest: bytes
    essence: tuple[str, bytes]
    rsa: bool
    signature: bytes
    imprint: tuple[str, bytes]
    time: datetime
    policy: str
    token_serial: int
    nonce: int | None


def _load(reply: bytes) -> _Found:
    if len(reply) > _LARGEST:
        message = f"the time stamp is larger than {_LARGEST} bytes"
        raise FormatError(message)
    try:
        return _read(tsp.TimeStampResp.load(reply, strict=True)["time_stamp_token"]["content"])
    except _BROKEN as error:
        message = "not a time stamp reply with one signer"
        raise FormatError(message) from error


def _read(signed: cms.SignedData) -> _Found:
    """Take out the parts that differ from one token to the next; raises `_BROKEN` or `FormatError`."""
    (info,) = signed["signer_infos"]
    content = bytes(signed["encap_content_info"]["content"])
    facts = tsp.TSTInfo.load(content, strict=True)
    attributes = {attribute["type"].dotted: attribute["values"][0] for attribute in info["signed_attrs"]}
    hash_name = info["digest_algorithm"]["algorithm"].native
    if hash_name not in _HASHES:
        message = f"the time stamp uses the digest {hash_name}"
        raise FormatError(message)
    if not _GEN_TIME.fullmatch(facts["gen_time"].contents):
        message = "the time of the time stamp is not in the form allowed"
        raise FormatError(message)
    return _Found(
        content=content,
        certificates=[member.chosen.dump() for member in signed["certificates"] if member.name == "certificate"],
        issuer=info["sid"].chosen["issuer"].dump(),
        serial=info["sid"].chosen["serial_number"].native,
        hash_name=hash_name,
        attributes=info["signed_attrs"].contents,
        message_digest=attributes["1.2.840.113549.1.9.4"].native,
        essence=_essence(attributes),
        rsa=info["signature_algorithm"].signature_algo == "rsassa_pkcs1v15",
        signature=info["signature"].native,
        imprint=(
            facts["message_imprint"]["hash_algorithm"]["algorithm"].native,
            facts["message_imprint"]["hashed_message"].native,
        ),
        time=facts["gen_time"].native.astimezone(UTC),
        policy=facts["policy"].dotted,
        token_serial=facts["serial_number"].native,
        nonce=facts["nonce"].native,
    )


def _essence(attributes: dict[str, cms.CMSAttribute]) -> tuple[str, bytes]:
    """Return hash name and value by which the token names its certificate (RFC 5816; before it SHA-1, RFC 2634)."""
    if _SIGNING_CERTIFICATE_V2 in attributes:
        first = attributes[_SIGNING_CERTIFICATE_V2]["certs"][0]
        return first["hash_algorithm"]["algorithm"].native, first["cert_hash"].native
    return "sha1", attributes[_SIGNING_CERTIFICATE]["certs"][0]["cert_hash"].native


def _authority(found: _Found, known: tuple[Certificate, ...]) -> Certificate:
    """Find the certificate that the signed attribute names, and see that it is one for time stamps."""
    name, value = found.essence
    if name not in {"sha1", *_HASHES}:
        message = f"the time stamp names its certificate by the digest {name}"
        raise FormatError(message)
    for candidate in known:
        if hashlib.new(name, candidate.der, usedforsecurity=False).digest() == value:
            break
    else:
        message = "the certificate of the time-stamping authority is not there"
        raise FormatError(message)
    if not candidate.stamps_time:
        message = f"the certificate of {candidate.subject!r} is not one for time stamps"
        raise IntegrityError(message)
    return candidate


def _check_signature(found: _Found, authority: Certificate) -> None:
    algorithm = _HASHES[found.hash_name][0]
    if hashlib.new(found.hash_name, found.content).digest() != found.message_digest:
        message = "the content of the time stamp is not what the authority signed"
        raise IntegrityError(message)
    signed = der.tlv(0x31, found.attributes)
    key = authority.public_key
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(found.signature, signed, padding.PKCS1v15(), algorithm)
        else:
            key.verify(found.signature, signed, ec.ECDSA(algorithm))
    except (InvalidSignature, ValueError) as error:
        message = f"the signature of the time-stamping authority {authority.subject!r} does not hold"
        raise IntegrityError(message) from error


def _write(found: _Found) -> bytes:
    _, digest_oid, ecdsa_oid, rsa_oid = _HASHES[found.hash_name]
    digest_algorithm = der.sequence(der.oid(digest_oid))
    signature_algorithm = der.sequence(der.oid(rsa_oid), der.NULL) if found.rsa else der.sequence(der.oid(ecdsa_oid))
    signer_info = der.sequence(
        der.integer(1),
        der.sequence(found.issuer, der.integer(found.serial)),
        digest_algorithm,
        der.tlv(0xA0, found.attributes),
        signature_algorithm,
        der.octets(_signature_value(found)),
    )
    signed_data = der.sequence(
        der.integer(3),
        der.set_of(digest_algorithm),
        der.sequence(_TST_INFO, der.tlv(0xA0, der.octets(found.content))),
        der.tlv(0xA0, *sorted(set(found.certificates))),
        der.set_of(signer_info),
    )
    return der.sequence(_GRANTED, der.sequence(_SIGNED_DATA, der.tlv(0xA0, signed_data)))


def _signature_value(found: _Found) -> bytes:
    """Return the signature's value; of the two that ECDSA allows the one with the smaller s, whichever was sent.

    Anybody can make one of the other. A signature whose authority is not inside, or that is none, stays as it is: the
    curve is not known, or it does not hold anyway.
    """
    if found.rsa:
        return found.signature
    try:
        key = _authority(found, tuple(Certificate(member) for member in found.certificates)).public_key
        r, s = utils.decode_dss_signature(found.signature)
    except (EvidenceError, ValueError):
        return found.signature
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in der.ORDERS:
        return found.signature
    return utils.encode_dss_signature(r, min(s, der.ORDERS[key.curve.name] - s))
