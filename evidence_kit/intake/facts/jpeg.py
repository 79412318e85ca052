"""Segments of a JPEG file (ITU-T T.81, Annex B), each with its marker.

``SOS`` includes the compressed data that follows its header. What comes after ``EOI`` is no part of the picture.
"""

from collections.abc import Iterator
from typing import BinaryIO

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.parts import MOST_PARTS, Part, exactly, read_at, require_inside, size_of

_CHUNK = 1 << 20
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
"""Markers without a length: ``TEM``, ``RST0`` to ``RST7``, ``SOI``."""
_EOI = 0xD9
_SOS = 0xDA
_NAMES = {0xC4: "DHT", 0xC8: "JPG", 0xCC: "DAC", 0xD8: "SOI", _EOI: "EOI", _SOS: "SOS", 0xDB: "DQT", 0xDC: "DNL"}
_NAMES |= {0xDD: "DRI", 0xDE: "DHP", 0xDF: "EXP", 0xFE: "COM", 0x01: "TEM"}
_NAMES |= {code: f"SOF{code - 0xC0}" for code in range(0xC0, 0xD0) if code not in _NAMES}
_NAMES |= {code: f"RST{code - 0xD0}" for code in range(0xD0, 0xD8)}
_NAMES |= {code: f"APP{code - 0xE0}" for code in range(0xE0, 0xF0)}


def segments(stream: BinaryIO, start: int = 0) -> Iterator[Part]:
    """Yield the segments of the JPEG that begins at *start*, up to and with its ``EOI``.

    Raises `FormatError` when it ends before, or holds something where a marker belongs.
    """
    size = size_of(stream)
    if read_at(stream, start, 2) != b"\xff\xd8":
        raise FormatError(f"no JPEG begins at {start}")
    yield Part(kind="SOI", offset=start, length=2, head=2)
    offset = start + 2
    for _ in range(MOST_PARTS):
        part = _segment(stream, offset, size)
        yield part
        if part.kind == "EOI":
            return
        offset = part.end
    raise FormatError(f"more than {MOST_PARTS} segments")


def _segment(stream: BinaryIO, offset: int, size: int) -> Part:
    code = _marker(stream, offset)
    head = 2
    while code == 0xFF:  # noqa: PLR2004  # fill bytes before a marker (B.1.1.2) belong to its segment
        head += 1
        if head > _CHUNK:
            raise FormatError(f"nothing but fill bytes at {offset}")
        code = exactly(stream, offset + head - 1, 1)[0]
    kind = _NAMES.get(code, f"0x{code:02X}")
    if code in _STANDALONE or code == _EOI:
        return Part(kind=kind, offset=offset, length=head, head=head)
    length = int.from_bytes(exactly(stream, offset + head, 2), "big")
    if length < 2:  # noqa: PLR2004  # it counts itself
        raise FormatError(f"{kind} at {offset} says a length of {length}")
    part = require_inside(Part(kind=kind, offset=offset, length=head + length, head=head + 2), size)
    if code != _SOS:
        return part
    end = _end_of_scan(stream, part.end)
    return Part(kind=kind, offset=offset, length=end - offset, head=head + 2)


def _marker(stream: BinaryIO, offset: int) -> int:
    found = exactly(stream, offset, 2)
    if found[0] != 0xFF or found[1] == 0:  # noqa: PLR2004  # the first byte of every marker
        raise FormatError(f"no marker at {offset}")
    return found[1]


def _end_of_scan(stream: BinaryIO, offset: int) -> int:
    """Return where the next marker begins that is neither a stuffed zero nor a restart."""
    while chunk := read_at(stream, offset, _CHUNK):
        place = chunk.find(b"\xff")
        while 0 <= place < len(chunk) - 1:
            code = chunk[place + 1]
            if code != 0 and not 0xD0 <= code <= 0xD7:  # noqa: PLR2004  # RST0 to RST7
                return offset + place
            place = chunk.find(b"\xff", place + 2)
        if len(chunk) < _CHUNK:
            break
        # A last 0xFF is looked at again together with what follows it.
        offset += len(chunk) - (1 if chunk.endswith(b"\xff") else 0)
    raise FormatError("the compressed data has no end")
