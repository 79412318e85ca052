"""What readers of formats find in a picture before its metadata are read: measures, blocks of metadata, its end."""

from dataclasses import dataclass, field
from typing import BinaryIO

from evidence_kit.intake.facts.parts import Part, content_of

MOST_BLOCK = 16 * 1024**2
"""Bytes of one block of metadata; what lies beyond is not read."""
MOST_BLOCKS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of metadata within a file."""

    kind: str
    """``exif``, ``xmp``, ``iptc`` (datasets), ``photoshop`` (image resources) or ``icc``."""
    data: bytes
    base: int | None
    """Offset of *data* in the file; None where it stands there in another form or in pieces."""
    pointer: str


@dataclass(slots=True)
class Anatomy:
    """The build of one file, as far as it could be read."""

    size: tuple[int, int] | None = None
    blocks: list[Block] = field(default_factory=list)
    end: int | None = None
    """Where the file ends by its own format; None when that is not known."""
    reached: int = 0
    """Up to where the file could be read by its own format."""
    frames: int = 1
    manifest: Part | None = None
    """Where a C2PA manifest lies."""

    def hold(self, kind: str, data: bytes, *, base: int | None, pointer: str) -> None:
        """Keep a block of metadata; those after `MOST_BLOCKS` are dropped, for no camera writes so many."""
        if data and len(self.blocks) < MOST_BLOCKS:
            self.blocks.append(Block(kind=kind, data=data[:MOST_BLOCK], base=base, pointer=pointer))

    def take(self, kind: str, stream: BinaryIO, part: Part, *, pointer: str, skip: int = 0) -> None:
        """Keep the content of *part* without its first *skip* bytes."""
        data = content_of(stream, part, most=MOST_BLOCK)[skip:]
        self.hold(kind, data, base=part.start + skip, pointer=pointer)
