"""The process in which `evidence_kit.pictures.matching` has pictures compared and read.

One request a line on standard input, ``{"picture": …, "other": …}`` to compare two, ``{"picture": …, "program": …,
"seconds": …}`` to read the text of one; for each one line on standard output: ``{"appearance": …}``,
``{"lines": …, "size": …}``, or ``{"refused": …}`` with a code. The programs that it starts have its limit of memory.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from evidence_kit.errors import FormatError, LimitError
from evidence_kit.pictures.appearances import appearance_of
from evidence_kit.pictures.drawing import upright
from evidence_kit.pictures.reading import read_lines
from evidence_kit.pictures.supplied import DECODED, LARGEST_DECODED, grey_of, opened_picture
from evidence_kit.processes import limit_memory

_LARGEST_SCREENSHOT = 80_000_000
"""Pixels: 1,280 wide, 60,000 high."""


def main(memory: int) -> None:
    """Compare pictures with at most *memory* bytes, where the system can hold a process to that, until the end."""
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    # What native libraries print goes nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    limit_memory(memory)
    output.write(b'{"ready": true}\n')
    for line in sys.stdin.buffer:
        try:
            answer = _answer(json.loads(line))
        except MemoryError:
            answer = {"refused": "memory"}
        except LimitError:
            answer = {"refused": "size"}
        except (FormatError, OSError) as error:
            memory_ended = isinstance(error.__cause__, MemoryError)
            answer = {"refused": "memory" if memory_ended else "unreadable", "detail": str(error)}
        output.write(json.dumps(answer).encode("ascii") + b"\n")


def _answer(asked: Mapping[str, Any]) -> dict[str, object]:
    grey = _grey(Path(asked["picture"]), LARGEST_DECODED)
    if "other" in asked:
        return {"appearance": asdict(appearance_of(grey, _grey(Path(asked["other"]), _LARGEST_SCREENSHOT)))}
    lines = read_lines(grey, asked["program"], seconds=asked["seconds"])
    return {"lines": [asdict(line) for line in lines], "size": grey.size}


def _grey(path: Path, largest: int) -> Image.Image:
    """Return the picture at *path* upright, in mode L; raises `FormatError`, `LimitError`, `OSError`."""
    with path.open("rb") as stream, opened_picture(stream, DECODED) as opened:
        if opened.width * opened.height > largest:
            raise LimitError("too many pixels")
        return upright(opened, grey_of(opened))
