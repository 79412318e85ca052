"""Blocks of a GIF file (GIF89a, 17 to 27), up to and with its trailer."""

from collections.abc import Iterator
from typing import BinaryIO

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.parts import MOST_PARTS, Part, exactly, read_at, require_inside, size_of

_HEADER = 13
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_EXTENSIONS = {0x01: "text", 0xF9: "control", 0xFE: "comment", 0xFF: "application"}


def blocks(stream: BinaryIO) -> Iterator[Part]:
    """Yield ``header``, ``image``, ``control``, ``comment``, ``application``, ``text`` and ``trailer`` in order.

    Of an extension the content is its sub-blocks. Raises `FormatError` when the file ends before its trailer.
    """
    head = exactly(stream, 0, _HEADER)
    if head[:6] not in {b"GIF87a", b"GIF89a"}:
        raise FormatError("no GIF")
    offset = _HEADER + _table(head[10])
    size = size_of(stream)
    yield require_inside(Part(kind="header", offset=0, length=offset, head=6), size)
    for _ in range(MOST_PARTS):
        part = require_inside(_block(stream, offset), size)
        yield part
        if part.kind == "trailer":
            return
        offset = part.end
    raise FormatError(f"more than {MOST_PARTS} blocks")


def _block(stream: BinaryIO, offset: int) -> Part:
    kind = exactly(stream, offset, 1)[0]
    if kind == _TRAILER:
        return Part(kind="trailer", offset=offset, length=1, head=1)
    if kind == _EXTENSION:
        label = exactly(stream, offset + 1, 1)[0]
        end = _after_sub_blocks(stream, offset + 2)
        return Part(kind=_EXTENSIONS.get(label, f"0x{label:02X}"), offset=offset, length=end - offset, head=2)
    if kind != _IMAGE:
        raise FormatError(f"no block begins at {offset}")
    table = _table(exactly(stream, offset + 9, 1)[0])
    end = _after_sub_blocks(stream, offset + 10 + table + 1)
    return Part(kind="image", offset=offset, length=end - offset, head=10 + table + 1)


def _table(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_sub_blocks(stream: BinaryIO, offset: int) -> int:
    while length := exactly(stream, offset, 1)[0]:
        offset += length + 1
    return offset + 1


def sub_blocks(stream: BinaryIO, part: Part, *, most: int) -> bytes:
    """Return the data of the sub-blocks of the extension *part*, joined, at most *most* bytes."""
    found = bytearray()
    offset = part.start
    while offset < part.end and len(found) < most:
        length = exactly(stream, offset, 1)[0]
        found += read_at(stream, offset + 1, length)
        offset += length + 1
    return bytes(found[:most])
