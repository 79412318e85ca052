"""The build of a JPEG picture: its measures, the application segments that hold metadata, pictures that follow it.

EXIF 3.0, 4.7.2; ISO 16684-3 (XMP in APP1, in pieces too); ICC.1, B.4; CIPA DC-007 (more than one picture); C2PA 2, A.3.
"""

import struct
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.anatomy import MOST_BLOCK, Anatomy
from evidence_kit.intake.facts.jpeg import segments
from evidence_kit.intake.facts.notes import Notes, decoded
from evidence_kit.intake.facts.parts import Part, content_of, read_at, size_of

_EXIF = b"Exif\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_ICC = b"ICC_PROFILE\0"
_PICTURES = b"MPF\0"
_JUMBF = b"JP"
_FRAMES = {f"SOF{number}" for number in range(16)}
_ENTRIES = 0xB002
"""Tag of the list of pictures (CIPA DC-007, 5.2.3.3)."""
_MOST_PICTURES = 50
_FILL = 64


class _Pieces:
    """What stands in several segments: colour profile and extended XMP."""

    def __init__(self) -> None:
        self.profile: dict[int, bytes] = {}
        self.xmp: dict[int, bytes] = {}
        self.start: int | None = None
        """Where the first piece of the profile begins in the file."""
        self.total = 0
        self.pictures: list[tuple[int, int]] = []
        """Offset and length of those that follow."""

    def add(self, pieces: dict[int, bytes], place: int, data: bytes) -> None:
        self.total += len(data)
        if self.total <= MOST_BLOCK:
            pieces[place] = data


def anatomy_of_jpeg(stream: BinaryIO, notes: Notes) -> Anatomy:
    """Return the build of the JPEG *stream*, having noted its damages, comments and other pictures."""
    found = Anatomy()
    pieces = _Pieces()
    try:
        for part in segments(stream):
            _segment(stream, part, found, pieces, notes)
            found.reached = part.end
            found.end = part.end if part.kind == "EOI" else None
    except FormatError as error:
        notes.add("structure.damaged", str(error), pointer="jpeg", offset=found.reached)
    for offset, length in sorted(pieces.pictures):
        # What stands between them is data after the end, but for bytes that fill up.
        if found.end is not None and 0 <= offset - found.end <= _FILL:
            found.end = offset + length
    if pieces.profile:
        base = pieces.start if len(pieces.profile) == 1 else None
        found.hold("icc", _joined(pieces.profile), base=base, pointer="jpeg/APP2/ICC_PROFILE")
    if pieces.xmp:
        found.hold("xmp", _joined(pieces.xmp), base=None, pointer="xmp/extended")
    return found


def _joined(pieces: dict[int, bytes]) -> bytes:
    return b"".join(pieces[place] for place in sorted(pieces))


def _segment(stream: BinaryIO, part: Part, found: Anatomy, pieces: _Pieces, notes: Notes) -> None:
    if part.kind in _FRAMES and found.size is None:
        head = content_of(stream, part, most=5)
        if len(head) == 5:  # noqa: PLR2004  # precision, height, width
            found.size = int.from_bytes(head[3:5], "big"), int.from_bytes(head[1:3], "big")
        notes.at("picture.coding", part.kind, part, pointer=f"jpeg/{part.kind}", detail="the kind of JPEG coding")
    elif part.kind == "COM":
        notes.at("picture.comment", decoded(content_of(stream, part, most=MOST_BLOCK)), part, pointer="jpeg/COM")
    elif part.kind == "APP1":
        _app1(stream, part, found, pieces)
    elif part.kind == "APP2":
        _app2(stream, part, pieces, notes)
    elif part.kind == "APP11" and read_at(stream, part.start, 2) == _JUMBF and found.manifest is None:
        found.manifest = part
    elif part.kind == "APP13" and read_at(stream, part.start, len(_PHOTOSHOP)) == _PHOTOSHOP:
        found.take("photoshop", stream, part, pointer="jpeg/APP13", skip=len(_PHOTOSHOP))


def _app1(stream: BinaryIO, part: Part, found: Anatomy, pieces: _Pieces) -> None:
    head = read_at(stream, part.start, min(part.content, 75))
    if head.startswith(_EXIF):
        found.take("exif", stream, part, pointer="exif", skip=len(_EXIF) + 1)
    elif head.startswith(_XMP):
        found.take("xmp", stream, part, pointer="xmp", skip=len(_XMP))
    elif head.startswith(_MORE_XMP) and len(head) == len(_MORE_XMP) + 40:
        # A digest of the whole in hexadecimal, its length, and the place of this piece.
        place = int.from_bytes(head[-4:], "big")
        pieces.add(pieces.xmp, place, content_of(stream, part, most=MOST_BLOCK)[len(head) :])


def _app2(stream: BinaryIO, part: Part, pieces: _Pieces, notes: Notes) -> None:
    head = read_at(stream, part.start, min(part.content, 14))
    if head.startswith(_ICC) and len(head) == len(_ICC) + 2:
        pieces.start = pieces.start or part.start + len(head)
        pieces.add(pieces.profile, head[-2], content_of(stream, part, most=MOST_BLOCK)[len(head) :])
    elif head.startswith(_PICTURES):
        base = part.start + len(_PICTURES)
        for index, (offset, length) in enumerate(_listed(read_at(stream, base, part.end - base)), 1):
            # The first of them is this picture itself, and says so with an offset of nothing.
            if offset and _note_picture(stream, base + offset, length, index, notes):
                pieces.pictures.append((base + offset, length))


def _note_picture(stream: BinaryIO, offset: int, length: int, index: int, notes: Notes) -> bool:
    """Note a further picture, and return whether it is there."""
    pointer = f"jpeg/APP2/MPF/{index}"
    if offset + length > size_of(stream) or read_at(stream, offset, 2) != b"\xff\xd8":
        notes.add(
            "picture.missing",
            length,
            pointer=pointer,
            offset=offset,
            detail="a further picture is named that is not there",
        )
        return False
    notes.add("picture.embedded", "image/jpeg", pointer=pointer, offset=offset, length=length)
    return True


def _listed(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield offset and length of the pictures that the index *data* lists (a TIFF structure)."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return
    try:
        (place,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, place)
        for entry in range(place + 2, place + 2 + 12 * count, 12):
            tag, _, length, offset = struct.unpack_from(order + "HHII", data, entry)
            if tag == _ENTRIES:
                listed = struct.iter_unpack(order + "IIIHH", data[offset : offset + length // 16 * 16])
                yield from ((where, size) for _, size, where, _, _ in islice(listed, _MOST_PICTURES))
    except struct.error:
        return
