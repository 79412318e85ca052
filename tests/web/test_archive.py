"""The browser's verifier finds in archives what the Python verifier finds, whatever they hold."""

import gzip
import random
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace as changed_with
from io import BytesIO
from pathlib import Path

import pytest

from evidence_kit.archive.cdxj import surt
from evidence_kit.archive.digest_labels import Dechunker, LabelledDigest
from evidence_kit.archive.http_facts import method_of, status_and_mime
from evidence_kit.archive.resource_names import role_of
from evidence_kit.archive.wacz import Page, write_wacz
from evidence_kit.archive.wacz_reader import _json_object
from evidence_kit.archive.warc_writer import WarcWriter
from evidence_kit.archive.warcinfo import read_warcinfo
from tests.unit.archive.test_own_warc import CHANGES, INDEX_CHANGES, NOW, PLAIN, Index, Records, write, write_many
from tests.web.archive_questions import Questions, asking, copies

COPIES = 25
"""Changed copies of each thing: one kind or another is among them."""


@pytest.fixture
def questions(tmp_path: Path) -> Iterator[Questions]:
    """Collect questions, and hear the answers at the end of a test."""
    yield from asking(tmp_path)


def packed(folder: Path, warc: bytes, index: Index, **more: object) -> bytes:
    """Return a WACZ whose lists and signature fit *warc*, whatever it holds."""
    (folder / "packed.warc.gz").write_bytes(warc)
    page = Page(url=PLAIN.url, ts=NOW, title="Хуудас", id="p1")
    path = folder / f"{len(list(folder.iterdir()))}.wacz"
    write_wacz(
        path,
        warc=folder / "packed.warc.gz",
        index=index,
        pages=[page],
        title="x",
        created=NOW,
        software="x",
        **more,  # type: ignore[arg-type]  # what is asked for below
    )
    return path.read_bytes()


def records_of(data: bytes, index: Index) -> Records:
    """Return the records of a WARC with the lines of *index*."""
    offsets = [0, *(line.offset for line in index)]
    return [gzip.decompress(data[a:b]) for a, b in zip(offsets, [*offsets[1:], len(data)], strict=True)]


def zipped(records: Records, **how: int) -> bytes:
    """Return a gzip member for each record."""
    return b"".join(gzip.compress(record, mtime=0, **how) for record in records)


def test_broken_promises_are_found_alike(tmp_path: Path, questions: Questions) -> None:
    index = write(tmp_path / "data.warc.gz")
    data = (tmp_path / "data.warc.gz").read_bytes()
    questions.wacz("whole", packed(tmp_path, data, index))
    for name, (apply, _) in CHANGES.items():
        records = records_of(data, index)
        apply(records)
        questions.wacz(name, packed(tmp_path, zipped(records), index))
    for name, change in INDEX_CHANGES.items():
        questions.wacz(name, packed(tmp_path, data, change(list(index))))
    questions.wacz("plain", packed(tmp_path, gzip.decompress(data), index))
    questions.wacz("one member", packed(tmp_path, gzip.compress(gzip.decompress(data)), index))
    more = [("indexes/other.cdx", b""), ("archive/other.warc.gz", data), ("archive/none.warc.gz", b"none")]
    questions.wacz("more archives", packed(tmp_path, data, index, extra=more))
    other = write(tmp_path / "other.warc.gz", page_id="p2")
    many = write_many(tmp_path / "many.warc.gz", 1500)
    data = (tmp_path / "many.warc.gz").read_bytes()
    questions.wacz("many", packed(tmp_path, data, many))
    first = data[many[0].offset : many[1].offset]
    questions.wacz("many, the first one twice", packed(tmp_path, data + first, many))
    questions.wacz("another page", packed(tmp_path, (tmp_path / "other.warc.gz").read_bytes(), other))


