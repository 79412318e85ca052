"""``subject add`` and ``subject remove``: whom an item concerns, by pseudonym."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.cli.committed import answer_committed
from evidence_kit.cli.options import CaseOption, JsonOption, NoteOption, PassphraseOption
from evidence_kit.cli.output import say
from evidence_kit.cli.run import Run
from evidence_kit.errors import CaseError, FormatError, UsageError

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.custody.events import Draft

_ItemArgument = Annotated[str, typer.Argument(metavar="ITEM", help="option.item")]
_SubjectArgument = Annotated[list[str], typer.Argument(metavar="V-01", help="option.subjects")]


def register(root: typer.Typer) -> None:
    """Add the group and its commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("add")(_add)
    group.command("remove")(_remove)
    root.add_typer(group, name="subject")


def named_subjects(texts: Iterable[str] | None) -> tuple[str, ...]:
    """Return the pseudonyms that an option names; raises `UsageError` for what is none."""
    from evidence_kit.custody.subjects import read_subjects

    given = list(texts or ())
    try:
        found = read_subjects(given)
    except FormatError as error:
        raise UsageError(str(error), hint=error.hint) from error
    if given and not found:
        raise UsageError("no subject is named", hint="use V-01 for a victim, S-01 for a suspect, W-01 for a witness")
    return found


def _add(
    ctx: typer.Context,
    item: _ItemArgument,
    subjects: _SubjectArgument,
    *,
    note: NoteOption = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.custody.subjects import attachment

    run = Run.of(ctx)
    folder, named = run.case(case), named_subjects(subjects)
    for subject in set(named) & set(_present(folder, item)):
        raise UsageError(f"{item} concerns {subject} already", hint=f"evidence-kit show {item} shows whom it concerns")
    drafts = [attachment(item, subject, note=note) for subject in named]
    _commit(run, folder, drafts, passphrase_file, command="subject-add", json=json)


def _remove(
    ctx: typer.Context,
    item: _ItemArgument,
    subjects: _SubjectArgument,
    *,
    note: NoteOption = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.custody.subjects import detachment

    run = Run.of(ctx)
    folder, named = run.case(case), named_subjects(subjects)
    for subject in set(named) - set(_present(folder, item)):
        raise UsageError(f"{item} does not concern {subject}", hint=f"evidence-kit show {item} shows whom it concerns")
    drafts = [detachment(item, subject, note=note) for subject in named]
    _commit(run, folder, drafts, passphrase_file, command="subject-remove", json=json)


def _present(case: "CaseFolder", item: str) -> tuple[str, ...]:
    """Return the subjects of *item*; raises `CaseError` when the case has no such item."""
    from evidence_kit.case.items import attempts
    from evidence_kit.custody.subjects import subjects_of

    events = case.log().full_events()
    if item not in {attempt.item for attempt in attempts(events)}:
        raise CaseError(f"the case has no item {item!r}", hint="evidence-kit list shows the items")
    return subjects_of(events).get(item, ())


def _commit(
    run: Run,
    case: "CaseFolder",
    drafts: "Sequence[Draft]",
    passphrase_file: Path | None,
    *,
    command: str,
    json: bool,
) -> None:
    """Commit *drafts*, at least one and all about one item, and tell whom it concerns now."""
    custodian = run.custodian(run.settings(), passphrase_file)
    committed = [case.commit(draft, custodian) for draft in drafts]
    item = drafts[0].item or ""
    subjects = _present(case, item)
    if not json:
        now = ", ".join(subjects) or run.texts.say("common.none")
        say(run.texts.say("subject.now", item=item, subjects=now))
    answer_committed(run, case, committed, command=command, json=json, more={"item": item, "subjects": [*subjects]})
