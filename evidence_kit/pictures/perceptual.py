"""Perceptual hashes: PDQ and pHash, by which a picture is found again after it was made smaller or saved anew.

They say that pictures look alike, and never that they are the same; their distance is the number of bits that differ.
PDQ: "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (Facebook, 2019), 3: two passes of a
tent filter, 64 x 64 samples, the first 16 x 16 terms of a cosine transform, each above the median or not; pictures that
differ in up to 31 of 256 bits are held to look alike, and a quality below 50 to say nothing. pHash: the same with
32 x 32 samples, 8 x 8 terms.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise
from operator import mul

from evidence_kit.pictures.supplied import Brightness

_SAMPLES = 64
_TERMS = 16
_Rows = list[list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptualHashes:
    """How one picture looks."""

    pdq: str
    """256 bits in hexadecimal, as PDQ's own programs write them."""
    pdq_quality: int
    """0 to 100: how much there is in the picture to tell it by."""
    phash: str
    """64 bits in hexadecimal."""


def perceptual_hashes(picture: Brightness) -> PerceptualHashes:
    """Return both hashes of *picture*."""
    samples = _samples(picture)
    terms = _transformed(samples, _cosines(_TERMS, _SAMPLES, 1))
    return PerceptualHashes(pdq=_pdq_bits(terms), pdq_quality=_quality(samples), phash=phash_of(picture))


def phash_of(picture: Brightness) -> str:
    """Return the pHash of *picture* in hexadecimal: the first term is the most significant bit."""
    rows = [[float(level) for level in picture.tiny[start : start + 32]] for start in range(0, 1024, 32)]
    terms = list(chain.from_iterable(_transformed(rows, _cosines(8, 32, 0))))
    ordered = sorted(terms)
    median = (ordered[31] + ordered[32]) / 2
    bits = "".join("1" if term > median else "0" for term in terms)
    return f"{int(bits, 2):016x}"


def distance(one: str, other: str) -> int:
    """Return in how many bits two hashes of one kind differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _samples(picture: Brightness) -> _Rows:
    """Return 64 x 64 samples of *picture* after the tent filter (3.2)."""
    width, height = picture.size
    lines = [picture.levels[start : start + width] for start in range(0, width * height, width)]
    rows = [_mixed(lines, taps) for taps in _filter(height)]
    columns = [_mixed(list(zip(*rows, strict=True)), taps) for taps in _filter(width)]
    return [list(row) for row in zip(*columns, strict=True)]


def _mixed(lines: Sequence[Sequence[float]], taps: dict[int, float]) -> list[float]:
    """Return the sum of those of *lines* that *taps* name, each with its weight."""
    weights = tuple(taps.values())
    return [sum(map(mul, values, weights)) for values in zip(*(lines[place] for place in taps), strict=True)]


@cache
def _filter(length: int) -> list[dict[int, float]]:
    """Return for each of 64 samples which of *length* values are in it, with weights: a window's mean, taken twice."""
    window = (length + 2 * _SAMPLES - 1) // (2 * _SAMPLES)
    after = (window + 2) // 2

    def span(place: int) -> range:
        return range(max(place + after - window, 0), min(place + after, length))

    found = []
    for sample in range(_SAMPLES):
        taps: dict[int, float] = {}
        outer = span(int((sample + 0.5) * length / _SAMPLES))
        for inner in map(span, outer):
            for place in inner:
                taps[place] = taps.get(place, 0.0) + 1 / len(outer) / len(inner)
        found.append(taps)
    return found


@cache
def _cosines(terms: int, samples: int, first: int) -> _Rows:
    return [
        [math.cos(math.pi / 2 / samples * term * (2 * place + 1)) for place in range(samples)]
        for term in range(first, first + terms)
    ]


def _transformed(rows: _Rows, cosines: _Rows) -> _Rows:
    """Return the cosine transform of *rows*: its first terms down, in each the first across."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    halves = [[sum(map(mul, wave, column)) for column in columns] for wave in cosines]
    return [[sum(map(mul, half, wave)) for wave in cosines] for half in halves]


def _pdq_bits(terms: _Rows) -> str:
    flat = list(chain.from_iterable(terms))
    median = sorted(flat)[len(flat) // 2 - 1]
    return f"{sum(1 << place for place, term in enumerate(flat) if term > median):064x}"


def _quality(samples: _Rows) -> int:
    """Return how much the samples differ from their neighbours (3.3)."""
    lines = [*samples, *(list(column) for column in zip(*samples, strict=True))]
    steps = (int((one - other) * 100 / 255) for line in lines for one, other in pairwise(line))
    return min(100, sum(map(abs, steps)) // 90)
