"""The facts of an ISO base media file: brand, times, duration, tracks with codecs, maker, place, embedded metadata.

ISO/IEC 14496-12; Apple, "QuickTime File Format" (user data, metadata keys); 3GPP TS 26.244 (``loci``); XMP part 3;
C2PA 2, A.5. Times count from 1904, in UTC by the standard; some cameras write their own time there.
"""

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.anatomy import Anatomy
from evidence_kit.intake.facts.boxes import boxes
from evidence_kit.intake.facts.heif import Items, anatomy_of_items, read_box
from evidence_kit.intake.facts.notes import Notes, decoded, is_of_device
from evidence_kit.intake.facts.parts import Part, exactly, read_at

_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MOST_VALUE = 64 * 1024
_MOST_KEYS = 500
_LOCATION = ("\xa9xyz", "com.apple.quicktime.location.ISO6709", "loci")
_PLACES = ("location",)


@dataclass(slots=True)
class _State:
    """What later boxes need of earlier ones."""

    keys: list[str] = field(default_factory=list)
    items: Items = field(default_factory=Items)
    size: tuple[int, int] | None = None


def anatomy_of_media(stream: BinaryIO, notes: Notes) -> Anatomy:
    """Return the build of the ISO base media file *stream*, having noted its facts and damages."""
    state = _State()
    manifest = xmp = None
    reached = 0
    try:
        for part in boxes(stream):
            if part.kind == "uuid":
                name = read_at(stream, part.start, 16)
                manifest = manifest or (part if name == _C2PA else None)
                xmp = xmp or (part if name == _XMP else None)
            elif part.kind == "mpvd":
                notes.at("video.embedded", "video/mp4", part, pointer="mpvd", detail="the film of a moving photo")
            _box(stream, part, state, notes)
            reached = part.start
    except FormatError as error:
        notes.add("structure.damaged", str(error), pointer="bmff", offset=reached)
    found = anatomy_of_items(stream, state.items)
    found.size = found.size or state.size
    found.manifest = manifest
    if xmp:
        found.take("xmp", stream, xmp, pointer="xmp", skip=16)
    return found


def _box(stream: BinaryIO, part: Part, state: _State, notes: Notes) -> None:
    try:
        if part.path.startswith("meta/"):
            read_box(stream, part, state.items)
        _fact(stream, part, state, notes)
    except (struct.error, FormatError) as error:
        notes.at("structure.damaged", f"box {part.kind!r} cannot be read: {error}", part, pointer=part.path)


def _fact(stream: BinaryIO, part: Part, state: _State, notes: Notes) -> None:
    parent = part.path.split("/")[-2] if "/" in part.path else ""
    match part.kind:
        case "ftyp":
            data = read_at(stream, part.start, min(part.content, 256))
            compatible: list[str] = [decoded(data[place : place + 4]) for place in range(8, len(data), 4)]
            notes.at("container.brand", {"major": decoded(data[:4]), "compatible": [*compatible]}, part, pointer="ftyp")
        case "mvhd" | "mdhd":
            _times(stream, part, notes)
        case "tkhd":
            _measures(stream, part, state, notes)
        case "hdlr":
            kind = decoded(exactly(stream, part.start + 8, 4))
            name = decoded(read_at(stream, part.start + 24, min(part.content - 24, 200))).strip("\x00")
            notes.at(
                "container.handler",
                {"kind": kind, "name": name.lstrip("\x00\x08\x0c\x10\x1f")},
                part,
                pointer=part.path,
            )
        case "stsd":
            if part.content >= 16:  # noqa: PLR2004  # the first of its entries
                notes.at("container.codec", decoded(exactly(stream, part.start + 12, 4)), part, pointer=part.path)
        case "keys":
            state.keys = _keys(stream, part)
        case "ilst":
            _listed(stream, part, state, notes)
        case _ if parent == "udta":
            _user_data(stream, part, notes)


def _times(stream: BinaryIO, part: Part, notes: Notes) -> None:
    version = exactly(stream, part.start, 1)[0]
    form = ">QQIQ" if version else ">IIII"
    data = exactly(stream, part.start + 4, struct.calcsize(form))
    created, changed, scale, duration = struct.unpack(form, data)
    width = 8 if version else 4
    for name, seconds, place in (("created", created, 0), ("modified", changed, width)):
        if seconds and part.kind == "mvhd":
            value = _moment(seconds)
            pointer = f"{part.path}/{name}"
            notes.add(f"time.container_{name}", value, pointer=pointer, offset=part.start + 4 + place, length=width)
    if scale and part.kind == "mvhd":
        notes.at("container.duration", {"units": duration, "units_per_second": scale}, part, pointer=part.path)


def _moment(seconds: int) -> str:
    try:
        return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return f"{seconds} s after 1904"


def _measures(stream: BinaryIO, part: Part, state: _State, notes: Notes) -> None:
    place = 88 if exactly(stream, part.start, 1)[0] else 76
    width, height = struct.unpack(">II", exactly(stream, part.start + place, 8))
    width, height = width >> 16, height >> 16
    if width and height:
        state.size = state.size or (width, height)
        notes.at("container.track_size", {"width": width, "height": height}, part, pointer=part.path)


def _keys(stream: BinaryIO, part: Part) -> list[str]:
    count = int.from_bytes(exactly(stream, part.start + 4, 4), "big")
    found: list[str] = []
    place = part.start + 8
    while len(found) < min(count, _MOST_KEYS) and place + 8 <= part.end:
        length = int.from_bytes(exactly(stream, place, 4), "big")
        if length < 8:  # noqa: PLR2004  # length and namespace
            raise FormatError("a key of the metadata has no length")
        found.append(decoded(read_at(stream, place + 8, min(length - 8, 200))))
        place += length
    return found


def _listed(stream: BinaryIO, part: Part, state: _State, notes: Notes) -> None:
    place = part.start
    for _ in range(_MOST_KEYS):
        if place + 24 > part.end:
            return
        head = exactly(stream, place, 24)
        length, inner = int.from_bytes(head[:4], "big"), int.from_bytes(head[8:12], "big")
        if length < 24 or inner > length - 8 or head[12:16] != b"data":  # noqa: PLR2004  # a box with a value in it
            raise FormatError(f"no value at {place}")
        index = int.from_bytes(head[4:8], "big")
        name = state.keys[index - 1] if 0 < index <= len(state.keys) else head[4:8].decode("latin-1")
        value = read_at(stream, place + 24, min(inner - 16, _MOST_VALUE))
        if int.from_bytes(head[17:20], "big") == 1:
            _metadata(name, decoded(value), place, length, notes)
        place += length


def _user_data(stream: BinaryIO, part: Part, notes: Notes) -> None:
    data = read_at(stream, part.start, min(part.content, _MOST_VALUE))
    if part.kind == "loci":
        notes.at("gps.container", data.hex(), part, pointer=part.path, detail="3GPP TS 26.244, 8.8")
    elif part.kind.startswith("\xa9") and len(data) > 4:  # noqa: PLR2004  # length and language
        length = int.from_bytes(data[:2], "big")
        _metadata(part.kind, decoded(data[4 : 4 + length]), part.offset, part.length, notes)


def _metadata(name: str, value: str, offset: int, length: int, notes: Notes) -> None:
    private = name in _LOCATION or any(word in name.lower() for word in _PLACES)
    code = "gps.container" if private else "serial.container" if is_of_device(name) else "container.metadata"
    notes.add(code, value, pointer=f"bmff/{name}", offset=offset, length=length)
