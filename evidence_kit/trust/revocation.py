"""What authorities say about certificates they revoked: CRLs (RFC 5280, 5) and OCSP responses (RFC 6960).

A statement counts only if it is authentic: signed with SHA-2 by the issuer of the certificate, or, for OCSP, by a
responder whom that issuer certified for it (id-kp-OCSPSigning, 4.2.2.2). Partial ones are refused: deltas, indirect
CRLs, those for some reasons only. Read and checked by `cryptography`; offline, from bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import zip_longest
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from evidence_kit.errors import FormatError
from evidence_kit.models import utc_text
from evidence_kit.trust import der
from evidence_kit.trust.certificates import Certificate, chain_of
from evidence_kit.trust.digests import sha256_bytes

_BROKEN = (
    ValueError,
    TypeError,
    AttributeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises, by what is wrong, for bytes that are not what they should be."""

_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_MOMENT = timedelta(minutes=10)
"""How long an OCSP response speaks for that says newer ones are always to be had (RFC 6960, 4.2.2.1)."""

_SUPERSEDED = frozenset({"unspecified", "affiliationChanged", "superseded", "cessationOfOperation"})
_DER = Encoding.DER
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_HOLD = "certificateHold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """That, when and why a certificate was revoked."""

    time: datetime
    reason: str
    """As RFC 5280, 5.3.1 names it; empty when the authority gave none."""

    @property
    def orderly(self) -> bool:
        """Whether what a time-stamping authority stamped before stays valid (RFC 3161, 4)."""
        return self.reason in _SUPERSEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one statement says about one certificate."""

    since: datetime
    until: datetime
    revoked: Revocation | None


@dataclass(frozen=True)
class RevocationList:
    """A CRL."""

    der: bytes

    @property
    def name(self) -> str:
        """The name of its file in ``trust/``."""
        return f"crl-{sha256_bytes(self.der).hex}.der"

    @cached_property
    def crl(self) -> x509.CertificateRevocationList:
        """The parsed CRL; raises `FormatError`."""
        try:
            parsed = x509.load_der_x509_crl(der.shallow(self.der))
            # These are read only when asked for: ask now, so that a broken one is refused in one place.
            _ = (parsed.issuer, parsed.last_update_utc, parsed.next_update_utc, parsed.extensions)
        except _BROKEN as error:
            message = "not a certificate revocation list"
            raise FormatError(message) from error
        return parsed

    def about(self, certificate: Certificate, issuer: Certificate) -> Told | None:
        """Return what it says about *certificate*; None if nothing, or nothing that *issuer* vouches for."""
        crl = self.crl
        try:
            if crl.next_update_utc is None or not self._vouched(issuer) or not _in_scope(crl, certificate):
                return None
            entry = crl.get_revoked_certificate_by_serial_number(certificate.x509.serial_number)
            revoked = _entry(entry) if entry else None
        except (*_BROKEN, FormatError):
            return None
        return Told(since=crl.last_update_utc, until=crl.next_update_utc, revoked=revoked)

    def _vouched(self, issuer: Certificate) -> bool:
        crl = self.crl
        if crl.issuer != issuer.x509.subject or not isinstance(crl.signature_hash_algorithm, _HASHES):
            return False
        usage = _extension(issuer.x509.extensions, x509.KeyUsage)
        return (usage is None or usage.crl_sign) and crl.is_signature_valid(issuer.public_key)


