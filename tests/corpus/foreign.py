"""Files of the kinds that others make, made here: whole ones, broken ones, and ones made to harm whoever reads them."""

import base64
import gzip
import hashlib
import io
import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tests.support.pdfs import make_pdf

DEEP = 1_000_000
BOMB = 120 * 1024 * 1024


def foreign_files(folder: Path) -> Iterator[Path]:
    """Write every file into *folder* and yield its path; then the folders that were made."""
    for name, data in {**_plain(), **_archives(), **_hostile()}.items():
        path = folder / name
        path.write_bytes(data)
        yield path
    yield make_pdf(folder / "one-page.pdf")
    yield from _folders(folder)


def _plain() -> dict[str, bytes]:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    return {
        "empty": b"",
        "text.txt": "Сургалтын бичиг\n".encode(),
        "picture.png": picture.getvalue(),
        "picture-cut.png": picture.getvalue()[:40],
        "list.json": json.dumps([1.5, None]).encode(),
        "manifest-sha256.txt": b"0" * 64 + b"  letter.txt\n",
        "half.pdf": b"%PDF-",
        "loop.pdf": b"%PDF-1.7\nxref\n0 0\ntrailer\n<</Prev 9>>\nstartxref\n9\n%%EOF\n",
        "zeros.tsr": bytes(500),
        "reply.tsr": bytes.fromhex("3009300702010204023000"),
    }


def _archives() -> dict[str, bytes]:
    warc = _warc()
    packed = _zip({"data/letter.txt": b"letter"})
    wacz = _zip({"datapackage.json": b'{"resources": []}', "archive/data.warc.gz": warc, "pages/pages.jsonl": b"{}\n"})
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("letter.txt"), io.BytesIO())
    return {
        "good.warc.gz": warc,
        "plain.warc": gzip.decompress(warc),
        "flipped.warc.gz": warc[:300] + bytes([warc[300] ^ 4]) + warc[301:],
        "cut.warc.gz": warc[:-40],
        "more.warc.gz": warc + b"more",
        "good.zip": packed,
        "cut.zip": packed[:-10],
        "before.zip": b"#!/bin/sh\n" + packed,
        "good.wacz": wacz,
        "cut.wacz": wacz[: len(wacz) // 2],
        "tar.gz": tar.getvalue(),
        "text.gz": gzip.compress(b"text"),
    }


def _hostile() -> dict[str, bytes]:
    names = ["../../up", "/etc/abs", "C:/drive", "a\\..\\b", "", ".", "a//b", "a\0b", "Ab", "aB", "x" * 60_000]
    doubled = io.BytesIO()
    with zipfile.ZipFile(doubled, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"x")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    same = _zip({"bundle/bagit.txt": b"one", "bundle/bagiu.txt": b"two"}).replace(b"bagiu", b"bagit")
    return {
        "names.zip": doubled.getvalue(),
        "twice.zip": same,
        "overlapping.zip": _overlapping(),
        "bomb.zip": _zip({"big": bytes(BOMB)}),
        "bomb.gz": gzip.compress(bytes(BOMB), 1),
        "bomb.warc.gz": gzip.compress(b"WARC/1.1\r\nContent-Length: 999999999999\r\n" + bytes(BOMB), 1),
        "deep.json": b"[" * DEEP,
        "deep.wacz": _zip({"datapackage.json": b'{"a":' * DEEP, "archive/data.warc.gz": b""}),
        "numbers.wacz": _zip({"datapackage.json": b'{"resources": [NaN, 1e999, ' + b"9" * 5000 + b"]}"}),
        "doubles.wacz": _zip({"datapackage.json": b'{"resources": [], "resources": {"path": "\xff"}}'}),
        "long-header.warc": b"WARC/1.1\r\n" + b"A: b\r\n" * 500_000,
        "long-line.warc": b"WARC/1.1\r\nA: " + b"b" * 5_000_000,
    }


def _folders(folder: Path) -> Iterator[Path]:
    bag = folder / "bag"
    (bag / "data").mkdir(parents=True)
    (bag / "bagit.txt").write_bytes(b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    (bag / "manifest-sha256.txt").write_bytes(b"0" * 64 + b"  ../../../etc/passwd\n")
    yield bag
    (folder / "empty folder").mkdir()
    yield folder / "empty folder"


def _warc() -> bytes:
    body = b"content" * 50
    digest = base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()
    records = [
        f"WARC/1.0\r\nWARC-Type: resource\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-00000000000{number}>\r\n"
        f"WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Target-URI: https://example.mn/{number}\r\n"
        f"WARC-Block-Digest: sha1:{digest}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
        for number in range(3)
    ]
    return b"".join(gzip.compress(head.encode() + body + b"\r\n\r\n", mtime=0) for head in records)


def _zip(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def _overlapping() -> bytes:
    """Return a zip of a hundred names for the same ten megabytes of zeros."""
    data = bytes(10 * 1024 * 1024)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = deflate.compress(data) + deflate.flush()
    sizes = struct.pack("<III", zlib.crc32(data), len(packed), len(data))
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes + struct.pack("<HH", 1, 0) + b"a"
    central = b"".join(
        b"PK\x01\x02"
        + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33)
        + sizes
        + struct.pack("<HHHHHII", 3, 0, 0, 0, 0, 0, 0)
        + f"{n:03d}".encode()
        for n in range(100)
    )
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 100, 100, len(central), len(local) + len(packed), 0)
    return local + packed + central + end
