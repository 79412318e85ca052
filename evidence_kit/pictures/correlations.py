"""How far the tiles of a picture are correlated with another picture, where a placement has them.

A tile's correlation is that of its brightness, pixel by pixel, with what lies in its place, -1 to 1, the best of those
up to `_ABOUT` pixels away: neither contrast nor brightness counts, nor the finest detail, which scaling and JPEG take.
"""

from array import array
from collections.abc import Iterator
from math import inf

from PIL import Image, ImageFilter, ImageMath

from evidence_kit.pictures.placements import Placement

TILE = 16
WIDEST = 640
"""Pixels across in which pictures are compared."""
_ABOUT = 4
_SOFT = 0.7
_PLAIN = 30.0
"""Variance of brightness up to which a tile shows nothing."""
_SHOWS = 4 * _PLAIN
"""Variance from which a tile of the other picture shows something that is not here."""
_NONE = -1.0


class Tiles:
    """A picture in tiles, of which the last of a row or column may be left out."""

    def __init__(self, grey: Image.Image) -> None:
        """Take *grey*, a picture in mode L."""
        self.scale = min(1.0, WIDEST / grey.width)
        """Pixels of what is compared for one of the picture."""
        self._size = max(TILE, int(grey.width * self.scale)), max(TILE, int(grey.height * self.scale))
        self._grey = grey.resize(self._size, Image.Resampling.BOX)
        self.across, self.down = self._size[0] // TILE, self._size[1] // TILE
        self.shown = [variance > _PLAIN for variance in _variances(self._cut(self._softened(1.0)))]
        """For each tile whether it shows anything that could be compared."""

    def correlations(self, other: Image.Image, placement: Placement) -> list[float]:
        """Return for each tile its correlation with *other*, in mode L, as *placement* of the whole picture has it.

        0 for one that shows nothing where *other* shows something, and below that where *other* has ended.
        """
        best = [_NONE] * len(self.shown)
        step = placement.scale / self.scale
        placed = self._placed(other, placement, step)
        if placed is None:
            return best
        here = self._cut(self._softened(step))
        least = [inf] * len(best)
        sums, squares = _means(here), _means(_product(here, here))
        for shifted in self._shifts(placed):
            means, means_of_squares = _means(shifted), _means(_product(shifted, shifted))
            products = _means(_product(here, shifted))
            for index in range(len(best)):
                spread = squares[index] - sums[index] ** 2
                spread_there = means_of_squares[index] - means[index] ** 2
                least[index] = min(least[index], spread_there)
                if self.shown[index] and spread > _PLAIN / 2 and spread_there > _PLAIN / 2:
                    common = products[index] - sums[index] * means[index]
                    best[index] = max(best[index], common / (spread * spread_there) ** 0.5)
        emptied = (not shown and spread > _SHOWS for shown, spread in zip(self.shown, least, strict=True))
        return [0.0 if gone else value for gone, value in zip(emptied, best, strict=True)]

    def _softened(self, step: float) -> Image.Image:
        """Return the picture as soft as one that has *step* pixels for each of its own."""
        soft = self._grey
        if step < 1:
            coarse = max(1, round(soft.width * step)), max(1, round(soft.height * step))
            soft = soft.resize(coarse, Image.Resampling.BOX).resize(self._size, Image.Resampling.BICUBIC)
        return soft.filter(ImageFilter.GaussianBlur(_SOFT))

    def _cut(self, picture: Image.Image) -> Image.Image:
        return picture.crop((0, 0, self.across * TILE, self.down * TILE)).convert("F")

    def _placed(self, other: Image.Image, placement: Placement, step: float) -> Image.Image | None:
        """Return what of *other* lies under the picture and `_ABOUT` pixels around it, black where it has ended."""
        width, height = self._size[0] + 2 * _ABOUT, self._size[1] + 2 * _ABOUT
        left, top = placement.left - _ABOUT * step, placement.top - _ABOUT * step
        first = max(left, 0.0), max(top, 0.0)
        last = min(left + width * step, other.width), min(top + height * step, other.height)
        size = round((last[0] - first[0]) / step), round((last[1] - first[1]) / step)
        if min(size) < TILE:
            return None
        method = Image.Resampling.BICUBIC if step < 1 else Image.Resampling.BOX
        part = other.resize(size, method, box=(*first, *last))
        placed = Image.new("L", (width, height))
        placed.paste(part, (round((first[0] - left) / step), round((first[1] - top) / step)))
        return placed.filter(ImageFilter.GaussianBlur(_SOFT)).convert("F")

    def _shifts(self, placed: Image.Image) -> Iterator[Image.Image]:
        for down in range(2 * _ABOUT + 1):
            for across in range(2 * _ABOUT + 1):
                yield placed.crop((across, down, across + self.across * TILE, down + self.down * TILE))


def _variances(picture: Image.Image) -> list[float]:
    means, squares = _means(picture), _means(_product(picture, picture))
    return [square - mean**2 for mean, square in zip(means, squares, strict=True)]


def _product(one: Image.Image, other: Image.Image) -> Image.Image:
    product = ImageMath.lambda_eval(lambda known: known["one"] * known["other"], one=one, other=other)
    assert isinstance(product, Image.Image)  # noqa: S101  # of two pictures it is one
    return product


def _means(picture: Image.Image) -> "array[float]":
    return array("f", picture.reduce(TILE).tobytes())
