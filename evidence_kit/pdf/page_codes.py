"""A QR code into the lower outer corner of every page of a laid-out PDF, as lines of its own drawing.

It is drawn after the layout, which need not know how many pages there will be. As an artifact of pagination (ISO
32000-2, 14.8.2.2) it is no part of what is read aloud. The layout keeps `SIDE` and a margin free there.
"""

import re
from collections.abc import Callable, Iterator, Sequence

import pikepdf

_POINTS = 72 / 25.4
"""Points (ISO 32000-2, 8.3.2.3) in a millimetre."""

SIDE = 16.0
"""Height and width in millimetres."""

_FROM_EDGE = 5.0
"""What printers leave white."""

_DARK = re.compile("1+")

Squares = Sequence[str]
"""A code as rows from the top, of ``0`` and of ``1``, which is dark."""


def draw_page_codes(pdf: pikepdf.Pdf, code_of: Callable[[int], Squares]) -> None:
    """Add to each page of *pdf* the code that *code_of* gives for its number, counted from 1."""
    before = pdf.make_stream(b"q\n")  # what the layout leaves of its drawing state must not move the code
    for number, page in enumerate(pdf.pages, start=1):
        left = float(page.mediabox[2]) - (_FROM_EDGE + SIDE) * _POINTS
        drawn = b"\n".join(_drawing(code_of(number), left, _FROM_EDGE * _POINTS))
        page.contents_add(before, prepend=True)
        page.contents_add(pdf.make_stream(b"\nQ\n" + drawn + b"\n"), prepend=False)


def _drawing(code: Squares, left: float, bottom: float) -> Iterator[bytes]:
    """Write the dark squares, neighbours of a row as one, in units of a square from the lower left corner."""
    side = SIDE * _POINTS
    box = f"[{left:.2f} {bottom:.2f} {left + side:.2f} {bottom + side:.2f}]"
    yield f"/Artifact <</Type /Pagination /Subtype /Footer /Attached [/Bottom] /BBox {box}>> BDC".encode("ascii")
    unit = side / len(code)
    yield f"q 0 g {unit:.5f} 0 0 {unit:.5f} {left:.3f} {bottom:.3f} cm".encode("ascii")
    for above, row in enumerate(code, start=1):
        for run in _DARK.finditer(row):
            start, end = run.span()
            yield b"%d %d %d 1 re" % (start, len(code) - above, end - start)
    yield b"f Q\nEMC"
