"""The items of a HEIF or AVIF picture: its measures, and its metadata, without decoding any of it.

ISO/IEC 14496-12, 8.11 (items: `iinf`, `iloc`, `pitm`); ISO/IEC 23008-12, 6.5.3 (`ispe`) and A.2 (Exif, XMP).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.anatomy import MOST_BLOCK, Anatomy
from evidence_kit.intake.facts.parts import Part, exactly, read_at

_MOST_ITEMS = 10_000
_XMP = b"application/rdf+xml"


@dataclass(slots=True)
class Items:
    """What a `meta` box says of its items, by their numbers."""

    primary: int | None = None
    kinds: dict[int, bytes] = field(default_factory=dict)
    """Four letters, or the media type of an item of the kind ``mime``."""
    extents: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Offset and length in the file, of items in one piece."""
    properties: list[Part] = field(default_factory=list)
    used: dict[int, list[int]] = field(default_factory=dict)
    """Places in *properties*, counted from 1."""


class _Cursor:
    """Numbers of a box, one after the other; raises `FormatError` at its end."""

    def __init__(self, stream: BinaryIO, part: Part) -> None:
        self.data = exactly(stream, part.start, min(part.content, MOST_BLOCK))
        self.place = 0

    def take(self, length: int) -> bytes:
        found = self.data[self.place : self.place + length]
        if len(found) != length:
            raise FormatError("a box of items ends too early")
        self.place += length
        return found

    def number(self, length: int) -> int:
        return int.from_bytes(self.take(length), "big")

    def text(self) -> bytes:
        end = self.data.find(b"\0", self.place)
        end = len(self.data) if end < 0 else end
        found, self.place = self.data[self.place : end], end + 1
        return found


def read_box(stream: BinaryIO, part: Part, items: Items) -> None:
    """Add to *items* what the box *part* says; raises `FormatError`."""
    if part.path.startswith("meta/iprp/ipco/"):
        items.properties.append(part)
    elif part.path == "meta/pitm":
        cursor = _Cursor(stream, part)
        items.primary = cursor.number(4 if cursor.number(4) >> 24 else 2)
    elif part.path == "meta/iinf":
        items.kinds |= dict(_kinds(stream, part))
    elif part.path == "meta/iloc":
        items.extents |= dict(_extents(_Cursor(stream, part)))
    elif part.path.startswith("meta/iprp/ipma"):
        _associations(_Cursor(stream, part), items)


def _kinds(stream: BinaryIO, part: Part) -> Iterator[tuple[int, bytes]]:
    cursor = _Cursor(stream, part)
    count = cursor.number(4 if cursor.number(4) >> 24 else 2)
    for _ in range(min(count, _MOST_ITEMS)):
        end = cursor.place + cursor.number(4)
        if cursor.take(4) != b"infe":
            raise FormatError("something else stands where an item should")
        version = cursor.number(4) >> 24
        if version >= 2:  # noqa: PLR2004  # older ones have no kind
            number = cursor.number(4 if version > 2 else 2)  # noqa: PLR2004
            cursor.take(2)
            kind = cursor.take(4)
            cursor.text()
            yield number, cursor.text() if kind == b"mime" else kind
        cursor.place = end


def _extents(cursor: _Cursor) -> Iterator[tuple[int, tuple[int, int]]]:
    version = cursor.number(4) >> 24
    sizes = cursor.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    for _ in range(min(cursor.number(4 if version > 1 else 2), _MOST_ITEMS)):
        number = cursor.number(4 if version > 1 else 2)
        method = cursor.number(2) & 15 if version else 0
        cursor.take(2)
        base = cursor.number(base_size)
        count = cursor.number(2)
        if count > _MOST_ITEMS:
            raise FormatError(f"an item has {count} pieces")
        for _ in range(count):
            cursor.take(index_size)
            offset, length = base + cursor.number(offset_size), cursor.number(length_size)
            if method == 0 and count == 1:
                yield number, (offset, length)


def _associations(cursor: _Cursor, items: Items) -> None:
    head = cursor.number(4)
    for _ in range(min(cursor.number(4), _MOST_ITEMS)):
        number = cursor.number(4 if head >> 24 else 2)
        used = items.used.setdefault(number, [])
        for _ in range(cursor.number(1)):
            used.append(cursor.number(2) & 0x7FFF if head & 1 else cursor.number(1) & 0x7F)


def anatomy_of_items(stream: BinaryIO, items: Items) -> Anatomy:
    """Return the build of the picture that *items* describe."""
    found = Anatomy(size=_size(stream, items))
    for number, kind in items.kinds.items():
        offset, length = items.extents.get(number, (0, 0))
        part = Part(kind=kind.decode("latin-1"), offset=offset, length=length)
        if kind == b"Exif" and length > 4:  # noqa: PLR2004  # the offset to the TIFF header
            skip = int.from_bytes(read_at(stream, offset, 4), "big") + 4
            found.take("exif", stream, part, pointer="exif", skip=min(skip, length))
        elif kind == _XMP:
            found.take("xmp", stream, part, pointer="xmp")
    for part in items.properties:
        if part.kind == "colr" and read_at(stream, part.start, 4) in {b"prof", b"rICC"}:
            found.take("icc", stream, part, pointer="heif/colr", skip=4)
    return found


def _size(stream: BinaryIO, items: Items) -> tuple[int, int] | None:
    """Return the measures of the primary item, or the largest where that one has none."""
    places = items.used.get(items.primary or 0, [])
    own = [items.properties[place - 1] for place in places if 0 < place <= len(items.properties)]
    sizes = [_measures(stream, part) for part in own if part.kind == "ispe"]
    sizes = sizes or [_measures(stream, part) for part in items.properties if part.kind == "ispe"]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _measures(stream: BinaryIO, part: Part) -> tuple[int, int]:
    data = read_at(stream, part.start + 4, 8)
    return int.from_bytes(data[:4], "big"), int.from_bytes(data[4:], "big")
