"""``custody add``: what people note by hand."""

from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.committed import answer_committed
from evidence_kit.cli.moments import read_moment
from evidence_kit.cli.options import (
    AuthorityOption,
    CaseOption,
    JsonOption,
    NoteOption,
    PassphraseOption,
    PlaceOption,
    PurposeOption,
)
from evidence_kit.cli.run import Run
from evidence_kit.errors import UsageError
from evidence_kit.models import utc_text

if TYPE_CHECKING:
    from evidence_kit.custody.events import EventType


def register(group: typer.Typer) -> None:
    """Add the command to the group ``custody``."""
    group.command("add")(_add)


def _add(  # each is one field of the event
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="option.event-type")] = "",
    items: Annotated[list[str] | None, typer.Argument(metavar="ITEM…", help="option.event-items")] = None,
    *,
    corrects: Annotated[int | None, typer.Option("--corrects", metavar="N", help="option.corrects")] = None,
    purpose: PurposeOption = "",
    authority: AuthorityOption = "",
    place: PlaceOption = "",
    note: NoteOption = "",
    origin: Annotated[str, typer.Option("--from", metavar="TEXT", help="option.from-place")] = "",
    party: Annotated[str, typer.Option("--party", metavar="TEXT", help="option.party")] = "",
    witness: Annotated[str, typer.Option("--witness", metavar="TEXT", help="option.custody-witness")] = "",
    condition: Annotated[str, typer.Option("--condition", metavar="TEXT", help="option.condition")] = "",
    seal_number: Annotated[str, typer.Option("--seal-number", metavar="TEXT", help="option.seal-number")] = "",
    method: Annotated[str, typer.Option("--method", metavar="TEXT", help="option.method")] = "",
    address: Annotated[str, typer.Option("--address", metavar="TEXT", help="option.noted-address")] = "",
    seen: Annotated[str, typer.Option("--seen", metavar="TIME", help="option.seen")] = "",
    change: Annotated[str, typer.Option("--change", metavar="TEXT", help="option.change")] = "",
    case: CaseOption = None,
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.noting import correction, note_events
    from evidence_kit.custody.events import Draft

    run = Run.of(ctx)
    folder, settings = run.case(case), run.settings()
    custodian = run.custodian(settings, passphrase_file, purpose=purpose, authority=authority, place=place)
    said = {
        "from": origin,
        "party": party,
        "witness": witness,
        "condition": condition,
        "seal_number": seal_number,
        "method": method,
        "change": change,
        "address": address,
        "seen": utc_text(read_moment(seen, "--seen", now=run.clock())) if seen else "",
    }
    detail: dict[str, Json] = {name: value.strip() for name, value in said.items() if value.strip()}
    draft = Draft(type=_by_hand(kind, corrects), note=note.strip(), detail=detail)
    about = tuple(dict.fromkeys(items or ()))
    if corrects is not None:
        draft, about = correction(folder, corrects, draft)
    committed = note_events(folder, draft, about, custodian)
    answer_committed(run, folder, committed, command="custody-add", json=json)


def _by_hand(kind: str, corrects: int | None) -> "EventType":
    """Return the type that was named; raises `UsageError` for one that only a command of its own writes."""
    from evidence_kit.custody.events import EventType
    from evidence_kit.custody.requirements import BY_HAND

    named = kind or (EventType.CORRECTED if corrects is not None else "")
    if named not in BY_HAND:
        raise UsageError(f"not a type that is noted by hand: {named!r}", hint=f"one of: {', '.join(BY_HAND)}")
    if (named == EventType.CORRECTED) != (corrects is not None):
        raise UsageError(
            "a correction names the event that it corrects, and nothing else does",
            hint="say: evidence-kit custody add --corrects N --note TEXT",
        )
    return EventType(named)
