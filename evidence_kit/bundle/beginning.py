"""Begin a bundle: decide what its copy of the log shows, and say so in the log of the case.

`bundle.started` states how much is withheld, why and by whom, with the digest of the withheld lines as the bundle will
have them: so they cannot be exchanged for others, nor any be added, without the officer's key. One `bundled` for each
item follows, and with the last of them the bundle's copy of the log ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evidence_kit.bundle.exhibit_plan import ExhibitPlan, PlannedExhibit
from evidence_kit.bundle.exhibits import conversations_of, record_in, screenshot_and_title
from evidence_kit.bundle.naming import hidden_events, names_of, refuse_naming
from evidence_kit.bundle.report import SLICE_HEIGHT, SLICE_WIDTH
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.selection import Choice, Selection, select
from evidence_kit.canonical import Json
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import SUPPLIED, attempts, read_item
from evidence_kit.case.layout import PLAN, SESSION_DATA
from evidence_kit.case.manifest import NAME
from evidence_kit.case.opened import OpenItems
from evidence_kit.case.sealed import REGISTER, is_sealed
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import split_lines
from evidence_kit.custody.subjects import subjects_of
from evidence_kit.custody.withholding import Decision, lines_digest, withheld_lines, withhold, write_withheld
from evidence_kit.errors import FormatError, UsageError
from evidence_kit.pictures.viewing_copy import picture_size, refuse_parts
from evidence_kit.trust.digests import sha256_bytes, sha256_file

_LONGEST_GROUND = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is to be put in, what to be withheld and why, and how it is to be shown."""

    choice: Choice
    ground: str
    purpose: str
    name: str
    """Of the bundle: a zip holds it."""
    language: Language
    show_pictures: bool
    session_data: bool
    sealed: bool
    """Whether the encrypted files of sealed items go in."""
    opened: bool = False
    """Put what is encrypted in opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withholding:
    """What a bundle's copy of the log does not show."""

    decision: Decision
    hidden: frozenset[int]
    """Numbers of the withheld events."""
    items: tuple[str, ...]
    """Items, or captures that never became one, whose events are withheld."""
    without: int
    """Items of the case whose files are not in the bundle."""
    abandoned: int
    """How many of the withheld captures never became an item."""

    def to_json(self) -> dict[str, Json]:
        """Return what everybody may know: no item is named."""
        return {
            "events": len(self.hidden),
            "items": self.without,
            "abandoned": self.abandoned,
            "ground": self.decision.ground,
            "decided_by": self.decision.decided_by,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A bundle of which the log says that it is begun."""

    items: tuple[str, ...]
    left_out: tuple[str, ...]
    """Items that are not put in, and that the bundle's copy of the log names all the same."""
    withholding: Withholding | None
    log: bytes
    """The bundle's copy of ``custody.jsonl``."""
    signatures: bytes
    opened: bytes
    """The file of the withheld events; empty when there are none."""

    @property
    def shown(self) -> frozenset[int]:
        """The numbers of the events that the copy shows."""
        hidden = self.withholding.hidden if self.withholding else frozenset()
        return frozenset(range(1, self.log.count(b"\n") + 1)) - hidden


def begin(case: CaseFolder, custodian: Custodian, intent: Intent, items: OpenItems) -> Begun:
    """Commit ``bundle.started`` and one ``bundled`` for each item, with nothing between them.

    *items* are those of the case. Raises `UsageError` for a choice that makes no sense or cannot be kept,
    `CaseError` when others do not let go of the case, or for an item that cannot be opened.
    """
    # Alone from the plan to the last event: no other event comes between, and no beginning is left that led nowhere.
    with case.alone(custodian) as commit:
        plan = _plan(case, custodian, intent, items)
        last = commit(_start(case, intent, plan, items)).seq
        for item in plan.selection.items:
            manifest = f"items/{item}/{NAME}"
            digests = {manifest: sha256_file(case.path / manifest)}
            planned = intent.choice.plan.of(item) if intent.choice.plan else None
            shown: dict[str, Json] = {"pictures": _pictures(blurred=planned.blurred)} if planned else {}
            draft = Draft(type=EventType.BUNDLED, item=item, digests=digests, purpose=intent.purpose, detail=shown)
            last = commit(draft).seq
    return _begun(case, plan, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    count: int
    """Events in the log."""
    selection: Selection
    left_out: tuple[str, ...]
    withholding: Withholding | None


def _plan(case: CaseFolder, custodian: Custodian, intent: Intent, items: OpenItems) -> _Plan:
    log = case.log()
    events = log.full_events()
    tried = attempts(events)
    selection = select(tried, subjects_of(events), intent.choice)
    for item in selection.items:
        items.require(item)
    if intent.choice.plan:
        _refuse_parts(case, intent.choice.plan, items)
    without = [a.item for a in tried if a.finished_seq and a.item not in selection.items]
    withholding = None
    if selection.withheld:
        decision = _decision(custodian, intent.ground)
        names = names_of(events, selection.withheld)
        refuse_naming(names, [*_texts(case, custodian, intent), *_planned_texts(intent.choice.plan)])
        withholding = Withholding(
            decision=decision,
            hidden=hidden_events(events, selection.withheld, names),
            items=tuple(sorted(selection.withheld)),
            without=len(without),
            abandoned=sum(a.item in selection.withheld and not a.finished_seq for a in tried),
        )
    elif intent.ground and not (intent.choice.subjects or intent.choice.withhold):
        message = "a ground is given, and nothing is withheld"
        raise UsageError(message, hint="say what with --withhold or --subject, or leave out --ground")
    left_out = tuple(item for item in without if item not in selection.withheld)
    return _Plan(count=len(log.events), selection=selection, left_out=left_out, withholding=withholding)


def _decision(custodian: Custodian, ground: str) -> Decision:
    text = " ".join(ground.split())
    if not text:
        message = "something is withheld, and no ground is given for it"
        raise UsageError(message, hint='say why, in words for everybody: --ground "privacy of another victim"')
    if len(text) > _LONGEST_GROUND:
        message = f"the ground is longer than {_LONGEST_GROUND} characters"
        raise UsageError(message, hint="it stands on every withheld line: say it in one sentence")
    officer = custodian.officer
    return Decision(ground=text, decided_by=f"{officer.name} ({officer.id})" if officer.id else officer.name)


def _texts(case: CaseFolder, custodian: Custodian, intent: Intent) -> list[tuple[str, str]]:
    info = case.info
    return [
        ("the number of the case", info.number),
        ("the title of the case", info.title),
        ("the agency of the case", info.office),
        ("the legal basis of the case", info.legal_basis),
        ("the name of the bundle", intent.name),
        ("--purpose", intent.purpose),
        ("--authority", custodian.grounds.authority),
        ("--place", custodian.grounds.place),
        ("--ground", intent.ground),
    ]


def _planned_texts(plan: ExhibitPlan | None) -> list[tuple[str, str]]:
    if plan is None:
        return []
    return [(f"{plan.name}, line {each.line},", text) for each in plan.exhibits for text in each.texts()]


def _refuse_parts(case: CaseFolder, plan: ExhibitPlan, items: OpenItems) -> None:
    """Refuse, with `UsageError`, pages and regions that a screenshot does not have, and messages that are not there."""
    for exhibit in plan.exhibits:
        item, record = exhibit.item, read_item(case, exhibit.item)
        if is_sealed(record) and (exhibit.partial or exhibit.places or exhibit.transcripts or not exhibit.blurred):
            fact = f"{item} is sealed: it has no pictures, places and messages that could be shown"
            hint = "leave out its pages, regions, places and transcripts, and say blurred = true"
            raise plan.wrong(exhibit, fact, hint=hint)
        _refuse_transcripts(plan, exhibit, items)
        if not exhibit.partial:
            continue
        if record.get("source") == SUPPLIED:
            fact = f"{item} was handed over: pages and regions are those of the screenshot of a captured page"
            hint = "leave them out: its pictures are shown whole, and nothing of its documents and films is drawn"
            raise plan.wrong(exhibit, fact, hint=hint)
        folder = items.folder(item)
        picture, _ = screenshot_and_title(folder, record_in(folder))
        if picture is None:
            raise plan.wrong(exhibit, f"{item} has no screenshot", hint="leave out its pages and regions")
        try:
            size = picture_size(picture)
            refuse_parts(size, SLICE_WIDTH, SLICE_HEIGHT, pages=exhibit.pages, regions=exhibit.regions)
        except FormatError as error:
            hint = "correct its pages or regions, or leave them out to show all of it"
            raise plan.wrong(exhibit, str(error), hint=hint) from error


def _refuse_transcripts(plan: ExhibitPlan, exhibit: PlannedExhibit, items: OpenItems) -> None:
    if not exhibit.transcripts:
        return
    folder = items.folder(exhibit.item)
    try:
        conversations_of(folder, record_in(folder), exhibit.transcripts)
    except UsageError as error:
        raise plan.wrong(exhibit, f"{exhibit.item}: {error}", hint=error.hint) from error


def _start(case: CaseFolder, intent: Intent, plan: _Plan, items: OpenItems) -> Draft:
    detail: dict[str, Json] = {
        "language": str(intent.language),
        "pictures": "planned" if intent.choice.plan else _pictures(blurred=not intent.show_pictures),
    }
    if with_session_data(case, plan.selection.items):
        detail["session_data"] = _put_in(included=intent.session_data)
    if with_sealed(case, plan.selection.items):
        detail["sealed"] = _put_in(included=intent.sealed)
    if any(map(items.encrypted, plan.selection.items)):
        detail["encrypted"] = "opened" if intent.opened else "kept"
    digests = {PLAN: sha256_bytes(intent.choice.plan.to_toml())} if intent.choice.plan else {}
    if plan.withholding:
        stored = _cut(case.log_bytes(), plan.count)
        log, _ = withhold(stored, plan.withholding.hidden, plan.withholding.decision)
        detail["withheld"] = plan.withholding.to_json()
        digests["withheld"] = lines_digest(line for _, line in withheld_lines(log).values())
    return Draft(type=EventType.BUNDLE_STARTED, digests=digests, purpose=intent.purpose, detail=detail)


def _pictures(*, blurred: bool) -> str:
    return "blurred" if blurred else "shown"


def _put_in(*, included: bool) -> str:
    return "included" if included else "withheld"


def with_session_data(case: CaseFolder, items: Sequence[str]) -> int:
    """Return how many of *items* have a recording."""
    return sum((case.path / "items" / item / SESSION_DATA).exists() for item in items)


def with_sealed(case: CaseFolder, items: Sequence[str]) -> int:
    """Return how many of *items* are sealed."""
    return sum((case.path / "items" / item / REGISTER).exists() for item in items)


def _begun(case: CaseFolder, plan: _Plan, last: int) -> Begun:
    stored = _cut(case.log_bytes(), last)
    opened = b""
    if plan.withholding:
        opened = write_withheld(stored, plan.withholding.hidden, case.info.number)
        stored = withhold(stored, plan.withholding.hidden, plan.withholding.decision)
    return Begun(
        items=plan.selection.items,
        left_out=plan.left_out,
        withholding=plan.withholding,
        log=stored[0],
        signatures=stored[1],
        opened=opened,
    )


def _cut(stored: tuple[bytes, bytes], last: int) -> tuple[bytes, bytes]:
    """Return the first *last* lines: what others append meanwhile is not part of this bundle."""
    log, signatures = (b"".join(split_lines(data)[:last]) for data in stored)
    return log, signatures
