"""Check the signatures of a PDF, its own or anybody's: what is covered, what holds, what followed, what is attached.

Offline, and never raising for what the file holds: whatever is wrong becomes a text in the findings. Whether a
signer or an authority may be believed is left to the caller. The comparison of revisions is pyHanko's, by the rules of
`evidence_kit.pdf.revisions`; that a signature covers exactly what it seems to, and that nothing stands after the last
revision, is checked here.
"""

import hashlib
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any, BinaryIO

from asn1crypto import core
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.generic_cms import get_signing_cert_attr, validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from evidence_kit.errors import EvidenceError, FormatError
from evidence_kit.pdf import container, stamps
from evidence_kit.pdf.findings import Changes, Coverage, Level, PdfFindings, SignatureFindings
from evidence_kit.pdf.revisions import POLICY
from evidence_kit.pdf.security_store import read_store
from evidence_kit.pdf.swap import attachments
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.revocation import OcspResponse, RevocationList
from evidence_kit.trust.validation_data import ValidationData, data_about

UNREADABLE = (
    EvidenceError,
    PdfError,
    InvalidSignature,
    UnsupportedAlgorithm,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pyHanko and what it stands on raise for files that are not what they claim to be.

pyHanko documents `PdfError` and subclasses of ValueError; hostile files reach its code in states that it does not
expect, and then the built-in errors come out (seen: the public samples of broken PDFs, and every flipped byte).
MemoryError is not among them: what passes the limits was not examined (`evidence_kit.pdf.apart`).
"""

_CHANGES = {
    ModificationLevel.NONE: Changes.NONE,
    ModificationLevel.LTA_UPDATES: Changes.ARCHIVE,
    ModificationLevel.FORM_FILLING: Changes.FORM,
    ModificationLevel.ANNOTATIONS: Changes.ANNOTATIONS,
    ModificationLevel.OTHER: Changes.OTHER,
}
_PADES = ("/ETSI.CAdES.detached",)
_DOCUMENT_STAMP = "/DocTimeStamp"
_LARGEST_PLACE = 4 * 1024 * 1024
_TAIL = 64 * 1024
"""Bytes searched for the end of a PDF: readers look through 1,024, and something may have been appended."""
_END = re.compile(rb"[\s\S]*?startxref\s+\d+\s+%%EOF(?:\r\n|\r|\n)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a signature stands in the file, and how far it covers it."""

    container: container.Container
    covered_end: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """One signed field."""

    emb: EmbeddedPdfSignature
    place: _Place
    known: tuple[Certificate, ...]


_Step = Callable[[SignatureFindings, _Signed], SignatureFindings]


def check_pdf(source: Path | BinaryIO, *, known: Iterable[Certificate] = ()) -> PdfFindings:
    """Return everything found in the PDF *source*, a path or a seekable stream.

    *known* are certificates got elsewhere that may confirm those inside, e.g. a bundle's own list; none is thereby
    trusted. Raises `OSError` only when a path cannot be opened.
    """
    certificates = tuple(known)
    with _opened(source) as stream:
        size = stream.seek(0, os.SEEK_END)
        found = PdfFindings(bytes=size)
        if not _has_end(stream, size):
            return replace(found, problems=("cannot be read: there is no end of a PDF in its last bytes",))
        try:
            found = replace(found, attachments=attachments(source))
        except FormatError as error:
            found = replace(found, problems=(f"attachments: {error}",))
        try:
            reader = PdfFileReader(stream)
            fields = list(enumerate_sig_fields(reader, filled_status=True))
            signatures = [_signature(reader, name, field, stream, certificates) for name, _value, field in fields]
            signatures.sort(key=lambda signature: signature.covered_end)
            store = read_store(reader)
            return replace(
                found,
                revisions=reader.total_revisions,
                signatures=_with_levels(reader, signatures, store),
                certificates=store.certificates,
                crls=tuple(each.der for each in store.statements if isinstance(each, RevocationList)),
                ocsps=tuple(each.der for each in store.statements if isinstance(each, OcspResponse)),
                trailing_bytes=_trailing(reader, stream, size, signatures),
            )
        except UNREADABLE as error:
            return replace(found, problems=(*found.problems, f"cannot be read: {_text(error)}"))


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        yield source


def _has_end(stream: BinaryIO, size: int) -> bool:
    """Return whether the last bytes say where the file's table is (ISO 32000-2, 7.5.5).

    pyHanko looks for it from behind, byte by byte, and would go through any number of them.
    """
    stream.seek(max(0, size - _TAIL))
    return b"startxref" in stream.read(_TAIL)


def _text(error: BaseException) -> str:
    return f"{error}" if isinstance(error, EvidenceError) else f"{type(error).__name__}: {error}"[:300]


def _signature(
    reader: PdfFileReader, name: str, field: DictionaryObject, stream: BinaryIO, known: tuple[Certificate, ...]
) -> SignatureFindings:
    """Take one step after the other; one that fails leaves its text, and the others go on."""
    found = SignatureFindings(field=str(name), certificate=None)
    try:
        emb = EmbeddedPdfSignature(reader, field, name)
        signed = _Signed(emb=emb, place=_place(emb, stream), known=known)
    except UNREADABLE as error:
        return replace(found, problems=(f"the signature cannot be read: {_text(error)}",))
    steps: list[tuple[str, _Step]] = [
        ("signer", _signer),
        ("signature value", _value),
        ("time stamp", _stamp),
        ("coverage", _coverage),
        ("later changes", _changes),
        ("statements", _statements),
        ("container", _container),
    ]
    for title, step in steps:
        try:
            found = step(found, signed)
        except UNREADABLE as error:
            found = replace(found, problems=(*found.problems, f"{title}: {_text(error)}"))
    return found


def _place(emb: EmbeddedPdfSignature, stream: BinaryIO) -> _Place:
    """Read the gap between the two ranges that the digest covers (ISO 32000-2, 12.8.1); raises `FormatError`."""
    size = stream.seek(0, os.SEEK_END)
    numbers = [int(number) for number in emb.byte_range]
    match numbers:
        case [0, start, end, rest] if 0 < start < end <= start + _LARGEST_PLACE and end <= end + rest <= size:
            pass
        case _:
            message = f"the byte range {numbers[:8]} is not a file of {size} bytes with one gap"
            raise FormatError(message)
    stream.seek(start)
    found = container.read_container(stream.read(end - start))
    if found.der + found.padding != emb.pkcs7_content:
        message = "the gap in the byte range is not where the signature stands"
        raise FormatError(message)
    return _Place(container=found, covered_end=end + rest, size=size)


def _signer(found: SignatureFindings, signed: _Signed) -> SignatureFindings:
    return replace(
        found,
        certificate=Certificate(signed.emb.signer_cert.dump()),
        embedded=stamps.certificates_in(signed.emb.signed_data),
        covered_end=signed.place.covered_end,
        revision=signed.emb.signed_revision,
    )


def _value(found: SignatureFindings, signed: _Signed) -> SignatureFindings:
    emb = signed.emb
    if emb.sig_object_type == _DOCUMENT_STAMP:
        stamp = stamps.read_stamp(signed.place.container.der, emb.compute_digest)
        return replace(
            found, digest_intact=stamp.intact, signature_valid=stamp.intact, level=Level.TIMESTAMP, stamp=stamp
        )
    content = emb.signed_data["encap_content_info"]
    if not isinstance(content["content"], core.Void):
        message = "the signature holds content of its own"
        raise FormatError(message)
    intact, valid = validate_sig_integrity(
        emb.signer_info,
        emb.signer_cert,
        expected_content_type=content["content_type"].native,
        actual_digest=emb.compute_digest(),
    )
    attributes = emb.signer_info["signed_attrs"]
    pades = _entry(emb.sig_object, "/SubFilter") in _PADES and get_signing_cert_attr(attributes) is not None
    return replace(found, digest_intact=intact, signature_valid=valid, level=Level.B if pades else Level.CMS)


def _stamp(found: SignatureFindings, signed: _Signed) -> SignatureFindings:
    if found.stamp is not None:
        return found
    token = container.token_of(signed.emb.signer_info)
    return replace(found, stamp=stamps.read_stamp(token, _signature_digest(signed))) if token else found


def _signature_digest(signed: _Signed) -> stamps.DigestOf:
    value: bytes = signed.emb.signer_info["signature"].native
    return lambda algorithm: hashlib.new(algorithm, value, usedforsecurity=False).digest()


def _coverage(found: SignatureFindings, signed: _Signed) -> SignatureFindings:
    if signed.place.covered_end == signed.place.size:
        return replace(found, coverage=Coverage.FILE)
    whole = signed.emb.evaluate_signature_coverage() == SignatureCoverageLevel.ENTIRE_REVISION
    return replace(found, coverage=Coverage.REVISION if whole else Coverage.PART)


def _changes(found: SignatureFindings, signed: _Signed) -> SignatureFindings:
    emb = signed.emb
    emb.compute_integrity_info(POLICY)  # type: ignore[no-untyped-call]  # pyHanko gives it no types
    result: object = emb.diff_result
    level = result.modification_level if isinstance(result, DiffResult) else ModificationLevel.OTHER
    permission = emb.docmdp_level
    allowed = level != ModificationLevel.OTHER and (permission is None or level.value <= permission.value)
    return replace(found, changes=_CHANGES[level], changes_allowed=allowed)


def _statements(found: SignatureFindings, signed: _Signed) -> SignatureFindings:
    emb = signed.emb
    claimed = emb.self_reported_timestamp
    references = [_entry(each.get_object(), "/TransformMethod") for each in _entry(emb.sig_object, "/Reference") or ()]
    return replace(
        found,
        claimed_time=claimed.astimezone(UTC) if claimed is not None and claimed.tzinfo else None,
        reason=str(_entry(emb.sig_object, "/Reason") or ""),
        location=str(_entry(emb.sig_object, "/Location") or ""),
        certifies="/DocMDP" in references,
    )


def _container(found: SignatureFindings, signed: _Signed) -> SignatureFindings:
    if found.certificate is None:
        return found
    place, emb = signed.place.container, signed.emb
    proven = set(signed.known)
    if get_signing_cert_attr(emb.signer_info["signed_attrs"]) is not None:
        proven.add(found.certificate)
    if found.level is Level.TIMESTAMP:
        loose = container.loose_place(place) + stamps.loose_parts(place.der, emb.compute_digest)
        inside = found.embedded
    else:
        loose = container.loose_place(place) + container.loose_parts(place.der, signer=found.certificate)
        inside = found.embedded + (found.stamp.embedded if found.stamp else ())
        if found.stamp is not None:
            proven.add(found.stamp.certificate)
            token = container.token_of(emb.signer_info) or b""
            loose += stamps.loose_parts(token, _signature_digest(signed))
    return replace(found, loose=tuple(loose), unproven=container.unproven(inside, proven=proven))


def _entry(dictionary: DictionaryObject, key: str) -> Any:  # noqa: ANN401  # whatever the file holds there
    """Return an entry, followed to what it refers to (`get` would return the reference), or None."""
    return dictionary[key] if key in dictionary else None  # noqa: SIM401  # as said


def _with_levels(
    reader: PdfFileReader, signatures: Sequence[SignatureFindings], store: ValidationData
) -> tuple[SignatureFindings, ...]:
    """Raise B-B to what stamps and validation data make of it."""
    archives = [found for found in signatures if found.level is Level.TIMESTAMP and found.holds]
    last = archives[-1] if archives else None
    archived = read_store(reader.get_historical_resolver(last.revision)) if last else ValidationData()

    def level(found: SignatureFindings) -> Level:
        if found.level is not Level.B or not (found.stamp and found.stamp.intact):
            return found.level
        if last and last.covered_end > found.covered_end and _suffices(found, archived):
            return Level.LTA
        return Level.LT if _suffices(found, store) else Level.T

    return tuple(replace(found, level=level(found)) for found in signatures)


def _suffices(found: SignatureFindings, store: ValidationData) -> bool:
    """Whether *store* and the signature hold what shows that signer and authority stood when it was stamped."""
    if found.certificate is None or found.stamp is None:
        return False
    known = replace(store, certificates=(*store.certificates, *found.embedded, *found.stamp.embedded))
    at = found.stamp.time
    signer = data_about(found.certificate, known, at=at, told=True)
    return signer is not None and data_about(found.stamp.certificate, known, at=at, told=False) is not None


def _trailing(reader: PdfFileReader, stream: BinaryIO, size: int, signatures: Sequence[SignatureFindings]) -> int:
    """Count the bytes after the last revision: after its ``%%EOF`` and line end, when no signature covers them."""
    covered = max((found.covered_end for found in signatures), default=0)
    ends = [reader.xrefs.get_xref_container_info(number).end_location for number in range(reader.total_revisions)]
    last = max(ends)
    if last <= covered:
        return size - covered
    stream.seek(last)
    end = _END.match(stream.read(_TAIL))
    return max(0, size - max(covered, last + (end.end() if end else 0)))
