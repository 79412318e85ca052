"""Sign a PDF: PAdES baseline B-B, or B-T with a time stamp (ETSI EN 319 142-1), by pyHanko.

The first signature certifies the document and allows nothing after it but form filling and further signatures
(DocMDP level 2, ISO 32000-2, 12.8.2.2); the field has no appearance, so the pages stay what they were. The signed
bytes end up in a new file; the old one is not touched. A result is read back and checked before it gets its name.
"""

import asyncio
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from asn1crypto import cms, tsp, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers import Signer as PyhankoSigner
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from evidence_kit.errors import EvidenceError, SigningError, TimestampError
from evidence_kit.models import Digest
from evidence_kit.pdf.check import UNREADABLE, check_pdf
from evidence_kit.pdf.files import new_file
from evidence_kit.pdf.findings import Coverage, Level, SignatureFindings
from evidence_kit.trust import timestamps
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.keys import Signer

_ALGORITHM = "sha256"
_SIGNATURE_SPACE = 1024
"""Bytes kept for the CMS around a signature value."""
_ECDSA_VALUE = 112
"""Bytes that an ECDSA value over P-384 takes at most."""
_STAMP_SPACE = 16 * 1024
"""Bytes kept for a time stamp token with its certificates; those of public authorities take 3 to 8 thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfSignature:
    """What was written."""

    field: str
    level: Level
    signer: Certificate
    stamped: datetime | None
    """The time in the token, when there is one."""
    tsa: str | None
    """The address of the authority that answered."""


def sign_pdf(  # noqa: PLR0913  # each is one statement of the signature
    source: Path,
    target: Path,
    *,
    signer: Signer,
    reason: str,
    location: str,
    now: datetime,
    tsa: Sequence[str] = (),
    timeout: float = 20.0,
) -> PdfSignature:
    """Write *source*, signed at the claimed time *now*, as the new file *target*.

    *tsa* are addresses of time-stamping authorities: the first that answers stamps the signature, and if none does,
    nothing is written and `TimestampError` is raised, so that signing without is the caller's own decision. Raises
    `SigningError` for a PDF, key or disk that cannot be used and for an existing *target*.
    """
    with new_file(target, error=SigningError) as temporary:
        stamper = _Stamper(tsa, timeout) if tsa else None
        wording = PdfSignatureMetadata(reason=reason or None, location=location or None)
        try:
            shutil.copyfile(source, temporary)
            with temporary.open("rb+") as stream:
                _end_the_line(stream)
                field = asyncio.run(_sign(stream, _PyhankoSigner(signer), stamper, wording, now))
        except EvidenceError:
            raise
        except UNREADABLE as error:
            message = f"{source.name!r} cannot be signed: {error}"
            raise SigningError(message) from error
        made = _read_back(temporary, field, signer, stamped=stamper is not None)
    return PdfSignature(
        field=field,
        level=made.level,
        signer=signer.certificate,
        stamped=made.stamp.time if made.stamp else None,
        tsa=stamper.answered if stamper else None,
    )


async def _sign(
    stream: BinaryIO,
    signer: "_PyhankoSigner",
    stamper: "_Stamper | None",
    wording: PdfSignatureMetadata,
    now: datetime,
) -> str:
    """Sign in place, step by step as `PdfSigner.async_sign_pdf` does, but with our own clock."""
    writer = IncrementalPdfFileWriter(stream)
    if writer.prev.encrypted:
        message = "the PDF is encrypted"
        raise SigningError(message)
    earlier = len(writer.prev.embedded_signatures)
    field = f"Signature{earlier + 1}"
    metadata = replace(
        wording,
        field_name=field,
        md_algorithm=_ALGORITHM,
        subfilter=SigSeedSubFilter.PADES,
        certify=not earlier,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    session = PdfSigner(metadata, signer, timestamper=stamper).init_signing_session(writer)
    session.system_time = now
    space = _SIGNATURE_SPACE + signer.space + (_STAMP_SPACE if stamper else 0)
    prepared = session.prepare_tbs_document(validation_info=None, bytes_reserved=2 * space, appearance_text_params=None)
    digest, output = prepared.digest_tbs_document(in_place=True)
    attributes = PdfCMSSignedAttributes(signing_time=now)
    finish = await prepared.perform_signature(document_digest=digest.document_digest, pdf_cms_signed_attrs=attributes)
    await finish.post_signature_processing(output)
    return field


class _PyhankoSigner(PyhankoSigner):
    """Lets pyHanko build the signature, and our `Signer` compute its value, wherever the key is."""

    def __init__(self, signer: Signer) -> None:
        chain = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko gives it no types
        chain.register_multiple([x509.Certificate.load(issuer.der) for issuer in signer.chain])
        own = x509.Certificate.load(signer.certificate.der)
        super().__init__(signing_cert=own, cert_registry=chain, embed_roots=True)
        self._signer = signer
        key = signer.certificate.signer_key
        self._value = (key.key_size + 7) // 8 if signer.algorithm == "rsa" else _ECDSA_VALUE
        self.space = self._value + len(signer.certificate.der) + sum(len(issuer.der) for issuer in signer.chain)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002  # pyHanko's interface
        if digest_algorithm != _ALGORITHM:
            message = f"the key signs SHA-256 only, not {digest_algorithm}"
            raise SigningError(message)
        return bytes(self._value) if dry_run else self._signer.sign(data)


class _Stamper(TimeStamper):
    """Lets pyHanko ask for a token, and the trust room fetch it and read it strictly."""

    def __init__(self, addresses: Sequence[str], timeout: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # pyHanko gives it no types
        self._addresses = addresses
        self._timeout = timeout
        self.answered: str | None = None

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        if md_algorithm != _ALGORITHM:
            message = f"time stamps are asked for over SHA-256 only, not {md_algorithm}"
            raise TimestampError(message)
        refusals = []
        for address in self._addresses:
            try:
                reply = timestamps.stamp(address, Digest(message_digest), timeout=self._timeout)
            except TimestampError as error:
                refusals.append(str(error))
                continue
            self.answered = address
            return tsp.TimeStampResp.load(reply)["time_stamp_token"]
        raise TimestampError("; ".join(refusals))


def _end_the_line(stream: BinaryIO) -> None:
    """Complete the last line: an update that starts on the line of ``%%EOF`` breaks PDF/A (ISO 19005-3, 6.1.9)."""
    if stream.seek(0, os.SEEK_END):
        stream.seek(-1, os.SEEK_END)
        if stream.read(1) not in b"\r\n":
            stream.write(b"\n")
    stream.seek(0)


def _read_back(path: Path, field: str, signer: Signer, *, stamped: bool) -> SignatureFindings:
    """Check what was just signed as anybody would; a key that does not fit its certificate ends here."""
    found = check_pdf(path)
    for signature in found.signatures:
        if signature.field == field and signature.certificate == signer.certificate:
            break
    else:
        message = f"the signature cannot be found in what was signed: {'; '.join(found.problems)}"
        raise SigningError(message)
    if stamped and not (signature.stamp and signature.stamp.intact):
        message = "the time stamp does not belong to the signature"
        raise TimestampError(message)
    if not signature.holds or signature.loose or signature.coverage is not Coverage.FILE or found.trailing_bytes:
        message = f"the signature does not hold when read back: {'; '.join((*signature.problems, *signature.loose))}"
        raise SigningError(message)
    return signature
