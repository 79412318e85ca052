"""``unseal``: open what was sealed, when two officers have agreed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.committed import answer_committed
from evidence_kit.cli.evidence_keys import identities
from evidence_kit.cli.options import (
    AuthorityOption,
    CaseOption,
    JsonOption,
    KeyOption,
    KeyPassphraseOption,
    PassphraseOption,
    PlaceOption,
)
from evidence_kit.cli.output import say
from evidence_kit.cli.run import PASSPHRASE_VARIABLE, Run
from evidence_kit.display import visible
from evidence_kit.errors import UsageError
from evidence_kit.home import HOME_VARIABLE

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder, Committed
    from evidence_kit.case.unsealing import OpenedFile
    from evidence_kit.custody.custodian import Custodian


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("unseal")(_unseal)


def _unseal(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="option.item")],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="option.unseal-reason")] = "",
    second: Annotated[str, typer.Option("--second", metavar="OFFICER", help="option.unseal-second")] = "",
    output: Annotated[Path | None, typer.Option("--output", metavar="DIR", help="option.unseal-output")] = None,
    key: KeyOption = None,
    key_passphrase_file: KeyPassphraseOption = None,
    agree: Annotated[bool, typer.Option("--agree", help="option.unseal-agree")] = False,
    second_home: Annotated[Path | None, typer.Option("--second-home", metavar="DIR", help="option.second-home")] = None,
    second_passphrase_file: Annotated[
        Path | None, typer.Option("--second-passphrase-file", metavar="FILE", help="option.second-passphrase-file")
    ] = None,
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.unsealing import (
        approve,
        awaiting,
        open_request,
        read_register,
        refuse_place,
        request,
        unseal,
    )

    run = Run.of(ctx)
    folder = run.case(case)
    read_register(folder, item)
    custodian = run.custodian(run.settings(), passphrase_file, authority=authority, place=place)
    if agree:
        committed = [approve(folder, awaiting(folder, item, custodian), custodian)]
        answer_committed(run, folder, committed, command="unseal", json=json, more={"item": item, "state": "agreed"})
        return
    if not reason.strip() or not second.strip():
        raise UsageError("unsealing needs a reason and a second officer", hint="say --reason TEXT --second NAME")
    if output is not None:
        refuse_place(folder, output)
    committed, found = [], open_request(folder, item, custodian, second=second.strip())
    if second_home is not None:
        other = _second(run, second_home, second_passphrase_file)
    if found is None:
        committed.append(request(folder, item, custodian, reason=reason.strip(), second=second.strip()))
    if second_home is not None and (found is None or found.approved is None):
        committed.append(approve(folder, awaiting(folder, item, other), other))
    found = open_request(folder, item, custodian, second=second.strip())
    if found is None or found.approved is None:
        _tell_waiting(run, folder, committed, item, second, json=json)
        return
    if output is None:
        raise UsageError("say where to write what is unsealed", hint="--output names a new folder outside of the case")
    keys = identities(run, key, key_passphrase_file)
    opened_event, opened = unseal(folder, found, custodian, identities=keys, output=output)
    if not json:
        _tell_opened(run, output, opened)
    more: dict[str, Json] = {"item": item, "state": "opened", "files": [_file_json(each) for each in opened]}
    answer_committed(run, folder, [*committed, opened_event], command="unseal", json=json, more=more)


def _second(run: Run, home: Path, passphrase_file: Path | None) -> "Custodian":
    """Return the second officer, with the key of the settings folder *home*."""
    environ = {name: value for name, value in run.environ.items() if name != PASSPHRASE_VARIABLE}
    other = Run(texts=run.texts, environ={**environ, HOME_VARIABLE: str(home)})
    return other.custodian(other.settings(), passphrase_file)


def _tell_waiting(
    run: Run, case: "CaseFolder", committed: "list[Committed]", item: str, second: str, *, json: bool
) -> None:
    if not json:
        say(run.texts.say("unseal.waiting", second=visible(second), item=item))
    more: dict[str, Json] = {"item": item, "state": "waiting"}
    answer_committed(run, case, committed, command="unseal", json=json, more=more, code=4)


def _tell_opened(run: Run, output: Path, opened: "list[OpenedFile]") -> None:
    say(run.texts.say("unseal.opened", path=visible(str(output))))
    for each in opened:
        told = each.particulars
        say(f"  {each.path.name}  {told.size} B  SHA-256 {told.sha256.hex}")
        say(f"    {run.texts.say('unseal.name', name=visible(told.name))}")
    say(run.texts.say("unseal.remove"))


def _file_json(opened: "OpenedFile") -> Json:
    told = opened.particulars
    return {
        "path": str(opened.path),
        "sealed": told.path,
        "name": told.name,
        "bytes": told.size,
        "sha256": told.sha256.hex,
    }
