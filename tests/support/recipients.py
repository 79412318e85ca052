"""People to whom something is encrypted: their keys and certificates."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from evidence_kit.trust.certificates import Certificate

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

KEYS: dict[str, Callable[[], Key]] = {
    "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
}


class Recipient:
    """A key in a file, and its certificate."""

    def __init__(self, folder: Path, kind: str, *, usage: x509.KeyUsage | None = None) -> None:
        key = KEYS[kind]()
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Тэмүүлэн {kind}")])
        builder = x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(datetime.now(UTC) - timedelta(days=1))
        builder = builder.not_valid_after(datetime.now(UTC) + timedelta(days=10))
        if usage:
            builder = builder.add_extension(usage, critical=True)
        signed = builder.sign(key, hashes.SHA256())
        self.certificate = Certificate(signed.public_bytes(Encoding.DER))
        self.pem, self.key = folder / f"{kind}.pem", folder / f"{kind}.key"
        self.pem.write_bytes(self.certificate.pem())
        self.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def usage_of(*allowed: str) -> x509.KeyUsage:
    names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
    names += ["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{name: name in allowed for name in names})
