"""Pictures into a laid-out PDF, and other looks inside with pikepdf (qpdf).

Layout works with tiny placeholder JPEGs; here each is replaced by the real JPEG, byte for byte, in the same image
XObject (ISO 32000-2, 8.9.5), so that text, tags, alternative texts and PDF/A metadata stay as they were laid out.
Pictures are found by the placeholder's content, never by position, and pass from disk to disk
(`evidence_kit.pdf.filling`), after everything else that is drawn into the laid-out file.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import pikepdf
from pikepdf import settings

from evidence_kit.errors import FormatError, ReportError
from evidence_kit.models import Digest
from evidence_kit.pdf.files import new_file
from evidence_kit.pdf.filling import fill_places
from evidence_kit.pdf.findings import Attachment
from evidence_kit.pdf.page_codes import Squares, draw_page_codes
from evidence_kit.pdf.signature_fields import make_signature_fields

UNREADABLE = (
    pikepdf.PdfError,
    pikepdf.PasswordError,
    pikepdf.DataDecodingError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
    zlib.error,
)
"""What pikepdf raises for files that are not what they claim to be (the built-in ones from inside its bindings)."""

_LARGEST_ATTACHMENT = 4 * 1024**3
_PIECE = 1024 * 1024

# qpdf decodes structure (object streams, cross-references) whole; a hostile file must not make it swallow the memory.
settings.set_qpdf_limits(flate_max_memory=512 * 1024**2, doc_max_warnings=1000)


def swap_pictures(
    source: Path,
    target: Path,
    pictures: Mapping[bytes, Path | bytes],
    code_of: Callable[[int], Squares] | None = None,
    signatures: Sequence[str] = (),
) -> None:
    """Write *target* as the PDF *source* with placeholders replaced.

    *pictures* leads from the SHA-256 (32 bytes) of a placeholder JPEG to the RGB JPEG that takes its place, as a path
    or as bytes; *code_of* gives the QR code for the number of each page; *signatures* describe the places for pictures
    of signatures, in their order. The same input gives the same bytes. *target* must not exist. Raises `ReportError`
    when a placeholder is not in the PDF, one of the PDF (any JPEG of 8 x 8 pixels) is not in *pictures*, or a picture
    is no such JPEG.
    """
    with TemporaryDirectory(prefix=".pictures-", dir=target.parent) as folder:
        drawn = Path(folder) / "drawn.pdf"
        try:
            with pikepdf.open(source) as pdf:
                if code_of:
                    draw_page_codes(pdf, code_of)
                make_signature_fields(pdf, signatures)
                # One table of all objects, in which the places of pictures can be found.
                plain = pikepdf.ObjectStreamMode.disable
                pdf.save(drawn, deterministic_id=True, fix_metadata_version=False, object_stream_mode=plain)
            with new_file(target, error=ReportError) as temporary:
                fill_places(drawn, temporary, pictures)
        except UNREADABLE as error:
            message = (
                f"the laid-out report {source.name!r} cannot be filled with pictures: {_text(error, source, drawn)}"
            )
            raise ReportError(message) from error


def attachments(source: Path | BinaryIO) -> tuple[Attachment, ...]:
    """Return the embedded files in the order of their names; raises `FormatError`."""
    with _opened(source) as pdf:
        return tuple(_attachment(name, pdf.attachments[name]) for name in sorted(pdf.attachments))


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[pikepdf.Pdf]:
    name = source.name if isinstance(source, Path) else "PDF"
    try:
        with pikepdf.open(source) as pdf:
            yield pdf
    except UNREADABLE as error:
        message = f"{name!r} cannot be read as a PDF: {_text(error, source)}"
        raise FormatError(message) from error


def _text(error: Exception, *paths: object) -> str:
    """Return qpdf's text without the folder names of this machine, which it puts first."""
    text = str(error)
    for path in paths:
        text = text.replace(str(path), "")
    return text.strip(" :")


def _attachment(name: str, specification: pikepdf.AttachedFileSpec) -> Attachment:
    stream = specification.get_file().obj
    filters = _names(stream.get("/Filter"))
    if filters not in ([], ["/FlateDecode"]) or (filters and stream.get("/DecodeParms") is not None):
        message = f"the attachment {name!r} is packed in a way that is not read here: {filters}"
        raise ValueError(message)
    raw = stream.get_raw_stream_buffer()
    hasher = sha256()
    size = 0
    for piece in _unpacked(memoryview(raw)) if filters else (memoryview(raw),):
        hasher.update(piece)
        size += len(piece)
        if size > _LARGEST_ATTACHMENT:
            message = f"the attachment {name!r} is larger than {_LARGEST_ATTACHMENT} bytes"
            raise ValueError(message)
    return Attachment(name=name, bytes=size, sha256=Digest(hasher.digest()))


def _names(value: object) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, pikepdf.Array) else [str(value)]


def _unpacked(raw: memoryview) -> Iterator[bytes]:
    """Inflate piece by piece, so that a bomb costs time but no memory."""
    unpacker = zlib.decompressobj()
    for start in range(0, len(raw), _PIECE):
        rest: bytes | memoryview = raw[start : start + _PIECE]
        while len(rest) and not unpacker.eof:
            yield unpacker.decompress(rest, _PIECE)
            rest = unpacker.unconsumed_tail
    yield unpacker.flush()
    if not unpacker.eof:
        message = "packed data ends too early"
        raise ValueError(message)
