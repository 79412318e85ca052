"""``recipient new``, ``add``, ``remove`` and ``list``: whose keys open what a case keeps encrypted."""

import getpass
import os
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.evidence_keys import KEY_PASSPHRASE
from evidence_kit.cli.options import (
    CaseOption,
    JsonOption,
    KeyPassphraseOption,
    NoteOption,
    OneRecipientOption,
    PassphraseOption,
)
from evidence_kit.cli.output import emit, say, table
from evidence_kit.display import shorten, visible
from evidence_kit.errors import FormatError, UsageError

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.cli.run import Run
    from evidence_kit.custody.events import Draft
    from evidence_kit.custody.recipients import Named
    from evidence_kit.texts import Texts
    from evidence_kit.trust.age import Recipient


class Purpose(StrEnum):
    """What is encrypted to a recipient."""

    CONTENT = "content"
    SEAL = "seal"


_RecipientArgument = Annotated[str, typer.Argument(metavar="RECIPIENT", help="option.recipient")]
_UseOption = Annotated[Purpose, typer.Option("--for", help="option.recipient-use")]
_SubjectOption = Annotated[str, typer.Option("--subject", metavar="V-01", help="option.recipient-subject")]
_COLUMNS = ("recipient", "use", "subject", "holder")
_LARGEST_LIST = 64 * 1024
_SHORTEST_PASSPHRASE = 8


