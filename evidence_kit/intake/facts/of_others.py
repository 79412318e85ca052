"""The build of GIF, WebP and TIFF pictures, and of WAVE and AVI files: measures, frames, blocks of metadata.

GIF89a; RFC 9649 (WebP); TIFF 6.0 with Adobe's tags for XMP, IPTC and Photoshop; "Multimedia Programming Interface and
Data Specifications 1.0" (WAVE, AVI, ``INFO``); C2PA 2, A.3.
"""

from typing import BinaryIO

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts import gif, riff
from evidence_kit.intake.facts.anatomy import Anatomy
from evidence_kit.intake.facts.exif import Exif
from evidence_kit.intake.facts.notes import Notes, decoded
from evidence_kit.intake.facts.parts import Part, content_of, read_at

_MOST_COMMENT = 64 * 1024
_MOST_XMP = 4 * 1024**2
_TIFF_BLOCKS = {
    "Image ApplicationNotes": "xmp",
    "Image IPTC/NAA": "iptc",
    "Image Tag 0x8649": "photoshop",
    "Image InterColorProfile": "icc",
    "Image Tag 0x8773": "icc",
}


def anatomy_of_gif(stream: BinaryIO, notes: Notes) -> Anatomy:
    """Return the build of the GIF *stream*, having noted its damages and comments."""
    head = read_at(stream, 6, 4)
    found = Anatomy(size=(int.from_bytes(head[:2], "little"), int.from_bytes(head[2:], "little")), frames=0)
    try:
        for part in gif.blocks(stream):
            _gif_block(stream, part, found, notes)
            found.reached = part.end
            found.end = part.end if part.kind == "trailer" else None
    except FormatError as error:
        notes.add("structure.damaged", str(error), pointer="gif", offset=found.reached)
    return found


def _gif_block(stream: BinaryIO, part: Part, found: Anatomy, notes: Notes) -> None:
    if part.kind == "image":
        found.frames += 1
    elif part.kind == "comment":
        text = decoded(gif.sub_blocks(stream, part, most=_MOST_COMMENT))
        notes.at("picture.comment", text, part, pointer="gif/comment")
    elif part.kind == "application":
        name = read_at(stream, part.start + 1, 11)
        if name == b"XMP DataXMP":
            # It is no row of sub-blocks but stands there as it is, with a ramp of bytes that makes it look like one.
            data = read_at(stream, part.start + 12, min(part.end - part.start - 12, _MOST_XMP))
            found.hold("xmp", data[: data.rfind(b">") + 1], base=part.start + 12, pointer="xmp")
        elif name == b"C2PA_GIF\x01\x00\x00":
            found.manifest = found.manifest or part
        else:
            notes.at("gif.application", decoded(name), part, pointer="gif/application")


def anatomy_of_webp(stream: BinaryIO, notes: Notes) -> Anatomy:
    """Return the build of the WebP *stream*, having noted its damages."""
    found = Anatomy(frames=0)
    try:
        outer = riff.whole(stream)
        for chunk in riff.chunks(stream, outer):
            _webp_chunk(stream, chunk, found)
            found.reached = chunk.end
        found.end = outer.end + outer.length % 2
    except FormatError as error:
        notes.add("structure.damaged", str(error), pointer="webp", offset=found.reached)
    return found


def _webp_chunk(stream: BinaryIO, chunk: Part, found: Anatomy) -> None:
    match chunk.kind:
        case "VP8X" | "VP8 " | "VP8L":
            found.size = found.size or _webp_size(chunk.kind, read_at(stream, chunk.start, 10))
        case "EXIF":
            skip = 6 if read_at(stream, chunk.start, 4) == b"Exif" else 0
            found.take("exif", stream, chunk, pointer="exif", skip=skip)
        case "XMP ":
            found.take("xmp", stream, chunk, pointer="xmp")
        case "ICCP":
            found.take("icc", stream, chunk, pointer="webp/ICCP")
        case "C2PA":
            found.manifest = found.manifest or chunk
        case "ANMF":
            found.frames += 1


def _webp_size(kind: str, head: bytes) -> tuple[int, int] | None:
    if len(head) < 10:  # noqa: PLR2004  # what was asked for
        return None
    if kind == "VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if kind == "VP8 ":
        return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF
    bits = int.from_bytes(head[1:5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def anatomy_of_film(stream: BinaryIO, notes: Notes) -> Anatomy:
    """Return the build of the WAVE or AVI file *stream*, having noted its damages and what it says of itself."""
    found = Anatomy()
    try:
        outer = riff.whole(stream)
        for chunk in riff.chunks(stream, outer):
            _film_chunk(stream, chunk, found, notes)
            found.reached = chunk.end
    except FormatError as error:
        notes.add("structure.damaged", str(error), pointer="riff", offset=found.reached)
    return found


def _film_chunk(stream: BinaryIO, chunk: Part, found: Anatomy, notes: Notes) -> None:
    if chunk.kind == "C2PA":
        found.manifest = found.manifest or chunk
    elif chunk.kind == "_PMX":
        found.take("xmp", stream, chunk, pointer="xmp")
    elif chunk.kind == "LIST" and read_at(stream, chunk.start, 4) in {b"INFO", b"hdrl"}:
        for part in riff.lists(stream, chunk):
            if part.kind == "avih":
                size = read_at(stream, part.start + 32, 8)
                found.size = int.from_bytes(size[:4], "little"), int.from_bytes(size[4:], "little")
            elif part.kind.startswith("I"):
                value = decoded(content_of(stream, part, most=_MOST_COMMENT))
                notes.at("container.metadata", value, part, pointer=f"riff/INFO/{part.kind}")


def anatomy_of_tiff(stream: BinaryIO, exif: Exif) -> Anatomy:
    """Return the build of the TIFF *stream* by its own tags, which *exif* holds."""
    width, height = (exif.numbers.get(f"Image {name}", []) for name in ("ImageWidth", "ImageLength"))
    # Tags may be of a signed type.
    told = len(width) == len(height) == 1 and width[0] >= 0 <= height[0]
    found = Anatomy(size=(width[0], height[0]) if told else None)
    for name, kind in _TIFF_BLOCKS.items():
        if name in exif.places:
            offset, length = exif.places[name]
            found.take(kind, stream, Part(kind=kind, offset=offset, length=length), pointer=kind)
    if "Image Tag 0xCD41" in exif.places:
        offset, length = exif.places["Image Tag 0xCD41"]
        found.manifest = Part(kind="0xCD41", offset=offset, length=length)
    return found
