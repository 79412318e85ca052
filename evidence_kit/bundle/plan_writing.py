"""Write the plan of a bundle's exhibits for an officer or lawyer to edit: all that is to go in, and what could be said.

Labels and titles are neutral and in the languages of the report; remarks beside them say, in the language of whoever
writes the plan, which item is which and what can be changed. Remarks do not get into a bundle.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from evidence_kit.bundle.exhibit_plan import SCHEMA, ExhibitPlan, PlannedExhibit, exhibit_toml, fits_as_label, label_key
from evidence_kit.bundle.exhibits import conversations_of, is_sensitive, label_in, record_in, screenshot_and_title
from evidence_kit.bundle.mongolian_dates import local_stamp
from evidence_kit.bundle.report import SLICE_HEIGHT, SLICE_WIDTH
from evidence_kit.bundle.selection import Choice, select
from evidence_kit.bundle.transcript_plan import PlannedTranscript, Range
from evidence_kit.canonical import Json
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import DERIVED, SUPPLIED, attempts
from evidence_kit.case.opened import OpenItems
from evidence_kit.case.sealed import is_sealed
from evidence_kit.custody.subjects import subjects_of
from evidence_kit.display import shorten
from evidence_kit.errors import FormatError
from evidence_kit.models import parse_utc
from evidence_kit.pictures.viewing_copy import count_slices, picture_size
from evidence_kit.texts import Texts

_LONGEST_REMARK = 160
_LONGEST_HOST = 60
_MOST_CONVERSATIONS = 20
_SAMPLE = 10
_CONTEXT = 5
"""Messages that the remark chooses, and those around them."""


def fresh_plan(  # noqa: PLR0913  # of what, and how
    case: CaseFolder, choice: Choice, items: OpenItems, *, blurred: bool, remarks: Texts, report: Sequence[Texts]
) -> tuple[bytes, ExhibitPlan]:
    """Return a plan of what *choice* puts in, as a file with *remarks* and as such; *report* is what it speaks.

    *items* are those of the case. Raises `UsageError` for a choice that makes no sense, `CaseError` for an item that
    cannot be read.
    """
    events = case.log().full_events()
    selection = select(attempts(events), subjects_of(events), choice)
    records = [(item, items.folder(item)) for item in selection.items]
    labels = [label_in(folder) for _, folder in records]
    exhibits = _labelled(
        [
            _exhibit(number, item, record_in(folder), report, blurred=blurred)
            for number, (item, folder) in enumerate(records, start=1)
        ],
        labels,
    )
    written = [remarks.say("plan.head"), f'schema = "{SCHEMA}"\n']
    for exhibit, label, (_, folder) in zip(exhibits, labels, records, strict=True):
        written.append(exhibit_toml(exhibit))
        if fits_as_label(label) and label != exhibit.label:
            written.append(f"# {shorten(remarks.say('plan.label-taken', label=label), _LONGEST_REMARK)}\n")
        written += _remarks(folder, record_in(folder), remarks)
    return "".join(written).encode(), ExhibitPlan(exhibits=tuple(exhibits))


def _labelled(exhibits: Sequence[PlannedExhibit], labels: Sequence[str]) -> list[PlannedExhibit]:
    """Return *exhibits* with the *labels* that officers gave them, as far as a plan can have them, each once."""
    taken = {label_key(exhibit.label) for exhibit in exhibits}
    found = []
    for exhibit, label in zip(exhibits, labels, strict=True):
        free = fits_as_label(label) and label_key(label) not in taken
        taken.add(label_key(label))
        found.append(replace(exhibit, label=label) if free else exhibit)
    return found


def _exhibit(
    number: int, item: str, record: dict[str, Json], report: Sequence[Texts], *, blurred: bool
) -> PlannedExhibit:
    host, day = _host(str(record["url"])), local_stamp(parse_utc(record["started"]))[:10]
    source = str(record.get("source"))
    kind = source if source in {SUPPLIED, DERIVED} else "title"
    labels = (texts.say("plan.label", number=number) for texts in report)
    titles = (texts.say(f"plan.{kind}", host=host, day=day) for texts in report)
    return PlannedExhibit(
        item=item,
        label=" · ".join(labels),
        title=" · ".join(titles),
        # What is sensitive is shown when somebody says so here, and not because all of the rest is.
        blurred=blurred or is_sensitive(record),
    )


def _remarks(folder: Path, record: dict[str, Json], texts: Texts) -> list[str]:
    """Return the comments below an exhibit: what it is, and what else can be said of it."""
    if is_sealed(record):
        return [f"# {texts.say('plan.sealed')}\n"]
    picture, title = screenshot_and_title(folder, record)
    told = [str(record["url"]), title, "places = true" if record.get("source") == SUPPLIED else ""]
    if picture:
        try:
            width, height = picture_size(picture)
        except FormatError as error:
            told.append(str(error))
        else:
            pages = count_slices((width, height), SLICE_WIDTH, SLICE_HEIGHT)
            told.append(texts.say("plan.picture", width=width, height=height, pages=pages))
            told.append("pages = [1]")
            told.append(f"regions = [[0, 0, {width}, {min(height, SLICE_HEIGHT)}]]")
    told += _conversations(folder, record, texts)
    return [f"# {shorten(text, _LONGEST_REMARK)}\n" for text in told if text]


def _conversations(folder: Path, record: dict[str, Json], texts: Texts) -> list[str]:
    """Return remarks on the conversations of an item, and how messages of the first one are chosen."""
    found = conversations_of(folder, record)
    if found is None or not found.listed:
        return []
    told = [
        texts.say(
            "plan.conversation", number=each.number, platform=each.platform, title=each.title, count=each.messages
        )
        for each in found.listed[:_MOST_CONVERSATIONS]
    ]
    more = len(found.listed) + found.unlisted - len(told)
    if more:
        told.append(texts.say("plan.conversations-more", count=more))
    first = found.listed[0]
    sample = PlannedTranscript(
        conversation=first.number,
        messages=(Range(first=1, last=max(1, min(first.messages, _SAMPLE))),),
        context=_CONTEXT,
    )
    return [*told, *sample.to_toml().splitlines()]


def _host(url: str) -> str:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    return shorten(host, _LONGEST_HOST)
