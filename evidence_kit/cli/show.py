"""``show``: everything known of one item."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.case import describe_case, signed_for_practice
from evidence_kit.cli.corroborate import corroboration_of, say_corroboration
from evidence_kit.cli.events import event_table, stored_events
from evidence_kit.cli.evidence_keys import identities
from evidence_kit.cli.facts import (
    archives_of,
    conversation_findings_of,
    conversations_of,
    facts_of,
    messages_of,
    say_archives,
    say_conversations,
    say_facts,
    say_messages,
)
from evidence_kit.cli.hand_overs import custody_of, remarks, tell_open
from evidence_kit.cli.items import abandoned, item_text, what_is_it
from evidence_kit.cli.options import CaseOption, JsonOption, KeyOption, KeyPassphraseOption
from evidence_kit.cli.output import emit, rows, say
from evidence_kit.cli.run import Run
from evidence_kit.cli.sealed import refuse_content
from evidence_kit.cli.supplied import duplicates_of, status_text, supply_of
from evidence_kit.display import visible
from evidence_kit.errors import CaseError, FormatError, UsageError
from evidence_kit.models import utc_text
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from evidence_kit.case.folder import CaseFolder
    from evidence_kit.case.items import Attempt
    from evidence_kit.case.opened import OpenItems
    from evidence_kit.custody.chain import LogFindings

_CAPTURED, _SUPPLIED = "captured", "supplied"


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("show")(_show)


def _show(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="option.item")],
    *,
    facts: Annotated[bool, typer.Option("--facts", help="option.facts")] = False,
    places: Annotated[bool, typer.Option("--places", help="option.places")] = False,
    messages: Annotated[str, typer.Option("--messages", metavar="N-M", help="option.messages")] = "",
    conversation: Annotated[int, typer.Option("--conversation", metavar="N", min=1, help="option.conversation")] = 1,
    key: KeyOption = None,
    key_passphrase_file: KeyPassphraseOption = None,
    case: CaseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.opened import OpenItems

    run = Run.of(ctx)
    folder = run.case(case)
    run.flush(folder)
    asked = _Asked(facts=facts, places=places, messages=messages, conversation=conversation, json=json)
    with OpenItems(folder.path / "items", identities(run, key, key_passphrase_file)) as items:
        _tell(run, folder, item, asked, items)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    facts: bool
    places: bool
    messages: str
    conversation: int
    json: bool

    @property
    def content(self) -> bool:
        """Whether content alone answers it."""
        return self.facts or self.places or bool(self.messages)


def _tell(run: Run, folder: "CaseFolder", item: str, asked: _Asked, items: "OpenItems") -> None:
    from evidence_kit.case.items import attempts
    from evidence_kit.case.stamping import first_stamps, head_tokens
    from evidence_kit.custody.subjects import subjects_of

    log = folder.log()
    events = log.full_events()
    attempt = next((attempt for attempt in attempts(events) if attempt.item == item), None)
    if attempt is None:
        raise CaseError(f"the case has no item {item!r}", hint="evidence-kit list shows the items")
    subjects = subjects_of(events).get(item, ())
    supplied = _readable(attempt, asked)
    place, locked = _place(folder, attempt, asked, items)
    described = _described(run, folder, log, attempt, subjects, place) if attempt.finished_seq else {}
    if supplied:
        described |= _found(place, asked)
    if attempt.finished_seq and items.encrypted(item):
        described["encrypted"] = {"opened": not locked}
    practice = signed_for_practice(events)
    if asked.json:
        stored = [event for event in stored_events(folder) if event.get("item") == item]
        whole: dict[str, Json] = {**(described or abandoned(attempt, subjects)), "events": [*stored]}
        document: dict[str, Json] = {
            "schema": "evidence-kit/show/1",
            "practice": practice,
            "signer_trust": run.signer_trust(),
            "case": describe_case(folder),
            "items": [whole] if described else [],
            "abandoned": [] if described else [whole],
        }
        emit(document)
        return
    run.say_practice(practice=practice)
    if asked.messages:
        say_messages(run.texts, place, asked.messages, asked.conversation)
        return
    say(item_text(run.texts, described) if described else _abandoned_text(run.texts, attempt, subjects))
    if attempt.sealed or locked:
        say(f"  {run.texts.say('show.sealed' if attempt.sealed else 'show.encrypted', item=item)}")
    if supplied:
        say_facts(run.texts, place, whole=asked.facts or asked.places, places=asked.places)
        say_conversations(run.texts, place)
        say_archives(run.texts, place, whole=asked.facts or asked.places)
    say_corroboration(run.texts, described.get("corroboration"))
    say()
    stamps = first_stamps([(token.seq, token.time) for token in head_tokens(folder, log.links)], len(log.events))
    say(event_table(run.texts, [each for each in events if each.item == item], remarks(run.texts, log), stamps))
    tell_open(run.texts, [given for given in log.transfers.open() if given.item == item])


def _readable(attempt: "Attempt", asked: _Asked) -> bool:
    """Return whether the item has content that was handed over; raises `UsageError` where that was *asked* in vain."""
    supplied = attempt.finished_seq is not None and attempt.source == _SUPPLIED and not attempt.sealed
    if attempt.sealed and asked.content:
        refuse_content(attempt.item)
    if not supplied and asked.content:
        message = f"{attempt.item} holds nothing that was handed over"
        raise UsageError(message, hint="leave out --facts, --places and --messages")
    return supplied


def _place(case: "CaseFolder", attempt: "Attempt", asked: _Asked, items: "OpenItems") -> tuple["Path", bool]:
    """Return where the files of an item are read, and whether its content is encrypted and cannot be.

    Raises `CaseError` where only content would answer what was *asked*.
    """
    if attempt.finished_seq is None:
        return case.path / "items" / attempt.item, False
    try:
        return items.folder(attempt.item, without={"original", "screenshot", "dom"}), False
    except CaseError:
        if asked.content or not items.encrypted(attempt.item):
            raise
        return case.path / "items" / attempt.item, True


def _described(  # noqa: PLR0917  # of what, and from what
    run: Run, case: "CaseFolder", log: "LogFindings", attempt: "Attempt", subjects: Sequence[str], place: "Path"
) -> dict[str, Json]:
    """Return the ``items[]`` member of a committed item, with its record and whatever its own files tell."""
    from evidence_kit.case.describe import describe_item
    from evidence_kit.case.items import read_item
    from evidence_kit.case.stamping import head_tokens

    seq = attempt.finished_seq or 0
    tokens = head_tokens(case, log.links, since=seq)
    asked = bool(run.settings().tsa)
    found = describe_item(case, attempt.item, seq=seq, tokens=tokens, stamping_asked=asked, subjects=subjects)
    found["record"] = read_item(case, attempt.item)
    found |= custody_of(log, attempt.item)
    if attempt.sealed:
        return found
    if attempt.source == _CAPTURED:
        return {**found, "server_date": _server_date(place)}
    if attempt.source != _SUPPLIED:
        return {**found, "corroboration": corroboration_of(place)}
    return {**found, "supply": supply_of(place), "duplicates": duplicates_of(case).get(attempt.item, [])}


def _found(place: "Path", asked: _Asked) -> dict[str, Json]:
    """Return what was found in the files that were handed over."""
    found: dict[str, Json] = {
        "facts": [each.to_json() for each in facts_of(place, places=asked.places)],
        "conversations": [*conversations_of(place)],
        "conversation_findings": [*conversation_findings_of(place)],
        "archives": [*archives_of(place)],
    }
    if asked.messages:
        found["messages"] = [each.to_json() for each in messages_of(place, asked.messages, asked.conversation)]
    return found


def _server_date(folder: "Path") -> str | None:
    """Return the Date header of the page's document, which the server claims."""
    from evidence_kit import canonical

    try:
        page = canonical.parse((folder / "page.json").read_bytes())
    except (OSError, FormatError):
        return None
    match page:
        case {"page": {"server": {"date": str(date)}}}:
            return date
    return None


def _abandoned_text(texts: Texts, attempt: "Attempt", subjects: Sequence[str]) -> str:
    what = visible(attempt.url) or what_is_it(texts, attempt)
    pairs = [
        (texts.say("items.status"), status_text(texts, attempt.source, "abandoned", sealed=attempt.sealed)),
        (texts.say("items.url"), what),
        (texts.say("items.started"), utc_text(attempt.started)),
        *([(texts.say("items.subjects"), ", ".join(subjects))] if subjects else []),
    ]
    return f"{attempt.item}\n{rows(pairs)}"
