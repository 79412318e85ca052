"""``list`` and ``show``: what a case holds, and everything known of one item."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.case import describe_case, signed_for_practice
from evidence_kit.cli.events import event_table, stored_events
from evidence_kit.cli.hand_overs import custody_of, remarks, tell_open
from evidence_kit.cli.options import CaseOption, JsonOption
from evidence_kit.cli.output import emit, rows, say, table
from evidence_kit.cli.run import Run
from evidence_kit.cli.supplied import (
    duplicates_of,
    left_out_lines,
    names_of,
    same_bytes_lines,
    status_text,
    supply_of,
    supply_pairs,
)
from evidence_kit.display import shorten, visible
from evidence_kit.errors import CaseError, FormatError
from evidence_kit.models import utc_text
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from evidence_kit.case.items import Attempt

CAPTURED = "captured"
_LINK = 60
_PAGE_KEYS = ("url", "final_url", "started", "finished")


def register(root: typer.Typer) -> None:
    """Add the commands."""
    root.command("list")(_list)
    root.command("show")(_show)


def _list(ctx: typer.Context, *, case: CaseOption = None, json: JsonOption = False) -> None:
    from evidence_kit.case.describe import describe_item
    from evidence_kit.case.items import attempts
    from evidence_kit.case.stamping import head_tokens
    from evidence_kit.custody.subjects import subjects_of

    run = Run.of(ctx)
    folder = run.case(case)
    run.flush(folder)
    log = folder.log()
    events = log.full_events()
    tried = attempts(events)
    subjects = subjects_of(events)
    practice = signed_for_practice(events)
    if json:
        asked = bool(run.settings().tsa)
        tokens = head_tokens(folder, log.links)
        items: list[Json] = [
            {
                **describe_item(
                    folder,
                    attempt.item,
                    seq=attempt.finished_seq,
                    tokens=tokens,
                    stamping_asked=asked,
                    subjects=subjects.get(attempt.item, ()),
                ),
                **custody_of(log, attempt.item),
            }
            for attempt in tried
            if attempt.finished_seq
        ]
        abandoned: list[Json] = [
            _abandoned(attempt, subjects.get(attempt.item, ())) for attempt in tried if not attempt.finished_seq
        ]
        document: dict[str, Json] = {
            "schema": "evidence-kit/list/1",
            "practice": practice,
            "signer_trust": run.signer_trust(),
            "case": describe_case(folder),
        }
        emit({**document, "items": items, "abandoned": abandoned})
        return
    texts = run.texts
    run.say_practice(practice=practice)
    if not tried:
        say(texts.say("items.none"))
        return
    concerned = ("subjects",) if subjects else ()
    columns = ("id", *concerned, "status", "http_status", "started", "url")
    header = [texts.say(f"items.{column}") for column in columns]
    lines = [
        [
            attempt.item,
            *(", ".join(subjects.get(attempt.item, ())) for _ in concerned),
            status_text(texts, attempt.source, attempt.outcome),
            http_status_text(attempt.http_status),
            utc_text(attempt.started)[:19] + "Z",
            shorten(attempt.url, _LINK) if attempt.url else texts.say("supplied.files", count=attempt.files),
        ]
        for attempt in tried
    ]
    say(table(header, lines))
    tell_open(texts, log.transfers.open())


def _show(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="option.item")],
    *,
    case: CaseOption = None,
    json: JsonOption = False,
) -> None:
    from evidence_kit.case.describe import describe_item
    from evidence_kit.case.items import attempts, read_item
    from evidence_kit.case.stamping import first_stamps, head_tokens
    from evidence_kit.custody.subjects import subjects_of

    run = Run.of(ctx)
    folder = run.case(case)
    run.flush(folder)
    log = folder.log()
    events = log.full_events()
    attempt = next((attempt for attempt in attempts(events) if attempt.item == item), None)
    if attempt is None:
        raise CaseError(f"the case has no item {item!r}", hint="evidence-kit list shows the items")
    subjects = subjects_of(events).get(item, ())
    described: dict[str, Json] = {}
    if attempt.finished_seq:
        tokens = head_tokens(folder, log.links, since=attempt.finished_seq)
        asked = bool(run.settings().tsa)
        described = describe_item(
            folder, item, seq=attempt.finished_seq, tokens=tokens, stamping_asked=asked, subjects=subjects
        )
        described["record"] = read_item(folder, item)
        described |= custody_of(log, item)
        if attempt.source == CAPTURED:
            described["server_date"] = _server_date(folder.path / "items" / item)
        else:
            described["supply"] = supply_of(folder.path / "items" / item)
            described["duplicates"] = duplicates_of(folder).get(item, [])
    stored = [event for event in stored_events(folder) if event.get("item") == item]
    practice = signed_for_practice(events)
    if json:
        document: dict[str, Json] = {
            "schema": "evidence-kit/show/1",
            "practice": practice,
            "signer_trust": run.signer_trust(),
            "case": describe_case(folder),
        }
        items: list[Json] = [{**described, "events": [*stored]}] if described else []
        abandoned: list[Json] = [] if described else [{**_abandoned(attempt, subjects), "events": [*stored]}]
        emit({**document, "items": items, "abandoned": abandoned})
        return
    run.say_practice(practice=practice)
    say(item_text(run.texts, described) if described else _abandoned_text(run.texts, attempt, subjects))
    say()
    about = [event for event in events if event.item == item]
    stamps = first_stamps([(token.seq, token.time) for token in head_tokens(folder, log.links)], len(log.events))
    say(event_table(run.texts, about, remarks(run.texts, log), stamps))
    tell_open(run.texts, [given for given in log.transfers.open() if given.item == item])


def item_text(texts: Texts, item: dict[str, Json], *, brief: bool = False) -> str:
    """Return what people read of one ``items[]`` member; if *brief*, its files are only counted."""
    pairs = [(texts.say("items.status"), status_text(texts, str(item["source"]), str(item["status"])))]
    pairs += _of_page(texts, item) if item["source"] == CAPTURED else supply_pairs(texts, item)
    concerned = item["subjects"]
    if isinstance(concerned, list) and concerned:
        pairs.append((texts.say("items.subjects"), ", ".join(map(str, concerned))))
    stamp = str(item["timestamp"])
    pairs.append((texts.say("items.timestamp"), texts.word("stamp-state", stamp)))
    match item.get("assembled"):
        case {"from": str(opened), "to": str(closed)}:
            times = texts.say("items.between", opened=opened, closed=closed)
            pairs.append((texts.say("items.assembled"), times))
    if "server_date" in item:
        pairs.append((texts.say("items.server-date"), visible(str(item["server_date"] or "–"))))
    pairs.append((texts.say("items.path"), str(item["path"])))
    pairs.append((texts.say("items.manifest"), str(item["manifest_sha256"])))
    if "holder" in item:
        pairs.append((texts.say("items.holder"), visible(str(item["holder"]))))
    files = _objects(item["files"])
    if brief:
        pairs.append((texts.say("items.files"), texts.say("items.files-in-show", count=len(files), item=item["id"])))
    names = names_of(item)
    lines = [f"{item['id']}", rows(pairs)]
    for file in () if brief else files:
        lines.append(f"  {texts.word('roles', str(file['role']))}: {file['path']} ({file['bytes']} B)")
        lines.append(f"    SHA-256 {file['sha256']}")
        if name := names.get(str(file["path"])):
            lines.append(f"    {texts.say('supplied.name', name=name)}")
    lines += left_out_lines(texts, item)
    lines += [
        f"  - {texts.word('problems', str(problem['code']))}: {visible(str(problem['detail']))}"
        for problem in _objects(item["problems"])
    ]
    lines += same_bytes_lines(texts, item)
    return "\n".join(lines)


def _of_page(texts: Texts, item: dict[str, Json]) -> list[tuple[str, str]]:
    pairs = [(texts.say("items.http_status"), http_status_text(item["http_status"]))]
    keys = ("url", "started", "finished") if item["url"] == item["final_url"] else _PAGE_KEYS
    return pairs + [(texts.say(f"items.{key}"), visible(str(item[key]))) for key in keys]


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


def http_status_text(status: Json) -> str:
    """Return the HTTP *status* of a page's document for people."""
    return "–" if status is None else visible(str(status))


def _abandoned(attempt: "Attempt", subjects: Sequence[str]) -> dict[str, Json]:
    return {
        "id": attempt.item,
        "url": attempt.url,
        "started": utc_text(attempt.started),
        "seq": attempt.started_seq,
        "subjects": [*subjects],
    }


def _abandoned_text(texts: Texts, attempt: "Attempt", subjects: Sequence[str]) -> str:
    pairs = [
        (texts.say("items.status"), status_text(texts, attempt.source, "abandoned")),
        (texts.say("items.url"), visible(attempt.url) or texts.say("supplied.files", count=attempt.files)),
        (texts.say("items.started"), utc_text(attempt.started)),
        *([(texts.say("items.subjects"), ", ".join(subjects))] if subjects else []),
    ]
    return f"{attempt.item}\n{rows(pairs)}"


def _objects(value: Json) -> list[dict[str, Json]]:
    return [member for member in value if isinstance(member, dict)] if isinstance(value, list) else []
