"""Viewing copies: what a page of the report shows of a screenshot, which itself stays where it is, bound by its hash.

A tall screenshot becomes JPEG slices, one below the other, each repeating a little of the one before, so that no line
of text is cut in two without standing whole in one of them. Slices are RGB, 8 bits, without EXIF or colour profile,
and the same picture gives the same bytes with the same Pillow. Lengths are pixels, offsets are rows of the original.

Every picture may come from a hostile page: only PNG and JPEG are opened, and nothing larger than `LARGEST_PIXELS`.
"""

import math
import shutil
import struct
import warnings
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NoReturn

from PIL import Image, UnidentifiedImageError

from evidence_kit.errors import FormatError
from evidence_kit.models import Digest
from evidence_kit.trust.digests import sha256_bytes, sha256_file

LARGEST_PIXELS = 250_000_000
"""The largest picture opened: 1,280 pixels wide, this is 195,000 high, and takes 750 MB of memory as RGB."""

Image.MAX_IMAGE_PIXELS = LARGEST_PIXELS

OVERLAP = 24
"""Rows of a slice that the next one repeats: more than a line of ordinary text."""

_FORMATS = ("PNG", "JPEG")
_HALF = 0.5
"""A page's text stays legible at half its size, not below (12 CSS pixels become 6 points on paper)."""

_BLUR_COLUMNS = 24
_BLUR_CELL = 48
_BLUR_LEVELS = 16

_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What Pillow raises, by what is wrong, for bytes that are not the picture they claim to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of a picture: from its first column and row to those after the last."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One JPEG of a viewing copy."""

    path: Path
    width: int
    height: int
    top: int
    """The first row of the original that it shows."""
    bottom: int
    """The row of the original after the last that it shows."""
    left: int
    """The first column of the original that it shows."""
    right: int
    bytes: int
    sha256: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewingCopy:
    """All slices of one picture, from the top down, and what they were made from."""

    original_sha256: Digest
    original_bytes: int
    original_width: int
    original_height: int
    blurred: bool
    partial: bool
    """Whether it was asked for parts of the picture only."""
    slices: tuple[Slice, ...]


def picture_size(path: Path) -> tuple[int, int]:
    """Return width and height of the PNG or JPEG at *path*, without decoding it; raises `FormatError`."""
    with _opened(path, path.name) as picture:
        return picture.size


def mosaic(picture: BinaryIO, name: str) -> bytes:
    """Return the mosaic from which blurred slices are made, a pixel a cell, as PNG; raises `FormatError`.

    Text and faces are not in it. *name* is what errors call the picture.
    """
    out = BytesIO()
    with _opened(picture, name) as opened:
        _mosaic(on_white(opened)).save(out, "PNG")
    return out.getvalue()


def make_slices(  # noqa: PLR0913  # each is one plain number of the page's layout
    png: Path,
    folder: Path,
    *,
    page_width_px: int = 1280,
    slice_height_px: int,
    blur: bool,
    quality: int = 85,
    pages: Collection[int] = (),
    regions: Sequence[Region] = (),
) -> ViewingCopy:
    """Write the viewing copy of the picture at *png* into *folder* as ``slice-001.jpg`` and so on.

    A slice is at most *page_width_px* wide, but never shrunk below half the original's size, and at most
    *slice_height_px* high. With *blur*, what is shown is made from a mosaic of about 24 coarsely coloured cells across:
    text and faces are not in it, so they cannot be had back from it. Only the slices with the numbers *pages*, or
    only the *regions*, cut in the same way, are made if any are given; `refuse_parts` says whether a picture has them.
    Raises `FormatError` for a picture that cannot be read or has no such part, `OSError` for a folder that cannot be
    written. Nothing that exists is overwritten.
    """
    if slice_height_px <= 2 * OVERLAP:
        message = f"a slice of {slice_height_px} pixels is not higher than what slices repeat"
        raise FormatError(message)
    picture = decoded_picture(png)
    refuse_parts(picture.size, page_width_px, slice_height_px, pages=pages, regions=regions)
    slices = write_slices(
        picture,
        picture.size,
        folder,
        page_width_px=page_width_px,
        slice_height_px=slice_height_px,
        blur=blur,
        quality=quality,
        pages=pages,
        regions=regions,
    )
    return ViewingCopy(
        original_sha256=sha256_file(png),
        original_bytes=png.stat().st_size,
        original_width=picture.width,
        original_height=picture.height,
        blurred=blur,
        partial=bool(pages or regions),
        slices=tuple(slices),
    )