@dataclass(frozen=True)
class OcspResponse:
    """An OCSP response."""

    der: bytes

    @property
    def name(self) -> str:
        """The name of its file in ``trust/``."""
        return f"ocsp-{sha256_bytes(self.der).hex}.der"

    @cached_property
    def response(self) -> ocsp.OCSPResponse:
        """The parsed response, a successful one; raises `FormatError`."""
        try:
            parsed = ocsp.load_der_ocsp_response(der.shallow(self.der))
            successful = parsed.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
            _ = (parsed.certificates, parsed.extensions, list(parsed.responses)) if successful else ()
        except _BROKEN as error:
            message = "not an OCSP response"
            raise FormatError(message) from error
        if not successful:
            message = f"the OCSP responder answered {parsed.response_status.name.lower()}"
            raise FormatError(message)
        return parsed

    def about(self, certificate: Certificate, issuer: Certificate) -> Told | None:
        """Return what it says about *certificate*; None if nothing, or nothing that *issuer* vouches for."""
        response = self.response
        try:
            if any(extension.critical for extension in response.extensions) or not self._vouched(issuer):
                return None
            told = (_single(single, certificate, issuer) for single in response.responses)
            return next((found for found in told if found), None)
        except (*_BROKEN, FormatError):
            return None

    def _vouched(self, issuer: Certificate) -> bool:
        if not isinstance(self.response.signature_hash_algorithm, _HASHES):
            return False
        candidates = (Certificate(found.public_bytes(_DER)) for found in self.response.certificates)
        return any(
            self._signed_by(responder)
            for responder in (issuer, *(found for found in candidates if self._delegated(found, issuer)))
        )

    def _delegated(self, responder: Certificate, issuer: Certificate) -> bool:
        """Whether *issuer* itself certified *responder* for this, and it was valid when it signed."""
        try:
            responder.x509.verify_directly_issued_by(issuer.x509)
        except (*_BROKEN, InvalidSignature):
            return False
        purposes = _extension(responder.x509.extensions, x509.ExtendedKeyUsage) or ()
        valid = responder.not_before <= self.response.produced_at_utc <= responder.not_after
        return valid and ExtendedKeyUsageOID.OCSP_SIGNING in purposes

    def _signed_by(self, responder: Certificate) -> bool:
        try:
            response, key = self.response, responder.public_key
        except FormatError:
            return False  # a key that is not accepted; another responder may have signed
        digest = x509.SubjectKeyIdentifier.from_public_key(key).digest
        if response.responder_name != responder.x509.subject and response.responder_key_hash != digest:
            return False
        algorithm = response.signature_hash_algorithm
        if algorithm is None:
            return False
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)
            else:
                key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))
        except InvalidSignature:
            return False
        return True


Statement = RevocationList | OcspResponse
"""What an authority says of its revocations, known by its DER bytes."""


class Standing(StrEnum):
    """What is known of a certificate at a time."""

    GOOD = "not revoked"
    REVOKED = "revoked"
    LATER = "revoked later"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationFinding:
    """A certificate's standing at a time, and what shows it."""

    standing: Standing
    detail: str
    revoked: Revocation | None = None


def read_statement(kind: str, data: bytes) -> Statement:
    """Read a statement of the *kind* ``crl`` or ``ocsp``; raises `FormatError`."""
    if kind == "crl":
        found = RevocationList(data)
        _ = found.crl
        return found
    response = OcspResponse(data)
    _ = response.response
    return response


def standing_of(
    certificate: Certificate, issuer: Certificate, statements: Iterable[Statement], *, at: datetime
) -> RevocationFinding:
    """Return the standing of *certificate* at the time *at*, as far as *statements* tell.

    A revocation counts from its own time, whenever it was stated; one on hold only until a later statement lifts it.
    That a certificate was not revoked takes a statement that covers *at*: of that time or later, and from before the
    certificate's end, after which authorities may drop it (RFC 5280, 3.3).
    """
    told = sorted((t for s in statements if (t := _told(s, certificate, issuer))), key=lambda found: found.since)
    revoked = [
        found.revoked for found in told if found.revoked and (found is told[-1] or found.revoked.reason != _HOLD)
    ]
    if revoked:
        first = min(revoked, key=lambda found: found.time)
        detail = f"revoked {utc_text(first.time)}{f' ({first.reason})' if first.reason else ''}"
        standing = Standing.REVOKED if first.time <= at else Standing.LATER
        return RevocationFinding(standing=standing, detail=detail, revoked=first)
    covering = [found for found in told if found.until >= at and found.since <= certificate.not_after]
    if covering:
        detail = f"not revoked, said its authority {utc_text(covering[-1].since)}"
        return RevocationFinding(standing=Standing.GOOD, detail=detail)
    why = "what its authority said is too old" if told else "nothing that its authority said about it is here"
    return RevocationFinding(standing=Standing.UNKNOWN, detail=why)


