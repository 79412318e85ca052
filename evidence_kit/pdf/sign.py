"""Sign a PDF: PAdES baseline B-B, B-T, B-LT or B-LTA (ETSI EN 319 142-1), whichever is in reach, by pyHanko.

The first signature certifies the document and allows nothing after it but form filling and further signatures
(DocMDP level 2, ISO 32000-2, 12.8.2.2). What validates signer and authority later, if it is known, goes into the very
revision that is signed, and a document time stamp into one of its own behind it; so something signed covers every byte.
The signed bytes end up in a new file; the old one is not touched. The level is what is read back from that file.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import InvisSigSettings, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.stamp import NoOpStampStyle

from evidence_kit.errors import EvidenceError, SigningError, TimestampError
from evidence_kit.pdf.actors import ALGORITHM, OwnSigner, OwnStamper
from evidence_kit.pdf.check import UNREADABLE, check_pdf
from evidence_kit.pdf.files import new_file
from evidence_kit.pdf.findings import Coverage, Level, PdfFindings, SignatureFindings
from evidence_kit.pdf.security_store import add_to_store
from evidence_kit.pdf.signature_fields import signature_field
from evidence_kit.pdf.signature_pictures import show_picture
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.keys import Signer
from evidence_kit.trust.validation_data import ValidationData, data_about, together

_SIGNATURE_SPACE = 1024
"""Bytes kept for the CMS around a signature value."""
_STAMP_SPACE = 16 * 1024
"""Bytes kept for a time stamp token with its certificates; those of public authorities take 3 to 8 thousand."""
_OFF_THE_PAGE = InvisSigSettings(box_out_of_bounds=True)
"""Where fields are that show nothing: there they need no tag and no description (ISO 14289-1, 7.18.1)."""
_LONG = frozenset({Level.LT, Level.LTA})


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfSignature:
    """What was written."""

    field: str
    level: Level
    """As it was read back from the file."""
    signer: Certificate
    stamped: datetime | None
    """The time in the signature's token, when there is one."""
    tsa: str | None
    """The address of the authority that answered last."""
    missed: str = ""
    """Why there is no document time stamp, although one was asked for."""


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
    known: ValidationData = ValidationData(),  # noqa: B008  # frozen
    aim: Level = Level.LTA,
    picture: bytes | None = None,
) -> PdfSignature:
    """Write *source*, signed at the claimed time *now*, as the new file *target*.

    *tsa* are addresses of time-stamping authorities: the first that answers stamps the signature, and if none does,
    nothing is written and `TimestampError` is raised, so that signing without is the caller's own decision. What
    *known* has of the signer and the authorities makes it B-LT; if then a document time stamp cannot be had, it stays
    so, and `missed` says why. Nothing above *aim* is tried. *picture*, a PDF of one page, is shown in the box that the
    layout keeps for this signature; without such a box the signature is invisible. Raises `SigningError` for a PDF, key
    or disk that cannot be used and for an existing *target*.
    """
    with new_file(target, error=SigningError) as temporary:
        stamper = OwnStamper(tsa, timeout) if tsa else None
        wording = PdfSignatureMetadata(reason=reason or None, location=location or None)
        beside = _beside(signer, known, now) if stamper and aim in _LONG else None
        missed = ""
        try:
            shutil.copyfile(source, temporary)
            with temporary.open("rb+") as stream:
                _end_the_line(stream)
                field = asyncio.run(_sign(stream, OwnSigner(signer), stamper, wording, now, beside, picture))
            made = _read_back(temporary, field, signer, stamped=stamper is not None)
            if stamper and made.level is Level.LT and aim is Level.LTA:
                missed = _archive(temporary, stamper)
                made = _read_back(temporary, field, signer, stamped=True)
        except EvidenceError:
            raise
        except OSError as error:
            raise _unwritable(target, error) from error
        except UNREADABLE as error:
            message = f"{source.name!r} cannot be signed: {error}"
            raise SigningError(message) from error
    return PdfSignature(
        field=field,
        level=made.level,
        signer=signer.certificate,
        stamped=made.stamp.time if made.stamp else None,
        tsa=stamper.answered if stamper else None,
        missed=missed,
    )


def archive_pdf(
    source: Path, target: Path, *, tsa: Sequence[str], known: ValidationData, timeout: float = 20.0
) -> Level:
    """Write *source* as the new file *target* with a newer document time stamp; return the first signature's level.

    What *known* has of signers and authorities goes into the same revision, and so under the new stamp. Raises
    `TimestampError` when no authority answers, `SigningError` as `sign_pdf`; then nothing is written.
    """
    with new_file(target, error=SigningError) as temporary:
        try:
            shutil.copyfile(source, temporary)
            beside = together(_validating(check_pdf(source), known))
            with temporary.open("rb+") as stream:
                _end_the_line(stream)
                asyncio.run(_stamp_document(stream, OwnStamper(tsa, timeout), beside))
            found = check_pdf(temporary)
        except EvidenceError:
            raise
        except OSError as error:
            raise _unwritable(target, error) from error
        except UNREADABLE as error:
            message = f"{source.name!r} cannot be stamped: {error}"
            raise SigningError(message) from error
        if not found.whole_and_valid:
            message = f"{source.name!r} does not hold after it was stamped: {'; '.join(found.problems)}"
            raise SigningError(message)
    return found.signatures[0].level


