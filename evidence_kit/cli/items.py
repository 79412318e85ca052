"""``list``: what a case holds; and what people read of one item, wherever it is shown."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from evidence_kit.canonical import Json
from evidence_kit.cli.case import describe_case, signed_for_practice
from evidence_kit.cli.hand_overs import custody_of, tell_open
from evidence_kit.cli.options import CaseOption, JsonOption
from evidence_kit.cli.output import emit, rows, say, table
from evidence_kit.cli.run import Run
from evidence_kit.cli.sealed import sealed_pairs
from evidence_kit.cli.supplied import (
    left_out_lines,
    names_of,
    same_bytes_lines,
    sensitive_pairs,
    status_text,
    supply_pairs,
)
from evidence_kit.display import shorten, visible
from evidence_kit.models import utc_text
from evidence_kit.texts import Texts

if TYPE_CHECKING:
    from evidence_kit.case.items import Attempt

CAPTURED = "captured"
_DERIVED = "derived"
_LINK = 60
_PAGE_KEYS = ("url", "final_url", "started", "finished")


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command("list")(_list)


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
        left: list[Json] = [
            abandoned(attempt, subjects.get(attempt.item, ())) for attempt in tried if not attempt.finished_seq
        ]
        document: dict[str, Json] = {
            "schema": "evidence-kit/list/1",
            "practice": practice,
            "signer_trust": run.signer_trust(),
            "case": describe_case(folder),
        }
        emit({**document, "items": items, "abandoned": left})
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
            status_text(texts, attempt.source, attempt.outcome, sealed=attempt.sealed),
            http_status_text(attempt.http_status),
            utc_text(attempt.started)[:19] + "Z",
            shorten(attempt.url, _LINK) or what_is_it(texts, attempt),
        ]
        for attempt in tried
    ]
    say(table(header, lines))
    tell_open(texts, log.transfers.open())


def item_text(texts: Texts, item: dict[str, Json], *, brief: bool = False) -> str:
    """Return what people read of one ``items[]`` member; if *brief*, its files are only counted."""
    pairs = [(texts.say("items.status"), _status(texts, item))]
    pairs += _of_page(texts, item) if item["source"] == CAPTURED else supply_pairs(texts, item)
    if isinstance(label := item.get("label"), str):
        pairs.append((texts.say("items.label"), shorten(label, _LINK)))
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


def _status(texts: Texts, item: dict[str, Json]) -> str:
    return status_text(texts, str(item["source"]), str(item["status"]), sealed="sealed" in item)


def _of_page(texts: Texts, item: dict[str, Json]) -> list[tuple[str, str]]:
    pairs = [(texts.say("items.http_status"), http_status_text(item["http_status"]))]
    keys = ("url", "started", "finished") if item["url"] == item["final_url"] else _PAGE_KEYS
    unsaid = "" if item["url"] else texts.say("sealed.address")
    pairs += [(texts.say(f"items.{key}"), visible(str(item[key])) or unsaid) for key in keys]
    return [*pairs, *sealed_pairs(texts, item), *sensitive_pairs(texts, item)]


def what_is_it(texts: Texts, attempt: "Attempt") -> str:
    """Return what people read in place of a link of an *attempt* that captured nothing."""
    if attempt.source == _DERIVED:
        return texts.say("items.made-of-line", items=", ".join(attempt.made_of))
    if attempt.source == CAPTURED:
        return texts.say("sealed.address")
    return texts.say("supplied.files", count=attempt.files)


def http_status_text(status: Json) -> str:
    """Return the HTTP *status* of a page's document for people."""
    return "–" if status is None else visible(str(status))


def abandoned(attempt: "Attempt", subjects: Sequence[str]) -> dict[str, Json]:
    """Return what an answer says of an attempt that nothing followed."""
    return {
        "id": attempt.item,
        "url": attempt.url,
        "started": utc_text(attempt.started),
        "seq": attempt.started_seq,
        "subjects": [*subjects],
    }


def _objects(value: Json) -> list[dict[str, Json]]:
    return [member for member in value if isinstance(member, dict)] if isinstance(value, list) else []
