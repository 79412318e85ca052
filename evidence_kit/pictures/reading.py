"""The text in a picture, as tesseract reads it where it is installed: lines with their places.

Tesseract is a program of its own and given a picture that was decoded here, in grey, never the file itself. What it
reads is a guess: letters of small or pale text are often others.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from evidence_kit.errors import FormatError
from evidence_kit.pictures.viewing_copy import Region

LANGUAGES = "mon+eng"
_ENLARGED_TO = 1600
"""Pixels across up to which a picture is enlarged: letters of a phone's screenshot are small."""
_COLUMNS = 12
_WORD = "5"
_LEAST_SURE = 40.0
"""Of 100: words of which tesseract is less sure are left out."""
_MOST_ANSWER = 8 * 1024 * 1024
_TOTAL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text, and where it stands in the picture."""

    text: str
    region: Region


def read_lines(grey: Image.Image, program: str, *, seconds: float) -> list[Line]:
    """Return the lines that tesseract at *program* reads in a picture of mode L; raises `FormatError`."""
    scale = min(max(_ENLARGED_TO / grey.width, 1.0), 4.0)
    size = round(grey.width * scale), round(grey.height * scale)
    written = BytesIO()
    (grey if scale == 1 else grey.resize(size, Image.Resampling.BICUBIC)).save(written, "PNG", compress_level=1)
    command = [program, "stdin", "stdout", "-l", LANGUAGES, "--psm", "3", "tsv"]
    try:
        done = subprocess.run(command, input=written.getvalue(), capture_output=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FormatError(f"tesseract did not read it: {type(error).__name__}") from error
    if done.returncode:
        said = done.stderr[:200].decode("utf-8", "replace").strip()
        raise FormatError(f"tesseract did not read it: {said or done.returncode}")
    return list(_lines(done.stdout[:_MOST_ANSWER].decode("utf-8", "replace"), scale))[:_TOTAL]


def _lines(table: str, scale: float) -> Iterator[Line]:
    """Yield the lines of tesseract's table: level, page, block, paragraph, line, word, left, top, width…."""
    words: dict[tuple[str, ...], list[tuple[str, list[float]]]] = {}
    for row in table.splitlines()[1:]:
        cells = row.split("\t", _COLUMNS - 1)
        if len(cells) == _COLUMNS and cells[0] == _WORD and cells[11].strip() and float(cells[10]) >= _LEAST_SURE:
            left, top, width, height = map(int, cells[6:10])
            edges = [left / scale, top / scale, (left + width) / scale, (top + height) / scale]
            words.setdefault(tuple(cells[1:5]), []).append((cells[11].strip(), edges))
    for line in words.values():
        boxes = [box for _, box in line]
        yield Line(
            text=" ".join(word for word, _ in line),
            region=Region(
                left=int(min(box[0] for box in boxes)),
                top=int(min(box[1] for box in boxes)),
                right=round(max(box[2] for box in boxes)),
                bottom=round(max(box[3] for box in boxes)),
            ),
        )
