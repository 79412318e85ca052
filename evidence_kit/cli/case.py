"""``case new`` and ``case show``."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.hand_overs import tell_open
from evidence_kit.cli.options import (
    CaseOption,
    JsonOption,
    OneRecipientOption,
    PassphraseOption,
    PlaceOption,
    PurposeOption,
)
from evidence_kit.cli.output import emit, rows, say
from evidence_kit.cli.recipients import case_recipients, first_recipients, recipient_text
from evidence_kit.cli.run import Run
from evidence_kit.cli.supplied import status_text
from evidence_kit.cli.synced import want_unsynced
from evidence_kit.display import visible
from evidence_kit.errors import UsageError
from evidence_kit.models import utc_text
from evidence_kit.texts import Language, Texts

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.custody.custodian import Custodian
    from evidence_kit.custody.events import Draft, Event


def register(root: typer.Typer) -> None:
    """Add the group and its commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("new")(_new)
    group.command("show")(_show)
    root.add_typer(group, name="case")


def _new(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="option.case-folder")],
    *,
    number: Annotated[str | None, typer.Option("--number", metavar="N", help="option.number")] = None,
    title: Annotated[str, typer.Option("--title", metavar="T", help="option.title")],
    legal_basis: Annotated[str, typer.Option("--legal-basis", metavar="TEXT", help="option.legal-basis")] = "",
    language: Annotated[Language | None, typer.Option("--language", help="option.case-language")] = None,
    encrypt_to: Annotated[
        list[str] | None, typer.Option("--encrypt-to", metavar="RECIPIENT", help="option.encrypt-to")
    ] = None,
    seal_to: Annotated[list[str] | None, typer.Option("--seal-to", metavar="RECIPIENT", help="option.seal-to")] = None,
    one_recipient: OneRecipientOption = False,
    allow_synced: Annotated[bool, typer.Option("--allow-synced-folder", help="option.allow-synced-folder")] = False,
    purpose: PurposeOption = "",
    place: PlaceOption = "",
    passphrase_file: PassphraseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.stamping import stamp_head

    run = Run.of(ctx)
    settings = run.settings()
    synced = want_unsynced(run, folder, allowed=allow_synced)
    custodian = run.custodian(settings, passphrase_file, purpose=purpose, place=place)
    practice = custodian.signer.practice
    chosen = language or settings.language or run.texts.language
    recipients = first_recipients(encrypt_to, seal_to, alone=one_recipient)
    _refuse_empty(number=number, title=title)
    with _numbered(folder, custodian, number) as taken:
        case = open_case(
            folder,
            custodian,
            number=taken,
            title=title,
            legal_basis=legal_basis,
            language=str(chosen),
            recipients=recipients,
            synced=synced,
        )
    unstamped = stamp_head(case, run.stamping(settings))
    if json:
        problems = pending(unstamped)
        emit(
            {
                "schema": "evidence-kit/case-new/1",
                "practice": practice,
                "signer_trust": run.signer_trust(),
                "case": describe_case(case),
                "problems": problems,
            }
        )
    else:
        run.say_practice(practice=practice)
        say(run.texts.say("case.opened", path=case.path))
        say(rows(_named(run.texts, case)))
        tell_unstamped(run.texts, unstamped)
    raise typer.Exit(4 if unstamped else 0)


def open_case(  # each is one fact of the case
    folder: Path,
    custodian: "Custodian",
    *,
    number: str,
    title: str,
    legal_basis: str = "",
    language: str,
    recipients: "Sequence[Draft]" = (),
    synced: str = "",
) -> "CaseFolder":
    """Create a case; raises `UsageError` for an empty number or title, `CaseError` for a folder that is taken."""
    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.case.info import CaseInfo

    _refuse_empty(number=number, title=title)
    info = CaseInfo(
        number=number.strip(),
        title=title.strip(),
        office=custodian.officer.agency,
        legal_basis=legal_basis.strip(),
        language=language,
        created=custodian.clock(),
    )
    return CaseFolder.create(folder.absolute(), info, custodian, more=recipients, synced=synced)


