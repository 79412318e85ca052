"""Join the tiles of a screenshot, one below the other, into one PNG.

Chromium draws pages higher than some thousands of pixels reliably only in tiles. A picture of one tile is kept as the
browser made it; several are decoded and written again, pixel for pixel.
"""

import contextlib
import io
from collections.abc import Iterator, Sequence

from PIL import Image

from evidence_kit.errors import FormatError

_MOST_PIXELS = 8192 * 16384


def png_size(data: bytes) -> tuple[int, int]:
    """Return width and height of a PNG in pixels; raises `FormatError` when it is none."""
    with _opened(data) as picture:
        return picture.size


def joined(tiles: Sequence[bytes]) -> bytes:
    """Return *tiles*, PNGs of one width in order from the top, as one PNG.

    Raises `FormatError` for tiles that are no PNG or differ in width.
    """
    sizes = [png_size(tile) for tile in tiles]
    width = sizes[0][0]
    if any(size[0] != width for size in sizes):
        message = f"tiles of a screenshot differ in width: {sorted({size[0] for size in sizes})}"
        raise FormatError(message)
    if len(tiles) == 1:
        return tiles[0]
    whole = Image.new("RGB", (width, sum(size[1] for size in sizes)))
    top = 0
    for tile, size in zip(tiles, sizes, strict=True):
        with _opened(tile) as picture:
            whole.paste(picture.convert("RGB"), (0, top))
        top += size[1]
    written = io.BytesIO()
    whole.save(written, format="PNG", compress_level=6)
    return written.getvalue()


@contextlib.contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                message = f"a tile of a screenshot is too large: {picture.width} x {picture.height}"
                raise FormatError(message)
            yield picture
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        # Pillow has no error of its own for a picture that it cannot read.
        message = "a tile of a screenshot is not a PNG that can be read"
        raise FormatError(message) from error
