"""Boxes of ISO base media files (ISO/IEC 14496-12, 4.2): MP4, QuickTime, 3GP, M4A, HEIF, AVIF.

Only boxes that are known to hold others are gone into; a box that says it reaches past its parent ends the reading.
"""

from collections.abc import Iterator
from typing import BinaryIO

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.parts import MOST_PARTS, Part, exactly, read_at, require_inside, size_of

_HOLDERS = {"moov", "trak", "mdia", "minf", "stbl", "udta", "edts", "dinf", "moof", "traf", "mvex", "iprp", "ipco"}
_FULL_HOLDERS = {"meta"}
"""Version and flags stand before what they hold; in QuickTime files they do not."""
_DEEPEST = 10


def boxes(stream: BinaryIO) -> Iterator[Part]:
    """Yield every box of the file, a holder before what it holds, with its path; raises `FormatError`."""
    yield from _boxes(stream, 0, size_of(stream), path="", depth=0, left=[MOST_PARTS])


def _boxes(  # noqa: PLR0913  # where it is, how deep, and how many more there may be
    stream: BinaryIO, offset: int, end: int, *, path: str, depth: int, left: list[int]
) -> Iterator[Part]:
    counts: dict[str, int] = {}
    while offset + 8 <= end:
        left[0] -= 1
        if left[0] < 0:
            raise FormatError(f"more than {MOST_PARTS} boxes")
        part = _box(stream, offset, end, path, counts)
        yield part
        if depth < _DEEPEST and part.kind in _HOLDERS | _FULL_HOLDERS:
            start = part.start + _version(stream, part)
            yield from _boxes(stream, start, part.end, path=part.path, depth=depth + 1, left=left)
        offset = part.end


def _box(stream: BinaryIO, offset: int, end: int, path: str, counts: dict[str, int]) -> Part:
    size, head, raw = _size(stream, offset, end)
    kind = raw.decode("latin-1")
    if size < head:
        raise FormatError(f"box {kind!r} at {offset} says a length of {size}")
    counts[kind] = counts.get(kind, 0) + 1
    name = f"{path}/{kind}" if path else kind
    if counts[kind] > 1:
        name += f"/{counts[kind]}"
    return require_inside(Part(kind=kind, offset=offset, length=size, head=head, path=name), end)


def _size(stream: BinaryIO, offset: int, end: int) -> tuple[int, int, bytes]:
    head = exactly(stream, offset, 8)
    size = int.from_bytes(head[:4], "big")
    if size == 1:
        return int.from_bytes(exactly(stream, offset + 8, 8), "big"), 16, head[4:]
    return (size or end - offset), 8, head[4:]


def _version(stream: BinaryIO, part: Part) -> int:
    """Return how many bytes stand between the header of a holder and what it holds."""
    if part.kind not in _FULL_HOLDERS:
        return 0
    return 0 if read_at(stream, part.start + 4, 4) in {b"hdlr", b"mhdr"} else 4