def _refuse_empty(*, number: str | None, title: str) -> None:
    for option, value in (("--number", number), ("--title", title)):
        if value is not None and not value.strip():
            raise UsageError(f"{option} is empty")


def _numbered(folder: Path, custodian: "Custodian", number: str | None) -> AbstractContextManager[str]:
    """Return what gives the case its number: drawn from the register of the folder above, or written down there."""
    from evidence_kit.case.register import REGISTER, registered

    vault = folder.absolute().parent
    if number is not None and not (vault / REGISTER).exists():
        return nullcontext(number)
    vault.mkdir(parents=True, exist_ok=True)
    return registered(vault, custodian, number=number.strip() if number else None)


def _show(ctx: typer.Context, *, case: CaseOption = None, json: JsonOption = False) -> None:
    from evidence_kit.case.items import attempts
    from evidence_kit.case.stamping import head_tokens

    run = Run.of(ctx)
    folder = run.case(case)
    run.flush(folder)
    log = folder.log()
    events = log.full_events()
    tried = attempts(events)
    outcomes = Counter(attempt.outcome for attempt in tried)
    tokens = head_tokens(folder, log.links)
    on_the_way = log.transfers.open()
    if json:
        counts: dict[str, Json] = {
            outcome: outcomes[outcome] for outcome in ("complete", "incomplete", "failed", "abandoned")
        }
        last = utc_text(tokens[-1].time) if tokens else None
        case_json: dict[str, Json] = {
            **describe_case(folder),
            "events": len(log.events),
            "head": str(log.head),
            "items": counts,
            "stamped": last,
            "open_transfers": [given.to_json() for given in on_the_way],
        }
        practice = signed_for_practice(events)
        schema = "evidence-kit/case-show/1"
        emit({"schema": schema, "practice": practice, "signer_trust": run.signer_trust(), "case": case_json})
        return
    texts = run.texts
    run.say_practice(practice=signed_for_practice(events))
    pairs = _named(texts, folder)
    words = (status_text(texts, each.source, each.outcome, sealed=each.sealed) for each in tried)
    pairs += [(word, str(count)) for word, count in Counter(words).items()]
    pairs.append((texts.say("case.events"), str(len(log.events))))
    pairs.append((texts.say("custody.head"), str(log.head)))
    pairs.append((texts.say("case.stamped"), utc_text(tokens[-1].time) if tokens else texts.say("common.none")))
    say(rows(pairs))
    tell_open(texts, on_the_way)


def describe_case(case: "CaseFolder") -> dict[str, Json]:
    """Return the ``case`` member of results."""
    about = {key: value for key, value in case.info.to_json().items() if key != "schema"}
    recipients: list[Json] = [each.to_json() for each in case_recipients(case)]
    return {"path": str(case.path), **about, "recipients": recipients}


def signed_for_practice(events: "list[Event]") -> bool:
    """Whether any event was signed with a practice key, as the events themselves say."""
    return any(event.actor.get("practice") is True for event in events)


def pending(unstamped: Iterable[str]) -> list[Json]:
    """Return the ``problems`` member for time stamps that could not be had."""
    return [{"code": "time-stamp-pending", "detail": detail} for detail in unstamped]


def tell_unstamped(texts: Texts, problems: Iterable[str]) -> None:
    """Say which time stamps are still to be fetched, and how."""
    details = list(problems)
    for detail in details:
        say(texts.say("stamp.pending", problem=detail))
    if details:
        say(texts.say("stamp.later"))


def _named(texts: Texts, case: "CaseFolder") -> list[tuple[str, str]]:
    info = case.info
    pairs = [
        (texts.say("case.path"), str(case.path)),
        (texts.say("case.number"), info.number),
        (texts.say("case.title"), info.title),
    ]
    pairs += [(texts.say("case.office"), info.office), (texts.say("case.legal-basis"), info.legal_basis)]
    pairs.append((texts.say("case.created"), utc_text(info.created)))
    pairs += [(texts.say("case.recipient"), recipient_text(texts, each)) for each in case_recipients(case)]
    return [(name, visible(value)) for name, value in pairs if value]
