"""The description of a colour profile (ICC.1:2022, 9.2.41; 10.15; ICC.1:2001-04, 6.5.17)."""

import struct

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.notes import decoded

MOST_BYTES = 8 * 1024**2
_MOST_TAGS = 200


def description(profile: bytes) -> str:
    """Return the description in *profile*; raises `FormatError` when it has none that can be read."""
    try:
        (count,) = struct.unpack_from(">I", profile, 128)
        for index in range(min(count, _MOST_TAGS)):
            kind, offset, length = struct.unpack_from(">4sII", profile, 132 + 12 * index)
            if kind == b"desc":
                return _text(profile[offset : offset + length])
    except struct.error as error:
        raise FormatError("the profile ends too early") from error
    raise FormatError("the profile has no description")


def _text(tag: bytes) -> str:
    if tag[:4] == b"desc":
        (length,) = struct.unpack_from(">I", tag, 8)
        return decoded(tag[12 : 12 + length])
    if tag[:4] == b"mluc":
        length, offset = struct.unpack_from(">II", tag, 20)
        return tag[offset : offset + length].decode("utf-16-be", "replace")
    raise FormatError("the description of the profile is of an unknown type")
