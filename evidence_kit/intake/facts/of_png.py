"""The build of a PNG picture: its measures, texts, time, blocks of metadata (PNG, Third Edition, 11; C2PA 2, A.3)."""

import re
from dataclasses import replace
from typing import BinaryIO

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.anatomy import MOST_BLOCK, Anatomy
from evidence_kit.intake.facts.notes import Notes, decoded, is_of_device
from evidence_kit.intake.facts.parts import Part
from evidence_kit.intake.facts.png import check_holds, chunks, data_of, inflated

_MOST_CHECKED = 1 << 20
_XMP = "XML:com.adobe.xmp"
_PLACE = re.compile("gps|location|latitude|longitude", re.IGNORECASE)
_RAW = re.compile(r"Raw profile type (\w+)")
_RAW_KINDS = {"exif": "exif", "APP1": "exif", "iptc": "photoshop", "xmp": "xmp", "icc": "icc", "icm": "icc"}


def anatomy_of_png(stream: BinaryIO, notes: Notes) -> Anatomy:
    """Return the build of the PNG *stream*, having noted its damages, texts and time."""
    found = Anatomy()
    counts: dict[str, int] = {}
    try:
        for chunk in chunks(stream):
            counts[chunk.kind] = counts.get(chunk.kind, 0) + 1
            if chunk.kind != "IDAT" and chunk.length <= _MOST_CHECKED and not check_holds(stream, chunk):
                notes.at("png.check", chunk.kind, chunk, detail="the chunk's check is not that of its data")
            _chunk(stream, chunk, counts[chunk.kind], found, notes)
            found.reached = chunk.end
            found.end = chunk.end if chunk.kind == "IEND" else None
    except FormatError as error:
        notes.add("structure.damaged", str(error), pointer="png", offset=found.reached)
    return found


def _chunk(stream: BinaryIO, chunk: Part, number: int, found: Anatomy, notes: Notes) -> None:
    pointer = f"png/{chunk.kind}/{number}"
    match chunk.kind:
        case "IHDR":
            data = data_of(stream, chunk, most=8)
            found.size = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:], "big")
        case "tEXt" | "zTXt" | "iTXt":
            _text(stream, chunk, pointer, found, notes)
        case "tIME":
            notes.at(
                "time.png", _time(data_of(stream, chunk, most=7)), chunk, pointer=pointer, detail="last change, in UTC"
            )
        case "eXIf":
            found.take("exif", stream, replace(chunk, length=chunk.length - 4), pointer="exif")
        case "iCCP":
            _profile(stream, chunk, pointer, found, notes)
        case "caBX":
            found.manifest = found.manifest or chunk
        case "acTL":
            found.frames = int.from_bytes(data_of(stream, chunk, most=4), "big")
        case "CgBI":
            notes.at("picture.coding", "CgBI", chunk, pointer=pointer, detail="Apple's variant of PNG")


def _time(data: bytes) -> str:
    if len(data) < 7:  # noqa: PLR2004  # year (2), month, day, hour, minute, second
        return data.hex()
    year, (month, day, hour, minute, second) = int.from_bytes(data[:2], "big"), data[2:7]
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"


def _text(stream: BinaryIO, chunk: Part, pointer: str, found: Anatomy, notes: Notes) -> None:
    data = data_of(stream, chunk, most=MOST_BLOCK)
    try:
        keyword, text, skip = _parsed(chunk.kind, data)
    except FormatError as error:
        notes.at("png.damaged", str(error), chunk, pointer=pointer)
        return
    raw = _RAW.fullmatch(keyword)
    if keyword == _XMP:
        found.hold("xmp", text, base=None if skip is None else chunk.start + skip, pointer="xmp")
    elif raw and raw[1] in _RAW_KINDS and (profile := _raw_profile(text)):
        kind = _RAW_KINDS[raw[1]]
        xmp = kind == "exif" and profile.startswith(b"http://ns.adobe.com/xap/1.0/\0")
        found.hold("xmp" if xmp else kind, profile[29:] if xmp else profile, base=None, pointer=f"{pointer}/{kind}")
    else:
        code = "gps.png" if _PLACE.search(keyword) else "serial.png" if is_of_device(keyword) else "png.text"
        notes.at(code, {"keyword": keyword, "text": decoded(text)}, chunk, pointer=pointer)


def _parsed(kind: str, data: bytes) -> tuple[str, bytes, int | None]:
    """Return keyword and text of a text chunk, and where the text begins if it stands there as it is (11.3.3)."""
    keyword, zero, rest = data.partition(b"\0")
    if not zero:
        raise FormatError("a text chunk has no keyword")
    name = keyword.decode("latin-1")
    if kind == "tEXt":
        return name, rest, len(keyword) + 1
    if kind == "zTXt":
        return name, inflated(rest[1:], most=MOST_BLOCK), None
    compressed, fields = rest[:1] == b"\x01", rest[2:].split(b"\0", 2)
    if len(fields) < 3:  # noqa: PLR2004  # language, translated keyword, text
        raise FormatError("an iTXt chunk ends within its header")
    if compressed:
        return name, inflated(fields[2], most=MOST_BLOCK), None
    return name, fields[2], len(data) - len(fields[2])


def _raw_profile(text: bytes) -> bytes:
    """Return what ImageMagick wrote as hexadecimal lines after the name and the length; b"" when it did not."""
    lines = text.strip().split(b"\n", 2)
    try:
        data = bytes.fromhex(lines[2].decode("ascii")) if len(lines) > 2 else b""  # noqa: PLR2004
    except ValueError:
        return b""
    return data.removeprefix(b"Exif\0\0")


def _profile(stream: BinaryIO, chunk: Part, pointer: str, found: Anatomy, notes: Notes) -> None:
    name, _, rest = data_of(stream, chunk, most=MOST_BLOCK).partition(b"\0")
    notes.at("icc.name", name.decode("latin-1"), chunk, pointer=pointer)
    try:
        found.hold("icc", inflated(rest[1:], most=MOST_BLOCK), base=None, pointer=pointer)
    except FormatError as error:
        notes.at("png.damaged", str(error), chunk, pointer=pointer)
