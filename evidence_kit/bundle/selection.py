"""Which items a bundle holds, which captures its copy of the log does not show, and the choices that make no sense.

An item is *in*, *left out* (its files are not there, the log still names it) or *withheld* (its events are not shown
either). A capture that never became an item has a number too, and can be withheld by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evidence_kit.bundle.exhibit_plan import ExhibitPlan
from evidence_kit.case.items import Attempt
from evidence_kit.errors import UsageError

OTHERS = "others"
"""Among what is to be withheld: everything in the case that was not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was asked for."""

    items: tuple[str, ...] = ()
    """Items to put in; empty: all."""
    subjects: tuple[str, ...] = ()
    """Put in the items that concern one of these, and withhold all others."""
    withhold: tuple[str, ...] = ()
    """Items whose events are not shown either; `OTHERS` stands for all that are not put in."""
    plan: ExhibitPlan | None = None
    """Put in its items and no others, in its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What goes in, and what is not shown at all."""

    items: tuple[str, ...]
    """In the order of the plan, or else of the log, and so of the exhibit numbers."""
    withheld: frozenset[str]


def select(tried: Sequence[Attempt], subjects: Mapping[str, Sequence[str]], choice: Choice) -> Selection:
    """Return what *choice* means for the captures *tried*; *subjects* are those of each item. Raises `UsageError`."""
    ids = {attempt.item for attempt in tried}
    finished = [attempt.item for attempt in tried if attempt.finished_seq]
    named = set(choice.withhold) - {OTHERS}
    for item in (*(item for item in choice.items if item not in finished), *sorted(named - ids)):
        message = f"the case has no item {item!r}"
        raise UsageError(message, hint="evidence-kit list shows the items")
    for item in (item for item in choice.items if item in named):
        message = f"{item} is to be put in and to be withheld"
        raise UsageError(message, hint="name it once")
    wanted = _wanted(ids, subjects, choice)
    others = ids - wanted if choice.subjects or OTHERS in choice.withhold else set()
    withheld = frozenset(named | others)
    items = tuple(item for item in finished if item in wanted and item not in withheld)
    if choice.plan:
        items = _planned(choice.plan, finished, items)
    if withheld and not items:
        message = "nothing would be left in the bundle"
        raise UsageError(message, hint="evidence-kit list shows the items and whom they concern")
    return Selection(items=items, withheld=withheld)


def _planned(plan: ExhibitPlan, finished: Sequence[str], items: Sequence[str]) -> tuple[str, ...]:
    """Return the items of *plan*, all of which must be among *items*."""
    for exhibit in plan.exhibits:
        if exhibit.item not in finished:
            fact = f"the case has no item {exhibit.item!r}"
            raise plan.wrong(exhibit, fact, hint="evidence-kit list shows the items; take the exhibit out of the plan")
        if exhibit.item not in items:
            fact = f"{exhibit.item} is an exhibit and is to be withheld"
            raise plan.wrong(exhibit, fact, hint="take the exhibit out of the plan, or do not withhold it")
    return tuple(exhibit.item for exhibit in plan.exhibits)


def _wanted(ids: set[str], subjects: Mapping[str, Sequence[str]], choice: Choice) -> set[str]:
    if choice.subjects and choice.items:
        message = "--items and --subject both say what to put in"
        raise UsageError(message, hint="leave out one of them")
    if choice.plan and choice.items:
        message = "--items and the plan both say what to put in"
        raise UsageError(message, hint="leave out --items, or take exhibits out of the plan")
    if choice.subjects:
        return {item for item in ids if set(choice.subjects) & set(subjects.get(item, ()))}
    if choice.items:
        return set(choice.items)
    if choice.plan:
        return {exhibit.item for exhibit in choice.plan.exhibits}
    if OTHERS in choice.withhold:
        message = f"--withhold {OTHERS} needs to know what is put in"
        raise UsageError(message, hint="name it with --items, --subject or --plan")
    return ids
