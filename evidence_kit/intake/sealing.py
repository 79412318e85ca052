"""Seal what was handed over: encrypted as it is read, and nothing of it opened, drawn or told in plain.

As when something is taken in (taking.py) the start is committed first, and what was sealed whole is noted. A sealing
that was interrupted is not gone on with, for nothing in plain says what it was of: what was sealed by then becomes an
incomplete item, and the command is run again.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.case import sealed
from evidence_kit.case.durable import write_new
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.sealed import Particulars, Register, SealedFile
from evidence_kit.case.sealing import want_recipients
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.supply import Circumstances, LeftOut
from evidence_kit.case.taking import TakenItem
from evidence_kit.case.workplace import clear, workplace
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import EventType
from evidence_kit.custody.subjects import subjects_of
from evidence_kit.errors import CaseError, FormatError
from evidence_kit.intake.copying import CopyError, copy_exactly
from evidence_kit.intake.journal import Journal
from evidence_kit.intake.naming import clean_name
from evidence_kit.intake.resuming import clear_told, read_sealed_back, unfinished
from evidence_kit.intake.sources import SourceFile, Sources
from evidence_kit.intake.taking import Wishes, Work, begun
from evidence_kit.intake.telling import counted, interruption, progress_of, status_of, want_room
from evidence_kit.intake.writing import write_sealed_item
from evidence_kit.models import OnStep, Problem, ignore
from evidence_kit.plain import remove_others
from evidence_kit.trust.age import Recipient, encrypt


def seal_supplied(  # noqa: PLR0913  # a case, what is sealed, and who seals it
    case: CaseFolder,
    sources: Sources,
    *,
    custodian: Custodian,
    stamping: Stamping,
    circumstances: Circumstances,
    note: str = "",
    subjects: Sequence[str] = (),
    on_step: OnStep = ignore,
) -> TakenItem:
    """Seal *sources* into *case* as one item, however much of it could be read; raises `CaseError`, `UsageError`."""
    recipients = want_recipients(case, subjects)
    want_room(case, sources)
    asked: dict[str, Json] = {"files": len(sources.files), "bytes": sources.size, "sealed": True}
    asked["recipients"] = [str(recipient) for recipient in recipients]
    wishes = Wishes(circumstances=Circumstances(), sensitive=True, note=note, seal=True, consulted=sources.consulted)
    try:
        with begun(case, asked, (), custodian, stamping, wishes, subjects, on_step) as (work, journal):
            taken = Sealing(work, recipients).take(sources, circumstances, journal)
        clear(work.place)
    except OSError as error:
        message = f"it could not be sealed in whole: {error.strerror or error}"
        raise CaseError(message, hint="see to it, e.g. make room on the disk of the case, then run it again") from error
    return taken


def complete_interrupted(
    case: CaseFolder,
    custodian: Custodian,
    stamping: Stamping,
    *,
    on_step: OnStep = ignore,
    on_damage: Callable[[str, FormatError], None],
) -> Iterator[TakenItem]:
    """Make items of what was sealed when sealings in *case* were interrupted; each is incomplete.

    As `taking.complete_interrupted`, but no key is needed and none of it is looked at.
    """
    clear_told(case, sealed=True)
    for item in unfinished(case, sealed=True):
        with workplace(case, item) as place:
            for folder in (place.folder, place.recording):
                remove_others(folder)
            try:
                beginning, done = read_sealed_back(case, item)
                recipients = _recipients_of(case, item)
            except FormatError as error:
                on_damage(item, error)
                continue
            taken = None
            if beginning is not None and done:
                on_step(f"completing {item}")
                subjects = subjects_of(case.log().full_events()).get(item, ())
                work = Work(case, place, beginning, custodian, stamping, subjects, on_step)
                there = tuple(file for file in done if _is_there(place.folder, file))
                lost = [Problem(code="file.changed", detail="")] * (len(done) - len(there))
                taken = Sealing(work, recipients).conclude(there, lost, interrupted=True)
            else:
                shutil.rmtree(place.folder)
        clear(place)
        if taken is not None:
            yield taken


def _recipients_of(case: CaseFolder, item: str) -> tuple[Recipient, ...]:
    """Return to whom the sealing of *item* began: others may have been added since. Raises `FormatError`."""
    for event in case.log().full_events():
        match event.detail.get("asked") if (event.type, event.item) == (EventType.IMPORT_STARTED, item) else None:
            case {"recipients": list(recipients)} if recipients:
                return tuple(Recipient.parse(str(each)) for each in recipients)
    raise FormatError("the custody log does not say to whom it is sealed")


def _is_there(folder: Path, file: SealedFile) -> bool:
    return all((folder / name).is_file() for name in (file.path, sealed.particulars_path(file.path)))


@dataclass(frozen=True, slots=True)
class Sealing:
    """One sealing under way."""

    work: Work
    recipients: tuple[Recipient, ...]

    def take(self, sources: Sources, circumstances: Circumstances, journal: Journal) -> TakenItem:
        """Seal what can be read of *sources*, and conclude."""
        folder = self.work.place.folder
        (folder / sealed.FOLDER).mkdir()
        files: list[SealedFile] = []
        left_out = list(sources.left_out)
        for number, source in enumerate(sources.files, start=1):
            try:
                particulars = self._seal(source, number, len(sources.files))
            except CopyError as error:
                left_out.append(LeftOut(name=source.name, problem=Problem(code=error.code, detail=str(error))))
                continue
            files.append(particulars.register_line)
            journal.sealed(particulars.register_line)
        self._tell(circumstances, left_out)
        return self.conclude(tuple(files), [each.problem for each in left_out], interrupted=False)

    def _seal(self, source: SourceFile, number: int, count: int) -> Particulars:
        path = f"{sealed.FOLDER}/{number:0{max(4, len(str(count)))}d}.age"
        on_bytes = progress_of(self.work.on_step, "sealing files", number, count, source.size)
        folder = self.work.place.folder
        copied = copy_exactly(source.path, folder / path, on_bytes=on_bytes, seal_to=self.recipients)
        name, name_bytes = clean_name(source.name)
        particulars = Particulars(
            path=path,
            name=name,
            name_bytes=name_bytes,
            size=copied.size,
            sha256=copied.sha256,
            salt=os.urandom(sealed.SALT_BYTES),
            modified=copied.modified,
            created=copied.created,
        )
        write_new(folder / sealed.particulars_path(path), encrypt(particulars.to_bytes(), self.recipients))
        return particulars

    def _tell(self, circumstances: Circumstances, left_out: Sequence[LeftOut]) -> None:
        """Write down, for the recipients alone, how it came and what is not in it."""
        named = [replace(each, name=clean_name(each.name)[0]).to_json() for each in left_out]
        document: dict[str, Json] = {**circumstances.to_json(), "left_out": [*named]}
        told = canonical.pretty({"schema": sealed.CIRCUMSTANCES_SCHEMA, **document})
        write_new(self.work.place.folder / sealed.CIRCUMSTANCES, encrypt(told, self.recipients))

    def conclude(self, files: tuple[SealedFile, ...], left_out: Sequence[Problem], *, interrupted: bool) -> TakenItem:
        """Write the register, and commit the item."""
        folder = self.work.place.folder
        if interrupted and not (folder / sealed.CIRCUMSTANCES).is_file():
            self._tell(Circumstances(), ())
        register = Register(recipients=tuple(map(str, self.recipients)), files=files)
        _remove_unlisted(folder, register)
        return self.work.commit(
            write_sealed_item(self.work.writing(), register),
            problems=[
                *counted(left_out, told_in=sealed.CIRCUMSTANCES),
                *interruption(interrupted=interrupted, done="sealed"),
            ],
            status=status_of(files, left_out, interrupted=interrupted),
            sizes=[file.size for file in files],
            flags=(sealed.FLAG, "sensitive"),
        )


def _remove_unlisted(folder: Path, register: Register) -> None:
    listed = {folder / name for name in sealed.sealed_files(register.files)}
    for path in (folder / sealed.FOLDER).iterdir():
        if path not in listed:
            path.unlink()
