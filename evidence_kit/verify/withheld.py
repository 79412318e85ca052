"""What a bundle's log withholds: no more than the officer stated; and, for whoever may see it, what that is.

``bundle.started`` is signed by the officer and states how many events are withheld, why, by whose decision, and the
digest of all withheld lines. What the lines say of type and day can be checked only against the events themselves.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from evidence_kit.canonical import Json
from evidence_kit.custody.events import ENDS, Event, WithheldEvent
from evidence_kit.custody.log import Lines
from evidence_kit.custody.withholding import (
    Opened,
    contradictions,
    count_abandoned,
    lines_digest,
    open_withheld,
    read_withheld,
)
from evidence_kit.errors import FormatError
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.verify.history import History

_FILE = "the file of withheld events"
_NAMED = 10
"""Items named in one sentence."""

Withheld = Mapping[int, tuple[WithheldEvent, bytes]]
"""The withheld events of a log with their lines, by number."""


def open_log(exam: Examination, stored: tuple[Lines, Lines], hidden: Withheld) -> tuple[Lines, Lines]:
    """Check the file of withheld events, if there is one, and return the log with them in their places.

    They are then checked like all others: signature, chain, order. That makes sense only of all of them together: if
    one is missing or is not the one withheld, the log stays as it is.
    """
    if exam.withheld is None:
        if hidden:
            detail = f"{len(hidden)} events are withheld; who may see them checks them with --with-withheld FILE"
            exam.not_checked("custody.disclosed", _FILE, detail)
        else:
            exam.passed("custody.disclosed", _FILE, "nothing is withheld")
        return stored
    try:
        opened = read_withheld(exam.withheld)
    except FormatError as error:
        exam.failed("custody.disclosed", _FILE, str(error))
        return stored
    problems = list(_wrong(hidden, opened))
    left = len(hidden.keys() - {found.event.seq for found in opened})
    if left:
        exam.not_checked("custody.disclosed", _FILE, f"{left} withheld events are not in it; no signature was checked")
    exam.concluded("custody.disclosed", _FILE, problems, _opened_of(hidden, opened))
    if left or problems:
        return stored
    exam.facts["opened"] = {"events": len(opened), "items": [*_items(opened)]}
    return open_withheld(stored, opened)


def _wrong(hidden: Withheld, opened: Sequence[Opened]) -> Iterator[tuple[str, str]]:
    count = Counter(found.event.seq for found in opened)
    for found in opened:
        seq = found.event.seq
        if seq not in hidden:
            yield _subject(found), "the bundle does not withhold an event of this number"
        elif count[seq] > 1:
            yield _subject(found), "it stands there more than once"
        else:
            for why in contradictions(hidden[seq][0], found):
                yield _subject(found), why


def _subject(found: Opened) -> str:
    return f"event {found.event.seq}"


def _opened_of(hidden: Withheld, opened: Sequence[Opened]) -> str:
    items = _items(opened)
    named = ", ".join(items[:_NAMED]) + (", …" if len(items) > _NAMED else "")
    return f"{len(opened)} of {len(hidden)} withheld events, of the items: {named or 'none'}"


def _items(opened: Sequence[Opened]) -> list[str]:
    return sorted({found.event.item for found in opened if found.event.item})


def check_withheld(
    exam: Examination, files: CaseFiles, history: History, hidden: Withheld, present: Sequence[str]
) -> None:
    """Check that the log withholds exactly what the officer stated when the bundle was begun."""
    begun = history.told.bundle
    stated = begun.detail.get("withheld") if begun else None
    subject = files.shown("custody.jsonl")
    recorded = [event.item for event in history.told.committed()]
    types = [event.type for event, _ in hidden.values()]
    seen = set(history.log.briefs.numbers()) if hidden else set()
    closed = [event.type for event, _ in hidden.values() if event.seq not in seen]
    without = len(set(recorded) - set(present)) + sum(type_ in ENDS for type_ in closed)
    found: dict[str, Json] = {"events": len(hidden), "items": without, "abandoned": count_abandoned(types)}
    problems = [*_other(found, stated, begun, hidden), *_torn(history, hidden)]
    detail = f"{len(hidden)} events" if hidden else "nothing is withheld"
    exam.concluded("custody.withheld", subject, ((subject, why) for why in problems), detail)
    texts = {key: value for key, value in stated.items() if isinstance(value, str)} if isinstance(stated, dict) else {}
    exam.facts["withheld"] = {**found, **texts} if hidden else {**found}


def _torn(history: History, hidden: Withheld) -> Iterator[str]:
    """Yield what makes an item look otherwise than it was: one half of it shown, the other withheld."""
    halves = history.told.halves
    shown = {event.item for event in halves if event.seq not in hidden}
    if count_abandoned(event.type for event, _ in hidden.values()) < 0:
        yield "the end of an item is withheld whose beginning is shown"
    for event in halves:
        if event.seq in hidden and event.item in shown:
            yield f"event {event.seq} is withheld, and the other half of {event.item} is shown"


def _other(found: dict[str, Json], stated: Json, begun: Event | None, hidden: Withheld) -> Iterator[str]:
    if not isinstance(stated, dict) or begun is None:
        if hidden:
            yield f"{len(hidden)} events are withheld, and the bundle's beginning does not say so"
        return
    for key, value in found.items():
        if stated.get(key) != value:
            yield f"withheld {key}: {value}; event {begun.seq} states {stated.get(key)}"
    for seq, (event, _) in hidden.items():
        if seq > begun.seq:
            yield f"event {seq} is withheld although it follows the bundle's beginning"
        if (event.ground, event.decided_by) != (stated.get("ground"), stated.get("decided_by")):
            yield f"event {seq} is withheld for another ground, or by another decision, than event {begun.seq} states"
    digest = lines_digest(line for _, line in hidden.values())
    if begun.digests.get("withheld") != digest:
        yield f"the withheld lines have the digest {digest}, event {begun.seq} states {begun.digests.get('withheld')}"
