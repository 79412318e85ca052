"""Decode HPACK header blocks (RFC 7541) in linear time, whatever they hold.

`hpack` decodes; but it copies the rest of the block for every literal and takes integers of any length. So a block is
first cut at its field boundaries, which needs no decoding, and handed over in small portions.
"""

from collections.abc import Iterator

from hpack import Decoder
from hpack.exceptions import HPACKError

from evidence_kit.errors import FormatError

Fields = list[tuple[bytes, bytes]]
"""Names and values in order, as bytes."""

_TABLE_LIMIT = 1024 * 1024
"""Bytes: far more than any browser grants (Chromium: 64 KiB), since what it granted is told in frames yet to come."""
_PORTION = 4096
_MOST_CONTINUED = 5
_FIELD_OVERHEAD = 32
_INDEXED = 0x80
_WITH_INDEXING = 0x40
_SIZE_UPDATE = 0x20


class FieldDecoder:
    """The state of one direction."""

    def __init__(self, *, limit: int) -> None:
        """Refuse header lists of more than *limit* bytes (as RFC 9113, 6.5.2 counts them)."""
        self._decoder = Decoder(max_header_list_size=limit)
        self._decoder.max_allowed_table_size = _TABLE_LIMIT
        self._limit = limit

    def decode(self, block: bytes) -> Fields:
        """Return the fields of a whole block. Raises `FormatError`; the state is then lost."""
        fields: Fields = []
        size = 0
        for portion in _portions(block):
            try:
                found = self._decoder.decode(portion, raw=True)
            except HPACKError as error:
                raise FormatError(f"a header block that HPACK cannot decode: {type(error).__name__}") from error
            for name, value in found:
                fields.append((bytes(name), bytes(value)))
                size += len(name) + len(value) + _FIELD_OVERHEAD
            if size > self._limit:
                raise FormatError(f"a header list of more than {self._limit} bytes")
        return fields


def _portions(block: bytes) -> Iterator[bytes]:
    """Yield *block* in parts that each hold whole fields."""
    start = at = 0
    begun = False
    while at < len(block):
        update = block[at] & 0xE0 == _SIZE_UPDATE
        if update and begun:
            raise FormatError("a header block with a table size after its first field")
        begun = begun or not update
        end = _field_end(block, at)
        # A long field goes alone: it would be copied for every short one before it.
        if end - start > _PORTION and at > start:
            yield block[start:at]
            start = at
        at = end
    yield block[start:at]


def _field_end(block: bytes, at: int) -> int:
    """Return where the field that begins *at* ends (RFC 7541, 6)."""
    first = block[at]
    if first & _INDEXED:
        return _integer(block, at, 7)[1]
    if first & _WITH_INDEXING:
        name, end = _integer(block, at, 6)
    elif first & _SIZE_UPDATE:
        return _integer(block, at, 5)[1]
    else:
        name, end = _integer(block, at, 4)
    for _ in range(1 if name else 2):
        length, end = _integer(block, end, 7)
        end += length
    if end > len(block):
        raise FormatError("a header block that ends inside a field")
    return end


def _integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    """Return an integer of *bits* prefix bits and where it ends (RFC 7541, 5.1)."""
    if at >= len(block):
        raise FormatError("a header block that ends inside a field")
    most = (1 << bits) - 1
    value = block[at] & most
    if value < most:
        return value, at + 1
    for count, byte in enumerate(block[at + 1 : at + 1 + _MOST_CONTINUED]):
        value += (byte & 0x7F) << (7 * count)
        if byte < 0x80:  # noqa: PLR2004 - the bit that says "more follows"
            return value, at + 2 + count
    raise FormatError("a header block with an endless or unfinished number")
