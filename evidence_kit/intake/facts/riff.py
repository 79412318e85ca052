"""Chunks of a RIFF file (WebP, WAVE, AVI): four letters, a little-endian length, data, padded to an even length."""

from collections.abc import Iterator
from typing import BinaryIO

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.parts import MOST_PARTS, Part, exactly, require_inside, size_of


def whole(stream: BinaryIO) -> Part:
    """Return the outermost chunk, whose kind is the form (``WEBP``); raises `FormatError`."""
    head = exactly(stream, 0, 12)
    if head[:4] != b"RIFF":
        raise FormatError("no RIFF file")
    length = int.from_bytes(head[4:8], "little") + 8
    return Part(kind=head[8:].decode("latin-1"), offset=0, length=length, head=12)


def chunks(stream: BinaryIO, outer: Part) -> Iterator[Part]:
    """Yield the chunks within *outer* (see `whole`), in order; raises `FormatError` when one reaches past its end."""
    end = min(outer.end, size_of(stream))
    offset = outer.start
    for _ in range(MOST_PARTS):
        if offset + 8 > end:
            break
        head = exactly(stream, offset, 8)
        length = int.from_bytes(head[4:], "little")
        part = Part(kind=head[:4].decode("latin-1"), offset=offset, length=length + 8, head=8)
        yield require_inside(part, end)
        offset = part.end + length % 2
    if outer.end > end:
        raise FormatError(f"the file says {outer.end} bytes, of which {end} exist")


def lists(stream: BinaryIO, chunk: Part) -> Iterator[Part]:
    """Yield the chunks within *chunk*, a ``LIST``; raises `FormatError`."""
    kind = exactly(stream, chunk.start, 4).decode("latin-1")
    yield from chunks(stream, Part(kind=kind, offset=chunk.offset, length=chunk.length, head=chunk.head + 4))
