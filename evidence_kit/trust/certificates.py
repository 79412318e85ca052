"""X.509 certificates (RFC 5280): their names, their one PEM form, chains, and the mark of practice.

A practice certificate, and the practice root above it, carry a *critical* certificatePolicies extension (4.2.1.4) with
the policy `PRACTICE_POLICY`. A private extension of our own, marked critical, would have to be refused by every stock
tool (4.2); a private policy is understood by them and printed by ``openssl x509 -text``.
"""

import re
import warnings
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from evidence_kit.errors import FormatError
from evidence_kit.plain import read_at_most
from evidence_kit.trust import der
from evidence_kit.trust.digests import sha256_bytes

PRACTICE_POLICY = x509.ObjectIdentifier("2.25.166233576829314670419696731065251590887.1")
"""Our own policy, in the arc of UUIDs that anyone may use (ITU-T X.667)."""

READING_ERRORS = (
    ValueError,
    TypeError,
    KeyError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises, by what is wrong, for bytes that are not a certificate."""

_RSA_BITS, _SIGNER_RSA_BITS = 2048, 3072
"""What authorities and recipients may still have, and what a signer's key needs (NIST SP 800-57, 5.6.1: 128 bits)."""

_LARGEST_FILE = 16 * 1024 * 1024
_PEM_BEGIN = b"-----BEGIN CERTIFICATE-----"
_PEM = re.compile(_PEM_BEGIN + b"(.*?)-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class Certificate:
    """One certificate, known by its DER bytes."""

    der: bytes

    def __reduce__(self) -> tuple[type["Certificate"], tuple[bytes]]:
        """What was read of it stays in its process."""
        return Certificate, (self.der,)

    @cached_property
    def x509(self) -> x509.Certificate:
        """The parsed certificate; raises `FormatError`."""
        try:
            with warnings_refused():
                parsed = x509.load_der_x509_certificate(der.shallow(self.der))
                # These are read only when asked for: ask now, so that a broken certificate is refused in one place.
                _ = (parsed.subject, parsed.issuer, parsed.serial_number, parsed.not_valid_after_utc, parsed.extensions)
        except READING_ERRORS as error:
            message = "not an X.509 certificate"
            raise FormatError(message) from error
        return parsed

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the DER as 64 hexadecimal digits."""
        return sha256_bytes(self.der).hex

    @cached_property
    def subject(self) -> str:
        """The common name when there is one, else the whole name; text from outside, not escaped."""
        return _readable(self.x509.subject)

    @cached_property
    def issuer(self) -> str:
        """The issuer's name in the form of `subject`."""
        return _readable(self.x509.issuer)

    @cached_property
    def practice(self) -> bool:
        """Whether the certificate says of itself that it is for practice only."""
        try:
            policies = self.x509.extensions.get_extension_for_class(x509.CertificatePolicies).value
        except x509.ExtensionNotFound:
            return False
        return any(policy.policy_identifier == PRACTICE_POLICY for policy in policies)

    @cached_property
    def stamps_time(self) -> bool:
        """Whether it is one for time stamps (RFC 3161, 2.3)."""
        try:
            purposes = self.x509.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except x509.ExtensionNotFound:
            return False
        return ExtendedKeyUsageOID.TIME_STAMPING in purposes

    @property
    def self_signed(self) -> bool:
        """Whether subject and issuer are the same name."""
        return self.x509.subject == self.x509.issuer

    @property
    def not_before(self) -> datetime:
        """The beginning of validity, UTC."""
        return self.x509.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """The end of validity, UTC."""
        return self.x509.not_valid_after_utc

    @cached_property
    def public_key(self) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
        """The key; raises `FormatError` when it is neither P-256, P-384 nor RSA of 2,048 bits or more."""
        return self._key(_RSA_BITS)

    @cached_property
    def signer_key(self) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
        """The key of a signer; raises `FormatError` when it is neither P-256, P-384 nor RSA of 3,072 bits or more."""
        return self._key(_SIGNER_RSA_BITS)

    def _key(self, bits: int) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
        try:
            key = self.x509.public_key()
        except (ValueError, UnsupportedAlgorithm) as error:
            message = f"the certificate of {self.subject!r} holds a key that cannot be read"
            raise FormatError(message) from error
        match key:
            case ec.EllipticCurvePublicKey() if isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
                return key
            case rsa.RSAPublicKey() if key.key_size >= bits:
                return key
        message = (
            f"the key in the certificate of {self.subject!r} is {_kind(key)};"
            f" accepted are P-256, P-384 and RSA of {bits:,} bits or more"
        )
        raise FormatError(message, hint="ask its authority for a certificate over such a key")

    def pem(self) -> bytes:
        """Return the one PEM form the kit writes and accepts in a case or bundle (RFC 7468, LF)."""
        return self.x509.public_bytes(Encoding.PEM)


@contextmanager
def warnings_refused() -> Iterator[None]:
    """Raise `FormatError` for a certificate that `cryptography` still reads and warns of, once for every reading.

    That is a serial number that is not positive, which RFC 5280 (4.1.2.2) forbids.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        try:
            yield
        except CryptographyDeprecationWarning as error:
            message = f"a certificate breaks the rules for certificates: {error}"
            raise FormatError(message, hint="ask its authority for another one") from error


def load_certificates(data: bytes) -> tuple[Certificate, ...]:
    """Read one DER certificate or any number of PEM ones; raises `FormatError` when there is none."""
    try:
        with warnings_refused():
            members = [data] if _PEM_BEGIN not in data else [_decoded(block) for block in _PEM.findall(data)]
            found = tuple(_wrap(x509.load_der_x509_certificate(der.shallow(member))) for member in members)
    except READING_ERRORS as error:
        message = "no certificate could be read"
        raise FormatError(message, hint="give certificates in PEM or DER form") from error
    if not found:
        message = "no certificate could be read: it has no end"
        raise FormatError(message, hint="give certificates in PEM or DER form")
    return found


def read_certificates(path: Path) -> tuple[Certificate, ...]:
    """Read the certificates of a file that somebody named; raises `OSError`, and `FormatError` when there is none."""
    return load_certificates(read_at_most(path, _LARGEST_FILE))


def chain_of(leaf: Certificate, pool: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Return the issuers of *leaf* found in *pool*, nearest first, as far as they go; signatures are checked."""
    candidates = list(dict.fromkeys(pool))
    chain: list[Certificate] = []
    current = leaf
    while not current.self_signed:
        above = next((c for c in candidates if c not in chain and _issued(current, c)), None)
        if above is None:
            break
        chain.append(above)
        current = above
    return tuple(chain)


def leads_to_root(
    leaf: Certificate, pool: Iterable[Certificate], roots: Sequence[Certificate], *, at: datetime
) -> str | None:
    """Return None when a path from *leaf* to one of *roots* is valid at the time *at*, else why there is none.

    RFC 5280 section 6 without revocation; validated by `cryptography`. Purposes (EKU) are the caller's business.
    A leaf that is itself one of *roots* has no authority above it, and leads nowhere.
    """
    anchors = [root.x509 for root in roots if root != leaf]
    if not anchors:
        return "no trusted root is known"
    try:
        verifier = (
            verification.PolicyBuilder()
            .store(verification.Store(anchors))
            .time(at.replace(microsecond=0))
            .extension_policies(ca_policy=_ca_policy(), ee_policy=_any_policy())
            .build_client_verifier()
        )
        verifier.verify(leaf.x509, [c.x509 for c in pool if c != leaf])
    except verification.VerificationError as error:
        return str(error)
    except ValueError as error:
        return f"the certificate cannot be examined: {error}"
    return None


def _ca_policy() -> verification.ExtensionPolicy:
    """Issuers must say they are authorities; of the rest only what RFC 5280 section 6 needs."""
    policy = _any_policy().require_present(x509.BasicConstraints, verification.Criticality.AGNOSTIC, _must_be_ca)
    return policy.may_be_present(x509.KeyUsage, verification.Criticality.AGNOSTIC, _must_sign_certificates)


def _any_policy() -> verification.ExtensionPolicy:
    """Accept the extensions that people's certificates carry; one that is critical and not listed is refused."""
    policy = verification.ExtensionPolicy.permit_all()
    for known in (x509.CertificatePolicies, x509.PolicyConstraints, x509.InhibitAnyPolicy):
        policy = policy.may_be_present(known, verification.Criticality.AGNOSTIC, None)
    return policy


def _must_sign_certificates(
    _policy: verification.Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None
) -> None:
    if usage is not None and not usage.key_cert_sign:
        message = "an issuer in the chain may not sign certificates"
        raise ValueError(message)


def _must_be_ca(_policy: verification.Policy, _certificate: x509.Certificate, extension: x509.BasicConstraints) -> None:
    if not extension.ca:
        message = "an issuer in the chain is not a certification authority"
        raise ValueError(message)


def _issued(child: Certificate, parent: Certificate) -> bool:
    try:
        child.x509.verify_directly_issued_by(parent.x509)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature):
        return False
    return True


def _kind(key: object) -> str:
    match key:
        case rsa.RSAPublicKey():
            return f"RSA of {key.key_size:,} bits"
        case ec.EllipticCurvePublicKey():
            return f"an elliptic curve key on {key.curve.name}"
    return f"of the kind {type(key).__name__.removesuffix('PublicKey')}"


def _decoded(block: bytes) -> bytes:
    return b64decode(b"".join(block.split()), validate=True)


def _wrap(found: x509.Certificate) -> Certificate:
    return Certificate(found.public_bytes(Encoding.DER))


def _readable(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    if common:
        value = common[0].value
        return value if isinstance(value, str) else value.decode("utf-8", "replace")
    return name.rfc4514_string()
