"""QR codes (ISO/IEC 18004): the one home of segno.

The code in the footer of a report's page holds ``EVIDENCE-KIT-PAGE:1:ROOT:VOLUME:PAGE``: format, root of the bundle as
64 hexadecimal digits, and the numbers of volume and page. It uses the alphanumeric characters only.

A volume's codes are not made one by one. Texts of one length have the same version, padding and mask, letters are
encoded two by two (7.4.4), and what corrects errors is linear (7.5): two letters in the place of two others turn the
same squares over, whatever stands around them.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import segno

from evidence_kit.models import Digest

_MASK = 3

Squares = tuple[tuple[bool, ...], ...]
"""A code as rows from the top, dark ones true, without the light margin of four squares that it needs around it."""


def page_code(root: Digest, volume: int, page: int) -> str:
    """Return the text that ties a page, also a printed one, to its bundle."""
    return f"EVIDENCE-KIT-PAGE:1:{root.hex}:{volume}:{page}".upper()


def page_squares(root: Digest, volume: int) -> Callable[[int], list[str]]:
    """Return what gives the code of each page of *volume*, counted from 1: rows of ``0`` (light) and ``1`` (dark)."""
    stem = page_code(root, volume, 0)[:-1]
    first_pair = len(stem) // 2 * 2
    made = cache(_as_number)

    def rows(page: int) -> list[str]:
        text = page_code(root, volume, page)
        zeros = stem.ljust(len(text), "0")
        code, side = made(zeros)
        for start in range(first_pair, len(text), 2):
            for each in (zeros, text):
                code ^= _turned(len(text), start, each[start : start + 2])
        bits = f"{code:0{side * side}b}"
        return [bits[begin : begin + side] for begin in range(0, len(bits), side)]

    return rows


@cache
def _turned(length: int, start: int, pair: str) -> int:
    """Return the code of a text of *length* in which nothing stands but *pair*."""
    return _as_number(pair.rjust(start + len(pair), "A").ljust(length, "A"))[0]


def _as_number(text: str) -> tuple[int, int]:
    """Return the code of *text* as one number in base 2, and how many squares it has on a side."""
    code = squares(text)
    return int("".join("01"[dark] for row in code for dark in row), 2), len(code)


def squares(text: str) -> Squares:
    """Return the QR code of *text*, with a seventh of it to spare.

    The mask is always the same: choosing the best of eight (ISO/IEC 18004, 7.8.3) takes five times as long, and that
    counts on thousands of pages. Readers are told in the code which it is.
    """
    code = segno.make(text, error="m", micro=False, boost_error=False, mask=_MASK)
    return tuple(tuple(bool(square) for square in row) for row in code.matrix)


def write_svg(text: str, path: Path) -> None:
    """Write the QR code of *text* as a picture with its margin; raises `OSError`."""
    segno.make(text, error="m", micro=False).save(str(path), border=4)
