"""Pictures of the differences that the replay check found: a map of each picture, and the regions beside each other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evidence_kit.capture.files import SCREENSHOT
from evidence_kit.pictures.differences import Legend, draw_map, draw_pairs
from evidence_kit.replay.deep_result import ItemReplay, SealedPicture

_MOST_PAIRS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """How the differences are drawn."""

    folder: Path
    """Where to; it exists."""
    reveal: bool
    """Whether the regions are shown unblurred."""
    legend: Callable[[str, SealedPicture], Sequence[str]]
    """Returns the lines above the picture of an item."""
    recorded: str
    rendered: str
    font: Path


def draw(found: ItemReplay, scratch: Path, drawing: Drawing) -> ItemReplay:
    """Return *found* with the names of its pictures, which are drawn of what lies in *scratch*.

    Drawn is the picture of the whole page, and every other one that differs. Raises `FormatError`, `OSError`.
    """
    return replace(found, drawn=tuple(_drawn(found, scratch, drawing)))


def _drawn(found: ItemReplay, scratch: Path, drawing: Drawing) -> Iterator[str]:
    for picture in found.pictures:
        differs = bool(picture.agreement.differing)
        if not differs and picture.path != SCREENSHOT.path:
            continue
        stem = f"{found.stem}-{picture.path.removesuffix('.png').replace('/', '-')}"
        legend = Legend(
            lines=drawing.legend(found.item, picture),
            recorded=drawing.recorded,
            rendered=drawing.rendered,
            font=drawing.font,
        )
        sealed, regions = scratch / f"{picture.role}.png", picture.agreement.regions
        draw_map(sealed, regions, legend, drawing.folder / f"{stem}.png")
        yield f"{stem}.png"
        if differs and drawing.reveal:
            rendered = found.rendered.looked.get(picture.path, [])
            draw_pairs(sealed, rendered, regions[:_MOST_PAIRS], legend, drawing.folder / f"{stem}-regions.png")
            yield f"{stem}-regions.png"
