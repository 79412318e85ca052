"""Write what belongs to the copies of an item: what was told of them, what is found in them, and the archive of all.

What is found is read from the copies, never from where they came from, and nothing in them can make it fail.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from evidence_kit.archive.cdxj import IndexLine
from evidence_kit.archive.resource_names import resource_uri
from evidence_kit.archive.wacz import Page, WaczSeal, write_wacz
from evidence_kit.archive.warc_writer import WarcWriter
from evidence_kit.archive.warcinfo import about_archive
from evidence_kit.canonical import Json, pretty
from evidence_kit.case import sealed, supply
from evidence_kit.case.bracket import START_TOKEN, Opening
from evidence_kit.case.durable import write_new
from evidence_kit.case.items import ItemFile
from evidence_kit.case.layout import SUPPLIED_ARCHIVE
from evidence_kit.case.sealed import Register
from evidence_kit.case.sealing import encased_files
from evidence_kit.case.supply import Supply
from evidence_kit.intake.archives import read_archive
from evidence_kit.intake.chats import SuppliedFile, write_conversations
from evidence_kit.intake.facts import FactsDocument, examine_apart
from evidence_kit.models import Clock, Officer, OnStep

FACTS, ARCHIVES = "facts.json", "archives.json"
_MOST_OF_ARCHIVES = 32 * 1024 * 1024
"""Bytes of what is listed of all archives of an item; below what readers take (`supply.LARGEST`)."""
_JSON, _JSON_LINES = "application/json", "application/jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Everything that goes into the files of one supplied item."""

    folder: Path
    """Holds the copies already."""
    work: Path
    """For the archive while it is made."""
    case: str
    item: str
    officer: Officer
    opening: Opening | None
    started: datetime
    clock: Clock
    on_step: OnStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files of the item, its archive's seal, and when all was read."""

    files: tuple[ItemFile, ...]
    wacz: WaczSeal
    finished: datetime


def write_item(work: Writing, supplied: Supply) -> Written:
    """Write all files of the item beside the copies; raises `FormatError`, `CaseError`, `OSError`."""
    _clear(work)
    write_new(work.folder / supply.NAME, supplied.to_bytes())
    originals = tuple(_originals(work, supplied))
    return _archived(work, (*originals, *_made(work, supplied), *_archives(work, originals), *_first_stamp(work)))


def write_sealed_item(work: Writing, register: Register) -> Written:
    """Write the register of what was sealed, and an archive of that alone; raises as `write_item`."""
    _clear(work)
    write_new(work.folder / sealed.REGISTER, register.to_bytes())
    listed, *age_files = encased_files(register)
    written = _archived(work, (listed, *_first_stamp(work)))
    return replace(written, files=(*written.files, *age_files))


def _archived(work: Writing, files: tuple[ItemFile, ...]) -> Written:
    """Record *files* in the archive of the item."""
    finished = work.clock()
    work.on_step("writing the archive")
    warc = work.work / "data.warc.gz"
    # No address of a page: what was handed over was fetched from nowhere.
    page = Page(url=f"urn:evidence-kit:supplied:{work.item}", ts=finished, title=work.item, id=str(uuid4()))
    fields = about_archive(work.officer, work.case, work.item)
    with WarcWriter(warc, created=work.started, page_id=page.id) as archive:
        archive.warcinfo({**fields, **(work.opening.warcinfo() if work.opening else {})})
        index = [_record(archive, work, file, finished) for file in files]
    seal = write_wacz(
        work.folder / SUPPLIED_ARCHIVE,
        warc=warc,
        index=index,
        pages=[page],
        title=work.item,
        created=finished,
        software=fields["software"],
    )
    archive_file = ItemFile(path=SUPPLIED_ARCHIVE, role="wacz", media_type="application/wacz")
    return Written(files=(archive_file, *files), wacz=seal, finished=finished)


def _clear(work: Writing) -> None:
    """Remove what a taking that was ended here before had made already; the copies and a first stamp of ours stay."""
    for path in work.folder.iterdir():
        if path.is_file() and (path.name != START_TOKEN or work.opening is None):
            path.unlink()
    (work.work / "data.warc.gz").unlink(missing_ok=True)


def _originals(work: Writing, supplied: Supply) -> Iterator[ItemFile]:
    """Yield the copies, each with the media type that its bytes tell; what is found in them is written down."""
    originals = supplied.files
    examined = examine_apart([(work.folder / each.path, each.path, each.name) for each in originals])
    facts = FactsDocument(len(originals))
    for number, (original, found) in enumerate(zip(originals, examined, strict=True), start=1):
        work.on_step(f"examining files {number}/{len(originals)}")
        facts.add(found)
        yield ItemFile(path=original.path, role=supply.ORIGINAL, media_type=found.media_type)
    write_new(work.folder / FACTS, facts.to_bytes())


def _made(work: Writing, supplied: Supply) -> Iterator[ItemFile]:
    """Yield what was made here and is recorded beside the copies."""
    yield ItemFile(path=supply.NAME, role=supply.SUPPLY, media_type=_JSON)
    yield ItemFile(path=FACTS, role="facts", media_type=_JSON)
    work.on_step("looking for conversations")
    candidates = (
        SuppliedFile(path=work.folder / each.path, file=each.path, name=each.name, sha256=each.sha256.hex)
        for each in supplied.files
    )
    for name in write_conversations(candidates, work.folder).files:
        messages = name.endswith(".jsonl")
        role = "messages" if messages else "conversations"
        yield ItemFile(path=name, role=role, media_type=_JSON_LINES if messages else _JSON)


def _archives(work: Writing, originals: Sequence[ItemFile]) -> Iterator[ItemFile]:
    """Yield the list of what the archives of other tools hold, if there are any."""
    found: list[Json] = []
    room = _MOST_OF_ARCHIVES
    for original in originals:
        archive = read_archive(work.folder / original.path, file=original.path, media_type=original.media_type)
        if archive is not None:
            work.on_step(f"reading the archive {original.path}")
            length = len(pretty(archive.to_json()))
            room -= length if length <= room else 0
            found.append((archive if length <= room else archive.without_lists()).to_json())
    if found:
        write_new(work.folder / ARCHIVES, pretty({"schema": "evidence-kit/archives/1", "archives": found}))
        yield ItemFile(path=ARCHIVES, role="archives", media_type=_JSON)


def _first_stamp(work: Writing) -> Iterator[ItemFile]:
    if (work.folder / START_TOKEN).exists():
        yield ItemFile(path=START_TOKEN, role="start-token", media_type="application/timestamp-reply")


def _record(archive: WarcWriter, work: Writing, file: ItemFile, finished: datetime) -> IndexLine:
    uri = resource_uri(file.role, listed=file.path, final=file.path)
    date = work.started if file.path == START_TOKEN else finished
    return archive.resource(uri, work.folder / file.path, media_type=file.media_type, date=date)
