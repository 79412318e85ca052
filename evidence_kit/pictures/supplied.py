"""Open a supplied picture, whatever it holds: its header alone, or its brightness, small, for perceptual hashes.

Any format may come, and any size may be claimed. Only formats that phones and browsers write are decoded, and nothing
larger than `LARGEST_DECODED`; a JPEG is decoded at a fraction of its size where that is enough.
"""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from evidence_kit.errors import FormatError, LimitError

LARGEST_DECODED = 25_000_000
"""Pixels; with an alpha channel they take 100 MB, and some decoders hold them four times."""
LARGEST_JPEG = 200_000_000
"""Pixels of a JPEG, which is decoded at an eighth of its size if need be."""
SMALL = 512
"""Pixels that a small picture has at most in each direction: what PDQ reduces pictures to."""

_HEADERS = ("BLP", "BMP", "DDS", "FLI", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "SGI", "TIFF", "WEBP")
DECODED = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
"""Formats by Pillow's names; a JPEG of several pictures is called MPO."""
DECODED_TYPES = frozenset(f"image/{name}" for name in ("avif", "bmp", "gif", "jpeg", "png", "tiff", "webp"))
"""The same by media types."""
_UNREADABLE = (
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    OverflowError,
    RecursionError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    ZeroDivisionError,
    struct.error,
    zlib.error,
)
"""What Pillow raises, by what is wrong, for bytes that are not the picture they claim to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the header of a picture says."""

    format: str
    """Pillow's name of it, such as ``JPEG``."""
    size: tuple[int, int]
    """Width and height in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brightness:
    """A small picture in levels of grey."""

    size: tuple[int, int]
    levels: bytes
    """One byte for each pixel, row by row."""
    tiny: bytes
    """The same picture of 32 by 32 pixels."""


def header_of(stream: BinaryIO) -> Header:
    """Return what Pillow reads in the header of *stream*.

    Raises `FormatError` when it cannot, and `LimitError` for sizes that no picture has.
    """
    with opened_picture(stream, _HEADERS) as picture:
        return Header(format=picture.format or "", size=picture.size)


def brightness_of(stream: BinaryIO) -> Brightness:
    """Return the brightness of the first picture in *stream*, on white.

    Raises `FormatError` when it cannot be decoded, and `LimitError` when it is too large for that.
    """
    with opened_picture(stream, DECODED) as picture:
        pixels = picture.width * picture.height
        if pixels > (LARGEST_JPEG if picture.format in {"JPEG", "MPO"} else LARGEST_DECODED):
            raise LimitError(f"not decoded: {picture.width} x {picture.height} pixels are too many")
        picture.draft("L", (2 * SMALL, 2 * SMALL))
        grey = grey_of(picture)
        tiny = grey.resize((32, 32), Image.Resampling.LANCZOS)
        size = min(grey.width, SMALL), min(grey.height, SMALL)
        small = grey if grey.size == size else grey.resize(size, Image.Resampling.BOX)
        return Brightness(size=size, levels=small.tobytes(), tiny=tiny.tobytes())


def grey_of(picture: Image.Image) -> Image.Image:
    """Return *picture* in mode L, what is transparent on white."""
    if picture.mode in {"LA", "PA", "RGBA", "La", "RGBa"} or "transparency" in picture.info:
        # One channel at a time: four together are held often enough in memory already.
        layer = picture if picture.mode in {"LA", "RGBA"} else picture.convert("RGBA")
        return Image.composite(layer.convert("L"), Image.new("L", layer.size, 255), layer.getchannel("A"))
    if picture.mode.startswith("I;16") or picture.mode == "I":
        return picture.convert("I").point(lambda level: level / 256).convert("L")
    return picture.convert("L")


@contextmanager
def opened_picture(stream: BinaryIO, formats: tuple[str, ...]) -> Iterator[Image.Image]:
    """Open a picture in one of *formats*; whatever is wrong with it is raised as `FormatError` or `LimitError`."""
    stream.seek(0)
    Image.init()
    try:
        with warnings.catch_warnings():
            # Pillow warns of much that is noted here in another way, and of size, which is looked at before decoding.
            warnings.simplefilter("ignore")
            with Image.open(stream, formats=formats) as picture:
                yield picture
    except Image.DecompressionBombError as error:
        raise LimitError("not decoded: its header claims more pixels than are looked at") from error
    except UnidentifiedImageError as error:
        # Its own message names the file by a path of this computer.
        raise FormatError("the picture cannot be read: its header is none of a known format") from error
    except _UNREADABLE as error:
        raise FormatError(f"the picture cannot be read: {type(error).__name__}: {error}"[:300]) from error
