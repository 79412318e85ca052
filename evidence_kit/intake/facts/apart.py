"""Examine files in a process of its own, with limits of time and memory: what a hostile file breaks is only that.

One process (`evidence_kit.intake.facts.examiner`) takes one file after the other; one that dies, hangs or wants too
much memory is replaced for the next file. What was found until then stays found, and ``examination.ended`` says why it
ended.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from evidence_kit.canonical import Json, parse
from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.file_facts import FileFacts
from evidence_kit.intake.findings import Finding, Source
from evidence_kit.processes import Apart

_EXAMINER = "evidence_kit.intake.facts.examiner"
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
    examiner: Apart | None = None
    try:
        for path, file, name in paths:
            examiner = examiner or Apart(_EXAMINER, memory_mb * 1024**2)
            facts, why = _examined(examiner, path, file, name, seconds)
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


def _examined(examiner: Apart, path: Path, file: str, name: str, seconds: float) -> tuple[FileFacts | None, str]:
    """Return what *examiner* found of a file, and why it ended early: "" if it did not."""
    facts: FileFacts | None = None
    asked: dict[str, Json] = {"path": os.fspath(path), "file": file, "name": name}
    examiner.ask(json.dumps(asked).encode("ascii"))
    with examiner.answering(seconds) as answers, suppress(FormatError):  # half a line of one that was ended
        for line in answers:
            match parse(line):
                case {"ended": str(why)}:
                    return facts, why if why in _WHY else ""
                case {"facts": value}:
                    facts = FileFacts.from_json(value)
    return facts, "time" if examiner.late else "crash"
