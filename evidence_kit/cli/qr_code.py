"""A QR code on a terminal: two rows of squares in one line of text."""

from evidence_kit.bundle.codes import Squares

_MARGIN = 4
"""Light squares around it (ISO/IEC 18004, 9.1)."""
_BLACK_ON_WHITE, _AS_BEFORE = "\x1b[30;107m", "\x1b[0m"
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def qr_lines(squares: Squares, *, coloured: bool) -> list[str]:
    """Return the lines of *squares*, dark on light.

    *coloured*: with the colours said to the terminal. Otherwise letters must be lighter than what is behind them, as on
    most terminals; where they are darker, the code is inverted, which most telephones read too.
    """
    margin = (False,) * _MARGIN
    width = len(squares[0]) + 2 * _MARGIN
    light = ((False,) * width,) * _MARGIN
    rows = [*light, *((*margin, *row, *margin) for row in squares), *light]
    if len(rows) % 2:
        rows.append(light[0])
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return [_line(upper, lower, coloured=coloured) for upper, lower in pairs]


def _line(upper: tuple[bool, ...], lower: tuple[bool, ...], *, coloured: bool) -> str:
    drawn = "".join(_HALVES[one is coloured, two is coloured] for one, two in zip(upper, lower, strict=True))
    return f"{_BLACK_ON_WHITE}{drawn}{_AS_BEFORE}" if coloured else drawn
