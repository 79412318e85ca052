"""``seal``: encrypt an item that the case has to those it is sealed to, and remove it in plain."""

from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.committed import answer_committed
from evidence_kit.cli.options import (
    AuthorityOption,
    CaseOption,
    JsonOption,
    NoteOption,
    PassphraseOption,
    PlaceOption,
)
from evidence_kit.cli.output import say
from evidence_kit.cli.run import Run
from evidence_kit.errors import UsageError

if TYPE_CHECKING:
    from evidence_kit.case.sealing import ItemSealed


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("seal")(_seal)


def _seal(  # each is one option
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="option.item")],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="option.seal-reason")] = "",
    note: NoteOption = "",
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.sealing import seal_item

    run = Run.of(ctx)
    folder = run.case(case)
    if not reason.strip():
        raise UsageError("sealing needs a reason, which stands in the custody log", hint="say --reason TEXT")
    custodian = run.custodian(run.settings(), passphrase_file, authority=authority, place=place)
    done = seal_item(folder, item, custodian, reason=reason.strip(), note=note, on_step=run.progress())
    if not json:
        _tell(run, item, done)
    more: dict[str, Json] = {
        "item": item,
        "files": done.files,
        "bytes": done.size,
        "elsewhere": [{"seq": event.seq, "type": event.type} for event in done.elsewhere],
    }
    answer_committed(run, folder, [done.committed], command="seal", json=json, more=more)


def _tell(run: Run, item: str, done: "ItemSealed") -> None:
    say(run.texts.say("seal.done", item=item, files=done.files))
    say(run.texts.say("seal.not-erased"))
    if done.elsewhere:
        events = ", ".join(f"{event.seq} ({run.texts.word('events', event.type)})" for event in done.elsewhere)
        say(run.texts.say("seal.elsewhere", events=events))
