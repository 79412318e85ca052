"""Write what was recorded: the WARC in the order the requests began, ledger and inventory, and the WACZ around them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from evidence_kit.archive.cdxj import IndexLine
from evidence_kit.archive.resource_names import resource_uri
from evidence_kit.archive.wacz import Page, WaczSeal, write_wacz
from evidence_kit.archive.warc_writer import WarcWriter
from evidence_kit.canonical import Json, dumps, pretty
from evidence_kit.capture.entries import Entry
from evidence_kit.capture.files import (
    CONNECTIONS,
    ENVIRONMENT,
    INVENTORY,
    LEDGER,
    RESOURCES,
    START,
    WACZ,
    page_id,
    page_info,
)
from evidence_kit.capture.inventory import cleaned
from evidence_kit.capture.ledger import ledger_lines
from evidence_kit.capture.result import CapturedFile
from evidence_kit.capture.shots import Shot
from evidence_kit.wire.exchange import RawBytes
from evidence_kit.wire.records import write_raw

_SOFTWARE_FIELD = "software"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Everything that goes into the files of one capture."""

    folder: Path
    url: str
    final_url: str
    title: str
    started: datetime
    finished: datetime
    entries: Sequence[Entry]
    inventory: dict[str, Json]
    environment: dict[str, Json]
    taken: Mapping[str, datetime]
    """When the snapshots were taken, by role; what is not here was made when the capture had finished."""
    shots: Sequence[Shot] = ()
    raw: Sequence[tuple[int, RawBytes]] = ()
    """What could not be read as an exchange, with the number of its connection."""
    connections: Sequence[dict[str, Json]] = ()
    """The lines of ``connections.jsonl``."""
    statements: Mapping[str, bytes] = field(default_factory=dict)
    """What a witness signed, by the names of the files."""
    warcinfo: Mapping[str, str]


def write_files(work: Writing, *, warc: Path) -> tuple[tuple[CapturedFile, ...], WaczSeal]:
    """Write inventory, ledger and WACZ beside the snapshots in the folder, by way of the file *warc*.

    Return what is there. Raises `FormatError` for what the archive cannot hold, `OSError`.
    """
    (work.folder / INVENTORY.path).write_bytes(pretty(cleaned(work.inventory)))
    (work.folder / ENVIRONMENT.path).write_bytes(pretty(cleaned(work.environment)))
    if work.connections:
        _write_lines(work.folder / CONNECTIONS.path, work.connections)
    for name, data in work.statements.items():
        (work.folder / name).write_bytes(data)
    page = Page(url=work.url, ts=work.started, title=work.title or work.url, id=page_id())
    index = _write_warc(work, warc, page)
    seal = write_wacz(
        work.folder / WACZ.path,
        warc=warc,
        index=index,
        pages=[page, *_pages_of_shots(work)],
        title=work.title or work.url,
        created=work.finished,
        software=work.warcinfo.get(_SOFTWARE_FIELD, "evidence-kit"),
    )
    return (WACZ, *_made(work.folder), *(file for shot in work.shots for file in shot.files())), seal


def _made(folder: Path) -> list[CapturedFile]:
    return [file for file in RESOURCES if (folder / file.path).exists()]


def _write_warc(work: Writing, path: Path, page: Page) -> list[IndexLine]:
    lines: list[IndexLine] = []
    records: dict[int, str] = {}
    with WarcWriter(path, created=work.started, page_id=page.id) as warc:
        warc.warcinfo(work.warcinfo)
        for place, entry in enumerate(work.entries):
            written = _write_entry(warc, entry)
            lines += written
            if written:
                records[place] = written[0].record_id
        lines += [write_raw(warc, raw, connection=str(number)) for number, raw in work.raw]
        # Only now: the ledger names the records.
        _write_lines(work.folder / LEDGER.path, ledger_lines(work.entries, records))
        for file in _made(work.folder):
            uri = resource_uri(file.role, listed=work.url, final=work.final_url)
            date = work.taken.get(file.role, work.started if file is START else work.finished)
            lines.append(warc.resource(uri, work.folder / file.path, media_type=file.media_type, date=date))
        for shot in work.shots:
            lines += _write_shot(warc, work.folder, shot)
        uri, about = page_info(page, ledger_lines(work.entries, records))
        lines.append(warc.resource(uri, pretty(cleaned(about)), media_type="application/json", date=work.finished))
    return lines


def _pages_of_shots(work: Writing) -> Iterator[Page]:
    """Yield each page that was taken by hand, at the time when it was taken first."""
    seen = {work.url}
    for shot in work.shots:
        if shot.url not in seen:
            seen.add(shot.url)
            yield Page(url=shot.url, ts=shot.began, title=shot.title or shot.url, id=page_id())


def _write_shot(warc: WarcWriter, folder: Path, shot: Shot) -> Iterator[IndexLine]:
    for file in shot.files():
        uri = resource_uri(file.role, listed=shot.url, final=shot.url)
        yield warc.resource(uri, folder / file.path, media_type=file.media_type, date=shot.taken[file.role])


def _write_entry(warc: WarcWriter, entry: Entry) -> list[IndexLine]:
    """Write what is kept of a request, the record that answers for it first."""
    if entry.exchange is not None:
        lines = [*warc.exchange(entry.exchange).lines]
        if entry.messages is not None:
            lines += entry.messages.write(warc, concurrent_to=lines[0].record_id)
        return lines
    if entry.made is not None:
        # Nobody sent it: under its own address, so that replay finds it, but not as a response.
        return [warc.resource(entry.url, entry.made.body, media_type=entry.made.media_type, date=entry.started)]
    return []


def _write_lines(path: Path, lines: Iterable[dict[str, Json]]) -> None:
    with path.open("xb") as stream:
        stream.writelines(dumps(line) + b"\n" for line in lines)
