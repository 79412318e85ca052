"""``import``: what people hand over, taken into the case byte for byte."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.case import describe_case, pending, tell_unstamped
from evidence_kit.cli.completing import complete_interrupted
from evidence_kit.cli.hash_lists import looked_up
from evidence_kit.cli.items import item_text
from evidence_kit.cli.moments import read_moment
from evidence_kit.cli.options import (
    AuthorityOption,
    CaseOption,
    ConsentOption,
    DeviceOption,
    HashListOption,
    JsonOption,
    NoteOption,
    PassphraseOption,
    PlaceOption,
    ProvidedByOption,
    PurposeOption,
    SealOption,
    SensitiveOption,
    StatementOption,
    SubjectsOption,
)
from evidence_kit.cli.output import emit, say
from evidence_kit.cli.run import Run
from evidence_kit.cli.subjects import named_subjects
from evidence_kit.cli.supplied import duplicates_of, tell_duplicates
from evidence_kit.models import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.case.supply import Circumstances
    from evidence_kit.case.taking import TakenItem


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("import")(_import)


def _import(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="option.import-file")],
    *,
    together: Annotated[bool, typer.Option("--together", help="option.together")] = False,
    provided_by: ProvidedByOption = "",
    received: Annotated[str, typer.Option("--received", metavar="TIME", help="option.received")] = "",
    device: DeviceOption = "",
    way: Annotated[str, typer.Option("--way", metavar="TEXT", help="option.way")] = "",
    statement: StatementOption = "",
    consent: ConsentOption = "",
    sensitive: SensitiveOption = False,
    seal: SealOption = False,
    hash_list: HashListOption = None,
    hash_list_pdq: Annotated[bool, typer.Option("--hash-list-pdq", help="option.hash-list-pdq")] = False,
    note_text: NoteOption = "",
    purpose: PurposeOption = "",
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    subject: SubjectsOption = None,
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.sealing import want_recipients
    from evidence_kit.case.supply import Circumstances
    from evidence_kit.case.workplace import clear_ended
    from evidence_kit.intake.sources import find_sources

    run = Run.of(ctx)
    settings = run.settings()
    subjects = named_subjects(subject)
    folder = run.case(case)
    if seal:
        settings.want_right_to_seal()
        want_recipients(folder, subjects)
    groups = [files] if together else [[file] for file in dict.fromkeys(files)]
    sources = [find_sources(group, case=folder.path) for group in groups]
    circumstances = Circumstances(
        provided_by=provided_by.strip(),
        received=read_moment(received, "--received", now=run.clock()) if received else None,
        device=device.strip(),
        way=way.strip(),
        statement=statement.strip(),
        consent=consent.strip(),
    )
    custodian = run.custodian(settings, passphrase_file, purpose=purpose, authority=authority, place=place)
    stamping = run.stamping(settings)
    sources = looked_up(run, settings, sources, hash_list, pdq=hash_list_pdq, seal=seal)
    completed = complete_interrupted(run, folder, custodian, stamping, tell=not json, except_for=sources)
    if not json:
        run.say_practice(practice=custodian.signer.practice)
    take = _taking(circumstances, sensitive=sensitive, seal=seal, note=note_text)
    taken = []
    for each in sources:
        item = take(folder, each, custodian=custodian, stamping=stamping, subjects=subjects, on_step=run.progress())
        taken.append(item)
        if not json:
            say(item_text(run.texts, item.answer, brief=True))
            say(run.texts.say(f"import.{'sealed-' if seal else ''}{item.status}"))
    unstamped = list(dict.fromkeys(reason for item in taken for reason in item.unstamped))
    document: dict[str, Json] = {"schema": "evidence-kit/import/1", "practice": custodian.signer.practice}
    _tell(run, folder, taken, unstamped, {**document, "completed": [item.answer for item in completed]}, json=json)
    # Only now is everything told: until here the same command would tell of these, and take the rest.
    clear_ended(folder, [item.id for item in taken])
    raise typer.Exit(_code(taken, more=bool(unstamped or completed)))


def _tell(
    run: Run,
    case: "CaseFolder",
    taken: "Sequence[TakenItem]",
    unstamped: "Sequence[str]",
    document: dict[str, Json],
    *,
    json: bool,
) -> None:
    """Tell the end of it: as JSON the *document* with all items, else what is to be said after the last one."""
    same = duplicates_of(case)
    if not json:
        for item in taken:
            tell_duplicates(run.texts, same.get(item.id, []))
        tell_unstamped(run.texts, unstamped)
        return
    items: list[Json] = [{**item.answer, "duplicates": same.get(item.id, [])} for item in taken]
    told = {"signer_trust": run.signer_trust(), "case": describe_case(case), "items": items}
    emit({**document, **told, "problems": pending(unstamped)})


def _taking(circumstances: "Circumstances", *, sensitive: bool, seal: bool, note: str) -> "Callable[..., TakenItem]":
    """Return what takes one item in, as it was asked for."""
    from evidence_kit.intake.sealing import seal_supplied
    from evidence_kit.intake.taking import Wishes, take_supplied

    if seal:
        return partial(seal_supplied, circumstances=circumstances, note=note)
    wishes = Wishes(circumstances=circumstances, sensitive=sensitive, note=note)
    return partial(take_supplied, wishes=wishes, keep=True)


def _code(taken: "Iterable[TakenItem]", *, more: bool) -> int:
    """Return the exit status for what was *taken*; *more* says that something else is incomplete."""
    found = {item.status for item in taken}
    if Status.FAILED in found:
        return 1
    return 4 if more or Status.INCOMPLETE in found else 0
