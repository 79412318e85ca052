"""A small WARC and WACZ of our own, made once, which every test here may copy and damage."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.archive.cdxj import IndexLine
from evidence_kit.archive.wacz import Page, WaczSeal, write_wacz
from evidence_kit.archive.warc_writer import Exchange, WarcWriter

NOW = datetime(2026, 11, 22, 1, 2, 3, 4000, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """A WARC with every type of record that we write, its index, and a WACZ of it."""

    warc: Path
    wacz: Path
    index: tuple[IndexLine, ...]
    seal: WaczSeal


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Return the sample; its files must not be changed."""
    folder = tmp_path_factory.mktemp("sample")
    warc, wacz = folder / "data.warc.gz", folder / "capture.wacz"
    page = Exchange(
        url="https://www.example.mn/мэдээ",
        started=NOW,
        request_head=b"GET /x HTTP/1.1\r\nHost: www.example.mn\r\n\r\n",
        response_head="HTTP/1.1 200 Very Fine\r\nX-Name: Өнөр\r\nContent-Type: text/html\r\n\r\n".encode(),
        response_body="<p>Өдөр шөнө ₮ 😀".encode(),
        ip_address="127.0.0.1",
        protocols=("h2", "tls/1.3"),
    )
    post = Exchange(
        url="https://example.mn/api?x=1",
        started=NOW,
        request_head=b"POST /api?x=1 HTTP/1.1\r\nContent-Length: 3\r\n\r\n",
        request_body=b"a=1",
        response_head=b"HTTP/1.1 204 No Content\r\n\r\n",
    )
    lost = Exchange(
        url="https://example.mn/lost", started=NOW, request_head=b"GET /lost HTTP/1.1\r\n\r\n", response_head=None
    )
    with WarcWriter(warc, created=NOW) as writer:
        writer.warcinfo({"software": "evidence_kit", "operator": "Бат"})
        index = [line for exchange in (page, post, lost) for line in writer.exchange(exchange).lines]
        index.append(writer.resource("urn:view:https://example.mn/", b"\x89PNG\r\n", media_type="image/png", date=NOW))
        writer.metadata(
            page.url, b"via: x\r\n", media_type="application/warc-fields", date=NOW, concurrent_to=index[0].record_id
        )
    seal = write_wacz(
        wacz,
        warc=warc,
        index=index,
        pages=[Page(url=page.url, ts=NOW, title="Мэдээ", id="p1", extra={"text": "Өдөр"})],
        title="Мэдээ",
        created=NOW,
        software="evidence_kit 0.1.0",
        extra=[("evidence/inventory.json", b"{}\n")],
    )
    return Sample(warc=warc, wacz=wacz, index=tuple(index), seal=seal)