@lru_cache(maxsize=1024)
def _told(statement: Statement, certificate: Certificate, issuer: Certificate) -> Told | None:
    """Ask each statement once: a CRL may be large, and one authority may have stamped a log thousands of times."""
    return statement.about(certificate, issuer)


def standings(
    certificate: Certificate, pool: Iterable[Certificate], statements: Sequence[Statement], *, at: datetime
) -> Iterator[tuple[Certificate, RevocationFinding]]:
    """Yield the standing of *certificate* and of each issuer above it that is found in *pool*, roots left out.

    Left out too are those about which there is nothing to know: practice certificates, which nobody can revoke, and
    those that name no place where their authority tells of revocations, unless a statement about them is here.
    """
    path = (certificate, *chain_of(certificate, [found for found in pool if is_readable(found)]))
    for found, issuer in zip_longest(path, path[1:]):
        if found.self_signed or found.practice:
            continue
        if issuer is None:
            why = "the certificate of its authority is not here"
            finding = RevocationFinding(standing=Standing.UNKNOWN, detail=why)
        else:
            finding = standing_of(found, issuer, statements, at=at)
        if finding.standing is not Standing.UNKNOWN or names_a_place(found):
            yield found, finding


def names_a_place(certificate: Certificate) -> bool:
    """Whether *certificate* says where its authority tells of revocations."""
    kinds = (x509.CRLDistributionPoints, x509.AuthorityInformationAccess)
    return any(isinstance(extension.value, kinds) for extension in certificate.x509.extensions)


def is_readable(certificate: Certificate) -> bool:
    """Whether it is a certificate at all: some come from unsigned places, and must not hide others."""
    try:
        _ = certificate.x509
    except FormatError:
        return False
    return True


def _extension(extensions: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    return next((found.value for found in extensions if isinstance(found.value, kind)), None)


def _in_scope(crl: x509.CertificateRevocationList, certificate: Certificate) -> bool:
    """Whether the CRL is a whole one that speaks of such certificates (RFC 5280, 5.2.5 and 6.3.3 b)."""
    for extension in crl.extensions:
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            if not _point_fits(extension.value, certificate):
                return False
        elif extension.critical:
            return False
    return True


def _point_fits(point: x509.IssuingDistributionPoint, certificate: Certificate) -> bool:
    constraints = _extension(certificate.x509.extensions, x509.BasicConstraints)
    authority = constraints is not None and constraints.ca
    partial = point.indirect_crl or point.only_contains_attribute_certs or point.only_some_reasons
    if (
        partial
        or point.relative_name
        or (point.only_contains_user_certs if authority else point.only_contains_ca_certs)
    ):
        return False
    if point.full_name is None:
        return True
    named = _extension(certificate.x509.extensions, x509.CRLDistributionPoints) or ()
    return any(name in point.full_name for found in named for name in found.full_name or ())


def _entry(entry: x509.RevokedCertificate) -> Revocation:
    """Read an entry; raises `ValueError` for one that speaks of somebody else's certificate (5.3.3)."""
    if any(e.critical and not isinstance(e.value, x509.CRLReason) for e in entry.extensions):
        message = "an entry of the list means something else than it seems to"
        raise ValueError(message)
    reason = _extension(entry.extensions, x509.CRLReason)
    return Revocation(time=entry.revocation_date_utc, reason=reason.reason.value if reason else "")


def _single(single: ocsp.OCSPSingleResponse, certificate: Certificate, issuer: Certificate) -> Told | None:
    own = ocsp.OCSPRequestBuilder().add_certificate(certificate.x509, issuer.x509, single.hash_algorithm).build()
    named = (single.serial_number, single.issuer_name_hash, single.issuer_key_hash)
    if named != (own.serial_number, own.issuer_name_hash, own.issuer_key_hash):
        return None
    revoked = None
    match single.certificate_status:
        case ocsp.OCSPCertStatus.UNKNOWN:
            return None
        case ocsp.OCSPCertStatus.REVOKED if single.revocation_time_utc is not None:
            reason = single.revocation_reason
            revoked = Revocation(time=single.revocation_time_utc, reason=reason.value if reason else "")
    since = single.this_update_utc
    return Told(since=since, until=single.next_update_utc or since + _MOMENT, revoked=revoked)
