"""PDFs and keys for tests: tiny, made anew each time, fictional."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pikepdf
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from evidence_kit.models import Officer
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.keys import Signer, make_practice_signer

NOW = datetime.now(UTC).replace(microsecond=0)


def make_pdf(path: Path, *, attached: dict[str, bytes] | None = None) -> Path:
    """Write a PDF of one empty page, without a line end after its last word, as typst does."""
    out = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        for name, data in (attached or {}).items():
            pdf.attachments[name] = data
        pdf.save(out)
    path.write_bytes(out.getvalue().rstrip(b"\n"))
    return path


def practice_signer(name: str = "Д. Туяа") -> Signer:
    """Return a P-256 key below a practice root."""
    return make_practice_signer(Officer(name=name, id="A-1", role="officer", agency="Practice agency"), now=NOW)


def rsa_signer() -> Signer:
    """Return an RSA key below an intermediate and a root, as a certification authority would give it."""
    keys = [rsa.generate_private_key(public_exponent=65537, key_size=bits) for bits in (2048, 2048, 3072)]
    names = [
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Practice {part}")])
        for part in ("root", "intermediate", "officer")
    ]
    made = []
    for number, (key, name) in enumerate(zip(keys, names, strict=True)):
        issuer = max(0, number - 1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names[issuer])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=1))
            .not_valid_after(NOW + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=number < 2, path_length=None), critical=True)
        )
        made.append(Certificate(builder.sign(keys[issuer], hashes.SHA256()).public_bytes(Encoding.DER)))
    return Signer(key=keys[2], certificate=made[2], chain=(made[1], made[0]))


def place_of_signature(data: bytes) -> tuple[int, int]:
    """Return where the last signature's hexadecimal string starts (at its ``<``) and ends (after its ``>``)."""
    *_, found = re.finditer(rb"/ByteRange \[0 (\d+) (\d+) \d+\]", data)
    return int(found[1]), int(found[2])
