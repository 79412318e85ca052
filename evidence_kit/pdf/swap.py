"""Pictures into a laid-out PDF, and other looks inside with pikepdf (qpdf).

Layout works with tiny placeholder JPEGs; here each is replaced by the real JPEG, byte for byte, in the same image
XObject (ISO 32000-2, 8.9.5), so that text, tags, alternative texts and PDF/A metadata stay as they were laid out.
Pictures are found by the placeholder's content, never by position. They pass from disk to disk: neither the old nor
the new file is ever whole in memory.
"""

import os
import re
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import pikepdf
from pikepdf import settings

from evidence_kit.errors import FormatError, ReportError
from evidence_kit.models import Digest
from evidence_kit.pdf.files import new_file
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
_PLACEHOLDER_SIDE = "8"
_TAIL = 1024
_FRAMES = (b"\xc0", b"\xc1", b"\xc2")
"""Baseline, extended and progressive Huffman coding: what /DCTDecode readers know."""

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
        filled = Path(folder) / "filled.pdf"
        try:
            _append_pictures(source, filled, pictures)
            # Written anew: one revision, without the placeholders. qpdf copies the pictures' bytes as it goes.
            with (
                pikepdf.open(filled, access_mode=pikepdf.AccessMode.stream) as pdf,
                new_file(target, error=ReportError) as temporary,
            ):
                if code_of:
                    draw_page_codes(pdf, code_of)
                make_signature_fields(pdf, signatures)
                pdf.save(temporary, deterministic_id=True, fix_metadata_version=False)
        except UNREADABLE as error:
            message = (
                f"the laid-out report {source.name!r} cannot be filled with pictures: {_text(error, source, filled)}"
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


@dataclass(frozen=True, slots=True)
class _Spot:
    """An image XObject to be filled: its number, generation and dictionary, and the picture for it."""

    number: int
    generation: int
    dictionary: pikepdf.Dictionary
    picture: Path | bytes


def _append_pictures(source: Path, target: Path, pictures: Mapping[bytes, Path | bytes]) -> None:
    """Copy *source* and append a revision (ISO 32000-2, 7.5.6) in which the placeholders' objects are the pictures.

    pikepdf would hold every picture that it is given in memory until the end; bytes of a file it leaves there.
    """
    with pikepdf.open(source) as laid_out, target.open("xb+") as out:
        with source.open("rb") as original:
            shutil.copyfileobj(original, out, _PIECE)
        out.seek(-min(out.tell(), _TAIL), os.SEEK_END)
        (earlier,) = re.findall(rb"startxref\s+(\d+)\s+%%EOF\s*\Z", out.read())
        out.write(b"\n")
        table = [b"xref\n"]
        for spot in _spots(laid_out, pictures):
            table.append(b"%d 1\n%010d %05d n \n" % (spot.number, out.tell(), spot.generation))
            _write_picture(out, spot)
        start = out.tell()
        out.writelines(table)
        entries = {name: laid_out.trailer[name] for name in ("/Root", "/Info", "/ID") if name in laid_out.trailer}
        trailer = pikepdf.Dictionary({**entries, "/Size": laid_out.trailer.Size, "/Prev": int(earlier)})
        out.write(b"trailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (trailer.unparse(), start))


def _spots(laid_out: pikepdf.Pdf, pictures: Mapping[bytes, Path | bytes]) -> list[_Spot]:
    """Find every placeholder's picture; raises `ReportError` when one of either is left over."""
    spots = []
    found = set()
    for thing in laid_out.objects:
        if not _is_placeholder(thing):
            continue
        key = sha256(thing.read_raw_bytes()).digest()
        if key not in pictures:
            message = f"the laid-out report holds a placeholder that no picture is for (object {thing.objgen[0]})"
            raise ReportError(message)
        found.add(key)
        spots.append(_Spot(*thing.objgen, thing.stream_dict, pictures[key]))
    if len(found) != len(pictures):
        message = f"{len(pictures) - len(found)} of {len(pictures)} placeholders are not in the laid-out report"
        raise ReportError(message)
    return spots


def _is_placeholder(thing: pikepdf.Object) -> bool:
    if not isinstance(thing, pikepdf.Stream) or thing.get("/Subtype") != pikepdf.Name.Image:
        return False
    sides = {str(thing.get("/Width")), str(thing.get("/Height"))}
    return _names(thing.get("/Filter")) == ["/DCTDecode"] and sides == {_PLACEHOLDER_SIDE}


def _write_picture(out: BinaryIO, spot: _Spot) -> None:
    picture = spot.picture
    with picture.open("rb") if isinstance(picture, Path) else BytesIO(picture) as jpeg:
        width, height = _jpeg_size(jpeg)
        size = {"/Width": width, "/Height": height, "/Length": jpeg.seek(0, os.SEEK_END)}
        dictionary = pikepdf.Dictionary({**dict(spot.dictionary.items()), **size})
        jpeg.seek(0)
        out.write(b"%d %d obj\n%s\nstream\n" % (spot.number, spot.generation, dictionary.unparse()))
        shutil.copyfileobj(jpeg, out, _PIECE)
        out.write(b"\nendstream\nendobj\n")


def _jpeg_size(jpeg: BinaryIO) -> tuple[int, int]:
    """Return width and height from the frame header (ITU-T T.81, B.2.2); raises `ReportError` if not 8-bit RGB."""
    name = getattr(jpeg, "name", "picture")
    if jpeg.read(2) != b"\xff\xd8":
        message = f"not a JPEG: {Path(str(name)).name!r}"
        raise ReportError(message)
    while (marker := jpeg.read(2))[:1] == b"\xff":
        size = int.from_bytes(jpeg.read(2), "big")
        if marker[1:] in _FRAMES:
            bits, height, width, colours = struct.unpack(">BHHB", jpeg.read(6).ljust(6, b"\0"))
            if (bits, colours) == (8, 3):
                return width, height
            break
        jpeg.seek(max(0, size - 2), os.SEEK_CUR)
    message = f"not a JPEG of three colours with 8 bits: {Path(str(name)).name!r}"
    raise ReportError(message)
