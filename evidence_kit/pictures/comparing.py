"""Compare a sealed picture with new renderings of the same page, tile by tile.

A pixel agrees if in each colour it is what it is in the other picture, `TOLERANCE` levels more or less. Of another
browser letters are smoothed otherwise: then it need only lie within what the pixel and its eight neighbours are in the
other picture, and the other way round, and a 6 in small grey letters may pass for an 8. A tile of 16 x 16 pixels agrees
if all its pixels do. A page may be seen several times, as it moves: a tile that
agrees once agrees. The numbers are measured (docs/benchmarks.md).

The sealed picture is in memory whole, of renderings one tile of the browser at a time.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops

from evidence_kit.pictures.plain import require_plain
from evidence_kit.pictures.viewing_copy import Region, decoded_picture

TILE = 16
TOLERANCE = 16
"""Levels of 255."""
MOST_REGIONS = 50
_BAND = 1024
"""Rows compared at a time; a multiple of `TILE`."""
_REACH = 2
"""Tiles from one differing tile to another that belong to one region: letters of a word have gaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far a sealed picture and its renderings agree."""

    size: tuple[int, int]
    """Width and height of what was compared, in pixels: where one picture is larger, that of both together."""
    differing: int
    """Pixels in tiles that differ."""
    regions: tuple[Region, ...]
    """Where they differ, the largest first, at most `MOST_REGIONS`; in pixels of the sealed picture."""
    more: int
    """Regions that are not among these."""

    @property
    def pixels(self) -> int:
        """How many pixels were compared."""
        return self.size[0] * self.size[1]


class Comparison:
    """A sealed picture, and what was seen of it in renderings so far."""

    def __init__(self, sealed: Path, *, cut: bool = False) -> None:
        """Read the picture at *sealed*; *cut* if it is known not to show the whole page.

        Raises `FormatError`, also for a picture that may show something else than what is compared here.
        """
        with sealed.open("rb") as stream:
            require_plain(stream)
        self._sealed = decoded_picture(sealed)
        self._cut = cut
        self._across = -(-self._sealed.width // TILE)
        self._down = -(-self._sealed.height // TILE)
        self._worst = [True] * (self._across * self._down)
        """For each tile whether it differed in every rendering."""
        self._beyond: tuple[int, int] | None = None
        """The size of the smallest rendering in each direction."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the sealed picture."""
        return self._sealed.size

    @property
    def agrees(self) -> bool:
        """Whether every part of the picture was seen as it is, and nothing beyond it."""
        return not any(self._worst) and self._whole() == self.size

    def look(self, tiles: Sequence[bytes], *, smoothed: bool) -> None:
        """Compare with one rendering: PNGs, one below the other; *smoothed* if edges may be drawn otherwise.

        Raises `FormatError`.
        """
        differing = set(range(len(self._worst)))
        width, height = 0, 0
        for tile in tiles:
            with Image.open(io.BytesIO(tile), formats=["PNG"]) as opened:
                shown = opened.convert("RGB")
            self._compare(shown, height, differing, smoothed=smoothed)
            width, height = shown.width, height + shown.height
        for index, worst in enumerate(self._worst):
            self._worst[index] = worst and index in differing
        before = self._beyond or (width, height)
        self._beyond = min(before[0], width), min(before[1], height)

    def result(self) -> Agreement:
        """Return what the renderings so far have shown."""
        (width, height), whole = self.size, self._whole()
        regions = [*self._regions()]
        area = sum(self._area(index) for index, worst in enumerate(self._worst) if worst)
        beyond = []
        if whole[1] > height:
            beyond.append(Region(left=0, top=height, right=whole[0], bottom=whole[1]))
        if whole[0] > width:
            beyond.append(Region(left=width, top=0, right=whole[0], bottom=height))
        regions = sorted([*regions, *beyond], key=_pixels, reverse=True)
        return Agreement(
            size=whole,
            differing=area + sum(map(_pixels, beyond)),
            regions=tuple(regions[:MOST_REGIONS]),
            more=max(len(regions) - MOST_REGIONS, 0),
        )

    def _whole(self) -> tuple[int, int]:
        """Return the size of both pictures together."""
        (width, height), seen = self.size, self._beyond or (0, 0)
        return (width, height) if self._cut else (max(width, seen[0]), max(height, seen[1]))

    def _compare(self, shown: Image.Image, top: int, differing: set[int], *, smoothed: bool) -> None:
        """Take out of *differing* the tiles that agree with *shown*, which begins at row *top*, a multiple of 16."""
        width = min(shown.width, self._sealed.width)
        bottom = min(top + shown.height, self._sealed.height)
        for start in range(top, bottom, _BAND):
            end = min(start + _BAND, bottom)
            sealed = self._sealed.crop((0, start, width, end))
            other = shown.crop((0, start - top, width, end - top))
            wrong = _disagreeing(sealed, other, smoothed=smoothed)
            # A tile that the rendering shows in part only has not been seen.
            rows = self._down if bottom == self._sealed.height else bottom // TILE
            columns = self._across if width == self._sealed.width else width // TILE
            for row in range(start // TILE, min(-(-end // TILE), rows)):
                for column in range(columns):
                    if (column, row - start // TILE) not in wrong:
                        differing.discard(row * self._across + column)

    def _area(self, index: int) -> int:
        return _pixels(self._tile(index, index))

    def _tile(self, first: int, last: int) -> Region:
        """Return the rectangle from the tile *first* to the tile *last*."""
        (top, left), (bottom, right) = divmod(first, self._across), divmod(last, self._across)
        width, height = self.size
        return Region(
            left=left * TILE,
            top=top * TILE,
            right=min((right + 1) * TILE, width),
            bottom=min((bottom + 1) * TILE, height),
        )

    def _regions(self) -> Iterator[Region]:
        """Yield the rectangle around each group of differing tiles that lie near each other."""
        left = {divmod(index, self._across) for index, worst in enumerate(self._worst) if worst}
        while left:
            group, waiting = [], [left.pop()]
            while waiting:
                row, column = waiting.pop()
                group.append((row, column))
                near = [
                    place
                    for down in range(-_REACH, _REACH + 1)
                    for across in range(-_REACH, _REACH + 1)
                    if (place := (row + down, column + across)) in left
                ]
                left.difference_update(near)
                waiting += near
            rows, columns = zip(*group, strict=True)
            first = min(rows) * self._across + min(columns)
            yield self._tile(first, max(rows) * self._across + max(columns))


def _pixels(region: Region) -> int:
    return (region.right - region.left) * (region.bottom - region.top)


def _disagreeing(first: Image.Image, second: Image.Image, *, smoothed: bool) -> set[tuple[int, int]]:
    """Return column and row of every tile in which a pixel disagrees."""
    box = ImageChops.difference(first, second).getbbox()
    if box is None:
        return set()
    # Whole tiles around what differs at all, and a pixel more, as neighbours count.
    left, top = box[0] // TILE * TILE, box[1] // TILE * TILE
    right, bottom = min(-(-box[2] // TILE) * TILE, first.width), min(-(-box[3] // TILE) * TILE, first.height)
    around = max(left - 1, 0), max(top - 1, 0), min(right + 1, first.width), min(bottom + 1, first.height)
    outside = ImageChops.lighter(
        *(_outside(*pair, smoothed=smoothed) for pair in _both(first.crop(around), second.crop(around)))
    )
    inner = outside.crop((left - around[0], top - around[1], right - around[0], bottom - around[1]))
    # A tile at the edge is filled up with what agrees.
    across, down = -(-inner.width // TILE), -(-inner.height // TILE)
    filled = Image.new("L", (across * TILE, down * TILE))
    filled.paste(inner)
    # The average of 256 pixels, one of them at its brightest, is rounded to 1.
    levels = filled.point(lambda value: 255 if value else 0).reduce(TILE).tobytes()
    return {
        (left // TILE + index % across, top // TILE + index // across) for index, level in enumerate(levels) if level
    }


def _both(first: Image.Image, second: Image.Image) -> Iterator[tuple[Image.Image, Image.Image]]:
    yield first, second
    yield second, first


def _outside(picture: Image.Image, other: Image.Image, *, smoothed: bool) -> Image.Image:
    """Return, as L, which pixels of *picture* lie outside of what *other* is there, and around if *smoothed*."""
    lightest, darkest = (
        (_around(other, ImageChops.lighter), _around(other, ImageChops.darker)) if smoothed else (other, other)
    )
    above = ImageChops.subtract(picture, lightest, offset=-TOLERANCE)
    below = ImageChops.subtract(darkest, picture, offset=-TOLERANCE)
    worst = ImageChops.lighter(above, below)
    red, green, blue = worst.split()
    return ImageChops.lighter(red, ImageChops.lighter(green, blue))


def _around(picture: Image.Image, choose: Callable[[Image.Image, Image.Image], Image.Image]) -> Image.Image:
    """Return for each pixel what *choose* takes of it and its neighbours; Pillow's own filter is 20 times slower."""
    for across, down in ((1, 0), (0, 1)):
        one, other = _shifted(picture, across, down), _shifted(picture, -across, -down)
        picture = choose(picture, choose(one, other))
    return picture


def _shifted(picture: Image.Image, across: int, down: int) -> Image.Image:
    """Return *picture* moved by a pixel; the edge that is laid open keeps what it had."""
    moved = picture.copy()
    left, top = max(-across, 0), max(-down, 0)
    part = picture.crop((left, top, picture.width - max(across, 0), picture.height - max(down, 0)))
    moved.paste(part, (max(across, 0), max(down, 0)))
    return moved
