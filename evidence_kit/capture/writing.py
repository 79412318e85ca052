"""Write what was heard: the WARC in the order the requests began, ``page.json``, and the WACZ around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from evidence_kit.archive.cdxj import IndexLine
from evidence_kit.archive.wacz import Page, WaczSeal, write_wacz
from evidence_kit.archive.warc_writer import Exchange, WarcWriter
from evidence_kit.canonical import Json, pretty
from evidence_kit.capture.inventory import cleaned
from evidence_kit.capture.result import CapturedFile

WACZ = CapturedFile(path="capture.wacz", role="wacz", media_type="application/wacz")
SCREENSHOT = CapturedFile(path="screenshot.png", role="screenshot", media_type="image/png")
DOM = CapturedFile(path="dom.html", role="dom", media_type="text/html; charset=utf-8")
INVENTORY = CapturedFile(path="page.json", role="inventory", media_type="application/json")

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
    exchanges: Sequence[Exchange]
    inventory: dict[str, Json]
    warcinfo: Mapping[str, str]


def resource_uri(role: str, url: str) -> str:
    """Return the WARC-Target-URI of something that was made of the page at *url*."""
    return f"urn:evidence-kit:{role}:{url}"


def write_files(work: Writing, *, warc: Path) -> tuple[tuple[CapturedFile, ...], WaczSeal]:
    """Write inventory and WACZ beside the snapshots in the folder, by way of the file *warc*; return what is there.

    Raises `FormatError` for what the archive cannot hold, `OSError`.
    """
    (work.folder / INVENTORY.path).write_bytes(pretty(cleaned(work.inventory)))
    made = [file for file in (SCREENSHOT, DOM, INVENTORY) if (work.folder / file.path).exists()]
    index = _write_warc(work, warc, made)
    seal = write_wacz(
        work.folder / WACZ.path,
        warc=warc,
        index=index,
        pages=[Page(url=work.url, ts=work.started, title=work.title or work.url, id=uuid4().hex)],
        title=work.title or work.url,
        created=work.finished,
        software=work.warcinfo.get(_SOFTWARE_FIELD, "evidence-kit"),
    )
    return (WACZ, *made), seal


def _write_warc(work: Writing, path: Path, made: Sequence[CapturedFile]) -> list[IndexLine]:
    lines: list[IndexLine] = []
    with WarcWriter(path, created=work.started) as warc:
        warc.warcinfo(work.warcinfo)
        for exchange in sorted(work.exchanges, key=lambda exchange: exchange.started):
            lines += warc.exchange(exchange)
        for file in made:
            uri = resource_uri(file.role, work.final_url)
            body = work.folder / file.path
            lines.append(warc.resource(uri, body, media_type=file.media_type, date=work.finished))
    return lines
