"""Where the content of one picture appears in another: which parts agree, which do not, each with its rectangles.

Both pictures are compared in shades of grey, tile by tile, wherever points that look alike place one in the other;
several parts may lie in several places. What agrees is measured and never a verdict: that somebody's text or face is
another at the size of a phone, this does not show (docs/corroboration.md has what was measured).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from PIL import Image

from evidence_kit.pictures.correlations import TILE, Tiles
from evidence_kit.pictures.placements import Pair, Placement, best_placement, pairs_of
from evidence_kit.pictures.points import points_of
from evidence_kit.pictures.viewing_copy import Region

AGREES = 0.8
"""Correlation from which a tile agrees."""
FEWEST_TILES = 12
"""Tiles that an agreeing part has at least, `_NARROWEST` in each direction: fewer agree by chance."""
_NARROWEST = 3
_NEIGHBOURS = 0.75
"""Share of the tiles around one that agree with it: where letters differ, the frames around them still agree."""
_COARSEST = 0.4
"""Pixels of the other picture for one that is compared: fewer agree with anything."""
MOST_PLACES = 6
MOST_PARTS = 60
_WIDTH_HERE, _WIDTH_THERE = 540, 960
_PIXELS = 12_000_000
_POINTS_HERE, _POINTS_THERE = 1500, 8000
_Cell = tuple[int, int]


class Finding(StrEnum):
    """What became of one part of the picture."""

    AGREES = "agrees"
    DIFFERS = "differs"
    """The other picture has something else where this part would have to lie."""
    ABSENT = "absent"
    """Nothing says where in the other picture this part would have to lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the picture."""

    finding: Finding
    here: Region
    there: Region | None
    """Where it lies in the other picture, or would; None if that is not known or beyond its edge."""
    correlation: int | None
    """Mean of its tiles, in thousandths; None without a place."""
    tiles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """What was found of one picture in another."""

    size: tuple[int, int]
    other_size: tuple[int, int]
    parts: tuple[Part, ...]
    """Those that agree first, each kind the largest first; at most `MOST_PARTS`."""
    more: int
    """Parts that are not among these."""
    tiles: dict[str, int]
    """How many tiles agree, differ and are absent, and of how many nothing can be said (``open``): they show nothing,
    or agree where those around them do not."""

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return sum(self.tiles.values())


@dataclass(frozen=True, slots=True)
class _Place:
    """One placement, and what it has of each tile."""

    placement: Placement
    correlations: Sequence[float]
    cells: frozenset[_Cell]
    """The tiles that agree there."""

    def of(self, row: int, column: int, tiles: Tiles) -> float:
        """Return the correlation of a tile."""
        return self.correlations[row * tiles.across + column]


def appearance_of(picture: Image.Image, other: Image.Image) -> Appearance:
    """Return where *picture* appears in *other*, both in mode L."""
    tiles = Tiles(picture)
    places = list(_places(tiles, picture, other))
    parts = [*_agreeing(tiles, places), *_others(tiles, places, other)]
    order = list(Finding)
    parts.sort(key=lambda part: (order.index(part.finding), -part.tiles))
    counts = {str(kind): sum(part.tiles for part in parts if part.finding is kind) for kind in Finding}
    return Appearance(
        size=picture.size,
        other_size=other.size,
        parts=tuple(_clipped(part, picture.size, other.size) for part in parts[:MOST_PARTS]),
        more=max(len(parts) - MOST_PARTS, 0),
        tiles={**counts, "open": len(tiles.shown) - sum(counts.values())},
    )


def _places(tiles: Tiles, picture: Image.Image, other: Image.Image) -> Iterator[_Place]:
    """Yield the places where parts of *picture* lie in *other*, each with tiles that agree nowhere before."""
    (here, scale), (there, scale_there) = _smaller(picture, _WIDTH_HERE), _smaller(other, _WIDTH_THERE)
    pairs = pairs_of(points_of(here, _POINTS_HERE), points_of(there, _POINTS_THERE))
    taken: set[_Cell] = set()
    tried = 0
    while tried < 2 * MOST_PLACES and (guess := best_placement(pairs)) is not None:
        tried += 1
        placement = guess.rescaled(scale, scale_there)
        if placement.scale >= _COARSEST * tiles.scale:
            correlations = tiles.correlations(other, placement)
            cells = _settled(tiles, correlations, taken)
            if cells:
                yield _Place(placement, correlations, cells)
                taken |= cells
        explained = taken | {_cell(tiles, pair, scale) for pair in pairs if guess.fits(pair, 4 * guess.scale + 3)}
        pairs = [pair for pair in pairs if _cell(tiles, pair, scale) not in explained]


def _settled(tiles: Tiles, correlations: Sequence[float], taken: set[_Cell]) -> frozenset[_Cell]:
    """Return the tiles that agree, as most around them do, in parts that are large enough."""
    shown = {divmod(index, tiles.across) for index, each in enumerate(tiles.shown) if each}
    agreeing = {cell for cell in shown if correlations[cell[0] * tiles.across + cell[1]] >= AGREES}
    firm = {cell for cell in agreeing - taken if len(_near(cell) & agreeing) >= _NEIGHBOURS * len(_near(cell) & shown)}
    large = {cell for group in _groups(firm) if _large(group) for cell in group}
    edges = {near for cell in large for near in _near(cell)} & agreeing - taken
    return frozenset(large | edges)


def _large(group: Sequence[_Cell]) -> bool:
    rows, columns = zip(*group, strict=True)
    return len(group) >= FEWEST_TILES and min(len({*rows}), len({*columns})) >= _NARROWEST


def _near(cell: _Cell) -> set[_Cell]:
    """Return the cell and those that touch it, corners included."""
    return {(cell[0] + down, cell[1] + across) for down in (-1, 0, 1) for across in (-1, 0, 1)}


def _smaller(picture: Image.Image, width: int) -> tuple[Image.Image, float]:
    scale = min(1.0, width / picture.width, (_PIXELS / (picture.width * picture.height)) ** 0.5)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return (picture if scale == 1 else picture.resize(size, Image.Resampling.BOX)), scale


def _cell(tiles: Tiles, pair: Pair, scale: float) -> _Cell:
    step = tiles.scale / scale / TILE
    return int(pair.here.y * step), int(pair.here.x * step)


def _agreeing(tiles: Tiles, places: Sequence[_Place]) -> Iterator[Part]:
    for place in places:
        for group in _groups(place.cells):
            yield _part(tiles, Finding.AGREES, group, place)


def _others(tiles: Tiles, places: Sequence[_Place], other: Image.Image) -> Iterator[Part]:
    """Yield the parts that agree nowhere: with what would have to be there if a place around them says where."""
    taken = {cell for place in places for cell in place.cells}
    left = {divmod(index, tiles.across) for index, shown in enumerate(tiles.shown) if shown} - taken
    for place in places:
        emptied = {divmod(index, tiles.across) for index, shown in enumerate(tiles.shown) if not shown}
        emptied = {(row, column) for row, column in emptied - taken if place.of(row, column, tiles) == 0}
        inside = {cell for cell in left | emptied if _within(cell, place.cells) and _there(tiles, cell, place, other)}
        left -= inside
        taken |= inside
        # What agrees among tiles that do not is neither.
        differing = {(row, column) for row, column in inside if place.of(row, column, tiles) < AGREES}
        for group in _groups(differing):
            yield _part(tiles, Finding.DIFFERS, group, place)
    for group in _groups(left):
        yield _part(tiles, Finding.ABSENT, group, None)


def _within(cell: _Cell, cells: frozenset[_Cell]) -> bool:
    rows, columns = {row for row, _ in cells}, {column for _, column in cells}
    return min(rows) <= cell[0] <= max(rows) and min(columns) <= cell[1] <= max(columns)


def _there(tiles: Tiles, cell: _Cell, place: _Place, other: Image.Image) -> bool:
    """Return whether the tile's middle lies inside of *other*."""
    x, y = (place.placement.scale * (each + 0.5) * TILE / tiles.scale for each in (cell[1], cell[0]))
    return 0 <= x + place.placement.left < other.width and 0 <= y + place.placement.top < other.height


