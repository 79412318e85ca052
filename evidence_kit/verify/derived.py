"""A derived item: that each item which it says it was made of is the one that the log recorded before it."""

from collections.abc import Iterator, Mapping

from evidence_kit.canonical import Json
from evidence_kit.case.manifest import NAME
from evidence_kit.custody.events import Event, EventType
from evidence_kit.display import shorten
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles


def check_derived_from(exam: Examination, files: CaseFiles, committed: Mapping[str, Event], item: str) -> None:
    """Check what *item* was made of, if it is a derived one; *committed* are the events that items exist by."""
    event = committed[item]
    if event.type != EventType.DERIVATION_MADE:
        return
    subject = files.shown(f"items/{item}/item.json")
    told = event.detail.get("derived_from")
    parents = told if isinstance(told, list) else []
    problems = [(subject, why) for why in _problems(committed, event, parents)]
    if problems:
        exam.concluded("item.derived-from", subject, problems)
        return
    names = [str(parent["item"]) for parent in parents if isinstance(parent, dict)]
    missing = [name for name in names if not files.has(f"items/{name}/{NAME}")]
    if missing:
        exam.not_checked("item.derived-from", subject, f"it was made of items that are not here: {', '.join(missing)}")
    else:
        exam.passed("item.derived-from", subject, f"made of {', '.join(names)}")


def _problems(committed: Mapping[str, Event], event: Event, parents: list[Json]) -> Iterator[str]:
    if not parents:
        yield "it does not say of what it was made"
    for parent in parents:
        match parent:
            case {"item": str(name), "manifest_sha256": str(digest)}:
                made = committed.get(name)
                recorded = made.digests.get(f"items/{name}/{NAME}") if made and made.seq < event.seq else None
                if recorded is None:
                    yield f"it was made of {shorten(name)}, and the custody log records no such item before it"
                elif recorded.hex != digest:
                    yield f"it was made of {shorten(name)} with another manifest than the custody log recorded"
            case _:
                yield "it does not say of what it was made"
