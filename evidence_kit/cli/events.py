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
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.custody.events import Event, WithheldEvent

_COLUMNS = ("seq", "utc", "local", "type", "item", "officer", "outcome")
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
) -> str:
    """Return the events as a table, with the time in UTC and as the officer's clock showed it.

    *remarks* say by number how events belong together; the column is there if one of *events* has any.
    """
    header = [texts.say(f"custody.column-{name}") for name in _COLUMNS]
    lines = [_line(texts, event) for event in events]
    if any(event.seq in remarks for event in events):
        header.append(texts.say("custody.column-remark"))
        lines = [[*line, remarks.get(event.seq, "")] for line, event in zip(lines, events, strict=True)]
    return table(header, lines)


def _line(texts: Texts, event: "Event | WithheldEvent") -> list[str]:
    from evidence_kit.custody.events import WithheldEvent

    kind = texts.word("events", event.type)
    if isinstance(event, WithheldEvent):
        return [str(event.seq), event.day, "", kind, "", texts.say("custody.withheld"), ""]
    return [
        str(event.seq),
        utc_text(event.time)[:19] + "Z",
        shorten(event.local, _NAME),
        kind,
        shorten(event.item or "", _NAME),
        shorten(str(event.actor.get("name", "")), _NAME),
        texts.word("outcomes", event.outcome),
    ]
