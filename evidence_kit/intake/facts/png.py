"""Chunks of a PNG file (PNG, Third Edition, 5.3), up to and with ``IEND``."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.parts import MOST_PARTS, Part, exactly, read_at, require_inside, size_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FRAME = 12
"""Length, type and check of a chunk."""


def chunks(stream: BinaryIO, start: int = 0) -> Iterator[Part]:
    """Yield the chunks of the PNG that begins at *start*; their `content` ends before the check of four bytes.

    Raises `FormatError` when it ends before ``IEND``.
    """
    size = size_of(stream)
    if read_at(stream, start, 8) != SIGNATURE:
        raise FormatError(f"no PNG begins at {start}")
    offset = start + 8
    for _ in range(MOST_PARTS):
        head = exactly(stream, offset, 8)
        kind = head[4:].decode("latin-1")
        part = Part(kind=kind, offset=offset, length=int.from_bytes(head[:4], "big") + _FRAME, head=8)
        yield require_inside(part, size)
        if kind == "IEND":
            return
        offset = part.end
    raise FormatError(f"more than {MOST_PARTS} chunks")


def data_of(stream: BinaryIO, chunk: Part, *, most: int) -> bytes:
    """Return the data of *chunk* without its check, at most *most* bytes."""
    return read_at(stream, chunk.start, min(chunk.content - 4, most))


def check_holds(stream: BinaryIO, chunk: Part) -> bool:
    """Return whether the CRC of *chunk* is that of its type and data (5.5); reads all of it."""
    body = read_at(stream, chunk.offset + 4, chunk.length - 8)
    return zlib.crc32(body).to_bytes(4, "big") == read_at(stream, chunk.end - 4, 4)


def inflated(data: bytes, *, most: int) -> bytes:
    """Return zlib-compressed *data* as it was, at most *most* bytes; raises `FormatError`."""
    machine = zlib.decompressobj()
    try:
        return machine.decompress(data, most)
    except zlib.error as error:
        raise FormatError(f"compressed text cannot be read: {error}") from error
