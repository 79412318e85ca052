"""Signing keys: opened from PKCS#12 (RFC 7292) or PEM, made for practice, or held by a token (`token`).

Every signature is over SHA-256. ECDSA signatures (FIPS 186-5) are given the smaller of the two equally valid values
of s, so that no second form of a signature exists which a verifier would have to accept.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, load_pem_private_key, pkcs12

from evidence_kit.errors import FormatError, SigningError
from evidence_kit.models import Officer, utc_text
from evidence_kit.plain import read_at_most
from evidence_kit.trust.certificates import PRACTICE_POLICY, Certificate, chain_of, read_certificates, warnings_refused
from evidence_kit.trust.der import ORDERS
from evidence_kit.trust.digests import sha256_bytes

PRACTICE_NOTICE = "PRACTICE, not a digital signature in law"
_PRACTICE_AGAIN = "run: evidence-kit setup --practice, which makes a new key"
_TRY_AGAIN = "run the command again with the right passphrase; nothing was signed"
_PRACTICE_YEARS = 2
_MARK = " (PRACTICE)"
_LONGEST = 64
_LARGEST_FILE = 1024 * 1024
_DER = Encoding.DER

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class TokenKey(Protocol):
    """A private key that stays in its token."""

    def sign_sha256(self, digest: bytes) -> bytes:
        """Return the signature over a SHA-256 *digest*: ECDSA as DER, or RSA PKCS#1 v1.5; raises `TokenError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key with its certificate and the issuers above it, the root last when it is known."""

    key: PrivateKey | TokenKey
    certificate: Certificate
    chain: tuple[Certificate, ...] = ()

    @property
    def practice(self) -> bool:
        """Whether this key is for practice only."""
        return self.certificate.practice or any(issuer.practice for issuer in self.chain)

    def require_valid(self, at: datetime) -> None:
        """Raise `SigningError` unless the certificate is valid at the time *at*: nobody could verify the signature."""
        name = self.certificate.subject
        if at > self.certificate.not_after:
            message = (
                f"the certificate of {name!r} has run out: it was valid until {utc_text(self.certificate.not_after)}"
            )
            hint = _PRACTICE_AGAIN if self.practice else "get a new certificate and give it with: evidence-kit setup"
            raise SigningError(message, hint=hint)
        if at < self.certificate.not_before:
            message = f"the certificate of {name!r} is not valid yet: it begins {utc_text(self.certificate.not_before)}"
            raise SigningError(message, hint="look at this computer's clock, or set up the key that is valid now")

    @property
    def algorithm(self) -> Literal["ecdsa", "rsa"]:
        """The kind of signature."""
        return "rsa" if isinstance(self.certificate.signer_key, rsa.RSAPublicKey) else "ecdsa"

    def sign(self, data: bytes) -> bytes:
        """Return the signature over SHA-256 of *data*: ECDSA as DER with low s, or RSA PKCS#1 v1.5 (RFC 8017, 8.2)."""
        public = self.certificate.signer_key
        signature = self._sign(data)
        if isinstance(public, rsa.RSAPublicKey):
            return signature
        r, s = utils.decode_dss_signature(signature)
        order = ORDERS[public.curve.name]
        return utils.encode_dss_signature(r, min(s, order - s))

    def _sign(self, data: bytes) -> bytes:
        match self.key:
            case rsa.RSAPrivateKey():
                return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
            case ec.EllipticCurvePrivateKey():
                return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        return self.key.sign_sha256(sha256_bytes(data).value)


def open_pkcs12(path: Path, passphrase: bytes) -> Signer:
    """Open a PKCS#12 file; raises `SigningError` when the passphrase is wrong or it holds no usable key."""
    try:
        with warnings_refused():
            data = read_at_most(path, _LARGEST_FILE)
            key, certificate, others = pkcs12.load_key_and_certificates(data, passphrase or None)
    except OSError as error:
        message = f"the key file {path.name!r} cannot be read: {error.strerror}"
        raise SigningError(message) from error
    except FormatError as error:
        raise SigningError(str(error), hint=error.hint) from error
    except ValueError as error:
        message = f"the key file {path.name!r} cannot be opened: not PKCS#12, or the passphrase is wrong"
        raise SigningError(message, hint=_TRY_AGAIN) from error
    if certificate is None:
        message = f"the key file {path.name!r} holds no certificate"
        raise SigningError(message)
    leaf = Certificate(certificate.public_bytes(_DER))
    return _signer(key, leaf, [Certificate(other.public_bytes(_DER)) for other in others])


