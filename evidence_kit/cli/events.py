"""Custody events as results: the stored objects for programs, a table for people."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.cli.output import table
from evidence_kit.display import shorten
from evidence_kit.errors import FormatError
from evidence_kit.models import utc_text
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from datetime import datetime

    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.custody.events import Event, WithheldEvent

_STATES = {"imported": "supplied", "derivation.made": "derived"}
"""Words for how items ended that were not recorded."""
_COLUMNS = ("seq", "utc", "local", "stamped", "type", "item", "officer", "outcome")
_NAME = 30


def stored_events(case: "CaseFolder") -> list[dict[str, Json]]:
    """Return each event as it is stored; a line that is no JSON object is left to the checks. Raises `CaseError`."""
    from evidence_kit.custody.log import split_lines

    found = []
    for line in split_lines(case.log_bytes()[0]):
        try:
            value = canonical.parse(line)
        except FormatError:
            continue  # named by the check custody.lines
        if isinstance(value, dict):
            found.append(value)
    return found


def event_table(
    texts: Texts,
    events: "Sequence[Event | WithheldEvent]",
    remarks: Mapping[int, str] = MappingProxyType({}),
    stamps: "Sequence[datetime | None]" = (),
) -> str:
    """Return the events as a table: time in UTC, as the officer's clock showed it, and of the first covering stamp.

    *remarks* say by number how events belong together; the column is there if one of *events* has any. *stamps* has a
    time, or none, for every event of the log from the first.
    """
    header = [texts.say(f"custody.column-{name}") for name in _COLUMNS]
    sealed = _sealed(events)
    lines = [_line(texts, event, stamp_of(stamps, event.seq), sealed) for event in events]
    if any(event.seq in remarks for event in events):
        header.append(texts.say("custody.column-remark"))
        lines = [[*line, remarks.get(event.seq, "")] for line, event in zip(lines, events, strict=True)]
    return table(header, lines)


def event_times(events: "Sequence[Event]", stamps: "Sequence[datetime | None]") -> list[Json]:
    """Return of each event the time that it claims and that of the first stamp over it, for programs."""
    from evidence_kit.case.stamping import claimed_only

    return [
        {
            "seq": event.seq,
            "claimed": utc_text(event.time),
            "stamped": utc_text(stamp) if (stamp := stamp_of(stamps, event.seq)) else None,
            "claimed_only": claimed_only(event.time, stamp),
        }
        for event in events
    ]


def stamp_of(stamps: "Sequence[datetime | None]", seq: int) -> "datetime | None":
    """Return the time of the first stamp over event *seq*."""
    return stamps[seq - 1] if 1 <= seq <= len(stamps) else None


def _sealed(events: "Sequence[Event | WithheldEvent]") -> frozenset[str | None]:
    """Return the items that were begun sealed."""
    from evidence_kit.case.items import was_sealed
    from evidence_kit.custody.events import HALVES, Event

    return frozenset(
        event.item for event in events if isinstance(event, Event) and event.type in HALVES and was_sealed(event)
    )


def _line(
    texts: Texts, event: "Event | WithheldEvent", stamp: "datetime | None", sealed: frozenset[str | None]
) -> list[str]:
    from evidence_kit.custody.events import ENDS, WithheldEvent

    kind = texts.word("events", event.type)
    stamped = utc_text(stamp)[:19] + "Z" if stamp else "–"
    if isinstance(event, WithheldEvent):
        return [str(event.seq), event.day, "", stamped, kind, "", texts.say("custody.withheld"), ""]
    group = _STATES.get(event.type, "outcomes")
    if event.item in sealed and event.type in ENDS:
        group = "sealed"
    return [
        str(event.seq),
        utc_text(event.time)[:19] + "Z",
        shorten(event.local, _NAME),
        stamped,
        kind,
        shorten(event.item or "", _NAME),
        shorten(str(event.actor.get("name", "")), _NAME),
        texts.word(group, event.outcome),
    ]
