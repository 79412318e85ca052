"""What other people's programs say about our WARC, WACZ and bags; and what we say together about damaged ones."""

import gzip
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.archive.bag import check_bag, write_bag
from evidence_kit.archive.cdxj import IndexLine, index_bytes
from evidence_kit.archive.tree import FolderTree
from evidence_kit.archive.wacz import Page, write_wacz
from evidence_kit.archive.warc_reader import check_warc
from evidence_kit.archive.warc_writer import Exchange, WarcWriter
from evidence_kit.wire.bodies import StoredBody
from evidence_kit.wire.exchange import Extent, Opcode, RawBytes, WebSocketMessage
from evidence_kit.wire.records import MessageLog, write_raw
from evidence_kit.wire.streams import Side

pytestmark = pytest.mark.oracle

Oracle = Callable[[str], Path]
NOW = datetime(2026, 11, 22, 1, 2, 3, 4000, tzinfo=UTC)
GET = Exchange(
    url="https://www.example.mn/Өдөр?b=2&a=1",
    started=NOW,
    request_head=b"GET /x?b=2&a=1 HTTP/1.1\r\nHost: www.example.mn\r\nCookie: a=b\r\n\r\n",
    response_head=(
        "HTTP/1.1 200 Very Fine\r\nX-Name: Өнөр\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n"
        "Content-Type: text/html; charset=utf-8\r\nX-Archive-Orig-Content-Encoding: br\r\n\r\n"
    ).encode(),
    response_body="<p>Өдөр шөнө ₮ 😀</p>".encode() * 20_000,
    ip_address="127.0.0.1",
    protocols=("h2", "tls/1.3"),
    note={"initiator": "Өнөр"},
)


