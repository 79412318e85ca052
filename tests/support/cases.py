"""Small cases for tests, made by the product's own rooms without a browser."""

from collections.abc import Iterable
from pathlib import Path

from evidence_kit.archive.resource_names import resource_uri
from evidence_kit.archive.wacz import Page, write_wacz
from evidence_kit.archive.warc_writer import Exchange, WarcWriter
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.info import CaseInfo
from evidence_kit.case.items import ItemFile, ItemRecord, commit_item
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.models import Status

URL = "https://example.mn/post/1"


def open_case(path: Path, custodian: Custodian, *, number: str = "2026-001") -> CaseFolder:
    """Open a case at *path*."""
    info = CaseInfo(
        number=number,
        title="Сургалтын хэрэг",
        office="Сургалт",
        legal_basis="гомдол",
        language="mn",
        created=custodian.clock(),
    )
    return CaseFolder.create(path, info, custodian)


def commit_small_item(
    case: CaseFolder, custodian: Custodian, *, url: str = URL, body: bytes = b"resource", screenshot: bytes = b""
) -> str:
    """Commit an item with a small web archive of *url*, in which *body* lies, and return its id."""
    record = stage_small_item(case, custodian, url=url, body=body, screenshot=screenshot)
    commit_item(case, record, custodian)
    return record.id


def start_item(case: CaseFolder, custodian: Custodian, *, url: str = URL) -> str:
    """Start an item of which nothing follows, and return its id."""
    start = Draft(type=EventType.CAPTURE_STARTED, detail={"url": url, "recorder": "browser"})
    return case.commit(start, custodian, new_item=True).item or ""


def stage_small_item(  # noqa: PLR0913  # what an item may hold
    case: CaseFolder,
    custodian: Custodian,
    *,
    connections: bytes = b"",
    screenshot: bytes = b"",
    url: str = URL,
    body: bytes | Path = b"resource",
    exchanges: Iterable[Exchange] = (),
) -> ItemRecord:
    """Start an item and stage its files so that only the commit is left to do.

    *connections* and the PNG *screenshot* are among them if given, *exchanges* in its archive.
    """
    item = start_item(case, custodian, url=url)
    folder = case.staging / item
    folder.mkdir()
    now = custodian.clock()
    with WarcWriter(folder / "data.warc.gz", created=now) as warc:
        warc.warcinfo({"software": "test"})
        lines = [warc.resource("urn:test", body, media_type="text/plain", date=now)]
        for exchange in exchanges:
            lines += warc.exchange(exchange).lines
        if connections:
            (folder / "connections.jsonl").write_bytes(connections)
            uri = resource_uri("connections", listed=url, final=url)
            lines.append(warc.resource(uri, connections, media_type="application/jsonl", date=now))
        if screenshot:
            (folder / "screenshot.png").write_bytes(screenshot)
            uri = resource_uri("screenshot", listed=url, final=url)
            lines.append(warc.resource(uri, screenshot, media_type="image/png", date=now))
    seal = write_wacz(
        folder / "capture.wacz",
        warc=folder / "data.warc.gz",
        index=lines,
        pages=[Page(url=url, ts=now, title="Тест", id="1")],
        title="test",
        created=now,
        software="test",
    )
    (folder / "data.warc.gz").unlink()
    return ItemRecord(
        id=item,
        case=case.info.number,
        source="captured",
        status=Status.INCOMPLETE,
        url=url,
        final_url=url,
        started=now,
        finished=now,
        recorder="browser",
        problems=(),
        files=(
            ItemFile(path="capture.wacz", role="wacz", media_type="application/wacz"),
            *([ItemFile(path="screenshot.png", role="screenshot", media_type="image/png")] if screenshot else []),
        ),
        detail={"wacz": {"transport_key_sha256": str(seal.spki_sha256)}},
    )
