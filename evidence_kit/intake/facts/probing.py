"""What ffprobe says of a video or audio file, where it is installed: streams, codecs, durations, tags.

It is given the file by its path, no protocol but files, little time, and its answer is read up to a limit.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from evidence_kit.canonical import Json
from evidence_kit.intake.facts.notes import Notes, is_of_device

_SECONDS = 5.0
_MOST_ANSWER = 1 << 20
_OPTIONS = ["-v", "error", "-protocol_whitelist", "file,pipe", "-print_format", "json", "-show_format", "-show_streams"]
_FORMAT = ("format_name", "duration", "bit_rate", "nb_streams")
_STREAM = (
    "codec_type",
    "codec_name",
    "profile",
    "width",
    "height",
    "duration",
    "avg_frame_rate",
    "sample_rate",
    "channels",
    "bit_rate",
)
_MOST_STREAMS = 30


def note_probe(program: str, path: Path, notes: Notes) -> None:
    """Note what the ffprobe at *program* says of the file at *path*."""
    try:
        done = subprocess.run(
            [program, *_OPTIONS, "-i", f"file:{os.fspath(path)}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        answer: dict[str, Any] = json.loads(done.stdout[:_MOST_ANSWER])
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        notes.add("ffprobe.failed", type(error).__name__, pointer="ffprobe", detail=str(error)[:200])
        return
    whole, streams = answer.get("format") or {}, (answer.get("streams") or [])[:_MOST_STREAMS]
    value: dict[str, Json] = {**_chosen(whole, _FORMAT), "streams": [_chosen(stream, _STREAM) for stream in streams]}
    notes.add("container.ffprobe", value, pointer="ffprobe")
    for place, part in (("format", whole), *((f"streams/{index}", part) for index, part in enumerate(streams))):
        for name, text in (part.get("tags") or {}).items():
            other = "serial.container" if is_of_device(name) else "container.metadata"
            code = "gps.ffprobe" if "location" in name.lower() else other
            notes.add(code, str(text), pointer=f"ffprobe/{place}/{name}")


def _chosen(part: dict[str, Any], names: tuple[str, ...]) -> dict[str, Json]:
    return {name: part[name] if isinstance(part[name], int) else str(part[name]) for name in names if name in part}
