"""Events that people note themselves: viewed, copied, moved, sealed…, and corrections of earlier events.

One event for each item, with the item's manifest as it is at that moment. What each type must say stands in
custody/requirements.py.
"""

from collections.abc import Sequence
from dataclasses import replace

from evidence_kit.case.folder import CaseFolder, Committed
from evidence_kit.case.hand_over import committed_items, manifest_now, sound_log
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.requirements import REQUIREMENTS, wanting
from evidence_kit.errors import UsageError


def note_events(case: CaseFolder, draft: Draft, items: Sequence[str], custodian: Custodian) -> list[Committed]:
    """Append *draft* once for each of *items*, or once for the case as a whole if there are none.

    Raises `UsageError` for an item that there is not and for a draft that lacks what its type must say, `CaseError`,
    and `IntegrityError` for a log that does not hold together.
    """
    there = committed_items(sound_log(case))
    for item in items:
        if item not in there:
            raise UsageError(f"the case has no item {item!r}", hint="evidence-kit list shows the items")
    drafts = [replace(draft, item=item, digests=manifest_now(case, item)) for item in items] or [draft]
    missing = wanting(custodian.grounds.under(drafts[0], case.info.legal_basis))
    if missing:
        raise UsageError(
            f"an event of the type {draft.type} lacks: {', '.join(name.removeprefix('detail.') for name in missing)}",
            hint=f"it must say: {', '.join(_must_say(draft.type))}",
        )
    return [case.commit(each, custodian) for each in drafts]


def correction(case: CaseFolder, corrected: int, draft: Draft) -> tuple[Draft, tuple[str, ...]]:
    """Return *draft* as the correction of event *corrected*, and the item that it is about, if that is about one.

    Raises `UsageError` when there is no such event.
    """
    event = next((event for event in sound_log(case).full_events() if event.seq == corrected), None)
    if event is None:
        raise UsageError(f"the log has no event {corrected}", hint="evidence-kit custody log shows the events")
    right = replace(draft, type=EventType.CORRECTED, detail={**draft.detail, "corrects": corrected})
    return right, (event.item,) if event.item and event.item in committed_items(case.log()) else ()


def _must_say(kind: str) -> list[str]:
    requirement = REQUIREMENTS[kind]
    item = ["item"] if requirement.item else []
    return [*item, *requirement.texts, *requirement.detail]
