"""Tell the report everything it says: from the case's log and items as they lie in the bundle being built."""

import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from evidence_kit import __version__
from evidence_kit.bundle.beginning import Begun
from evidence_kit.bundle.contents import EvidenceList
from evidence_kit.bundle.custody_facts import corrections, custody_facts, hand_over_state
from evidence_kit.bundle.exhibit_parts import ContextShot
from evidence_kit.bundle.exhibit_plan import ExhibitPlan
from evidence_kit.bundle.exhibits import ItemContext, listed_files, name_of, read_exhibit, wanted_drawings, wanted_shots
from evidence_kit.bundle.guidance import checking_page
from evidence_kit.bundle.printed_commands import CheckCommand
from evidence_kit.bundle.register_parts import SelfTest, SignatureLine, WithheldEvent
from evidence_kit.bundle.registers import encrypted_items, left_out, sealed_items
from evidence_kit.bundle.report import SLICE_HEIGHT, SLICE_WIDTH
from evidence_kit.bundle.report_model import (
    Attempt,
    AttemptOutcome,
    CaseHead,
    CustodyEntry,
    Exhibit,
    Holdings,
    ReportData,
    ReportSignature,
    Software,
    Volume,
)
from evidence_kit.bundle.supplied_reading import with_same_bytes
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import SUPPLIED, attempts, was_sealed
from evidence_kit.case.opened import OpenItems
from evidence_kit.case.stamping import HeadToken, claimed_only, head_tokens, stamped_at
from evidence_kit.case.supply import ORIGINAL
from evidence_kit.custody.chain import LogFindings, check_log
from evidence_kit.custody.events import ENDS, HALVES, Event, EventType
from evidence_kit.custody.log import split_lines
from evidence_kit.custody.subjects import subjects_of
from evidence_kit.models import Digest, Officer, OnStep, Problem, ignore
from evidence_kit.pictures.apart import Drawing, draw_apart
from evidence_kit.pictures.viewing_copy import ViewingCopy, cut
from evidence_kit.processes import spread
from evidence_kit.trust.digests import sha256_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The case, the bundle's copy of its log, and the tokens over it, read once."""

    case: CaseFolder
    bundle: Begun
    """What it holds, and what its copy of the log shows."""
    log: LogFindings
    tokens: tuple[HeadToken, ...]
    stamping_asked: bool

    @classmethod
    def read(cls, case: CaseFolder, begun: Begun, *, stamping_asked: bool) -> "Source":
        """Read the log of the bundle, and the tokens of *case* that cover it."""
        known = {certificate.fingerprint: certificate for certificate in case.certificates()}
        log = check_log(begun.log, begun.signatures, known, withholding=True)
        tokens = tuple(head_tokens(case, log.links))
        return cls(case=case, bundle=begun, log=log, tokens=tokens, stamping_asked=stamping_asked)

    @property
    def items(self) -> tuple[str, ...]:
        """The items in the bundle, in the order of their exhibit numbers."""
        return self.bundle.items

    def rows(self) -> int:
        """Return how many lines the lists of the whole case have: of its log, and of what was tried."""
        events = self.log.full_events()
        return len(self.log.events) + sum(event.type in HALVES for event in events)

    def begun_event(self) -> Event:
        """Return the event with which the bundle being made was begun."""
        return next(event for event in reversed(self.log.full_events()) if event.type == EventType.BUNDLE_STARTED)

    def begun(self) -> datetime:
        """Return when the bundle being made was begun, by the log."""
        return self.begun_event().time