def _groups(cells: set[_Cell] | frozenset[_Cell]) -> Iterator[list[_Cell]]:
    """Yield the cells that touch each other, corners included."""
    left = set(cells)
    while left:
        group, waiting = [], [left.pop()]
        while waiting:
            group.append(waiting.pop())
            near = _near(group[-1]) & left
            left -= near
            waiting += near
        yield group


def _part(tiles: Tiles, finding: Finding, group: Sequence[_Cell], place: _Place | None) -> Part:
    rows, columns = zip(*group, strict=True)
    step = TILE / tiles.scale
    edges = min(columns) * step, min(rows) * step, (max(columns) + 1) * step, (max(rows) + 1) * step
    correlation, there = None, None
    if place is not None:
        values = [max(place.of(row, column, tiles), 0.0) for row, column in group]
        correlation = round(1000 * sum(values) / len(values))
        moved = place.placement
        moves = (moved.left, moved.top, moved.left, moved.top)
        there = _region([moved.scale * edge + move for edge, move in zip(edges, moves, strict=True)])
    return Part(finding=finding, here=_region(edges), there=there, correlation=correlation, tiles=len(group))


def _region(edges: Sequence[float]) -> Region:
    left, top, right, bottom = (round(edge) for edge in edges)
    return Region(left=left, top=top, right=right, bottom=bottom)


def _clipped(part: Part, size: tuple[int, int], other: tuple[int, int]) -> Part:
    there = part.there and _inside(part.there, other)
    return Part(
        finding=part.finding,
        here=_inside(part.here, size),
        there=there,
        correlation=part.correlation,
        tiles=part.tiles,
    )


def _inside(region: Region, size: tuple[int, int]) -> Region:
    return Region(
        left=min(max(region.left, 0), size[0] - 1),
        top=min(max(region.top, 0), size[1] - 1),
        right=max(min(region.right, size[0]), 1),
        bottom=max(min(region.bottom, size[1]), 1),
    )
