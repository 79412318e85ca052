"""The JSON documents that the page is given: neutral facts before a reveal, everything else after it.

Neutral are numbers, times and codes of our own; titles, addresses and texts of pages are not. What came from a page is
made visible (`evidence_kit.display`) here, so that the page never holds a character that could mislead.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.display import visible
from evidence_kit.errors import FormatError
from evidence_kit.replay.viewer_reveals import Grant, Part
from evidence_kit.replay.viewer_subject import ItemFile, Subject, ViewedItem
from evidence_kit.texts import Language

LEDGER_ROWS = 500
"""Rows of the ledger in one answer."""
_MISSING = frozenset({"truncated", "failed", "not-recorded"})
_MOST_PAGES = 200
_LONGEST_LINE = 1024 * 1024
_LONGEST_TEXT = 4 * 1024 * 1024
_NEUTRAL = ("status", "source", "started", "finished", "recorder", "http_status")
_PLAIN = re.compile(r"[A-Za-z0-9.:+-]{1,40}")
_COLUMNS = ("n", "started", "method", "url", "type", "outcome", "reason", "status", "mime", "body_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the page is told of the command that serves it."""

    language: Language
    kind: str
    logged: bool
    """Whether reveals are written into a custody log."""
    practice: bool
    officer: str = ""
    """Who signs them."""


def overview(subject: Subject, setting: Setting, *, enclosed: bool) -> dict[str, Json]:
    """Return the list of items; *enclosed* says whether the browser that asks has no way out but the server."""
    return {
        "language": str(setting.language),
        "kind": setting.kind,
        "logged": setting.logged,
        "practice": setting.practice,
        "officer": visible(setting.officer),
        "enclosed": enclosed,
        "items": [
            {
                "id": _neutral(item.id),
                "status": _neutral(item.record.get("status")),
                "source": _neutral(item.record.get("source")),
                "sealed": subject.sealed(item),
            }
            for item in subject.items.values()
        ],
    }


def neutral_facts(subject: Subject, item: ViewedItem) -> dict[str, Json]:
    """Return what is said of *item* before anything is revealed."""
    return {
        "id": _neutral(item.id),
        **{name: _neutral(item.record.get(name)) for name in _NEUTRAL},
        "problems": _codes(item.record.get("problems")),
        "flags": _codes(item.record.get("flags")),
        "requests": _counts(subject, item),
        "sealed": subject.sealed(item),
        "pictures": [] if subject.sealed(item) else [{"role": _neutral(file.role)} for file in item.pictures],
        "parts": {
            "replay": item.archive is not None,
            "pictures": bool(item.pictures),
            "text": bool(item.texts),
            "ledger": item.ledger is not None,
        },
    }


def revealed(subject: Subject, grant: Grant) -> dict[str, Json]:
    """Return what the page needs to show a part: addresses, and whether each file is what the manifest lists."""
    item = grant.item
    answer: dict[str, Json] = {
        "grant": grant.word,
        "event": grant.event,
        "url": visible(str(item.record.get("url", ""))),
        "final_url": visible(str(item.record.get("final_url", ""))),
        "files": [
            {"path": visible(file.path), "role": visible(file.role), "matches": subject.matches(item, file)}
            for file in files_of(item, grant.part)
        ],
    }
    if grant.part is Part.REPLAY:
        answer["pages"] = [
            {
                "url": visible(str(page["url"])),
                "title": visible(str(page.get("title") or "")),
                "time": visible(str(page.get("ts") or "")),
            }
            for page in recorded_pages(subject, item)
        ]
    return answer


def files_of(item: ViewedItem, part: Part) -> tuple[ItemFile, ...]:
    """Return the files that a part is made of."""
    return {
        Part.REPLAY: tuple(filter(None, (item.archive,))),
        Part.PICTURES: item.pictures,
        Part.TEXT: item.texts,
        Part.LEDGER: tuple(filter(None, (item.ledger,))),
    }[part]


def recorded_pages(subject: Subject, item: ViewedItem) -> list[dict[str, Json]]:
    """Return the pages that can be replayed, as their list has them; the item's own alone if that cannot be read."""
    try:
        found = subject.pages(item)[:_MOST_PAGES]
    except (FormatError, OSError):
        found = []
    return found or [{"url": str(item.record.get("final_url") or item.record.get("url")), "title": "", "ts": ""}]


def text_of(subject: Subject, item: ViewedItem, file: ItemFile) -> dict[str, Json]:
    """Return the visible text of the page; raises `FormatError`, `OSError`."""
    with subject.opened(item.folder + file.path) as stream:
        data = stream.read(_LONGEST_TEXT + 1)
    text = data[:_LONGEST_TEXT].decode("utf-8", "replace").replace("\r\n", "\n").replace("\t", "    ")
    return {"text": visible(text, newlines=True), "cut": len(data) > _LONGEST_TEXT}


def ledger_rows(subject: Subject, item: ViewedItem, *, start: int, missing: bool) -> dict[str, Json]:
    """Return rows of the ledger from number *start* on, all or those of what is *missing*; raises as `text_of`."""
    assert item.ledger is not None  # noqa: S101  # asked only of those that have one
    with subject.opened(item.folder + item.ledger.path) as stream:
        wanted = (row for row in _rows(stream) if not missing or str(row.get("outcome")) in _MISSING)
        found = list(islice(wanted, start, start + LEDGER_ROWS + 1))
    rows: list[Json] = [_row(row) for row in found[:LEDGER_ROWS]]
    return {"rows": rows, "more": len(found) > LEDGER_ROWS}


def _rows(lines: Iterator[bytes]) -> Iterator[dict[str, Json]]:
    for line in islice(lines, 1, None):
        value = canonical.parse(line)
        if not isinstance(value, dict):
            raise FormatError("a line of the ledger is not a JSON object")
        yield value


def _row(line: dict[str, Json]) -> dict[str, Json]:
    return {name: _code(line.get(name)) for name in _COLUMNS}


def _code(value: Json) -> Json:
    return value if isinstance(value, int | None) else visible(str(value))


def _neutral(value: Json) -> Json:
    """Return a number, a time or a code as it is, and nothing of what could say more."""
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else "?"
    return value if isinstance(value, int) else None


def _codes(value: Json) -> list[Json]:
    found = value if isinstance(value, list) else []
    return [_neutral(member.get("code")) for member in found if isinstance(member, dict)]


def _counts(subject: Subject, item: ViewedItem) -> dict[str, Json]:
    """Return how many requests had which outcome, as the head of the ledger says."""
    if item.ledger is None:
        return {}
    try:
        with subject.opened(item.folder + item.ledger.path) as stream:
            head = canonical.parse(stream.readline(_LONGEST_LINE))
    except (FormatError, OSError):
        return {}
    counts = head.get("counts") if isinstance(head, dict) else None
    found = counts if isinstance(counts, dict) else {}
    return {name: count for name, count in found.items() if isinstance(count, int) and _PLAIN.fullmatch(name)}