def write_slices(  # noqa: PLR0913  # as `make_slices`
    picture: Image.Image,
    size: tuple[int, int],
    folder: Path,
    *,
    page_width_px: int,
    slice_height_px: int,
    blur: bool,
    quality: int = 85,
    pages: Collection[int] = (),
    regions: Sequence[Region] = (),
) -> list[Slice]:
    """Write the slices of a *picture* that has the *size* when it is decoded whole; raises `OSError`.

    The picture itself may have been decoded smaller: at half its size, there is as much of it as a page shows.
    """
    scale = _scale(size[0], page_width_px)
    source = _mosaic(picture) if blur else picture
    slices = []
    wanted = _parts(size, int(slice_height_px / scale), pages, regions)
    for number, part in enumerate(wanted, start=1):
        wide, high = part.right - part.left, part.bottom - part.top
        shape = (max(1, round(wide * scale)), max(1, min(slice_height_px, round(high * scale))))
        across, down = source.width / size[0], source.height / size[1]
        shown = source.resize(
            shape,
            Image.Resampling.BICUBIC if blur else Image.Resampling.LANCZOS,
            box=(
                part.left * across,
                part.top * down,
                min(source.width, part.right * across),
                min(source.height, part.bottom * down),
            ),
        )
        jpeg = _jpeg(shown, quality=quality)
        path = folder / f"slice-{number:03}.jpg"
        with path.open("xb") as file:
            file.write(jpeg)
        slices.append(
            Slice(
                path=path,
                width=shape[0],
                height=shape[1],
                top=part.top,
                bottom=part.bottom,
                left=part.left,
                right=part.right,
                bytes=len(jpeg),
                sha256=sha256_bytes(jpeg),
            )
        )
    return slices


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutting:
    """A viewing copy to be made: of which picture, in which new folder, and how, as `make_slices` takes it."""

    picture: Path
    folder: Path
    blur: bool
    pages: tuple[int, ...] = ()
    regions: tuple[Region, ...] = ()


def cut(cutting: Cutting, *, page_width_px: int, slice_height_px: int) -> ViewingCopy:
    """Make the folder and the viewing copy in it; raises what `make_slices` raises.

    For other processes: this module is loaded in a fraction of the time that the rest of the kit takes. What one of
    them that was ended had begun is made anew.
    """
    if cutting.folder.exists():
        shutil.rmtree(cutting.folder)
    cutting.folder.mkdir(parents=True)
    return make_slices(
        cutting.picture,
        cutting.folder,
        page_width_px=page_width_px,
        slice_height_px=slice_height_px,
        blur=cutting.blur,
        pages=cutting.pages,
        regions=cutting.regions,
    )


def decoded_picture(path: Path) -> Image.Image:
    """Return the PNG or JPEG at *path*, decoded as RGB on white; raises `FormatError`."""
    with _opened(path, path.name) as opened:
        return on_white(opened)


