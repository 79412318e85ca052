"""How much of a case a report prints, so that no page and no log can make it unusable; the rest lies in the bundle.

Counts, page 1 and exhibits themselves are never cut. A list that is too long keeps what must be in plain sight (a
hand-over nobody signed for, a corrected or withheld event, a capture that failed), its beginning, and its end; what was
left out is told beside it, with the file in which all of it stands.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from evidence_kit.bundle.comparison_parts import ComparedPlace, ComparedRow, NotDone
from evidence_kit.bundle.exhibit_parts import Action, Fact, ItemFile, Redirect
from evidence_kit.bundle.report_model import Attempt, AttemptOutcome, CustodyEntry, Cut, Exhibit, ReportData
from evidence_kit.bundle.supplied_parts import Found, HandedOver, NotTaken
from evidence_kit.bundle.transcript_parts import Attached, ChatFinding, ConversationHead, PrintedMessage, Reacted
from evidence_kit.models import Problem

MOST_EVENTS = 2000
MOST_ATTEMPTS = 2000
MOST_ENTRIES = 100
"""Of any list of an exhibit: actions, redirects, files, problems…"""

LISTED = (
    Action,
    Attached,
    ChatFinding,
    ComparedPlace,
    ComparedRow,
    ConversationHead,
    Fact,
    Found,
    HandedOver,
    ItemFile,
    NotDone,
    NotTaken,
    PrintedMessage,
    Problem,
    Reacted,
    Redirect,
    str,
)
"""What stands in such lists."""

_Entry = TypeVar("_Entry")


def bounded(data: ReportData) -> ReportData:
    """Return *data* with its lists as long as they are printed, and with the cuts that this took."""
    custody = kept(data.custody, MOST_EVENTS, in_plain_sight=_must_be_seen)
    attempts = kept(data.attempts, MOST_ATTEMPTS, in_plain_sight=_came_to_nothing)
    log = "data/custody.jsonl"
    left_out = kept(data.left_out, MOST_ATTEMPTS)
    encrypted = kept(data.encrypted, MOST_ATTEMPTS)
    cuts = (
        *cut_of("custody", data.custody, custody, log),
        *cut_of("attempts", data.attempts, attempts, log),
        *cut_of("left_out", data.left_out, left_out, log),
        *cut_of("encrypted", data.encrypted, encrypted, log),
    )
    return replace(
        data,
        custody=custody,
        attempts=attempts,
        left_out=left_out,
        encrypted=encrypted,
        exhibits=tuple(_bounded_exhibit(exhibit) for exhibit in data.exhibits),
        cuts=cuts,
    )


def _bounded_exhibit(exhibit: Exhibit) -> Exhibit:
    place = f"data/items/{exhibit.item}/"
    for name in (each.name for each in fields(exhibit)):
        entries = getattr(exhibit, name)
        if isinstance(entries, tuple) and len(entries) > MOST_ENTRIES and isinstance(entries[0], LISTED):
            printed = kept(entries, MOST_ENTRIES)
            cuts: dict[str, Any] = {name: printed, "cuts": (*exhibit.cuts, *cut_of(name, entries, printed, place))}
            exhibit = replace(exhibit, **cuts)
    return exhibit


def kept(
    entries: tuple[_Entry, ...], most: int, *, in_plain_sight: Callable[[_Entry], bool] = lambda _: False
) -> tuple[_Entry, ...]:
    """Return at most *most* of *entries*, in order: up to half in plain sight, then the first and the last."""
    if len(entries) <= most:
        return entries
    kept = {index for index, entry in enumerate(entries) if in_plain_sight(entry)}
    kept = {*sorted(kept)[: most // 2]}
    others = [index for index in range(len(entries)) if index not in kept]
    room = most - len(kept)
    kept.update(others[: room // 4], others[len(others) - (room - room // 4) :])
    return tuple(entries[index] for index in sorted(kept))


def cut_of(name: str, whole: Sequence[object], printed: Sequence[object], place: str) -> tuple[Cut, ...]:
    """Return what of *whole* is not *printed*, if anything is not, and in which file of the bundle it stands."""
    if len(printed) == len(whole):
        return ()
    return (Cut(name=name, printed=len(printed), whole=len(whole), place=place),)


def _must_be_seen(entry: CustodyEntry) -> bool:
    if entry.withheld:
        return True
    return entry.hand_over not in {"", "accepted"} or any(fact.name == "corrected_by" for fact in entry.facts)


def _came_to_nothing(attempt: Attempt) -> bool:
    return attempt.outcome is not AttemptOutcome.COMPLETE
