"""Make viewing copies of pictures that were handed over, in a process of its own with limits of time and memory.

Whatever such a picture does to its decoder, the report is made: what cannot be drawn has the reason in its place, a
code of ``no_copy`` in the texts of the report. One process (`evidence_kit.pictures.drawing`) draws one picture after
the other; one that dies or hangs is replaced for the next picture.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evidence_kit.models import Digest
from evidence_kit.pictures.viewing_copy import Region, Slice, ViewingCopy
from evidence_kit.processes import Apart

SECONDS = 20.0
MEMORY = 600 * 1024**2
_DRAWER = "evidence_kit.pictures.drawing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A viewing copy to be made: of which picture, in which new folder, and how."""

    picture: Path
    folder: Path
    blur: bool
    page_width_px: int
    slice_height_px: int
    regions: tuple[Region, ...] = ()
    """The only parts of it that are shown, upright; all of it if there are none."""

    def to_json(self) -> dict[str, object]:
        """Return what the process is asked."""
        return {**asdict(self), "picture": os.fspath(self.picture), "folder": os.fspath(self.folder)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Drawing":
        """Read what `to_json` wrote."""
        regions = tuple(Region(**region) for region in value["regions"])
        return cls(**{**value, "picture": Path(value["picture"]), "folder": Path(value["folder"]), "regions": regions})


def copy_json(copy: ViewingCopy) -> dict[str, object]:
    """Return *copy* as the process answers it."""
    slices = [{**asdict(each), "path": os.fspath(each.path), "sha256": str(each.sha256)} for each in copy.slices]
    return {**asdict(copy), "original_sha256": str(copy.original_sha256), "slices": slices}


def _copy(value: Mapping[str, Any]) -> ViewingCopy:
    slices = [
        Slice(**{**each, "path": Path(each["path"]), "sha256": Digest.parse(each["sha256"])})
        for each in value["slices"]
    ]
    original = Digest.parse(value["original_sha256"])
    return ViewingCopy(**{**value, "original_sha256": original, "slices": tuple(slices)})


def draw_apart(
    drawings: Iterable[Drawing], *, seconds: float = SECONDS, memory: int = MEMORY
) -> Iterator[ViewingCopy | str]:
    """Yield for each of *drawings* its viewing copy, or the code of why there is none; no picture makes this raise.

    A picture may take *seconds* and *memory* bytes, the latter where the system can hold a process to it. Raises
    `OSError` when no process can be started at all, or nothing can be written.
    """
    drawer: Apart | None = None
    try:
        for drawing in drawings:
            drawer = drawer or Apart(_DRAWER, memory)
            made = _drawn(drawer, drawing, seconds)
            if made in {"time", "crash"}:
                drawer.end()
                drawer = None
            yield made
    finally:
        if drawer:
            drawer.end()


def _drawn(drawer: Apart, drawing: Drawing, seconds: float) -> ViewingCopy | str:
    """Return the viewing copy that *drawer* made, or the code of why there is none."""
    drawer.ask(json.dumps(drawing.to_json()).encode("ascii"))
    answer: object = None
    with drawer.answering(seconds) as answers, suppress(ValueError):  # nothing, or half a line, of one that was ended
        answer = json.loads(answers.readline())
    match answer:
        case {"copy": dict(value)}:
            return _copy(value)
        case {"refused": str(why)}:
            return why
        case {"failed": [number, text]}:
            raise OSError(number, text)
    return "time" if drawer.late else "crash"