def open_pem(key_path: Path, certificate_path: Path, passphrase: bytes) -> Signer:
    """Open a PEM key and a PEM file of certificates, the signer's first; raises `SigningError`."""
    try:
        key = load_pem_private_key(read_at_most(key_path, _LARGEST_FILE), passphrase or None)
        certificates = read_certificates(certificate_path)
    except OSError as error:
        message = f"the key or certificate cannot be read: {error.strerror}"
        raise SigningError(message) from error
    except (ValueError, TypeError, FormatError) as error:
        message = f"the key {key_path.name!r} or its certificate cannot be opened, or the passphrase is wrong"
        raise SigningError(message, hint=_TRY_AGAIN) from error
    return _signer(key, certificates[0], list(certificates[1:]))


def make_practice_signer(officer: Officer, *, now: datetime) -> Signer:
    """Make a P-256 key for *officer* under a practice root of its own; every certificate carries the practice mark."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    root_name = _name("evidence_kit practice root (PRACTICE)", "")
    root = _certificate(root_name, root_name, root_key, root_key, authority=True, now=now)
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = _certificate(practice_name(officer), root_name, key, root_key, authority=False, now=now)
    return Signer(key=key, certificate=leaf, chain=(root,))


def practice_name(officer: Officer) -> x509.Name:
    """Return the name in the practice certificate of *officer*."""
    return _name(f"{_beginning(officer.name, _LONGEST - len(_MARK))}{_MARK}", officer.agency)


def write_pkcs12(signer: Signer, passphrase: bytes) -> bytes:
    """Return *signer* as an encrypted PKCS#12 file; raises `SigningError` for a key that stays in its token."""
    if not isinstance(signer.key, PrivateKey):
        message = "the key cannot be taken out of its token"
        raise SigningError(message)
    return pkcs12.serialize_key_and_certificates(
        b"evidence_kit",
        signer.key,
        signer.certificate.x509,
        [issuer.x509 for issuer in signer.chain],
        BestAvailableEncryption(passphrase),
    )


def _signer(key: object, leaf: Certificate, others: list[Certificate]) -> Signer:
    try:
        public = leaf.signer_key
    except FormatError as error:
        raise SigningError(str(error), hint=error.hint) from error
    if not isinstance(key, PrivateKey) or public != key.public_key():
        message = "the certificate does not belong to the key"
        raise SigningError(message)
    return Signer(key=key, certificate=leaf, chain=chain_of(leaf, others))


def _name(common: str, organisation: str) -> x509.Name:
    """Build a name whose parts fit the upper bounds of RFC 5280, appendix A.1."""
    parts = [x509.NameAttribute(x509.NameOID.COMMON_NAME, _beginning(common, _LONGEST))]
    if organisation:
        parts.append(x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organisation[:_LONGEST]))
    return x509.Name(parts)


def _beginning(text: str, most: int) -> str:
    """Return as many letters of *text* as *most* bytes hold: RFC 5280 counts letters, the library that builds bytes."""
    return text.encode()[:most].decode(errors="ignore")


def _certificate(  # noqa: PLR0913  # each is one part of the certificate
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
    now: datetime,
) -> Certificate:
    notice = x509.UserNotice(notice_reference=None, explicit_text=PRACTICE_NOTICE)
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365 * _PRACTICE_YEARS))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(_key_usage(authority=authority), critical=True)
        .add_extension(x509.CertificatePolicies([x509.PolicyInformation(PRACTICE_POLICY, [notice])]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer_id, critical=False)
    )
    return Certificate(builder.sign(issuer_key, hashes.SHA256()).public_bytes(_DER))


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
