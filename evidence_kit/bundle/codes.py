"""QR codes (ISO/IEC 18004): the one home of segno.

The code in the footer of a report's page holds ``EVIDENCE-KIT-PAGE:1:ROOT:VOLUME:PAGE``: format, root of the bundle as
64 hexadecimal digits, and the numbers of volume and page. It uses the alphanumeric characters only.
"""

from collections.abc import Callable
from pathlib import Path

import segno

from evidence_kit.models import Digest

_MASK = 3

Squares = tuple[tuple[bool, ...], ...]
"""A code as rows from the top, dark ones true, without the light margin of four squares that it needs around it."""


def page_code(root: Digest, volume: int, page: int) -> str:
    """Return the text that ties a page, also a printed one, to its bundle."""
    return f"EVIDENCE-KIT-PAGE:1:{root.hex}:{volume}:{page}".upper()


def page_squares(root: Digest, volume: int) -> Callable[[int], Squares]:
    """Return what gives the code of each page of *volume*, counted from 1."""
    return lambda page: squares(page_code(root, volume, page))


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
