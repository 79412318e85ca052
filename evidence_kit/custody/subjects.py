"""Subjects: whom an item concerns, as pseudonyms; items and subjects belong together many to many.

A pseudonym is ``V`` (victim), ``S`` (suspect) or ``W`` (witness), a hyphen and two to four digits: too narrow for a
name. Who stands behind it is written down elsewhere, never in the case. ``subject.attached`` and ``subject.detached``
are events about one item; what counts is the last one.
"""

import re
from collections.abc import Iterable, Sequence

from evidence_kit.custody.events import Draft, Event, EventType
from evidence_kit.display import shorten
from evidence_kit.errors import FormatError

_PSEUDONYM = re.compile(r"[VSW]-[0-9]{2,4}")


def is_subject(value: object) -> bool:
    """Whether *value* is a pseudonym."""
    return isinstance(value, str) and bool(_PSEUDONYM.fullmatch(value))


def read_subject(text: str) -> str:
    """Return *text* if it is a pseudonym; raises `FormatError`."""
    if is_subject(text):
        return text
    message = f"not a pseudonym of a subject: {shorten(text)!r}"
    raise FormatError(message, hint="use V-01 for a victim, S-01 for a suspect, W-01 for a witness; never a name")


def read_subjects(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the pseudonyms in *texts*, which may hold several parted by commas, each once; raises `FormatError`."""
    parts = (part for text in texts for part in text.replace(",", " ").split())
    return tuple(dict.fromkeys(read_subject(part) for part in parts))


def attachment(item: str, subject: str, *, note: str = "") -> Draft:
    """Return the event by which *item* concerns *subject*."""
    return Draft(type=EventType.SUBJECT_ATTACHED, item=item, detail={"pseudonym": subject}, note=note)


def detachment(item: str, subject: str, *, note: str = "") -> Draft:
    """Return the event by which *item* no longer concerns *subject*."""
    return Draft(type=EventType.SUBJECT_DETACHED, item=item, detail={"pseudonym": subject}, note=note)


def subjects_of(events: Sequence[Event]) -> dict[str, tuple[str, ...]]:
    """Return the subjects of each item that has any, sorted, as they are after *events*."""
    found: dict[str, set[str]] = {}
    for event in events:
        subject = event.detail.get("pseudonym")
        if event.item is None or not isinstance(subject, str):
            continue
        if event.type == EventType.SUBJECT_ATTACHED:
            found.setdefault(event.item, set()).add(subject)
        elif event.type == EventType.SUBJECT_DETACHED:
            found.get(event.item, set()).discard(subject)
    return {item: tuple(sorted(subjects)) for item, subjects in found.items() if subjects}
