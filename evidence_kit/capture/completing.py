"""Complete a capture that was interrupted: what was recorded until then, as it would have been at its end."""

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evidence_kit.canonical import Json
from evidence_kit.capture.browser_recorder import BrowserRecorder
from evidence_kit.capture.files import SNAPSHOTS
from evidence_kit.capture.heard import Heard
from evidence_kit.capture.journal import read_journal
from evidence_kit.capture.recorder import Recorder
from evidence_kit.capture.result import Action, CaptureOptions
from evidence_kit.capture.shots import Shot
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.traffic import Traffic
from evidence_kit.capture.wire_recorder import WireRecorder
from evidence_kit.errors import FormatError
from evidence_kit.models import Problem, RecorderKind, parse_utc
from evidence_kit.wire.witness.channel import WitnessPlace

_DAMAGED = (FormatError, LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""What reading raises, by what is wrong, when lines are JSON and not what a capture writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a capture writes into its journal before anything else."""

    url: str
    recorder: RecorderKind
    started: datetime
    options: CaptureOptions
    warcinfo: Mapping[str, str]

    def to_json(self) -> dict[str, Json]:
        """Return the note's value."""
        options = asdict(self.options)
        del options["budgets"]
        return {
            "url": self.url,
            "recorder": str(self.recorder),
            "started": self.started.astimezone(UTC).isoformat(),
            "options": options,
            "warcinfo": dict(self.warcinfo),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Beginning":
        """Read what `to_json` wrote."""
        options = {
            **value["options"],
            "recorder": RecorderKind(value["recorder"]),
            "connect_to": tuple((host, address) for host, address in value["options"]["connect_to"]),
            "training_ca": tuple(value["options"].get("training_ca", ())),
            "viewport": tuple(value["options"]["viewport"]),
            "time_servers": tuple(value["options"]["time_servers"]),
            "witness": WitnessPlace.from_json(value["options"]["witness"]),
        }
        return cls(
            url=value["url"],
            recorder=RecorderKind(value["recorder"]),
            started=datetime.fromisoformat(value["started"]),
            options=CaptureOptions(**options),
            warcinfo=value["warcinfo"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """A capture as far as it came."""

    beginning: Beginning
    heard: Heard
    recorder: Recorder


def read_interrupted(folder: Path, recording: Path, *, url: str) -> Interrupted | None:
    """Read what was heard until the interruption, and remove from *folder* what is made of it at the end.

    None when nothing was begun. What had been made already is made again, as it may be half of it.
    Raises `FormatError`, with nothing removed, for a journal that is none of ours, or about another page than *url*.
    """
    try:
        beginning, heard, ended = _read(recording)
    except _DAMAGED as error:
        message = "its journal is damaged, or not one of a capture"
        raise FormatError(message) from error
    if beginning is None:
        return None
    if beginning.url != url:
        message = "its journal is about another page than its start in the custody log"
        raise FormatError(message)
    _clear(folder, recording, heard)
    heard.ended = ended
    detail = (
        "the program was ended during the capture; what was recorded until then lay unprotected in the case,"
        " and was completed later"
    )
    heard.problems.append(Problem(code="capture.interrupted", detail=detail))
    if beginning.recorder is RecorderKind.WIRE:
        return Interrupted(beginning=beginning, heard=heard, recorder=WireRecorder(recording))
    _find_bodies(heard)
    return Interrupted(beginning=beginning, heard=heard, recorder=BrowserRecorder())


def _read(recording: Path) -> tuple[Beginning | None, Heard, datetime]:
    """Return what the journal says was begun and heard, and the time of its last line; raises `_DAMAGED`."""
    beginning = None
    moment = [datetime.now(UTC)]
    heard = Heard(traffic=Traffic(lambda: moment[0]), spool=Spool(recording, limit=0), interrupted=True)
    for line in read_journal(recording / "journal.jsonl"):
        moment[0] = line.time
        if line.event is not None:
            heard.traffic.fold(line.event)
        elif line.note == "begun":
            beginning = Beginning.from_json(line.value)
        else:
            _take_note(heard, line.note, line.value)
    return beginning, heard, moment[0]


def _take_note(heard: Heard, note: str, value: Any) -> None:  # noqa: ANN401  # any JSON
    match note:
        case "frame":
            heard.visit.frame = value
        case "action":
            detail = {name: part for name, part in value.items() if name not in {"time", "action"}}
            heard.visit.actions.append(Action(time=parse_utc(value["time"]), name=value["action"], detail=detail))
        case "browser":
            heard.browser = value
        case "shot":
            heard.take_shot(Shot.from_json(value))
        case "taken":
            heard.snapshots.taken[value["role"]] = parse_utc(value["time"])
        case "pictured":
            heard.snapshots.loader, heard.snapshots.final_url = value["loader"], value["url"]
            heard.snapshots.title, heard.snapshots.lang = value["title"], value["lang"]
            heard.snapshots.screenshot = tuple(value["screenshot"]) if value["screenshot"] else None
        case _:
            pass


def _clear(folder: Path, recording: Path, heard: Heard) -> None:
    (recording / "data.warc.gz").unlink(missing_ok=True)
    shutil.rmtree(recording / "bodies", ignore_errors=True)
    kept = {file.path for file in (*SNAPSHOTS, *(file for shot in heard.shots for file in shot.files()))}
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            with contextlib.suppress(OSError):
                # Of a shot that was being taken nothing is left; a folder that holds something refuses.
                path.rmdir()
        elif path.relative_to(folder).as_posix() not in kept:
            path.unlink()


def _find_bodies(heard: Heard) -> None:
    for hop in heard.traffic.hops:
        path = heard.spool.path(hop.number)
        if path.exists():
            hop.taken = path.stat().st_size
            hop.whole = hop.over and hop.taken == hop.length
