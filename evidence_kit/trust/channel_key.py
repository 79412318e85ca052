"""Keys that two machines know each other by (TLS 1.3, RFC 8446): self-made, pinned, and nobody's signature.

Each side is given the other's certificate beforehand and wants exactly that one, so no authority is asked. The file is
PEM: a private key (PKCS#8) and its certificate.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from evidence_kit.errors import FormatError, SettingsError
from evidence_kit.trust.certificates import Certificate, read_certificates

_YEARS = 10
_SLACK = timedelta(days=1)
"""The other machine's clock may be behind."""


def channel_key(path: Path, name: str, *, now: datetime) -> Certificate:
    """Return the certificate in the file *path*, made for *name* unless it is there; raises `SettingsError`."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(_make(name, now))
        return read_certificates(path)[0]
    except (OSError, FormatError) as error:
        message = f"the key of the channel {path} cannot be made or read: {error}"
        raise SettingsError(message, hint="mend it, or move it away and hand out the new certificate") from error


def _make(name: str, now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)
