"""Examine files in a process of its own, with limits of time and memory: what a hostile file breaks is only that.

One process (`evidence_kit.intake.facts.examiner`) takes one file after the other; one that dies, hangs or wants too
much memory is replaced for the next file. What was found until then stays found, and ``examination.ended`` says why it
ended.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from evidence_kit.canonical import parse
from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.file_facts import FileFacts
from evidence_kit.intake.findings import Finding, Source

_START_SECONDS = 30.0
_ROOT = Path(__file__).parents[3]
_START = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from evidence_kit.intake.facts.examiner import main; main(int(sys.argv[2]))"
)
_WHY = {
    "time": "it took longer than it may",
    "memory": "it wanted more memory than it may have",
    "crash": "the program that examined it ended",
}


def examine_apart(
    paths: Sequence[tuple[Path, str, str]], *, seconds: float = 10, memory_mb: int = 500
) -> Iterator[FileFacts]:
    """Yield the facts about each of *paths* (path, file in the item, name it was given), in their order.

    A file may take *seconds* and *memory_mb* MiB, the latter where the system can hold a process to it. No file makes
    this raise; `OSError` when no process can be started at all.
    """
    examiner: _Examiner | None = None
    try:
        for path, file, name in paths:
            examiner = examiner or _Examiner(memory_mb)
            facts, why = examiner.examine(path, file, name, seconds)
            if why:
                facts = _ended(facts, file, why)
                examiner.end()
                examiner = None
            yield facts or _ended(None, file, "crash")
    finally:
        if examiner:
            examiner.end()


def _ended(facts: FileFacts | None, file: str, why: str) -> FileFacts:
    facts = facts or FileFacts(file=file, kind="unknown", media_type="application/octet-stream")
    finding = Finding(code="examination.ended", value=why, detail=_WHY[why], source=Source(file=file))
    return replace(facts, findings=(*facts.findings, finding))


class _Examiner:
    """The process, ready for the next file."""

    def __init__(self, memory_mb: int) -> None:
        self._late = False
        self._process = subprocess.Popen(  # -P: modules in the current folder must not stand in for those of Python
            [sys.executable, "-P", "-c", _START, str(_ROOT), str(memory_mb * 1024**2)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        # Its first word: that it is ready.
        self._answer(_START_SECONDS)

    def examine(self, path: Path, file: str, name: str, seconds: float) -> tuple[FileFacts | None, str]:
        """Return what was found of a file, and why it ended early: "" if it did not."""
        asked = json.dumps({"path": os.fspath(path), "file": file, "name": name})
        with suppress(OSError):  # it has died; the answer says so
            _pipe(self._process.stdin).write(asked.encode("ascii") + b"\n")
            _pipe(self._process.stdin).flush()
        return self._answer(seconds)

    def _answer(self, seconds: float) -> tuple[FileFacts | None, str]:
        facts: FileFacts | None = None
        watchdog = threading.Timer(seconds, self._too_late)
        watchdog.start()
        try:
            for line in _pipe(self._process.stdout):
                word = parse(line)
                match word:
                    case {"ended": str(why)}:
                        return facts, why if why in _WHY else ""
                    case {"facts": value}:
                        facts = FileFacts.from_json(value)
        except FormatError:
            # Half a line of a process that was ended while it spoke.
            pass
        finally:
            watchdog.cancel()
        return facts, "time" if self._late else "crash"

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
