"""Draw where a sealed picture and a new rendering of the page differ: blurred, or beside each other when asked for.

A legend stands above; each region has a frame and its number. PNG without metadata; nothing is overwritten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from evidence_kit.errors import FormatError
from evidence_kit.pictures.viewing_copy import Region, blurred_picture, decoded_picture

_FRAME = "#c00000"
_PAPER = "white"
_INK = "black"
_BETWEEN = "#808080"
_LETTER = 18
_LINE = 28
_MARGIN = 12
_NARROWEST = 720
_AROUND = 48
"""Pixels shown around a region, so that one sees where it is."""
_LARGEST_SIDE = 900
"""Of one side of a pair; what is larger is shrunk."""
_HIGHEST = 16_000
"""Rows of a drawing; a higher picture is shrunk to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """What stands above a drawing."""

    lines: Sequence[str]
    recorded: str
    """Over the sealed side of a pair."""
    rendered: str
    """Over the other side."""
    font: Path
    """A TrueType font that has their letters."""


def draw_map(sealed: Path, regions: Sequence[Region], legend: Legend, output: Path) -> None:
    """Write the picture at *sealed*, blurred, with frames around *regions*; raises `FormatError`, `OSError`."""
    picture = decoded_picture(sealed)
    size = picture.size
    scale = min(1.0, _HIGHEST / size[1])
    shown = blurred_picture(picture, (max(1, round(size[0] * scale)), max(1, round(size[1] * scale))))
    sheet, top = _sheet(shown.size, legend)
    sheet.paste(shown, (0, top))
    draw, font = ImageDraw.Draw(sheet), _font(legend)
    for number, region in enumerate(regions, start=1):
        # Beyond the picture there is nothing to frame: the frame stands at its edge.
        box = [
            min(region.left * scale, shown.width - 4),
            min(region.top * scale, shown.height - 4) + top,
            min(region.right * scale, shown.width) - 1,
            min(region.bottom * scale, shown.height) - 1 + top,
        ]
        draw.rectangle((box[0], box[1], max(box[2], box[0] + 2), max(box[3], box[1] + 2)), outline=_FRAME, width=4)
        _number(draw, (box[0], max(box[1] - _LINE, 0)), str(number), font)
    _write(sheet, output)


def draw_pairs(
    sealed: Path, rendered: Sequence[bytes], regions: Sequence[Region], legend: Legend, output: Path
) -> None:
    """Write each of the *regions* as sealed and, beside it, as *rendered* (PNGs, one below the other), unblurred.

    Raises `FormatError`, `OSError`.
    """
    picture = decoded_picture(sealed)
    pairs = [(_cut([picture], region), _cut(_decoded(rendered), region)) for region in regions]
    width = max([*(first.width + second.width for first, second in pairs), _NARROWEST]) + 3 * _MARGIN
    height = sum(max(first.height, second.height) + _LINE + _MARGIN for first, second in pairs)
    sheet, top = _sheet((width, min(height, 2 * _HIGHEST)), legend)
    draw, font = ImageDraw.Draw(sheet), _font(legend)
    for number, (first, second) in enumerate(pairs, start=1):
        middle = 2 * _MARGIN + first.width
        _number(draw, (_MARGIN, top), f"{number} {legend.recorded}", font)
        _number(draw, (middle, top), f"{number} {legend.rendered}", font)
        top += _LINE
        for left, part in ((_MARGIN, first), (middle, second)):
            sheet.paste(part, (left, top))
            draw.rectangle((left - 1, top - 1, left + part.width, top + part.height), outline=_BETWEEN)
        top += max(first.height, second.height) + _MARGIN
    _write(sheet, output)


def _decoded(tiles: Sequence[bytes]) -> list[Image.Image]:
    found = []
    for tile in tiles:
        with Image.open(BytesIO(tile), formats=["PNG"]) as opened:
            found.append(opened.convert("RGB"))
    return found


def _cut(parts: Sequence[Image.Image], region: Region) -> Image.Image:
    """Return the *region* of a picture of several *parts*, and a little around it; what is not there is grey."""
    left, top = max(region.left - _AROUND, 0), max(region.top - _AROUND, 0)
    right, bottom = region.right + _AROUND, region.bottom + _AROUND
    cut = Image.new("RGB", (right - left, min(bottom - top, _HIGHEST)), _BETWEEN)
    start = 0
    for part in parts:
        cut.paste(part, (-left, start - top))
        start += part.height
    cut.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE))
    return cut


def _sheet(size: tuple[int, int], legend: Legend) -> tuple[Image.Image, int]:
    """Return a sheet with the legend and room for a drawing of *size*, and the row at which that begins."""
    font, head = _font(legend), _MARGIN * 2 + _LINE * len(legend.lines)
    longest = max((round(font.getlength(line)) for line in legend.lines), default=0)
    sheet = Image.new("RGB", (max(size[0], longest + 2 * _MARGIN), size[1] + head), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(legend.lines):
        draw.text((_MARGIN, _MARGIN + number * _LINE), line, fill=_INK, font=font)
    return sheet, head


def _number(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, font: ImageFont.FreeTypeFont) -> None:
    """Write *text* on paper of its own, legible on any ground."""
    width = font.getlength(text)
    draw.rectangle((place[0], place[1], place[0] + width + 8, place[1] + _LINE - 2), fill=_PAPER)
    draw.text((place[0] + 4, place[1]), text, fill=_FRAME, font=font)


def _font(legend: Legend) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(legend.font, _LETTER)
    except OSError as error:
        message = f"the font {legend.font.name} cannot be read"
        raise FormatError(message) from error


def _write(sheet: Image.Image, output: Path) -> None:
    with output.open("xb") as file:
        sheet.save(file, "PNG")
