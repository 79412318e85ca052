"""Whether a PNG shows what its samples are, in every program.

A colour profile, a gamma, a palette, transparency or an animation make programs show something else than what is
decoded and compared: text as light as its ground can be made black by a profile, and a comment be hidden. A browser's
screenshot has none of that: 8 bits of red, green and blue, and nothing beside them. PNG (Third Edition), 5 and 11.
"""

import struct
from typing import BinaryIO

from evidence_kit.errors import FormatError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD = b"IHDR"
_END = b"IEND"
_PLAIN = frozenset({_HEAD, b"IDAT", _END, b"sRGB"})
"""``sRGB`` says what programs take for granted."""
_RGB = b"\x08\x02\x00\x00\x00"
"""Bits, colour type, compression, filter, interlace."""


def require_plain(stream: BinaryIO) -> None:
    """Raise `FormatError` unless *stream* is a PNG of 8 bits RGB with nothing beside its samples, and nothing after."""
    if stream.read(len(_SIGNATURE)) != _SIGNATURE:
        raise FormatError("it is no PNG")
    kind, before = b"", b""
    while kind != _END:
        start = stream.read(8)
        if len(start) < 8:  # noqa: PLR2004  # length and type
            raise FormatError("it ends too early")
        size, kind = struct.unpack(">I4s", start)
        if kind not in _PLAIN or (kind == _HEAD) != (before == b""):
            raise FormatError(f"it holds {kind.decode('latin-1')!r}, by which programs may show another picture")
        if kind == _HEAD and (size != 13 or stream.read(13)[8:] != _RGB):  # noqa: PLR2004  # the size of IHDR
            raise FormatError("it is not of 8 bits red, green and blue")
        stream.seek(4 if kind == _HEAD else size + 4, 1)
        before = kind
    if stream.read(1):
        raise FormatError("something follows its end")