def blurred_picture(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return *picture* in this *size*, made from the mosaic of `make_slices`: no text and no face is in it."""
    return _mosaic(picture).resize(size, Image.Resampling.BICUBIC)


def count_slices(size: tuple[int, int], page_width_px: int, slice_height_px: int) -> int:
    """Return how many slices a whole picture of this width and height is cut into."""
    width, height = size
    return len(list(_bands(height, int(slice_height_px / _scale(width, page_width_px)), OVERLAP)))


def refuse_parts(
    size: tuple[int, int],
    page_width_px: int,
    slice_height_px: int,
    *,
    pages: Collection[int],
    regions: Iterable[Region],
) -> None:
    """Raise `FormatError` for a part that no picture of this *size*, cut into slices of that size, has."""
    width, height = size
    slices = count_slices(size, page_width_px, slice_height_px)
    if max(pages, default=0) > slices:
        message = f"the viewing copy has no page {max(pages)}: its last is {slices}"
        raise FormatError(message)
    for region in regions:
        if region.right > width or region.bottom > height:
            edges = [region.left, region.top, region.right, region.bottom]
            message = f"the region {edges} lies outside of the screenshot, which has {width} x {height} pixels"
            raise FormatError(message)


def placeholder(number: int) -> bytes:
    """Return a JPEG of 8 x 8 pixels that is unlike that of any other *number* from 0 to 16,777,215.

    Layout needs a picture for every slice, and equal ones would be stored once.
    """
    if not 0 <= number < 1 << 24:
        message = f"there is no placeholder with the number {number}"
        raise FormatError(message)
    colour = (number >> 16, number >> 8 & 0xFF, number & 0xFF)
    return _jpeg(Image.new("RGB", (8, 8), colour), quality=95, comment=f"placeholder {number}".encode("ascii"))


@contextmanager
def _opened(source: Path | BinaryIO, name: str) -> Iterator[Image.Image]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(source, formats=_FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        message = f"the picture {name!r} has more than {LARGEST_PIXELS:,} pixels"
        raise FormatError(message) from error
    except _UNREADABLE as error:
        _refuse(name, error)
    with picture:
        try:
            yield picture
        except _UNREADABLE as error:
            _refuse(name, error)


def _refuse(name: str, error: Exception) -> NoReturn:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if isinstance(error, UnidentifiedImageError):
        reason = "it does not begin as one"
    message = f"the picture {name!r} cannot be read as PNG or JPEG: {reason}"
    raise FormatError(message) from error


def on_white(opened: Image.Image) -> Image.Image:
    """Return the picture decoded whole, as RGB on white: a page without background is white to its reader."""
    if opened.mode == "RGB" and "transparency" not in opened.info:
        opened.load()
        return opened
    if opened.mode.startswith("I"):
        # 16 bits of grey: Pillow would cut them off at 255 instead of scaling.
        return opened.convert("I").point(lambda value: value * (1 / 257)).convert("L").convert("RGB")
    if "transparency" not in opened.info and opened.mode not in {"LA", "PA", "RGBA", "La", "RGBa"}:
        return opened.convert("RGB")
    clear = opened.convert("RGBA")
    white = Image.new("RGB", clear.size, "white")
    white.paste(clear, mask=clear.getchannel("A"))
    return white


def _mosaic(picture: Image.Image) -> Image.Image:
    """Return one pixel for each cell of the whole picture, in 16 levels of each colour.

    Cells of a fixed grid: slices that overlap must not show the same rows averaged in two different ways. Coarse
    colours: averages exact to 1/255 let known text be found by trying; and a face that fills the page, seen in
    this many cells, is no longer one.
    """
    cell = max(_BLUR_CELL, picture.width / _BLUR_COLUMNS)
    size = (max(1, math.ceil(picture.width / cell)), max(1, math.ceil(picture.height / cell)))
    small = picture.resize(size, Image.Resampling.BOX)
    step = 256 // _BLUR_LEVELS
    return small.point([value // step * step + step // 2 for value in range(256)] * 3)


def _scale(width: int, page_width_px: int) -> float:
    return min(1.0, max(page_width_px / width, _HALF))


def _parts(size: tuple[int, int], largest: int, pages: Collection[int], regions: Sequence[Region]) -> Iterator[Region]:
    """Cut the *regions*, or else the whole picture, into parts of at most *largest* rows; of these only *pages*."""
    for region in regions or [Region(left=0, top=0, right=size[0], bottom=size[1])]:
        for page, (top, bottom) in enumerate(_bands(region.bottom - region.top, largest, OVERLAP), start=1):
            if not pages or page in pages:
                yield replace(region, top=region.top + top, bottom=region.top + bottom)


def _bands(height: int, largest: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Cut *height* rows into bands of *largest* rows, each starting *overlap* rows before the last one's end."""
    top = 0
    while top + largest < height:
        yield top, top + largest
        top += largest - overlap
    yield top, height


def _jpeg(picture: Image.Image, *, quality: int, comment: bytes = b"") -> bytes:
    """Encode without chroma subsampling, which smears coloured text."""
    out = BytesIO()
    picture.save(out, "JPEG", quality=quality, subsampling=0, optimize=True, comment=comment)
    return out.getvalue()
