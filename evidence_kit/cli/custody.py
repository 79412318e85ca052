"""``custody log`` and ``timestamp``: the chain of custody, and the time stamps over it."""

from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli import custody_add, custody_keys, custody_transfer, receipt
from evidence_kit.cli.case import describe_case, pending, signed_for_practice, tell_unstamped
from evidence_kit.cli.events import event_table, event_times, stamp_of, stored_events
from evidence_kit.cli.hand_overs import corrections, remarks, tell_open
from evidence_kit.cli.options import CaseOption, JsonOption
from evidence_kit.cli.output import emit, say, table
from evidence_kit.cli.run import Run
from evidence_kit.display import visible
from evidence_kit.errors import SettingsError, UsageError
from evidence_kit.models import Check, utc_text
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from evidence_kit.case.stamping import HeadToken


def register(root: typer.Typer) -> None:
    """Add the group and the command beside it."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("log")(_log)
    for module in (custody_add, custody_transfer, custody_keys, receipt):
        module.register(group)
    root.add_typer(group, name="custody")
    root.command("timestamp")(_timestamp)


def _log(ctx: typer.Context, *, case: CaseOption = None, json: JsonOption = False) -> None:
    from evidence_kit.case.stamping import claimed_only, first_stamps, head_tokens

    run = Run.of(ctx)
    folder = run.case(case)
    run.flush(folder)
    log = folder.log()
    tokens = head_tokens(folder, log.links)
    stamps = first_stamps([(token.seq, token.time) for token in tokens], len(log.events))
    practice = signed_for_practice(log.full_events())
    if json:
        document: dict[str, Json] = {
            "schema": "evidence-kit/custody-log/1",
            "practice": practice,
            "signer_trust": run.signer_trust(),
            "case": describe_case(folder),
            "head": str(log.head),
            "events": [*stored_events(folder)],
            "corrections": corrections(log),
            "transfers": [given.to_json() for given in log.transfers.hand_overs.values()],
            "times": event_times(log.full_events(), stamps),
            "problems": [problem.to_json() for problem in log.problems],
        }
        emit(document)
    else:
        run.say_practice(practice=practice)
        say(event_table(run.texts, log.events, remarks(run.texts, log), stamps))
        tell_open(run.texts, log.transfers.open())
        gaps = [event.seq for event in log.full_events() if claimed_only(event.time, stamp_of(stamps, event.seq))]
        if gaps:
            say(run.texts.say("custody.claimed-only", events=_ranges(gaps)))
        say(f"{run.texts.say('custody.head')}: {log.head}")
        _tell_problems(run.texts, log.problems)
    # A log that does not hold together is evidence that does not match its record.
    raise typer.Exit(3 if log.problems else 0)


def _ranges(numbers: list[int]) -> str:
    """Return rising *numbers* as people write them: ``1–3, 7``."""
    known = set(numbers)
    starts, ends = ([n for n in numbers if n + step not in known] for step in (-1, 1))
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in zip(starts, ends, strict=True))


def _tell_problems(texts: Texts, problems: list[Check]) -> None:
    if not problems:
        say(texts.say("custody.holds"))
        return
    say(texts.say("custody.broken"))
    for problem in problems:
        title = texts.word("check", problem.id, problem.title)
        say(f"  - {visible(problem.subject)}: {title}: {visible(problem.detail)}")


def _timestamp(
    ctx: typer.Context,
    *,
    missing: Annotated[bool, typer.Option("--pending", help="option.pending")] = False,
    case: CaseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.stamping import head_tokens, stamp_head

    run = Run.of(ctx)
    if not missing:
        raise UsageError("timestamp does not know what to stamp", hint="say: evidence-kit timestamp --pending")
    folder = run.case(case)
    stamping = run.stamping(run.settings())
    if not stamping.tsa:
        raise SettingsError("no time-stamping authority is set up", hint="run: evidence-kit setup --tsa URL")
    folder.repair()
    unstamped = stamp_head(folder, stamping, insist=True)
    log = folder.log()
    tokens = head_tokens(folder, log.links)
    practice = signed_for_practice(log.full_events())
    if json:
        document: dict[str, Json] = {
            "schema": "evidence-kit/timestamp/1",
            "practice": practice,
            "signer_trust": run.signer_trust(),
            "case": describe_case(folder),
            "tokens": [_token(token) for token in tokens],
            "problems": pending(unstamped),
        }
        emit(document)
    else:
        run.say_practice(practice=practice)
        _tell_tokens(run.texts, tokens)
        tell_unstamped(run.texts, unstamped)
    raise typer.Exit(4 if unstamped else 0)


def _token(token: "HeadToken") -> dict[str, Json]:
    return {
        "seq": token.seq,
        "time": utc_text(token.time),
        "authority": token.authority.subject,
        "path": f"seals/{token.path}",
    }


def _tell_tokens(texts: Texts, tokens: "list[HeadToken]") -> None:
    header = [texts.say(f"stamp.column-{name}") for name in ("seq", "time", "authority", "path")]
    lines = [
        [str(token.seq), utc_text(token.time)[:19] + "Z", visible(token.authority.subject), f"seals/{token.path}"]
        for token in tokens
    ]
    say(table(header, lines))
