"""What is distinctive in a picture, at whatever size it is shown: points, each with its size and how it looks around.

Points are the extremes, in place and in size, of the differences between a picture and itself blurred a little more
(Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", 2004, 3), but for those on straight edges. What lies
around a point is told by which of 8 x 8 cells are lighter than others near them. Screenshots stand upright: nothing is
turned.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops, ImageFilter

_FIRST = 1.6
_STEPS = tuple(_FIRST * 2 ** (step / 2) for step in range(5))
"""Blurs of one octave, in pixels of it."""
_SMALLEST = 24
_GAIN = 0.6
"""What differences are divided by: eight bits keep them whole, and letters do not reach their ends."""
_MIDDLE = 128
_CONTRAST = 12
_EDGE = 0.15
"""Share of a point's height by which it rises above its surroundings in every direction."""
_REACH = 6
"""How far around a point its looks are taken, in times of its blur."""
_CELLS = 8
_CLEARLY = 4
"""Levels by which one cell is lighter than another, beyond what a JPEG adds."""
_STEPS_BETWEEN = ((0, 1), (1, 0), (0, 2), (2, 0), (1, 1), (0, 3), (3, 0))
_PAIRS = tuple(
    (row * _CELLS + column, (row + down) * _CELLS + column + across)
    for down, across in _STEPS_BETWEEN
    for row in range(_CELLS - down)
    for column in range(_CELLS - across)
)
PAIRS = len(_PAIRS)
"""Two bits of a point's looks for each."""


@dataclass(frozen=True, slots=True)
class Point:
    """One distinctive point; coordinates and size in pixels of the picture."""

    x: float
    y: float
    size: float
    dark: bool
    """Whether it is darker than what lies around it."""
    looks: int
    """Bits: two for each pair of cells, set if one of them is clearly lighter."""


def points_of(grey: Image.Image, most: int) -> list[Point]:
    """Return up to *most* points of a picture in mode L, the strongest first."""
    found: list[tuple[int, int, int, float, int, bool, Image.Image]] = []
    picture, factor = grey, 1
    while min(picture.size) >= _SMALLEST:
        blurred = [picture.filter(ImageFilter.GaussianBlur(blur)) for blur in _STEPS]
        between = [ImageChops.subtract(one, other, scale=_GAIN, offset=_MIDDLE) for one, other in pairwise(blurred)]
        for dark in (False, True):
            levels = [ImageChops.invert(each) if dark else each for each in between]
            for height, x, y, step in _extremes(levels):
                found.append((height, x, y, _STEPS[step], factor, dark, blurred[step - 1]))
        picture, factor = picture.reduce(2), 2 * factor
    found.sort(key=lambda each: -each[0])
    made = (
        Point((x + 0.5) * factor, (y + 0.5) * factor, blur * factor, dark, looks)
        for _, x, y, blur, factor, dark, blurred in found
        if (looks := _looks(blurred, x, y, _REACH * blur)) is not None
    )
    return [point for point, _ in zip(made, range(most), strict=False)]


def _extremes(levels: Sequence[Image.Image]) -> Iterator[tuple[int, int, int, int]]:
    """Yield height, column, row and step of each place that is higher than all 26 around it."""
    highest = [_around(each, ImageChops.lighter) for each in levels]
    for step in (1, 2):
        here = levels[step]
        above = ImageChops.lighter(highest[step], ImageChops.lighter(highest[step - 1], highest[step + 1]))
        lower = ImageChops.subtract(above, here).point(lambda level: 255 if level else 0)
        kept = here.point(lambda level: level if level > _MIDDLE + _CONTRAST else 0)
        heights = ImageChops.subtract(kept, lower).tobytes()
        plain = here.tobytes()
        for hit in re.finditer(rb"[^\0]", heights):
            row, column = divmod(hit.start(), here.width)
            if _stands_out(plain, here.size, column, row, round(1.5 * _STEPS[step])):
                yield heights[hit.start()], column, row, step


def _stands_out(levels: bytes, size: tuple[int, int], x: int, y: int, reach: int) -> bool:
    """Return whether the place is higher than those *reach* away from it, in all eight directions."""
    width, height = size
    if not (reach <= x < width - reach and reach <= y < height - reach):
        return False
    most = levels[y * width + x]
    most -= max(1, round((most - _MIDDLE) * _EDGE))
    return all(
        levels[(y + down) * width + x + across] <= most
        for down in (-reach, 0, reach)
        for across in (-reach, 0, reach)
        if down or across
    )


def _around(picture: Image.Image, choose: Callable[[Image.Image, Image.Image], Image.Image]) -> Image.Image:
    """Return for each pixel what *choose* takes of it and its eight neighbours; the picture's edges meet."""
    for across, down in ((1, 0), (0, 1)):
        one, other = ImageChops.offset(picture, across, down), ImageChops.offset(picture, -across, -down)
        picture = choose(picture, choose(one, other))
    return picture


def _looks(picture: Image.Image, x: int, y: int, reach: float) -> int | None:
    """Return what the picture looks like around a place; None where it ends before that, or nothing is there."""
    if x < reach or y < reach or x + reach >= picture.width or y + reach >= picture.height:
        return None
    box = (x - reach, y - reach, x + reach, y + reach)
    cells = picture.resize((_CELLS, _CELLS), Image.Resampling.BOX, box=box).tobytes()
    steps = [cells[one] - cells[other] for one, other in _PAIRS]
    bits = "".join("10" if step > _CLEARLY else "01" if step < -_CLEARLY else "00" for step in steps)
    return int(bits, 2) if bits.count("1") > PAIRS // 8 else None
