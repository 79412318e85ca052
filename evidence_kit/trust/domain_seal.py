"""The domain form of wacz-auth 0.1.0: somebody who holds a domain signed the digest of an archive's list of files.

``signedData`` holds ``hash``, ``signature`` (base64 of ECDSA over the text of the hash), ``domain``, ``domainCert``
(PEM, leaf first), ``timeSignature`` (base64 of an RFC 3161 reply over the text of the signature), ``timestampCert``
(PEM), ``created``, ``software``, ``version``. Nobody here judges the issuers: they are named.
"""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from evidence_kit.display import shorten
from evidence_kit.errors import EvidenceError, FormatError, IntegrityError
from evidence_kit.models import Outcome, utc_text
from evidence_kit.trust.certificates import Certificate, chain_of, load_certificates
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.timestamps import Token, read_foreign_reply

_APART = timedelta(minutes=10)
"""Between the time that is claimed and the one that is stamped (wacz-auth 0.1.0, Verification, 7)."""
_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SealFinding:
    """What one check of a seal found: *id* is ``seal.hash``, ``.signature``, ``.domain``, ``.chain`` or ``.time``."""

    id: str
    outcome: Outcome
    detail: str


def check_domain_seal(signed: Mapping[str, object], stated: str) -> Iterator[SealFinding]:
    """Yield a finding for each part of the seal *signed* over the digest text *stated*; nothing in it raises."""
    yield _finding("seal.hash", lambda: _same_hash(signed, stated))
    try:
        chain = _certificates(signed, "domainCert")
    except FormatError as error:
        for part in ("signature", "domain", "chain"):
            yield SealFinding(id=f"seal.{part}", outcome=Outcome.NOT_CHECKED, detail=str(error))
        return
    yield _finding("seal.signature", lambda: _signature(signed, chain[0], stated))
    yield _finding("seal.domain", lambda: _domain(signed, chain[0]))
    yield _finding("seal.chain", lambda: _chain(chain))
    if "timeSignature" in signed:
        yield _finding("seal.time", lambda: _stamped(signed, chain[0]))
    else:
        detail = "no time stamp: when it was signed is only claimed"
        yield SealFinding(id="seal.time", outcome=Outcome.NOT_CHECKED, detail=detail)


def _finding(id_: str, check: Callable[[], str]) -> SealFinding:
    try:
        return SealFinding(id=id_, outcome=Outcome.PASSED, detail=check())
    except EvidenceError as error:
        return SealFinding(id=id_, outcome=Outcome.FAILED, detail=str(error))


def _same_hash(signed: Mapping[str, object], stated: str) -> str:
    if signed.get("hash") != stated:
        raise IntegrityError(f"it signs {shorten(str(signed.get('hash')))}, the list has {shorten(stated)}")
    return shorten(stated)


def _signature(signed: Mapping[str, object], leaf: Certificate, stated: str) -> str:
    value, text = _decoded(signed, "signature"), stated.encode("utf-8", "replace")
    try:
        key = leaf.x509.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, text, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, text, ec.ECDSA(hashes.SHA256()))
        else:
            raise FormatError("the certificate holds a kind of key that is not known here")
    except InvalidSignature as error:
        raise IntegrityError("the signature is not one over this digest by the domain's key") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FormatError("the signature, or the key of the domain, cannot be read") from error
    return f"by the key of {leaf.subject}, {shorten(str(signed.get('software')))}"


def _domain(signed: Mapping[str, object], leaf: Certificate) -> str:
    domain = str(signed.get("domain"))
    try:
        names = leaf.x509.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        known = names.get_values_for_type(x509.DNSName)
    except (x509.ExtensionNotFound, ValueError) as error:
        raise FormatError("the certificate names no domain") from error
    if domain.lower() not in (name.lower() for name in known):
        raise IntegrityError(f"the certificate is not for {shorten(domain)}, but for {shorten(', '.join(known))}")
    return shorten(domain)


def _chain(chain: Sequence[Certificate]) -> str:
    issuers = chain_of(chain[0], chain[1:])
    if len(issuers) != len(chain) - 1:
        raise IntegrityError("the certificates of the domain do not follow one another")
    return f"issued by {(issuers[-1] if issuers else chain[0]).issuer}, who is named and not judged here"


def _stamped(signed: Mapping[str, object], leaf: Certificate) -> str:
    text = signed.get("signature")
    if not isinstance(text, str):
        raise FormatError("the signature is no text")
    authorities = _certificates(signed, "timestampCert")
    token = read_foreign_reply(_decoded(signed, "timeSignature"), sha256_bytes(text.encode()), authorities)
    if not leaf.not_before <= token.time <= leaf.not_after:
        raise IntegrityError(f"the certificate of the domain was not valid when it was stamped, {utc_text(token.time)}")
    return _told(signed, token)


def _told(signed: Mapping[str, object], token: Token) -> str:
    by = f"{utc_text(token.time)} by {token.certificate.subject}, who is named and not judged here"
    try:
        created = datetime.fromisoformat(str(signed.get("created")))
        apart = abs(created - token.time)
    except (TypeError, ValueError) as error:
        raise FormatError(f"stamped {by}; the time claimed is none: {shorten(str(signed.get('created')))}") from error
    if apart > _APART:
        raise IntegrityError(f"stamped {by}; the time claimed is another: {utc_text(created)}")
    return by


def _certificates(signed: Mapping[str, object], name: str) -> tuple[Certificate, ...]:
    text = signed.get(name)
    if not isinstance(text, str) or len(text) > _LARGEST:
        raise FormatError(f"{name} is no text, or too long")
    found = load_certificates(text.encode("utf-8", "replace"))
    if not found:
        raise FormatError(f"{name} holds no certificate")
    return found


def _decoded(signed: Mapping[str, object], name: str) -> bytes:
    text = signed.get(name)
    if not isinstance(text, str) or len(text) > _LARGEST:
        raise FormatError(f"{name} is no text, or too long")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError(f"{name} is not base64") from error
