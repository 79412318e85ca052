"""Compare a supplied item with a captured one, and keep what was found as an item of its own.

The start is committed before anything is looked at, so that nobody compares until the result pleases and shows that
one alone. What is kept is a list, `corroboration.json`, and no picture.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evidence_kit import __version__
from evidence_kit.canonical import Json, pretty
from evidence_kit.case.durable import write_new
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import CAPTURED, DERIVED, SUPPLIED, ItemFile, ItemRecord, attempts
from evidence_kit.case.opened import OpenItems
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.taking import TakenItem, begin_item, conclude_item
from evidence_kit.case.workplace import clear, interrupted, workplace
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, Event, EventType
from evidence_kit.custody.subjects import subjects_of
from evidence_kit.derive.chats import HEADERS, compare_chats
from evidence_kit.derive.findings import Compared, NotCompared
from evidence_kit.derive.items import ComparedItem, compared_item
from evidence_kit.derive.pictures import LIKE, SIMILAR, compare_pictures, compare_text, pictures_of
from evidence_kit.errors import CaseError, FormatError, UsageError
from evidence_kit.models import OnStep, Problem, Status, ignore
from evidence_kit.pictures.appearances import AGREES
from evidence_kit.pictures.matching import Matcher
from evidence_kit.pictures.reading import LANGUAGES

NAME = "corroboration.json"
ROLE = "corroboration"
SCHEMA = "evidence-kit/corroboration/1"
METHOD = "corroborate"
_NO_FAULT = frozenset({"picture.plain", "text.no-reader", "text.none", "too-many"})
"""Codes of what could not be compared, and that is told, without anything having gone wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corroborated:
    """The new item, and what was found."""

    taken: TakenItem
    compared: Compared
    document: dict[str, Json]
    """What ``corroboration.json`` holds."""


def corroborate(  # noqa: PLR0913  # two items of a case, and who compares them how
    case: CaseFolder,
    supplied: str,
    captured: str,
    *,
    custodian: Custodian,
    stamping: Stamping,
    opened: OpenItems,
    reader: str | None,
    note: str = "",
    on_step: OnStep = ignore,
) -> Corroborated:
    """Compare the items *supplied* and *captured* of *case*, *opened*, and return the item made of that.

    *reader* is the path of tesseract, None where it is not installed. Raises `CaseError`, `UsageError`.
    """
    clear_interrupted(case)
    events = case.log().full_events()
    try:
        pair = (
            compared_item(case, events, supplied, SUPPLIED, opened),
            compared_item(case, events, captured, CAPTURED, opened),
        )
        _want_something(pair[0])
        return _corroborate(case, pair, events, custodian, stamping, reader, note, on_step)
    except (OSError, FormatError) as error:
        message = f"{supplied} and {captured} could not be compared: {error}"
        raise CaseError(message, hint="run: evidence-kit verify CASE") from error


def clear_interrupted(case: CaseFolder) -> None:
    """Remove what killed comparisons left in *case*: their starts remain, as abandoned."""
    case.repair()
    mine = {attempt.item for attempt in attempts(case.log().full_events()) if attempt.source == DERIVED}
    for item in interrupted(case):
        if item in mine:
            with workplace(case, item) as place:
                shutil.rmtree(place.folder)
            clear(place)


def _want_something(supplied: ComparedItem) -> None:
    if not pictures_of(supplied) and HEADERS not in supplied.files("conversations"):
        message = f"{supplied.id} holds neither a picture that is decoded nor a conversation"
        raise UsageError(message, hint="nothing of it can be compared with a page")


def _corroborate(  # noqa: PLR0913, PLR0917  # as `corroborate`
    case: CaseFolder,
    pair: tuple[ComparedItem, ComparedItem],
    events: Sequence[Event],
    custodian: Custodian,
    stamping: Stamping,
    reader: str | None,
    note: str,
    on_step: OnStep,
) -> Corroborated:
    supplied, captured = pair
    made_of: dict[str, Json] = {"derived_from": [each.to_json() for each in pair], "method": METHOD}
    attached = subjects_of(events)
    subjects = tuple(dict.fromkeys(subject for each in pair for subject in attached.get(each.id, ())))
    started = custodian.clock()
    on_step("recording the start in the custody log")
    start = Draft(type=EventType.DERIVATION_STARTED, note=note, detail=made_of)
    item = begin_item(case, start, custodian, stamping, subjects=subjects)
    with workplace(case, item) as place:
        with Matcher() as matcher:
            compared = compare_pictures(supplied, captured, matcher, on_step)
            compared += compare_text(supplied, captured, matcher, reader, on_step)
        compared += compare_chats(supplied, captured, on_step)
        document = _document(pair, compared, reader)
        write_new(place.folder / NAME, pretty(document))
        problems = tuple(_problems(compared.not_compared))
        sensitive = any(each.sensitive for each in pair)
        record = ItemRecord(
            id=item,
            case=case.info.number,
            source=DERIVED,
            status=Status.INCOMPLETE if problems else Status.COMPLETE,
            url="",
            final_url="",
            started=started,
            finished=custodian.clock(),
            recorder="",
            problems=problems,
            files=(ItemFile(path=NAME, role=ROLE, media_type="application/json"),),
            detail={**made_of, "flags": [{"code": "sensitive", "detail": ""}] if sensitive else []},
        )
        on_step("sealing the item")
        taken = conclude_item(case, record, custodian, stamping, tokens=(), note=note, subjects=subjects)
    clear(place)
    return Corroborated(taken=taken, compared=compared, document=document)


def _document(pair: tuple[ComparedItem, ComparedItem], compared: Compared, reader: str | None) -> dict[str, Json]:
    supplied, captured = pair
    return {
        "schema": SCHEMA,
        "supplied": supplied.to_json(),
        "captured": captured.to_json(),
        "method": {
            "tool": f"evidence_kit {__version__}",
            "text": f"tesseract {LANGUAGES}" if reader else None,
            "correlation_agrees": round(1000 * AGREES),
            "similarity_agrees": SIMILAR,
            "similarity_differs": LIKE,
        },
        "comparisons": [each.to_json() for each in compared.found],
        "unlisted": compared.unlisted,
        "not_compared": [each.to_json() for each in compared.not_compared],
    }


def _problems(left: Sequence[NotCompared]) -> Iterator[Problem]:
    """Yield one problem for each kind of what went wrong."""
    for code in dict.fromkeys(each.code for each in left if each.code not in _NO_FAULT):
        count = sum(each.code == code for each in left)
        yield Problem(code="comparison.not-done", detail=f"{code}: {count}; {NAME} says of what")
