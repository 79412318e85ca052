"""What commands answer that only append events: the events as stored, the head, and time stamps still to be fetched."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.case import describe_case, pending, signed_for_practice, tell_unstamped
from evidence_kit.cli.events import event_table, stored_events
from evidence_kit.cli.hand_overs import remarks, tell_open
from evidence_kit.cli.output import emit, say

if TYPE_CHECKING:
    from evidence_kit.case.folder import CaseFolder, Committed
    from evidence_kit.cli.run import Run


def answer_committed(  # what was done, where, and how to say it
    run: "Run",
    case: "CaseFolder",
    committed: "Sequence[Committed]",
    *,
    command: str,
    json: bool,
    more: Mapping[str, Json] = MappingProxyType({}),
    code: int = 0,
) -> None:
    """Stamp the head, tell what was *committed* and end the command: with *code*, or 4 if a stamp is pending."""
    from evidence_kit.case.stamping import stamp_head

    unstamped = stamp_head(case, run.stamping(run.settings()))
    log = case.log()
    numbers = {done.seq for done in committed}
    events = [event for event in log.full_events() if event.seq in numbers]
    practice = signed_for_practice(events)
    if json:
        stored: list[Json] = [event for event in stored_events(case) if event.get("seq") in numbers]
        document: dict[str, Json] = {
            "schema": f"evidence-kit/{command}/1",
            "practice": practice,
            "signer_trust": run.signer_trust(),
            "case": describe_case(case),
            "events": stored,
            "head": str(log.head),
            "problems": pending(unstamped),
        }
        emit({**document, **more})
    else:
        run.say_practice(practice=practice)
        say(event_table(run.texts, events, remarks(run.texts, log)))
        tell_open(run.texts, [given for given in log.transfers.open() if given.released.seq in numbers])
        say(f"{run.texts.say('custody.head')}: {log.head}")
        tell_unstamped(run.texts, unstamped)
    raise typer.Exit(code or (4 if unstamped else 0))
