"""Another archive and other pictures in an item's folder, and everything around them made again as it ought to be."""

import base64
import gzip
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from evidence_kit import canonical
from evidence_kit.archive.cdxj import IndexLine
from evidence_kit.archive.http_facts import method_of, status_and_mime
from evidence_kit.archive.resource_names import role_of
from evidence_kit.archive.wacz import Page, write_wacz
from evidence_kit.archive.warc_reader import read_warc
from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.models import parse_utc
from tests.support.forging import rebuild_item

_ARCHIVE = "archive/data.warc.gz"


def repaint(item: Path, paint: Callable[[Image.Image], None], *, picture: str = "screenshot") -> None:
    """Have *paint* change a picture of the *item*, beside the archive and in it, and seal both anew."""
    path = item / f"{picture}.png"
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    paint(image)
    stored = io.BytesIO()
    image.save(stored, "PNG")
    path.write_bytes(stored.getvalue())
    rewrite(item, resources={picture: stored.getvalue()})


def rewrite(
    item: Path,
    *,
    resources: Mapping[str, bytes] | None = None,
    without: Callable[[str], bool] = lambda _url: False,
    responses: Mapping[str, bytes] | None = None,
) -> None:
    """Put *resources* by role, and *responses* by address, into the archive of the *item*, and seal it anew.

    Exchanges of addresses that *without* names are taken out.
    """
    wacz = item / "capture.wacz"
    with ZipReader(wacz) as archive:
        warc = archive.read(_ARCHIVE, 1 << 30)
        pages = [json.loads(line) for line in archive.read("pages/pages.jsonl", 1 << 20).splitlines()]
        package = json.loads(archive.read("datapackage.json", 1 << 20))
    data = b"".join(_members(warc, resources or {}, responses or {}, without))
    loose = item.parent / "rewritten.warc.gz"
    loose.write_bytes(data)
    wacz.unlink()
    seal = write_wacz(
        wacz,
        warc=loose,
        index=list(_index(loose)),
        pages=[
            Page(url=page["url"], ts=parse_utc(page["ts"]), title=page["title"], id=page["id"])
            for page in pages
            if "format" not in page
        ],
        title=package["title"],
        created=parse_utc(package["created"]),
        software=package["software"],
    )
    loose.unlink()
    record = json.loads((item / "item.json").read_bytes())
    record["wacz"]["transport_key_sha256"] = str(seal.spki_sha256)
    (item / "item.json").write_bytes(canonical.pretty(record))
    rebuild_item(item)


def _members(
    warc: bytes, resources: Mapping[str, bytes], responses: Mapping[str, bytes], without: Callable[[str], bool]
) -> Iterator[bytes]:
    # All at once: where a record ends is known when the next one has begun.
    for record in list(read_warc(io.BytesIO(warc))):
        if without(record.url):
            continue
        raw = gzip.decompress(warc[record.offset : record.offset + record.length])
        if (role := role_of(record.url)) in resources:
            raw = _changed(raw, resources[role], resources[role])
        elif record.type == "response" and record.url in responses:
            raw = _changed(raw, responses[record.url], responses[record.url].partition(b"\r\n\r\n")[2])
        yield gzip.compress(raw, mtime=0)


def _changed(raw: bytes, block: bytes, payload: bytes) -> bytes:
    """Return the record with another *block*, its length and digests too."""
    head = raw.partition(b"\r\n\r\n")[0] + b"\r\n"
    for name, data in ((b"Block", block), (b"Payload", payload)):
        digest = b"sha256:" + base64.b32encode(hashlib.sha256(data).digest())
        head = re.sub(rb"(?m)^(WARC-%b-Digest): .*\r$" % name, rb"\1: %b\r" % digest, head)
    head = re.sub(rb"(?m)^(Content-Length): .*\r$", rb"\1: %d\r" % len(block), head)
    return head + b"\r\n" + block + b"\r\n\r\n"


def _index(warc: Path) -> Iterator[IndexLine]:
    """Yield a line for each record, that of a response with the method of its request."""
    records = list(read_warc(warc))
    methods = {
        (record.header("WARC-Concurrent-To") or "").strip("<>"): method_of(record.http_head)
        for record in records
        if record.type == "request"
    }
    for record in records:
        status, mime = status_and_mime(record.http_head, record.header("Content-Type") or "")
        digest = record.header("WARC-Payload-Digest") or record.header("WARC-Block-Digest") or ""
        yield IndexLine(
            record_id=record.record_id,
            record_type=record.type,
            url=record.url,
            date=datetime.fromisoformat(record.header("WARC-Date") or "").astimezone(UTC),
            offset=record.offset,
            length=record.length,
            filename="data.warc.gz",
            mime=mime,
            status=status,
            digest=digest,
            method=methods.get(record.record_id, "GET"),
        )
