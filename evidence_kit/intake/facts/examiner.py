"""The process in which `evidence_kit.intake.facts.apart` has files examined.

One file a line on standard input, ``{"path": …, "file": …, "name": …}``; on standard output after every step a line
``{"facts": …}`` with all that is known, and in the end ``{"ended": ""}``, or ``"memory"`` when that did not suffice.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import BinaryIO

from evidence_kit.canonical import Json
from evidence_kit.intake.facts.examining import stages
from evidence_kit.processes import limit_memory


def main(memory: int) -> None:
    """Examine files with at most *memory* bytes, where the system can hold a process to that, until the input ends."""
    output = os.fdopen(os.dup(1), "wb")
    # What native libraries print goes nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    ffprobe = shutil.which("ffprobe")
    limit_memory(memory)
    _say(output, {"ended": ""})
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        why = ""
        try:
            for facts in stages(Path(asked["path"]), file=asked["file"], name=asked["name"], ffprobe=ffprobe):
                _say(output, {"facts": facts.to_json()})
        except MemoryError:
            why = "memory"
        _say(output, {"ended": why})


def _say(output: BinaryIO, word: dict[str, Json]) -> None:
    output.write(json.dumps(word).encode("ascii") + b"\n")
    output.flush()
