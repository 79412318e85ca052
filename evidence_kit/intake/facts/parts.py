"""Parts of a file: what the readers of formats yield, each with the bytes that it takes.

Every reader here trusts nothing that a length field says: what would reach past the end, or go round in a circle, ends
the reading with `FormatError`; what was found until then stays found.
"""

import os
from dataclasses import dataclass
from typing import BinaryIO

from evidence_kit.errors import FormatError

MOST_PARTS = 200_000
"""Parts of one file; more are not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a file, its header included."""

    kind: str
    """In the format's own words: ``APP1``, ``tEXt``, ``moov``."""
    offset: int
    length: int
    head: int = 0
    """Bytes of *length* that are the part's own header: after them its content begins."""
    path: str = ""
    """Where it lies in nested formats, such as ``moov/trak/1/mdia``."""

    @property
    def start(self) -> int:
        """Offset of the content."""
        return self.offset + self.head

    @property
    def end(self) -> int:
        """Offset of the first byte that is no longer part of it."""
        return self.offset + self.length

    @property
    def content(self) -> int:
        """Length of the content in bytes."""
        return self.length - self.head


def size_of(stream: BinaryIO) -> int:
    """Return the size of *stream* in bytes."""
    return stream.seek(0, os.SEEK_END)


def read_at(stream: BinaryIO, offset: int, length: int) -> bytes:
    """Return up to *length* bytes at *offset*, fewer at the end of the file."""
    stream.seek(offset)
    return stream.read(length)


def exactly(stream: BinaryIO, offset: int, length: int) -> bytes:
    """Return *length* bytes at *offset*; raises `FormatError` when the file ends before."""
    found = read_at(stream, offset, length)
    if len(found) != length:
        raise FormatError(f"the file ends within the {length} bytes at {offset}")
    return found


def content_of(stream: BinaryIO, part: Part, *, most: int) -> bytes:
    """Return the content of *part*, at most *most* bytes of it."""
    return read_at(stream, part.start, min(part.content, most))


def require_inside(part: Part, end: int) -> Part:
    """Return *part*; raises `FormatError` when it reaches past *end*."""
    if part.end > end:
        raise FormatError(
            f"{part.kind!r} at {part.offset} says {part.length} bytes, of which {end - part.offset} exist"
        )
    return part
