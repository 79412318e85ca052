# ruff: noqa: SLF001  # an authority knows the one above it
"""A certification authority for tests: roots, units below them, officers."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from evidence_kit.models import Clock
from evidence_kit.trust import der
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.keys import PrivateKey, Signer


class Authority:
    """A key with a certificate that may issue others; made without a parent it is a root."""

    def __init__(  # noqa: PLR0913  # what an authority may be
        self,
        name: str,
        *,
        clock: Clock,
        parent: "Authority | None" = None,
        authority: bool = True,
        extensions: Iterable[x509.ExtensionType] = (),
        key: PrivateKey | None = None,
    ) -> None:
        self._clock = clock
        self._parent = parent
        self._key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = self._certify(
            self.name, self._key.public_key(), authority=authority, by=parent or self, extensions=extensions
        )

    def issue_authority(self, name: str, *, extensions: Iterable[x509.ExtensionType] = ()) -> "Authority":
        """Return an authority below this one, whose certificate has *extensions* too."""
        return Authority(name, clock=self._clock, parent=self, extensions=extensions)

    def issue_as_authority_without_being_one(self, name: str) -> "Authority":
        """Return an officer's certificate whose key issues others all the same."""
        return Authority(name, clock=self._clock, parent=self, authority=False)

    def issue(
        self, name: str, *, key: PrivateKey | None = None, extensions: Iterable[x509.ExtensionType] = ()
    ) -> Signer:
        """Return an officer's key, *key* or a new one, with a certificate that has *extensions* too."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        certificate = self._certify(subject, key.public_key(), authority=False, by=self, extensions=extensions)
        return Signer(key=key, certificate=certificate, chain=self._chain())

    def signer(self) -> Signer:
        """Return the authority's own key."""
        return Signer(key=self._key, certificate=self.certificate)

    def crl(  # each is one part of the list
        self,
        revoked: Mapping[Certificate, tuple[datetime, x509.ReasonFlags | None]],
        *,
        since: datetime,
        until: datetime,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> bytes:
        """Return a CRL over *revoked* (when and why), issued at *since*, with *extensions* (critical or not)."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name).last_update(since).next_update(until)
        for certificate, (time, reason) in revoked.items():
            serial = certificate.x509.serial_number
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(time)
            if reason is not None:
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)

    def ocsp(  # each is one part of the response
        self,
        certificate: Certificate,
        *,
        since: datetime,
        until: datetime | None = None,
        revoked: tuple[datetime, x509.ReasonFlags | None] | None = None,
        responder: Signer | None = None,
    ) -> bytes:
        """Return an OCSP response about *certificate*, signed by this authority or by *responder*."""
        status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
        signer = responder.certificate if responder else self.certificate
        key = responder.key if responder else self._key
        assert isinstance(key, PrivateKey)
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=certificate.x509,
                issuer=self.certificate.x509,
                algorithm=hashes.SHA256(),
                cert_status=status,
                this_update=since,
                next_update=until,
                revocation_time=revoked[0] if revoked else None,
                revocation_reason=revoked[1] if revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.x509)
            .certificates([signer.x509])
        )
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _chain(self) -> tuple[Certificate, ...]:
        return (self.certificate, *(self._parent._chain() if self._parent else ()))

    def _certify(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
        *,
        authority: bool,
        by: "Authority",
        extensions: Iterable[x509.ExtensionType] = (),
    ) -> Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(by.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._clock() - timedelta(days=1))
            .not_valid_after(self._clock() + timedelta(days=730))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return Certificate(builder.sign(by._key, hashes.SHA256()).public_bytes(Encoding.DER))


def nested_certificate(depth: int) -> bytes:
    """Return a certificate over a key whose algorithm's parameters are an algorithm, and so on (RFC 4055, 3.1)."""
    digest = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.NULL)
    ecdsa = der.sequence(der.oid("1.2.840.10045.4.3.2"))
    nested = digest
    for _ in range(depth):
        nested = der.sequence(der.oid("1.2.840.113549.1.1.10"), der.sequence(der.tlv(0xA0, nested)))
    name = der.sequence(der.set_of(der.sequence(der.oid("2.5.4.3"), der.tlv(0x0C, b"Nested"))))
    time = der.tlv(0x17, b"260101000000Z")
    bits = der.tlv(0x03, b"\0key")
    version = der.tlv(0xA0, der.integer(2))
    spki = der.sequence(nested, bits)
    tbs = der.sequence(version, der.integer(1), ecdsa, name, der.sequence(time, time), name, spki)
    return der.sequence(tbs, ecdsa, bits)