@pytest.mark.parametrize("count", [COPIES, pytest.param(8 * COPIES, marks=pytest.mark.slow)])
def test_changed_archives_are_judged_alike(tmp_path: Path, questions: Questions, count: int) -> None:
    index = write(tmp_path / "data.warc.gz")
    data = (tmp_path / "data.warc.gz").read_bytes()
    for name, copy in copies(packed(tmp_path, data, index), "wacz", count):
        questions.wacz(name, copy)
    for name, copy in copies(data, "warc", count):
        questions.warc(name, copy)
        questions.wacz(f"{name}, packed anew", packed(tmp_path, copy, index))
    for name, copy in copies(gzip.decompress(data), "plain", count):
        questions.warc(name, copy)
    for record in range(5):
        for name, copy in copies(records_of(data, index)[record], f"record {record}", count // 4):
            records = records_of(data, index)
            records[record] = copy
            questions.wacz(name, packed(tmp_path, zipped(records), index))


def test_large_bodies_and_damage_inside_them_are_judged_alike(tmp_path: Path, questions: Questions) -> None:
    chance = random.Random(2)  # noqa: S311  # the same every time, on purpose
    bodies = [chance.randbytes(150_000), b"word " * 60_000, bytes(3_000_000), chance.randbytes(65_536)]
    with WarcWriter(tmp_path / "data.warc.gz", created=NOW, page_id="p1") as writer:
        writer.warcinfo({"software": "test", "not-before-nonce": "00"})
        index: Index = []
        for number, body in enumerate(bodies):
            exchange = changed_with(PLAIN, url=f"https://example.mn/{number}", response_body=body)
            index += writer.exchange(exchange).lines
    data = (tmp_path / "data.warc.gz").read_bytes()
    questions.wacz("whole", whole := packed(tmp_path, data, index))
    questions.ask("warcinfo", "warcinfo", whole, lambda data: read_warcinfo(BytesIO(data)))
    for name, copy in copies(data, "large", 30):
        questions.warc(name, copy)


ADDRESSES = """
http://example.mn https://WWW.Example.MN:443/A/../b//c/?q=2&a=%41%2541#x http://www2.example.mn:80 https://a:444/?
https://user:pass@host:8080/p?x=[1]&y={z} http://[::1]/ http://[::1]:81/x http://[::ffff:1.2.3.4]/ http://[1:2:3:4:5:6:7:8]
http://[1:2:3:4:5:6:7::]/ http://[::2:3:4:5:6:7:8]/ http://[1::3:4:5:6:7:8]/ http://[:1]/ http://[1:]/ http://[1:::2]/
http://[1:2:3:4:5:6:7]/ http://[1:2:3:4:5:6:7:8:9]/ http://[::1.2.3]/ http://[::1.2.3.256]/ http://[::01.2.3.4]/
http://[v1.x]/ http://[vg.x]/ http://[v1.]/ http://[1.2.3.4]/ http://[::1%25eth0]/ http://[::1%]/ http://[fe80::1%A%B]/
http://x[::1]/ http://[::1]x/ http://[::1]:/ http://a]b/ http://[a/ http://host:99999/ http://host:-1/ http://host:/x
http://host:00080/ ws://host:80/ wss://host:443/s urn:uuid:x dns:example.mn about:blank //host/path /path http:path
http:///path http://./ http://...a../ http://www.www.example/ http://WwW1.a/ http://a%41B%c3/ http://h%eTh0/
https://example.mn/%25252525252525252541 https://example.mn/%zz%4 https://example.mn/а?б=в https://example.mn/?b&a&=&&
https://example.mn/?a=1?b=2 https://example.mn/#?x https://example.mn/%2e%2e/a/./b/%2E/ 1http://x h*p://x http://a@b@c/
https://example.mn/?__wb_method=POST https://example.mn/a;b=%3B?c%26d urn:evidence-kit:dom:https://example.mn/
"""


def test_addresses_texts_and_heads_are_read_alike(questions: Questions) -> None:
    chance = random.Random(4)  # noqa: S311  # the same every time, on purpose
    for address in ADDRESSES.split():
        questions.ask(address, "surt", address.encode(), lambda data: surt(data.decode()))
        questions.ask(address, "role", address.encode(), lambda data: role_of(data.decode()))
        for _ in range(6):
            cut = chance.randrange(len(address))
            other = address[:cut] + chance.choice("/?#[]:@%.& \\Өwww0") + address[cut + chance.randrange(2) :]
            questions.ask(other, "surt", other.encode(), lambda data: surt(data.decode()))
    heads = [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/2 204\r\n",
        b"http/1.1 200 OK\r\n",
        b"HTTP/1.1  30x \r\n",
        b"GET / HTTP/1.1\r\n",
    ]
    kinds = [
        b"content-type: text/html; charset=x\r\n",
        b"Content-Type:\ttext/\xd3\x85\xa0x y\r\n",
        b"X: y\r\nCONTENT-TYPE:\r\n",
    ]
    for head in [*heads, b"P:ST / x", b"x" * 33 + b" /", b""]:
        for kind in [*kinds, b""]:
            questions.ask(
                "head", "head", head + kind + b"\r\n", lambda data: [method_of(data), *status_and_mime(data, "")]
            )


def test_digests_chunks_and_lists_are_read_alike(questions: Questions) -> None:
    digest = bytes(range(32))
    hexed, plain = digest.hex(), b64encode(digest).decode()
    labels = [
        f"sha256:{hexed}",
        f"SHA-256: {hexed.upper()} ",
        f"sha256:{plain}",
        f"sha256:{plain[:-1]}",
        "sha1:x",
        "",
        "x",
    ]
    labels += [
        f"sha256:{plain.replace('+', '-').replace('/', '_')}",
        f"sha256:{hexed} ",
        f"sha256:{'A' * 52}====",
        "md5:",
    ]
    labels += [
        f"sha256:{'a' * 52}",
        f"sha256:{'1' * 52}",
        f"\x1csha256\x85:{hexed}",
        f"sha512:{hexed}{hexed}",
        f"sha9:{hexed}",
    ]
    for label in labels:
        questions.ask(label, "label", label.encode(), _label)
    chunks = b"5\r\nhello\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nX: y\r\n\r\nmore"
    for name, copy in [("whole", chunks), *copies(chunks, "chunks", 100), ("long", b"1" * 20_000)]:
        questions.ask(name, "chunks", copy, _chunks)
    objects = [
        b'{"a":1,"b":[{"a":2}]}',
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"\\u0062":2}}',
        b"[1]",
        b'{"a":NaN}',
        b'{"a":1e999}',
    ]
    objects += [
        b'{"a":' + b"9" * 4300 + b"}",
        b'{"a":' + b"9" * 4301 + b"}",
        b'{"a":-' + b"9" * 4301 + b".0}",
        b'{"\\ud800":1}',
    ]
    objects += [b'{"a":' + b"[" * size + b"]" * size + b"}" for size in (800, 100_000)]
    objects += [
        b"\xef\xbb\xbf{}",
        b"{} x",
        b'{"a":01}',
        b'{"__proto__":1,"x":"\t"}',
        b'{"__proto__":1}',
        b'{"a" \n:1,"a":2}',
        b"\xff",
    ]
    for data in objects:
        questions.ask(repr(data[:40]), "json", data, lambda data: sorted(_json_object(data)))


def _label(data: bytes) -> object:
    found = LabelledDigest.parse(data.decode())
    return [found.algorithm, [found.value.hex()] if found.value else []]


def _chunks(data: bytes) -> object:
    dechunker = Dechunker()
    found = b"".join(dechunker.feed(data[at : at + 7]) for at in range(0, len(data), 7))
    return [dechunker.valid, found.hex()]
