"""Write what belongs to the copies of an item: what was told of them, and the archive that records them all."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from evidence_kit.archive.cdxj import IndexLine
from evidence_kit.archive.resource_names import resource_uri
from evidence_kit.archive.wacz import Page, WaczSeal, write_wacz
from evidence_kit.archive.warc_writer import WarcWriter
from evidence_kit.archive.warcinfo import about_archive
from evidence_kit.case import supply
from evidence_kit.case.bracket import START_TOKEN, Opening
from evidence_kit.case.durable import write_new
from evidence_kit.case.items import ItemFile
from evidence_kit.case.layout import SUPPLIED_ARCHIVE
from evidence_kit.case.supply import Supply
from evidence_kit.intake.naming import type_by_name
from evidence_kit.models import Officer

_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Everything that goes into the files of one supplied item."""

    folder: Path
    """Holds the copies already."""
    work: Path
    """For the archive while it is made."""
    supply: Supply
    case: str
    item: str
    officer: Officer
    opening: Opening | None
    started: datetime
    finished: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files of the item, and its archive's seal."""

    files: tuple[ItemFile, ...]
    wacz: WaczSeal


def write_item(work: Writing) -> Written:
    """Write ``supply.json`` and the WACZ beside the copies; raises `FormatError`, `CaseError`, `OSError`."""
    write_new(work.folder / supply.NAME, work.supply.to_bytes())
    files = tuple(_recorded(work))
    warc = work.work / "data.warc.gz"
    warc.unlink(missing_ok=True)
    # No address of a page: what was handed over was fetched from nowhere.
    page = Page(url=f"urn:evidence-kit:supplied:{work.item}", ts=work.finished, title=work.item, id=str(uuid4()))
    fields = about_archive(work.officer, work.case, work.item)
    with WarcWriter(warc, created=work.started, page_id=page.id) as archive:
        archive.warcinfo({**fields, **(work.opening.warcinfo() if work.opening else {})})
        index = [_record(archive, work, file) for file in files]
    seal = write_wacz(
        work.folder / SUPPLIED_ARCHIVE,
        warc=warc,
        index=index,
        pages=[page],
        title=work.item,
        created=work.finished,
        software=fields["software"],
    )
    return Written(
        files=(ItemFile(path=SUPPLIED_ARCHIVE, role="wacz", media_type="application/wacz"), *files), wacz=seal
    )


def _recorded(work: Writing) -> Iterator[ItemFile]:
    """Yield the files of the item that its archive holds too."""
    for original in work.supply.files:
        yield ItemFile(path=original.path, role=supply.ORIGINAL, media_type=type_by_name(original.path))
    yield ItemFile(path=supply.NAME, role=supply.SUPPLY, media_type=_JSON)
    if (work.folder / START_TOKEN).exists():
        yield ItemFile(path=START_TOKEN, role="start-token", media_type="application/timestamp-reply")


def _record(archive: WarcWriter, work: Writing, file: ItemFile) -> IndexLine:
    uri = resource_uri(file.role, listed=file.path, final=file.path)
    date = work.started if file.path == START_TOKEN else work.finished
    return archive.resource(uri, work.folder / file.path, media_type=file.media_type, date=date)