def gather_exhibits(  # noqa: PLR0913  # how it is made, and who hears of it
    source: Source,
    data: Path,
    pictures: Path,
    items: OpenItems,
    *,
    blur: bool,
    plan: ExhibitPlan | None = None,
    processes: int = 1,
    on_step: OnStep = ignore,
) -> tuple[Exhibit, ...]:
    """Return an exhibit for each item below *data*; the viewing copies are written to *pictures*.

    Those of *items* that are encrypted are read in plain, and listed as they lie there.
    A *plan* says for each whether it is blurred; *blur* does where there is none.
    """
    events = {event.item: event for event in source.log.full_events() if event.type in ENDS}
    # The end often has no place of its own: it was made where it was begun.
    places = {event.item: event.place for event in source.log.full_events() if event.type in HALVES}
    subjects = subjects_of(source.log.full_events())
    certificates = source.case.certificates()
    parts = []
    for number, item in enumerate(source.items, start=1):
        event = events[item]
        stamp = stamped_at(source.tokens, event.seq)
        context = ItemContext(
            number=number,
            time_stamp=stamp,
            time_stamp_pending=source.stamping_asked and stamp is None,
            certificates=certificates,
            note=event.note,
            captured_by=str(event.actor["name"]),
            place=event.place or places.get(item, ""),
            practice=bool(event.actor.get("practice")),
            subjects=subjects.get(item, ()),
            planned=plan.of(item) if plan else None,
        )
        parts.append((items.folder(item) if items.encrypted(item) else data / "items" / item, context))
    wanted = [wanted_shots(folder, pictures / folder.name, each.planned, blur=blur) for folder, each in parts]
    # Only the cutting is spread: a process that had to load all of this module would take a second to begin.
    copies = spread(
        partial(cut, page_width_px=SLICE_WIDTH, slice_height_px=SLICE_HEIGHT),
        [shot.cutting for shots in wanted for shot in shots],
        processes=processes,
    )
    handed_over = [
        list(_as_chosen(folder, wanted_drawings(folder, pictures / folder.name, each.planned, blur=blur), plan))
        for folder, each in parts
    ]
    drawn = draw_apart(drawing for drawings in handed_over for drawing in drawings)
    found = []
    for (folder, context), shots, drawings in zip(parts, wanted, handed_over, strict=True):
        # Of the shots first: an exhibit takes no more of the copies than are its own.
        made = (shot.made(copy) for shot, copy in zip(shots, copies, strict=False))
        answers = {name_of(folder, each): copy for each, copy in zip(drawings, drawn, strict=False)}
        no_copy = {path: copy if isinstance(copy, str) else "" for path, copy in answers.items()}
        given = [
            ContextShot(path=path, role=ORIGINAL, taken=None, copy=copy)
            for path, copy in answers.items()
            if isinstance(copy, ViewingCopy)
        ]
        exhibit = read_exhibit(folder, context, chain(made, given), no_copy)
        found.append(replace(exhibit, files=listed_files(data / "items" / folder.name)))
        on_step(f"making viewing copies: {len(found)} of {len(parts)}")
    return with_same_bytes(found)


def _as_chosen(folder: Path, drawings: Iterable[Drawing], plan: ExhibitPlan | None) -> Iterator[Drawing]:
    """Yield *drawings* of the item in *folder*, those of other items not plainer than *plan* shows these."""
    for drawing in drawings:
        item = name_of(folder, drawing).partition("/")[0]
        of = next((each for each in plan.exhibits if each.item == item), None) if plan else None
        if of is None or drawing.picture.is_relative_to(folder):
            yield drawing
        elif not of.partial:
            yield replace(drawing, blur=drawing.blur or of.blurred)


def gather_report(  # noqa: PLR0913  # each is one part of the report
    source: Source,
    exhibits: tuple[Exhibit, ...],
    evidence: EvidenceList,
    *,
    officer: Officer,
    purpose: str,
    prepared_at: datetime,
    signature: ReportSignature,
    practice: bool,
    commands: tuple[CheckCommand, ...],
    volumes: tuple[Volume, ...] = (),
    signatures: tuple[SignatureLine, ...] = (),
    tested: tuple[SelfTest, ...] = (),
    gaps: Iterable[Problem] = (),
) -> ReportData:
    """Return everything the report says."""
    info, events = source.case.info, source.log.full_events()
    numbers, tried = {exhibit.item: exhibit.number for exhibit in exhibits}, attempts(events)
    return ReportData(
        case=CaseHead(number=info.number, title=info.title, office=info.office, legal_basis=info.legal_basis),
        purpose=purpose,
        prepared_by=officer,
        prepared_at=prepared_at,
        practice=practice,
        signature=signature,
        holdings=_holdings(source.bundle, evidence),
        attempts=tuple(_attempts(source, numbers, exhibits)),
        exhibits=exhibits,
        custody=tuple(_custody(source)),
        commands=commands,
        page=sha256_bytes(checking_page()),
        software=_software(),
        volumes=volumes if len(volumes) > 1 else (),
        signatures=signatures,
        self_test=tested,
        sealed=sealed_items(events),
        encrypted=encrypted_items(tried, events),
        left_out=left_out(tried, source.bundle.left_out),
        participants=_participants(events),
        devices=_devices(exhibits),
        source_devices=_source_devices(exhibits),
        machine=platform.platform(),
        place=source.begun_event().place,
        receipts=sum(event.type == EventType.RECEIPT for event in events),
        gaps=tuple(gaps),
    )


