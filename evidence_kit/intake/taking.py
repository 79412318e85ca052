"""Take what was handed over into a case: start event, copies, facts, archive, end event, time stamp.

The start is committed before anything is read. Each copy is noted once it is whole, so that the same command goes on
where a killed one stopped; what is never gone on with becomes an item of what was copied, and says so.
"""

import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from evidence_kit.canonical import Json
from evidence_kit.case.bracket import START_TOKEN
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import SUPPLIED, Attempt, ItemRecord
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.supply import NAME as SUPPLY_NAME
from evidence_kit.case.supply import Circumstances, LeftOut, Original, Supply
from evidence_kit.case.taking import TakenItem, begin_item, bracket, conclude_item, stamped_item
from evidence_kit.case.workplace import Workplace, clear, clear_ended, workplace
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.subjects import subjects_of
from evidence_kit.errors import CaseError, FormatError
from evidence_kit.intake.copying import CopyError, OnBytes, copy_exactly
from evidence_kit.intake.journal import Beginning, Journal, told_paths
from evidence_kit.intake.naming import ORIGINALS, clean_name, stored_path
from evidence_kit.intake.resuming import (
    JOURNAL,
    clear_others,
    clear_told,
    ended,
    holds,
    paths_of,
    read_back,
    told_anew,
    unfinished,
)
from evidence_kit.intake.sources import Consultation, SourceFile, Sources
from evidence_kit.intake.telling import counted, interruption, progress_of, status_of, want_room
from evidence_kit.intake.writing import Writing, Written, write_item
from evidence_kit.models import OnStep, Problem, Status, ignore
from evidence_kit.plain import write_anew
from evidence_kit.trust.digests import sha256_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How something is taken in."""

    circumstances: Circumstances
    sensitive: bool = False
    """Nothing of it is ever shown unblurred unless somebody asks for exactly that."""
    note: str = ""
    seal: bool = False
    """It is being sealed: whoever begins it so tells nothing of where it came from in plain."""
    consulted: tuple[Consultation, ...] = ()
    """Lists of hash values in which its files are looked up before anything else."""


def take_supplied(  # noqa: PLR0913  # a case, what is taken, and who takes it how
    case: CaseFolder,
    sources: Sources,
    *,
    custodian: Custodian,
    stamping: Stamping,
    wishes: Wishes,
    subjects: Sequence[str] = (),
    on_step: OnStep = ignore,
    keep: bool = False,
) -> TakenItem:
    """Take *sources* into *case* as one item and return it, however much of it could be copied.

    An interrupted taking of the very same sources is gone on with. With *keep* what tells the same command that it has
    ended stays until `clear_ended`: else one that takes several and is interrupted would take the first ones again.
    Raises `CaseError`.
    """
    try:
        taken = _take(
            case, sources, custodian=custodian, stamping=stamping, wishes=wishes, subjects=subjects, on_step=on_step
        )
    except OSError as error:
        message = f"it could not be taken in whole: {error.strerror or error}"
        hint = "see to it, e.g. make room on the disk of the case, then run the same command again: it goes on"
        raise CaseError(message, hint=hint) from error
    if not keep:
        clear_ended(case, (taken.id,))
    return taken


def _take(  # noqa: PLR0913  # as `take_supplied`
    case: CaseFolder,
    sources: Sources,
    *,
    custodian: Custodian,
    stamping: Stamping,
    wishes: Wishes,
    subjects: Sequence[str],
    on_step: OnStep,
) -> TakenItem:
    going_on = _begun_before(case, sources)
    if going_on is not None:
        return _go_on(case, going_on, sources, custodian=custodian, stamping=stamping, on_step=on_step)
    for each in ended(case):
        if paths_of(case, each.item) == told_paths(sources.given) and holds(case, each.item, sources):
            # It was interrupted after that: nothing of it is left to do, and nothing is to be taken twice.
            return _tell_ended(case, each, stamping)
    want_room(case, sources)
    asked: dict[str, Json] = {"files": len(sources.files), "bytes": sources.size}
    given = told_paths(sources.given)
    wishes = replace(wishes, consulted=sources.consulted)
    with begun(case, asked, given, custodian, stamping, wishes, subjects, on_step) as (work, journal):
        return work.take(sources, journal, ())


@contextmanager
def begun(  # noqa: PLR0913, PLR0917  # as `take_supplied`
    case: CaseFolder,
    asked: dict[str, Json],
    given: tuple[str, ...],
    custodian: Custodian,
    stamping: Stamping,
    wishes: Wishes,
    subjects: Sequence[str],
    on_step: OnStep,
) -> "Iterator[tuple[Work, Journal]]":
    """Commit the start of a new item, and hold its workplace and journal; raises `CaseError`, `OSError`."""
    on_step("recording the start in the custody log")
    opened, problems = bracket(stamping)
    beginning = Beginning(
        started=custodian.clock(),
        given=given,
        circumstances=wishes.circumstances,
        sensitive=wishes.sensitive,
        note=wishes.note,
        problems=problems,
        opening=opened[0] if opened else None,
        salt=secrets.token_hex(32),
        sealed=wishes.seal,
    )
    detail: dict[str, Json] = {"asked": asked, "beginning": str(beginning.digest)}
    if opened:
        detail["not_before"] = opened[0].to_json()
    if wishes.consulted:
        detail["hash_lists"] = [each.to_json() for each in wishes.consulted]
    start = Draft(type=EventType.IMPORT_STARTED, note=wishes.note, detail=detail)
    item = begin_item(case, start, custodian, stamping, subjects=subjects)
    with workplace(case, item) as place:
        if opened:
            write_anew(place.folder / START_TOKEN, opened[1])
        with Journal(place.recording / JOURNAL) as journal:
            journal.begin(beginning)
            (place.folder / ORIGINALS).mkdir()
            yield Work(case, place, beginning, custodian, stamping, tuple(subjects), on_step), journal


def _go_on(  # noqa: PLR0913  # as `take_supplied`
    case: CaseFolder, item: str, sources: Sources, *, custodian: Custodian, stamping: Stamping, on_step: OnStep
) -> TakenItem:
    on_step(f"going on with {item}")
    with workplace(case, item) as place:
        clear_others(place)
        beginning, done = read_back(case, item)
        if beginning is None:
            message = f"the interrupted import of {item} cannot be read"
            raise CaseError(message, hint="run: evidence-kit doctor CASE")
        subjects = subjects_of(case.log().full_events()).get(item, ())
        with Journal(place.recording / JOURNAL) as journal:
            work = Work(case, place, beginning, custodian, stamping, subjects, on_step)
            return work.take(sources, journal, done)


def _tell_ended(case: CaseFolder, attempt: Attempt, stamping: Stamping) -> TakenItem:
    subjects = subjects_of(case.log().full_events()).get(attempt.item, ())
    status, seq = Status(attempt.outcome), attempt.finished_seq or 0
    return stamped_item(case, attempt.item, status, stamping, seq=seq, subjects=subjects)


def _begun_before(case: CaseFolder, sources: Sources) -> str | None:
    """Return the interrupted item that began with exactly these *sources*."""
    for item in unfinished(case):
        try:
            beginning, _ = read_back(case, item)
        except FormatError:
            continue  # told when it is completed
        if beginning is not None and beginning.given == told_paths(sources.given):
            return item
    return None


def complete_interrupted(  # noqa: PLR0913  # what is completed, by whom
    case: CaseFolder,
    custodian: Custodian,
    stamping: Stamping,
    *,
    except_for: Sequence[Sources] = (),
    on_step: OnStep = ignore,
    on_damage: Callable[[str, FormatError], None],
) -> Iterator[TakenItem]:
    """Make items of what was copied when takings in *case* were interrupted; each is incomplete.

    Those that began with *except_for* are left: they are gone on with. Of one that copied nothing only the start
    remains, as abandoned. One that cannot be read is left where it is, and *on_damage* told of it. Raises `CaseError`.
    """
    clear_told(case, except_for=except_for)
    awaited = {_begun_before(case, sources) for sources in except_for}
    for item in unfinished(case):
        if item in awaited:
            continue
        with workplace(case, item) as place:
            clear_others(place)
            try:
                beginning, done = read_back(case, item)
            except FormatError as error:
                on_damage(item, error)
                continue
            taken = None
            if beginning is not None and done:
                on_step(f"completing {item}")
                subjects = subjects_of(case.log().full_events()).get(item, ())
                work = Work(case, place, beginning, custodian, stamping, subjects, on_step)
                there = work.still_there(done)
                taken = work.conclude(there, tuple(_lost(done, there)), interrupted=True)
            else:
                # Nothing had been copied: the start alone remains, as abandoned.
                shutil.rmtree(place.folder)
        clear(place)
        if taken is not None:
            yield taken


@dataclass(frozen=True, slots=True)
class Work:
    """One taking under way."""

    case: CaseFolder
    place: Workplace
    beginning: Beginning
    custodian: Custodian
    stamping: Stamping
    subjects: tuple[str, ...]
    on_step: OnStep

    def take(self, sources: Sources, journal: Journal, done: Sequence[Original]) -> TakenItem:
        """Copy what is not among *done*, and conclude."""
        there = {original.path: original for original in self.still_there(done)}
        originals: list[Original] = []
        left_out = list(map(_cleaned, sources.left_out))
        count = len(sources.files)
        (self.place.folder / ORIGINALS).mkdir(exist_ok=True)
        for number, source in enumerate(sources.files, start=1):
            path = stored_path(number, source.name, count=count)
            noted = there.get(path)
            original = told_anew(noted, source) if noted else None
            if original is None:
                progress = progress_of(self.on_step, "copying files", number, count, source.size)
                try:
                    original = self._copy(source, path, progress)
                except CopyError as error:
                    problem = Problem(code=error.code, detail=str(error))
                    left_out.append(_cleaned(LeftOut(name=source.name, problem=problem)))
                    continue
                journal.copied(original)
            originals.append(original)
        return self.conclude(tuple(originals), tuple(left_out), interrupted=False)

    def still_there(self, done: Sequence[Original]) -> tuple[Original, ...]:
        """Return those of *done* whose copies are what they were, and were good."""
        found = []
        for original in done:
            copy = self.place.folder / original.path
            if copy.is_file() and sha256_file(copy) == original.sha256 == original.source_sha256:
                found.append(replace(original, size=copy.stat().st_size))
        return tuple(found)

    def _copy(self, source: SourceFile, path: str, progress: OnBytes) -> Original:
        target = self.place.folder / path
        # Of a copy that was not noted nobody knows whether it is whole.
        target.unlink(missing_ok=True)
        copied = copy_exactly(source.path, target, on_bytes=progress)
        name, name_bytes = clean_name(source.name)
        return Original(
            path=path,
            name=name,
            name_bytes=name_bytes,
            size=copied.size,
            source_sha256=copied.source_sha256,
            sha256=copied.sha256,
            modified=copied.modified,
            created=copied.created,
        )

    def conclude(
        self, originals: tuple[Original, ...], left_out: tuple[LeftOut, ...], *, interrupted: bool
    ) -> TakenItem:
        """Write what belongs to the copies, and commit the item."""
        _remove_unlisted(self.place.folder / ORIGINALS, {Path(original.path).name for original in originals})
        beginning = self.beginning
        supply = Supply(
            circumstances=beginning.circumstances, files=originals, left_out=left_out, sender=beginning.sender
        )
        written = write_item(self.writing(), supply)
        return self.commit(
            written,
            problems=[
                *counted([each.problem for each in left_out], told_in=SUPPLY_NAME),
                *interruption(interrupted=interrupted, done="copied"),
            ],
            status=status_of(originals, left_out, interrupted=interrupted),
            sizes=[original.size for original in originals],
            flags=("sensitive",) if beginning.sensitive else (),
        )

    def writing(self) -> Writing:
        """Return where and for whom the files of the item are written."""
        return Writing(
            folder=self.place.folder,
            work=self.place.recording,
            case=self.case.info.number,
            item=self.place.item,
            officer=self.custodian.officer,
            opening=self.beginning.opening,
            started=self.beginning.started,
            clock=self.custodian.clock,
            on_step=self.on_step,
        )

    def commit(
        self,
        written: Written,
        *,
        problems: Sequence[Problem],
        status: Status,
        sizes: Sequence[int],
        flags: Sequence[str],
    ) -> TakenItem:
        """Make the *written* files the item, *sizes* being the bytes of what was handed over; raises `CaseError`."""
        beginning = self.beginning
        record = ItemRecord(
            id=self.place.item,
            case=self.case.info.number,
            source=SUPPLIED,
            status=status,
            url="",
            final_url="",
            started=beginning.started,
            finished=written.finished,
            recorder="",
            problems=(*beginning.problems, *problems),
            files=written.files,
            detail={
                "supplied": {"files": len(sizes), "bytes": sum(sizes)},
                "flags": [{"code": code, "detail": ""} for code in flags],
                **({"not_before": beginning.opening.to_json()} if beginning.opening else {}),
                "wacz": {"transport_key_sha256": str(written.wacz.spki_sha256)},
            },
        )
        self.on_step("sealing the item")
        return conclude_item(
            self.case,
            record,
            self.custodian,
            self.stamping,
            tokens=(self.place.folder / START_TOKEN,),
            note=beginning.note,
            subjects=self.subjects,
        )


def _lost(noted: Sequence[Original], there: Sequence[Original]) -> Iterator[LeftOut]:
    """Yield those of *noted* whose copies are no longer *there* as they were."""
    paths = {original.path for original in there}
    for each in noted:
        if each.path not in paths:
            problem = Problem(code="file.changed", detail="its copy was changed while the import was interrupted")
            yield LeftOut(name=each.name, problem=problem)


def _cleaned(left_out: LeftOut) -> LeftOut:
    return replace(left_out, name=clean_name(left_out.name)[0])


def _remove_unlisted(folder: Path, names: set[str]) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in names:
            path.unlink()
