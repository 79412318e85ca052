"""Make viewing copies of pictures that were handed over, in a process of its own with limits of time and memory.

Whatever such a picture does to its decoder, the report is made: what cannot be drawn has the reason in its place, a
code of ``no_copy`` in the texts of the report. One process (`evidence_kit.pictures.drawing`) draws one picture after
the other; one that dies or hangs is replaced for the next picture.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from evidence_kit.models import Digest
from evidence_kit.pictures.viewing_copy import Slice, ViewingCopy

SECONDS = 20.0
MEMORY = 600 * 1024**2
_START_SECONDS = 30.0
_ROOT = Path(__file__).parents[2]
_START = (
    "import sys; sys.path.append(sys.argv[1]); from evidence_kit.pictures.drawing import main; main(int(sys.argv[2]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A viewing copy to be made: of which picture, in which new folder, and how."""

    picture: Path
    folder: Path
    blur: bool
    page_width_px: int
    slice_height_px: int

    def to_json(self) -> dict[str, object]:
        """Return what the process is asked."""
        return {**asdict(self), "picture": os.fspath(self.picture), "folder": os.fspath(self.folder)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Drawing":
        """Read what `to_json` wrote."""
        return cls(**{**value, "picture": Path(value["picture"]), "folder": Path(value["folder"])})


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
    drawer: _Drawer | None = None
    try:
        for drawing in drawings:
            drawer = drawer or _Drawer(memory)
            made = drawer.draw(drawing, seconds)
            if made in {"time", "crash"}:
                drawer.end()
                drawer = None
            yield made
    finally:
        if drawer:
            drawer.end()


class _Drawer:
    """The process, ready for the next picture."""

    def __init__(self, memory: int) -> None:
        self._late = False
        self._process = subprocess.Popen(  # -P: modules in the current folder must not stand in for those of Python
            [sys.executable, "-P", "-c", _START, str(_ROOT), str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        # Its first word: that it is ready.
        self._answer(_START_SECONDS)

    def draw(self, drawing: Drawing, seconds: float) -> ViewingCopy | str:
        """Return the viewing copy, or the code of why there is none."""
        with suppress(OSError):  # it has died; the answer says so
            _pipe(self._process.stdin).write(json.dumps(drawing.to_json()).encode("ascii") + b"\n")
            _pipe(self._process.stdin).flush()
        match self._answer(seconds):
            case {"copy": dict(value)}:
                return _copy(value)
            case {"refused": str(why)}:
                return why
            case {"failed": [number, text]}:
                raise OSError(number, text)
        return "time" if self._late else "crash"

    def _answer(self, seconds: float) -> object:
        watchdog = threading.Timer(seconds, self._too_late)
        watchdog.start()
        try:
            return json.loads(_pipe(self._process.stdout).readline())
        except ValueError:
            # Nothing, or half a line, of a process that was ended while it spoke.
            return None
        finally:
            watchdog.cancel()

    def _too_late(self) -> None:
        self._late = True
        self._process.kill()

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        with suppress(OSError):  # what was not yet written to it
            _pipe(self._process.stdin).close()
        _pipe(self._process.stdout).close()
        self._process.wait()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101  # both are pipes
    return stream