def run(*command: Path | str) -> subprocess.CompletedProcess[str]:
    """Run a program that must say nothing is wrong."""
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def hard_exchanges() -> list[Exchange]:
    """Return exchanges of every kind that has its own trap."""
    plain = b"<p>body</p>" * 200_000
    kinds = {
        "gzip": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", gzip.compress(plain, mtime=0)),
        "br": (b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\n\r\n", bytes.fromhex("0b028068656c6c6f03")),
        "zstd": (b"HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\n\r\n", bytes.fromhex("28b52ffd2005290000") + b"hello"),
        "long": (b"HTTP/1.1 200 OK\r\nX-Archive-Orig-Transfer-Encoding: chunked\r\n\r\n", plain),
        "not-modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b""),
        "no-content": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        "bytes": (b"HTTP/1.1 200 \xd0\xff\r\nX-N: \xff\xfe\r\nx-n:twice\r\n\tfolded\r\n\r\n", b"\x00\r\n\r\n\xff"),
    }
    found = [
        replace(GET, url=f"https://example.mn/{name}", response_head=head, response_body=body)
        for name, (head, body) in kinds.items()
    ]
    head = replace(GET, url="https://example.mn/head", request_head=b"HEAD /head HTTP/1.1\r\n\r\n", response_body=b"")
    early = replace(GET, url="https://example.mn/early", note={"interim_heads": "HTTP/1.1 103 Early Hints"})
    cut = replace(GET, url="https://example.mn/cut", truncated="length", response_body=b"<p")
    return [GET, *found, head, early, cut, replace(GET, url="https://example.mn/lost", response_head=None)]


def made(folder: Path) -> tuple[Path, list[IndexLine]]:
    """Write a WARC with records of every type and return it with its index."""
    warc = folder / "data.warc.gz"
    log = MessageLog(folder / "messages", url="wss://example.mn/чат", connection="7")
    message = WebSocketMessage(
        url="wss://example.mn/чат",
        side=Side.SERVER,
        started=NOW,
        ended=NOW,
        opcode=Opcode.TEXT,
        payload="Сайн уу".encode(),
        length=13,
        extent=Extent(offset=0, length=15),
    )
    log.add(message)
    (folder / "long").write_bytes(b"\x00\x01" * 100_000)
    log.add(replace(message, opcode=Opcode.BINARY, payload=folder / "long", length=200_000))
    raw = RawBytes(
        url="https://example.mn",
        side=Side.SERVER,
        started=NOW,
        ended=NOW,
        body=StoredBody(path=folder / "long", length=200_000),
        reason="not HTTP",
        extent=Extent(offset=0, length=200_000),
    )
    with WarcWriter(warc, created=NOW, page_id="p1") as writer:
        writer.warcinfo({"software": "evidence_kit", "operator": "Бат", "format": "WARC File Format 1.1"})
        index = [line for exchange in hard_exchanges() for line in writer.exchange(exchange).lines]
        index.append(writer.resource("urn:view:https://example.mn/", b"\x89PNG", media_type="image/png", date=NOW))
        index += log.write(writer, concurrent_to=index[0].record_id)
        index.append(write_raw(writer, raw, connection="7"))
        writer.metadata(
            GET.url, b"via: x\r\n", media_type="application/warc-fields", date=NOW, concurrent_to=index[0].record_id
        )
    return warc, index


def test_warcio_finds_every_digest_right(tmp_path: Path, oracle: Oracle) -> None:
    warc, index = made(tmp_path)

    said = run(oracle("warcio"), "check", "-v", warc).stdout

    assert said.count("digest pass") == len(index) + 2
    assert "digest not present" not in said


def test_fastwarc_finds_every_digest_right(tmp_path: Path, oracle: Oracle) -> None:
    warc, index = made(tmp_path)

    done = run(oracle("fastwarc"), "check", "-p", warc)

    assert f"{len(index) + 2} records were verified successfully" in done.stdout + done.stderr


def test_an_indexer_of_others_makes_the_same_index(tmp_path: Path, oracle: Oracle) -> None:
    warc, index = made(tmp_path)

    theirs = run(oracle("cdxj-indexer"), "--sort", warc).stdout.splitlines()

    ours = index_bytes(index, filename=warc.name).decode("ascii").splitlines()
    assert len(ours) == len(theirs) == 15
    for mine, other in zip(ours, theirs, strict=True):
        if mine.startswith("urn:"):
            # They cut and lower the key, and count a SHA-1 of their own where a record has only its block's digest.
            assert mine.split(" ")[1] == other.split(" ")[1]
            continue
        if '"method": "HEAD"' in mine:
            # They take the empty answer to HEAD for what GET would have brought.
            assert mine.replace("?__wb_method=head", "").split(" ", 2)[:2] == other.split(" ", 2)[:2]
            continue
        assert mine.split(" ", 2)[:2] == other.split(" ", 2)[:2]
        assert json.loads(mine.split(" ", 2)[2]) == json.loads(other.split(" ", 2)[2])


def test_gzip_finds_every_member_whole(tmp_path: Path, oracle: Oracle) -> None:
    warc, _ = made(tmp_path)

    run(oracle("gzip"), "-t", warc)


def test_wacz_validate_accepts_our_wacz(tmp_path: Path, oracle: Oracle) -> None:
    warc, index = made(tmp_path)
    wacz = tmp_path / "capture.wacz"
    write_wacz(
        wacz,
        warc=warc,
        index=index,
        pages=[Page(url=GET.url, ts=NOW, title="Өдөр", id="p1", extra={"text": "Өдөр"})],
        title="Өдөр",
        created=NOW,
        software="evidence_kit 0.1.0",
        extra=[("evidence/inventory.json", b"{}\n")],
    )

    said = run(oracle("wacz"), "validate", "-f", wacz).stdout

    assert "the passed WACZ is valid" in said


def test_bagit_py_accepts_our_bags_and_refuses_what_we_refuse(tmp_path: Path, oracle: Oracle) -> None:
    bag = tmp_path / "bag"
    (bag / "data" / "items").mkdir(parents=True)
    (bag / "data" / "items" / "a.txt").write_bytes(b"a")
    (bag / "data" / "b.txt").write_bytes(b"b")
    (bag / "README.txt").write_bytes(b"x")
    write_bag(bag, info={"Bagging-Date": "2026-11-22", "Source-Organization": "Алба"})
    assert not check_bag(FolderTree(bag)).failed
    run(oracle("bagit.py"), "--validate", bag)

    for name in ("data/b.txt", "README.txt", "bagit.txt", "bag-info.txt", "manifest-sha256.txt"):
        before = (bag / name).read_bytes()
        (bag / name).write_bytes(bytes([before[0] ^ 1]) + before[1:])
        refused = subprocess.run(
            [oracle("bagit.py"), "--validate", bag], capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert refused.returncode, name
        assert check_bag(FolderTree(bag)).failed, name
        (bag / name).write_bytes(before)


def test_sha256sum_accepts_both_manifests(tmp_path: Path, oracle: Oracle) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "мэдээ b.txt").write_bytes(b"b")
    write_bag(tmp_path, info={})

    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        done = subprocess.run(
            [oracle("sha256sum"), "--check", "--strict", manifest], cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode == 0


def test_warcio_and_we_agree_on_a_changed_payload(tmp_path: Path, oracle: Oracle) -> None:
    warc, _ = made(tmp_path)
    plain = gzip.decompress(warc.read_bytes())
    changed = tmp_path / "changed.warc"
    changed.write_bytes(plain.replace("шөнө".encode(), "шөнэ".encode(), 1))

    theirs = subprocess.run([oracle("warcio"), "check", changed], capture_output=True, check=False)

    assert theirs.returncode != 0
    assert [(f.type, str(f.block), str(f.payload)) for f in check_warc(changed) if f.failed] == [
        ("response", "mismatch", "mismatch")
    ]