def register(root: typer.Typer) -> None:
    """Add the group and its commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("new")(_new)
    group.command("add")(_add)
    group.command("remove")(_remove)
    group.command("list")(_list)
    root.add_typer(group, name="recipient")


def case_recipients(case: "CaseFolder") -> "tuple[Named, ...]":
    """Return the recipients of *case*, in the order in which they were added."""
    from evidence_kit.custody.recipients import named_in

    return named_in(case.log().full_events())


def recipient_text(texts: "Texts", named: "Named") -> str:
    """Return one recipient for people: the key, what for, for whose material, who holds it."""
    parts = [str(named.recipient), texts.say(f"recipient.use-{named.use}")]
    return ", ".join([*parts, *filter(None, (named.subject, named.holder))])


def first_recipients(content: "Iterable[str] | None", seal: "Iterable[str] | None", *, alone: bool) -> "list[Draft]":
    """Return the events for the recipients that a new case begins with; raises `UsageError`."""
    from evidence_kit.custody.recipients import Named, Use, adding, want_enough, want_usable

    given = [(Use.CONTENT, text) for text in content or ()] + [(Use.SEAL, text) for text in seal or ()]
    named = [Named(recipient=recipient, use=use) for use, text in given for recipient in read_recipients(text)]
    named = list({(each.recipient, each.use): each for each in named}.values())
    want_enough(named, alone=alone)
    if named:
        want_usable(named)
    return [adding(each, alone=alone) for each in named]


def read_recipients(text: str) -> "tuple[Recipient, ...]":
    """Return the recipient that *text* is, or those in the file of that name, one a line; raises `UsageError`."""
    from evidence_kit.trust.age import Recipient

    path = Path(text)
    try:
        if text.startswith("age1"):
            return (Recipient.parse(text),)
        with path.open("rb") as stream:
            # Editors of Windows put a byte order mark before what they save.
            lines = map(str.strip, stream.read(_LARGEST_LIST).decode("utf-8-sig").splitlines())
        found = tuple(dict.fromkeys(Recipient.parse(line) for line in lines if line and not line.startswith("#")))
    except (OSError, UnicodeDecodeError) as error:
        message = f"{shorten(text)} is neither a recipient nor a file of recipients"
        raise UsageError(message, hint="evidence-kit recipient new --output FILE makes one; it begins with age1") from (
            error
        )
    except FormatError as error:
        raise UsageError(f"{shorten(text)}: {error}") from error
    if not found:
        raise UsageError(f"{shorten(text)} names no recipient", hint="write one a line; it begins with age1")
    return found


def _new(
    ctx: typer.Context,
    *,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="option.recipient-output")],
    passphrase_file: KeyPassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.durable import write_new
    from evidence_kit.cli.run import Run
    from evidence_kit.trust.age import Identity, write_identity

    run = Run.of(ctx)
    if output.exists():
        raise UsageError(f"{output} is already there", hint="name a new file")
    passphrase = new_passphrase(run, passphrase_file)
    identity = Identity.new()
    output.parent.mkdir(parents=True, exist_ok=True)
    write_new(output, write_identity(identity, made=run.clock(), passphrase=passphrase))
    output.chmod(0o600)
    if json:
        document: dict[str, Json] = {"schema": "evidence-kit/recipient-new/1"}
        emit({**document, "recipient": str(identity.recipient), "key": str(output)})
        return
    say(run.texts.say("recipient.made", path=visible(str(output))))
    say(str(identity.recipient))
    say(run.texts.say("recipient.keep"))


def new_passphrase(run: "Run", file: Path | None) -> bytes:
    """Return the passphrase for a new key, from *file*, the environment or the terminal; raises `UsageError`."""
    from evidence_kit.cli.run import first_line

    if file is not None:
        found = first_line(file)
    elif KEY_PASSPHRASE in run.environ:
        found = os.fsencode(run.environ[KEY_PASSPHRASE])
    elif sys.stdin.isatty():
        found = getpass.getpass(f"{run.texts.say('ask.new-passphrase')}: ", stream=sys.stderr).encode()
        if found != getpass.getpass(f"{run.texts.say('ask.again')}: ", stream=sys.stderr).encode():
            raise UsageError("the two passphrases differ")
    else:
        hint = f"give it with --key-passphrase-file or in {KEY_PASSPHRASE}"
        raise UsageError("the new key needs a passphrase", hint=hint)
    if len(found) < _SHORTEST_PASSPHRASE:
        raise UsageError(f"the passphrase has less than {_SHORTEST_PASSPHRASE} characters")
    return found


def _add(
    ctx: typer.Context,
    recipient: _RecipientArgument,
    *,
    use: _UseOption = Purpose.CONTENT,
    holder: Annotated[str, typer.Option("--holder", metavar="TEXT", help="option.holder")] = "",
    subject: _SubjectOption = "",
    one_recipient: OneRecipientOption = False,
    note: NoteOption = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from dataclasses import replace

    from evidence_kit.cli.run import Run
    from evidence_kit.custody.recipients import Named, Use, adding, want_enough, want_usable

    run = Run.of(ctx)
    folder, concerned = run.case(case), _subject(subject)
    now = case_recipients(folder)
    keys = read_recipients(recipient)
    new = [Named(recipient=each, use=Use(use), holder=holder.strip(), subject=concerned) for each in keys]
    for each in new:
        if any((each.recipient, each.use, each.subject) == (old.recipient, old.use, old.subject) for old in now):
            raise UsageError("it is a recipient already", hint="evidence-kit recipient list shows them")
    want_enough([*now, *new], alone=one_recipient)
    want_usable([*now, *new])
    drafts = [replace(adding(each, alone=one_recipient), note=note) for each in new]
    _commit(run, folder, drafts, passphrase_file, command="recipient-add", json=json)


def _remove(
    ctx: typer.Context,
    recipient: _RecipientArgument,
    *,
    use: _UseOption = Purpose.CONTENT,
    subject: _SubjectOption = "",
    one_recipient: OneRecipientOption = False,
    note: NoteOption = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from dataclasses import replace

    from evidence_kit.cli.run import Run
    from evidence_kit.custody.recipients import Use, removing, want_enough

    run = Run.of(ctx)
    folder, concerned = run.case(case), _subject(subject)
    now = case_recipients(folder)
    named = set(read_recipients(recipient))
    gone = [each for each in now if each.recipient in named and (each.use, each.subject) == (Use(use), concerned)]
    if not gone:
        raise UsageError("it is no recipient", hint="evidence-kit recipient list shows them")
    want_enough([each for each in now if each not in gone], alone=one_recipient)
    drafts = [replace(removing(each, alone=one_recipient), note=note) for each in gone]
    _commit(run, folder, drafts, passphrase_file, command="recipient-remove", json=json)


def _subject(text: str) -> str | None:
    from evidence_kit.cli.subjects import named_subjects

    found = named_subjects([text] if text else None)
    if len(found) > 1:
        raise UsageError("--subject names several", hint="run the command once for each")
    return found[0] if found else None


def _commit(
    run: "Run",
    case: "CaseFolder",
    drafts: "Sequence[Draft]",
    passphrase_file: Path | None,
    *,
    command: str,
    json: bool,
) -> None:
    from evidence_kit.cli.committed import answer_committed

    custodian = run.custodian(run.settings(), passphrase_file)
    committed = [case.commit(draft, custodian) for draft in drafts]
    recipients: list[Json] = [each.to_json() for each in case_recipients(case)]
    if not json:
        _tell(run.texts, case_recipients(case))
    answer_committed(run, case, committed, command=command, json=json, more={"recipients": recipients})


def _list(ctx: typer.Context, *, case: CaseOption = None, json: JsonOption = False) -> None:
    from evidence_kit.cli.case import describe_case
    from evidence_kit.cli.run import Run

    run = Run.of(ctx)
    folder = run.case(case)
    named = case_recipients(folder)
    if json:
        recipients: list[Json] = [each.to_json() for each in named]
        document: dict[str, Json] = {"schema": "evidence-kit/recipient-list/1", "case": describe_case(folder)}
        emit({**document, "recipients": recipients})
        return
    _tell(run.texts, named)


def _tell(texts: "Texts", named: "Sequence[Named]") -> None:
    if not named:
        say(texts.say("recipient.none"))
        return
    lines = [
        [
            str(each.recipient),
            texts.say(f"recipient.use-{each.use}"),
            each.subject or texts.say("recipient.all"),
            shorten(each.holder),
        ]
        for each in named
    ]
    say(table([texts.say(f"recipient.column-{name}") for name in _COLUMNS], lines))
