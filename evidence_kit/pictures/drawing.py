"""The process in which `evidence_kit.pictures.apart` has viewing copies made of pictures that were handed over.

One picture a line on standard input, ``{"picture": …, "folder": …, "blur": …, "page_width_px": …,
"slice_height_px": …}``; for each one line on standard output: ``{"copy": …}``, or ``{"refused": …}`` with a code.
"""

import json
import os
import sys
from math import ceil

from PIL import Image

from evidence_kit.errors import FormatError, LimitError
from evidence_kit.pictures.apart import Drawing, copy_json
from evidence_kit.pictures.supplied import DECODED, LARGEST_DECODED, LARGEST_JPEG, opened_picture
from evidence_kit.pictures.viewing_copy import ViewingCopy, count_slices, on_white, write_slices
from evidence_kit.processes import limit_memory
from evidence_kit.trust.digests import sha256_file

MOST_SLICES = 20
"""Parts into which one picture is cut at most: a page of the report each."""
_WIDEST = 8
"""Times the width of a page that a part may have."""
_TOO_HIGH = "too high"
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by its orientation (Exif 2.32, 4.6.4)."""
_SIDEWAYS = frozenset({5, 6, 7, 8})


def main(memory: int) -> None:
    """Draw pictures with at most *memory* bytes, where the system can hold a process to that, until the input ends."""
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    # What native libraries print goes nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    limit_memory(memory)
    output.write(b'{"ready": true}\n')
    for line in sys.stdin.buffer:
        drawing = Drawing.from_json(json.loads(line))
        try:
            answer: object = {"copy": copy_json(draw(drawing))}
        except MemoryError:
            answer = {"refused": "memory"}
        except LimitError as error:
            answer = {"refused": "height" if str(error) == _TOO_HIGH else "size"}
        except FormatError as error:
            answer = {"refused": "memory" if isinstance(error.__cause__, MemoryError) else "unreadable"}
        except OSError as error:
            # A full disk is no fault of the picture.
            answer = {"failed": [error.errno, error.strerror]}
        output.write(json.dumps(answer).encode("ascii") + b"\n")


def draw(drawing: Drawing) -> ViewingCopy:
    """Write the viewing copy of a picture into its new folder.

    Raises `LimitError` for one that is too large, `FormatError` for what is no picture, `OSError` for the folder.
    """
    with drawing.picture.open("rb") as stream, opened_picture(stream, DECODED) as opened:
        jpeg = opened.format in {"JPEG", "MPO"}
        if opened.width * opened.height > (LARGEST_JPEG if jpeg else LARGEST_DECODED):
            raise LimitError("too many pixels")
        turned = _orientation(opened)
        size = opened.size[::-1] if turned in _SIDEWAYS else opened.size
        if size[0] > _WIDEST * drawing.page_width_px:
            raise LimitError("too wide")
        # A wide picture fills its page when a part is as high as the page in proportion.
        high = max(drawing.slice_height_px, drawing.slice_height_px * size[0] // (2 * drawing.page_width_px))
        if not drawing.regions and count_slices(size, drawing.page_width_px, high) > MOST_SLICES:
            raise LimitError(_TOO_HIGH)
        if size[0] > 2 * drawing.page_width_px:
            opened.draft("RGB", (ceil(opened.width / 2), ceil(opened.height / 2)))
        picture = on_white(opened)
        picture = upright(opened, picture)
    drawing.folder.mkdir(parents=True)
    slices = write_slices(
        picture,
        size,
        drawing.folder,
        page_width_px=drawing.page_width_px,
        slice_height_px=high,
        blur=drawing.blur,
        regions=drawing.regions,
    )
    return ViewingCopy(
        original_sha256=sha256_file(drawing.picture),
        original_bytes=drawing.picture.stat().st_size,
        original_width=size[0],
        original_height=size[1],
        blurred=drawing.blur,
        partial=bool(drawing.regions),
        slices=tuple(slices),
    )


def upright(opened: Image.Image, picture: Image.Image) -> Image.Image:
    """Return *picture*, made of *opened*, turned as that asks for in its EXIF."""
    turned = _orientation(opened)
    return picture.transpose(_UPRIGHT[turned]) if turned in _UPRIGHT else picture


def _orientation(opened: Image.Image) -> int:
    """Return how the picture asks to be turned; 1, for not at all, where it does not say so in a form that is read."""
    try:
        asked = opened.getexif().get(_ORIENTATION, 1)
    except (ValueError, TypeError, SyntaxError, LookupError, OSError, OverflowError):
        # Facts tell what is wrong with its EXIF; the picture is there all the same.
        return 1
    return asked if isinstance(asked, int) else 1