def _holdings(bundle: Begun, evidence: EvidenceList) -> Holdings:
    withholding = bundle.withholding
    holdings = Holdings(
        root=evidence.root, files=evidence.files, size=evidence.size, withheld_items=len(bundle.left_out)
    )
    if withholding is None:
        return holdings
    return replace(
        holdings,
        withheld_items=withholding.without,
        withheld_events=len(withholding.hidden),
        withheld_abandoned=withholding.abandoned,
        withheld_ground=f"{withholding.decision.ground}; {withholding.decision.decided_by}",
    )


def _attempts(source: Source, numbers: dict[str, int], exhibits: tuple[Exhibit, ...]) -> Iterable[Attempt]:
    problems = {exhibit.item: exhibit.problems for exhibit in exhibits}
    for attempt in attempts(source.log.full_events()):
        yield Attempt(
            seq=attempt.started_seq,
            time=attempt.started,
            url=attempt.url,
            outcome=AttemptOutcome(attempt.outcome),
            problems=problems.get(attempt.item, ()),
            item=attempt.item,
            exhibit=numbers.get(attempt.item),
            handed_over=attempt.files if attempt.source == SUPPLIED else None,
            sealed=attempt.sealed,
            made_of=attempt.made_of,
            http_status=attempt.http_status,
        )


def _custody(source: Source) -> Iterable[CustodyEntry]:
    lines = split_lines(source.bundle.log)
    corrected = corrections(source.log)
    events = source.log.full_events()
    # Of an item that was sealed later, the event that it exists by says what it said then.
    came_sealed = {event.item for event in events if event.type in HALVES and was_sealed(event)}
    sealed = {event.seq for event in events if event.type in ENDS and event.item in came_sealed}
    for event, line in zip(source.log.events, lines, strict=False):
        if isinstance(event, Event):
            entry = _entry(source, event, sha256_bytes(line), corrected.get(event.seq, ()))
            yield replace(entry, sealed=True) if event.seq in sealed else entry
        else:
            withheld = WithheldEvent(day=event.day, ground=event.ground, decided_by=event.decided_by)
            yield CustodyEntry(seq=event.seq, time=None, type=event.type, line_sha256=event.line, withheld=withheld)


def _entry(source: Source, event: Event, digest: Digest, corrected_by: Sequence[Event]) -> CustodyEntry:
    stamp = stamped_at(source.tokens, event.seq)
    return CustodyEntry(
        seq=event.seq,
        time=event.time,
        type=event.type,
        line_sha256=digest,
        actor=str(event.actor["name"]),
        role=str(event.actor["role"]),
        item=event.item or "",
        purpose=event.purpose,
        authority=event.authority,
        place=event.place,
        outcome=event.outcome,
        note=event.note,
        hand_over=hand_over_state(source.log, event),
        facts=tuple(custody_facts(source.log, event, corrected_by)),
        claimed_time_only=bool(source.tokens) and claimed_only(event.time, stamp),
    )


def _participants(events: Sequence[Event]) -> tuple[Officer, ...]:
    """Return each person once, in the order in which they first acted."""
    told = (Officer(**{key: str(event.actor[key]) for key in ("name", "id", "role", "agency")}) for event in events)
    return tuple(dict.fromkeys(told))


def _devices(exhibits: Sequence[Exhibit]) -> tuple[str, ...]:
    told = (fact.value for exhibit in exhibits for fact in exhibit.environment if fact.name == "system")
    return tuple(dict.fromkeys(told))


def _source_devices(exhibits: Sequence[Exhibit]) -> tuple[str, ...]:
    told = (exhibit.supplied.circumstances.device for exhibit in exhibits if exhibit.supplied)
    return tuple(dict.fromkeys(device for device in told if device))


def _software() -> tuple[Software, ...]:
    others = tuple(Software(name=name, version=version(name)) for name in ("pyhanko", "typst", "warcio"))
    own = Software(name="evidence_kit", version=__version__)
    return (own, Software(name="Python", version=platform.python_version()), *others)