def _validating(found: PdfFindings, known: ValidationData) -> Iterator[ValidationData]:
    """Yield what of *known* validates the signers and authorities in *found*, at the times that they claim."""
    for signature in found.signatures:
        stamp = signature.stamp
        pool = replace(known, certificates=(*known.certificates, *signature.embedded))
        at = stamp.time if stamp else signature.claimed_time
        for certificate in {signature.certificate, stamp.certificate if stamp else None} - {None}:
            data = data_about(certificate, pool, at=at, told=False) if certificate and at else None
            if data:
                yield data


def level_in_reach(signer: Signer, known: ValidationData, *, stamped: bool, now: datetime) -> Level:
    """Return the level that `sign_pdf` reaches with *known* if the authorities, if any are asked, keep answering."""
    if not stamped:
        return Level.B
    return Level.LTA if _beside(signer, known, now) else Level.T


def _beside(signer: Signer, known: ValidationData, now: datetime) -> ValidationData | None:
    """Return what of *known* validates the signer, and each authority for time stamps; None if the signer's lacks."""
    known = replace(known, certificates=tuple(dict.fromkeys((*signer.chain, *known.certificates))))
    own = data_about(signer.certificate, known, at=now, told=True)
    authorities = [found for found in known.certificates if found.stamps_time]
    stamping = [data_about(found, known, at=now, told=False) for found in authorities]
    found = [data for data in stamping if data is not None]
    return together([own, *found]) if own and found else None


class _Revision(IncrementalPdfFileWriter):
    """A revision that leaves the metadata alone.

    pyHanko would write all of them anew, in another form and with this machine's time. As typst wrote them they are
    what PDF/A asks for, and say what the information dictionary says (ISO 19005-3, 6.6.3).
    """

    def _update_meta(self) -> None:
        pass


async def _sign(  # noqa: PLR0913, PLR0917  # what a signature is made of
    stream: BinaryIO,
    signer: OwnSigner,
    stamper: OwnStamper | None,
    wording: PdfSignatureMetadata,
    now: datetime,
    beside: ValidationData | None,
    picture: bytes | None,
) -> str:
    """Sign in place, step by step as `PdfSigner.async_sign_pdf` does, but with our own clock."""
    writer = _Revision(stream)
    if writer.prev.encrypted:
        message = "the PDF is encrypted"
        raise SigningError(message)
    earlier = len(writer.prev.embedded_regular_signatures)
    field = signature_field(earlier + 1)
    metadata = replace(
        wording,
        field_name=field,
        md_algorithm=ALGORITHM,
        subfilter=SigSeedSubFilter.PADES,
        certify=not earlier,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    if beside:
        add_to_store(writer, beside)
    if picture:
        show_picture(writer, field, picture)
    unseen = SigFieldSpec(field, invis_sig_settings=_OFF_THE_PAGE)
    pdf_signer = PdfSigner(metadata, signer, timestamper=stamper, stamp_style=NoOpStampStyle(), new_field_spec=unseen)
    session = pdf_signer.init_signing_session(writer)
    session.system_time = now
    space = _SIGNATURE_SPACE + signer.space + (_STAMP_SPACE if stamper else 0)
    prepared = session.prepare_tbs_document(validation_info=None, bytes_reserved=2 * space, appearance_text_params=None)
    digest, output = prepared.digest_tbs_document(in_place=True)
    attributes = PdfCMSSignedAttributes(signing_time=now)
    finish = await prepared.perform_signature(document_digest=digest.document_digest, pdf_cms_signed_attrs=attributes)
    await finish.post_signature_processing(output)
    return field


def _archive(path: Path, stamper: OwnStamper) -> str:
    """Append a document time stamp to the PDF at *path*; return why not, when no authority answered: it is as before.

    pyHanko writes the file before it asks, so what it wrote is taken off again.
    """
    with path.open("rb+") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        try:
            asyncio.run(_stamp_document(stream, stamper))
        except TimestampError as error:
            stream.truncate(size)
            return str(error)
    return ""


async def _stamp_document(stream: BinaryIO, stamper: OwnStamper, beside: ValidationData = ValidationData()) -> None:  # noqa: B008  # frozen
    writer = _Revision(stream)
    add_to_store(writer, beside)
    earlier = len(writer.prev.embedded_timestamp_signatures)
    field = f"Timestamp{earlier + 1}"
    pdf_stamper = PdfTimeStamper(stamper, field_name=field, invis_settings=_OFF_THE_PAGE)
    await pdf_stamper.async_timestamp_pdf(writer, ALGORITHM, bytes_reserved=2 * _STAMP_SPACE, in_place=True)


def _unwritable(target: Path, error: OSError) -> SigningError:
    message = f"{target.name!r} cannot be written: {error.strerror or error}"
    return SigningError(message, hint="see that the disk has room and can be written to, then run the command again")


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
    if not signature.holds or signature.loose or not _closed(found):
        message = f"the signature does not hold when read back: {'; '.join((*signature.problems, *signature.loose))}"
        raise SigningError(message)
    return signature


def _closed(found: PdfFindings) -> bool:
    """Whether the last signature or document time stamp holds and covers the whole file."""
    last = found.signatures[-1]
    return last.holds and not last.loose and last.coverage is Coverage.FILE and not found.trailing_bytes
