"""Find supplied pictures in others, and read their text, in a process of its own with limits of time and memory.

Whatever a picture does to its decoder, the comparison goes on with the next one: what could not be done has a code in
its place: ``time``, ``memory``, ``size``, ``unreadable`` or ``crash``.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from evidence_kit.pictures.appearances import Appearance, Finding, Part
from evidence_kit.pictures.reading import Line
from evidence_kit.pictures.viewing_copy import Region
from evidence_kit.processes import Apart

SECONDS = 120.0
MEMORY = 900 * 1024**2
_MATCHER = "evidence_kit.pictures.matcher"


class Matcher:
    """The process, started when it is first asked; a context manager that ends it."""

    def __init__(self, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        """Allow *seconds* and *memory* bytes for each question, the latter where the system can."""
        self._seconds, self._memory = seconds, memory
        self._process: Apart | None = None

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        if self._process:
            self._process.end()

    def appearance(self, picture: Path, other: Path) -> Appearance | str:
        """Return where *picture* appears in *other*, or the code of why that is not known."""
        answer = self._asked({"picture": os.fspath(picture), "other": os.fspath(other)})
        return _appearance(answer["appearance"]) if "appearance" in answer else str(answer["refused"])

    def lines(self, picture: Path, program: str) -> list[Line] | str:
        """Return the lines that tesseract at *program* reads in *picture*, or the code of why there are none."""
        answer = self._asked({"picture": os.fspath(picture), "program": program, "seconds": self._seconds - 5})
        if "lines" not in answer:
            return str(answer["refused"])
        return [Line(text=line["text"], region=Region(**line["region"])) for line in answer["lines"]]

    def _asked(self, question: Mapping[str, object]) -> dict[str, Any]:
        """Return the answer to *question*; raises `OSError` when no process can be started."""
        process = self._process = self._process or Apart(_MATCHER, self._memory)
        process.ask(json.dumps(question).encode("ascii"))
        answer: object = None
        with process.answering(self._seconds) as answers, suppress(ValueError):  # half a line of one that was ended
            answer = json.loads(answers.readline())
        if isinstance(answer, dict):
            return answer
        process.end()
        self._process = None
        return {"refused": "time" if process.late else "crash"}


def _appearance(value: Mapping[str, Any]) -> Appearance:
    parts = [
        Part(
            **{
                **part,
                "finding": Finding(part["finding"]),
                "here": Region(**part["here"]),
                "there": Region(**part["there"]) if part["there"] else None,
            }
        )
        for part in value["parts"]
    ]
    sizes = {"size": tuple(value["size"]), "other_size": tuple(value["other_size"])}
    return Appearance(**{**value, **sizes, "parts": tuple(parts)})
