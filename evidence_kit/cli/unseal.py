"""``unseal``: open what was sealed, when two officers have agreed."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    from evidence_kit.custody.unsealing import Unsealing
    from evidence_kit.trust.age import Identity


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
    from evidence_kit.case.unsealing import approve, awaiting, read_register

    run = Run.of(ctx)
    folder = run.case(case)
    read_register(folder, item)
    settings = run.settings()
    custodian = run.custodian(settings, passphrase_file, authority=authority, place=place)
    if agree:
        committed = [approve(folder, awaiting(folder, item, custodian), custodian)]
        answer_committed(run, folder, committed, command="unseal", json=json, more={"item": item, "state": "agreed"})
        return
    settings.want_right_to_seal()
    if not reason.strip() or not second.strip():
        raise UsageError("unsealing needs a reason and a second officer", hint="say --reason TEXT --second NAME")
    other = _second(run, second_home, second_passphrase_file) if second_home else None
    asking = Asking(run=run, case=folder, item=item, custodian=custodian, second=second.strip(), json=json)
    keys = identities(run, key, key_passphrase_file)
    asking.go_on(reason.strip(), other=other, output=output, keys=keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One officer who asks to unseal an item."""

    run: Run
    case: "CaseFolder"
    item: str
    custodian: "Custodian"
    second: str
    json: bool

    def go_on(self, reason: str, *, other: "Custodian | None", output: Path | None, keys: "Sequence[Identity]") -> None:
        """Ask, have *other* agree if there is one here, and open what was agreed to."""
        from evidence_kit.case.unsealing import approve, awaiting, refuse_place, request

        if output is not None:
            refuse_place(self.case, output)
        committed = []
        found = self._request()
        if found is None:
            committed.append(request(self.case, self.item, self.custodian, reason=reason, second=self.second))
        if other is not None and (found is None or found.approved is None):
            committed.append(approve(self.case, awaiting(self.case, self.item, other), other))
        found = self._request()
        if found is None or found.approved is None:
            self._tell_waiting(committed, found)
        else:
            self._open(found, committed, output, keys)

    def _request(self) -> "Unsealing | None":
        from evidence_kit.case.unsealing import open_request

        return open_request(self.case, self.item, self.custodian, second=self.second)

    def _tell_waiting(self, committed: "list[Committed]", found: "Unsealing | None") -> None:
        from evidence_kit.case.folder import Committed

        if found is not None and not committed:
            committed = [Committed(seq=found.requested.seq, head=found.link, item=self.item)]
        if not self.json:
            say(self.run.texts.say("unseal.waiting", second=visible(self.second), item=self.item))
        self._answer(committed, {"state": "waiting"}, code=4)

    def _open(
        self, found: "Unsealing", committed: "list[Committed]", output: Path | None, keys: "Sequence[Identity]"
    ) -> None:
        from evidence_kit.case.unsealing import unseal

        if output is None:
            hint = "--output names a new folder outside of the case"
            raise UsageError("say where to write what is unsealed", hint=hint)
        if not keys:
            raise UsageError("unsealing needs the key of a recipient", hint="--key names the file of the key")
        event, opened = unseal(self.case, found, self.custodian, identities=keys, output=output)
        if not self.json:
            _tell_opened(self.run, output, opened)
        files: list[Json] = [_file_json(each) for each in opened]
        self._answer([*committed, event], {"state": "opened", "files": files})

    def _answer(self, committed: "list[Committed]", more: dict[str, Json], *, code: int = 0) -> None:
        more = {"item": self.item, **more}
        answer_committed(self.run, self.case, committed, command="unseal", json=self.json, more=more, code=code)


def _second(run: Run, home: Path, passphrase_file: Path | None) -> "Custodian":
    """Return the second officer, with the key of the settings folder *home*."""
    environ = {name: value for name, value in run.environ.items() if name != PASSPHRASE_VARIABLE}
    other = Run(texts=run.texts, environ={**environ, HOME_VARIABLE: str(home)})
    return other.custodian(other.settings(), passphrase_file)


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
