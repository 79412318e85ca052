"""Where the content of one picture may lie in another: how much larger, and how far moved. Nothing is turned.

Points that look alike are paired, and two pairs make a placement; the one on which most pairs agree comes first. These
are guesses, good or bad: what they are worth is for `evidence_kit.pictures.appearances` to measure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import combinations
from typing import NamedTuple

from evidence_kit.pictures.points import PAIRS, Point

_ALIKE = 0.3
"""Share of the pairs of cells in which points that look alike may differ."""
_CHOICES = 3
"""Points of the other picture that are tried for one."""
_ASKED = 150
_VOTERS = 500
_CERTAIN = 60
"""Pairs that agree on a placement beyond doubt; no better one is looked for."""
_NEAREST = 20
"""Pixels that the two points of a placement are apart at least."""
_FEWEST = 5
_SCALES = (0.1, 10.0)
_SIZES = (0.6, 1.67)
"""How far the sizes of two points may be from the scale of a placement: they are known in steps."""


class Pair(NamedTuple):
    """Two points that look alike, one of each picture."""

    unlike: int
    """Bits in which they differ."""
    here: Point
    there: Point


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a picture's pixels lie in another: ``scale * x + left``, ``scale * y + top``."""

    scale: float
    left: float
    top: float

    def fits(self, pair: Pair, away: float) -> bool:
        """Return whether *pair* agrees, up to *away* pixels of the other picture."""
        here, there = pair.here, pair.there
        return (
            abs(self.scale * here.x + self.left - there.x) < away
            and abs(self.scale * here.y + self.top - there.y) < away
            and _SIZES[0] < there.size / here.size / self.scale < _SIZES[1]
        )

    def rescaled(self, here: float, there: float) -> "Placement":
        """Return the same for pictures of which these are *here* and *there* times as large."""
        return Placement(self.scale * here / there, self.left / there, self.top / there)


def pairs_of(here: Sequence[Point], there: Sequence[Point]) -> list[Pair]:
    """Return which points look alike, the most alike first."""
    found: list[Pair] = []
    for dark in (False, True):
        others = [point for point in there if point.dark is dark]
        looks = [point.looks for point in others]
        for point in (each for each in here if each.dark is dark):
            unlike = [(point.looks ^ other).bit_count() for other in looks]
            best = min(unlike, default=PAIRS)
            allowed = min(1.15 * best + 4, _ALIKE * PAIRS)
            near = nsmallest(_CHOICES, range(len(unlike)), key=unlike.__getitem__) if best <= allowed else ()
            found += [Pair(unlike[each], point, others[each]) for each in near if unlike[each] <= allowed]
    found.sort(key=lambda pair: pair.unlike)
    return found


def best_placement(pairs: Sequence[Pair]) -> Placement | None:
    """Return the placement on which most of *pairs* agree; None where hardly any do."""
    best, most = None, 0
    for one, other in combinations(pairs[:_ASKED], 2):
        placement = _placement(one, other)
        if placement is None:
            continue
        agreeing = _agreeing(pairs[:_VOTERS], placement, 4)
        count = len({(pair.here.x, pair.here.y) for pair in agreeing})
        if count > most:
            best, most = placement, count
        if most >= _CERTAIN:
            break
    return _settled(pairs, best) if best is not None and most >= _FEWEST else None


def _placement(one: Pair, other: Pair) -> Placement | None:
    """Return where both pairs lie as they should; None where nothing but turning or stretching would do it."""
    across, down = other.here.x - one.here.x, other.here.y - one.here.y
    apart = across**2 + down**2
    if apart < _NEAREST**2:
        return None
    there_across, there_down = other.there.x - one.there.x, other.there.y - one.there.y
    scale = (across * there_across + down * there_down) / apart
    if not _SCALES[0] < scale < _SCALES[1]:
        return None
    placement = Placement(scale, one.there.x - scale * one.here.x, one.there.y - scale * one.here.y)
    away = 2 * scale + 1.5
    return placement if placement.fits(one, away) and placement.fits(other, away) else None


def _agreeing(pairs: Sequence[Pair], placement: Placement, away: float) -> list[Pair]:
    """Return the pairs that fit, up to *away* pixels of the smaller one of both pictures."""
    allowed = away * placement.scale + 3
    return [pair for pair in pairs if placement.fits(pair, allowed)]


def _settled(pairs: Sequence[Pair], placement: Placement) -> Placement:
    """Return *placement* as all pairs that agree with it have it, by least squares, closer and closer."""
    agreeing = _agreeing(pairs, placement, 4)
    for away in (3.0, 2.0, 1.2, 1.2):
        if len(agreeing) < 2:  # noqa: PLR2004  # a scale needs two points
            break
        placement = _least_squares(agreeing) or placement
        agreeing = _agreeing(pairs, placement, away)
    return placement


def _least_squares(pairs: Sequence[Pair]) -> Placement | None:
    count = len(pairs)
    x, y = sum(pair.here.x for pair in pairs) / count, sum(pair.here.y for pair in pairs) / count
    to_x, to_y = sum(pair.there.x for pair in pairs) / count, sum(pair.there.y for pair in pairs) / count
    spread = sum((pair.here.x - x) ** 2 + (pair.here.y - y) ** 2 for pair in pairs)
    along = sum((pair.here.x - x) * (pair.there.x - to_x) + (pair.here.y - y) * (pair.there.y - to_y) for pair in pairs)
    if not spread or along <= 0:
        return None
    scale = along / spread
    return Placement(scale, to_x - scale * x, to_y - scale * y)
