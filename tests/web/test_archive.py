"""The browser's verifier finds in archives what the Python verifier finds, whatever they hold."""

import gzip
import json
import os
import random
import struct
import subprocess
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from dataclasses import replace as changed_with
from hashlib import sha1
from io import BytesIO
from pathlib import Path

import pytest
from isal import isal_zlib

from evidence_kit.archive.cdxj import surt
from evidence_kit.archive.digest_labels import Dechunker, LabelledDigest
from evidence_kit.archive.http_facts import method_of, status_and_mime
from evidence_kit.archive.resource_names import role_of
from evidence_kit.archive.wacz import Page, write_wacz
from evidence_kit.archive.wacz_reader import _json_object, check_wacz
from evidence_kit.archive.warc_reader import check_warc
from evidence_kit.archive.warc_writer import WarcWriter
from evidence_kit.archive.warcinfo import read_warcinfo
from evidence_kit.errors import FormatError
from tests.unit.archive.test_own_warc import CHANGES, INDEX_CHANGES, NOW, PLAIN, Index, Records, write, write_many

PROJECT = Path(__file__).parents[2]
COPIES = 25
"""Changed copies of each thing: one kind or another is among them."""


@dataclass
class Questions:
    """Questions about bytes, with the answers that Python gives."""

    asked: list[dict[str, object]] = field(default_factory=list)

    def ask(self, name: str, ask: str, data: bytes, answer: Callable[[bytes], object]) -> None:
        """Ask one."""
        try:
            told = answer(data)
        except FormatError:
            told = None
        number = len(self.asked)
        self.asked.append(
            {"name": f"{number} {name}", "ask": ask, "data": b64encode(data).decode("ascii"), "answer": told}
        )

    def wacz(self, name: str, data: bytes) -> None:
        """Ask what is found in a WACZ, as anybody's and as ours."""
        self.ask(name, "wacz", data, lambda data: _wacz(data, ours=False))
        self.ask(f"{name}, as ours", "our wacz", data, lambda data: _wacz(data, ours=True))

    def warc(self, name: str, data: bytes) -> None:
        """Ask what is found in a WARC."""
        self.ask(name, "warc", data, _warc)

    def answers_agree(self, folder: Path) -> str:
        """Let the browser's verifier answer in Node; return what it answers otherwise, empty if nothing."""
        path = folder / "questions.json"
        path.write_text(json.dumps(self.asked), encoding="utf-8")
        command = ["node", "--test", str(PROJECT / "build" / "web" / "node" / "archive.test.mjs")]
        environment = {**os.environ, "EVIDENCE_KIT_ARCHIVE_QUESTIONS": str(path)}
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=300, env=environment)
        return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.fixture
def questions(tmp_path: Path) -> Iterator[Questions]:
    """Collect questions, and hear the answers at the end of a test."""
    asked = Questions()
    yield asked
    assert asked.asked
    assert asked.answers_agree(tmp_path) == ""


def _wacz(data: bytes, *, ours: bool) -> object:
    found = check_wacz(BytesIO(data), ours=ours)
    return [
        [[finding.check, finding.subject, str(finding.outcome)] for finding in found.findings],
        found.spki_sha256.hex if found.spki_sha256 else None,
        [[resource.role, resource.sha256] for resource in found.resources],
    ]


def _warc(data: bytes) -> object:
    return [
        [record.offset, record.record_id, str(record.block), str(record.payload), record.failed]
        for record in check_warc(BytesIO(data))
    ]


def _member(data: bytes) -> object:
    inflate = isal_zlib.decompressobj(31)
    try:
        size = len(inflate.decompress(data))
    except isal_zlib.IsalError as error:  # type: ignore[misc]  # its stub calls the class an instance
        raise FormatError(str(error)) from error
    return [size, len(data) - len(inflate.unused_data)] if inflate.eof else "not ended"


def copies(data: bytes, seed: str, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield *data* with some of its bytes changed, taken away or added."""
    chance = random.Random(seed)  # noqa: S311  # the same every time, on purpose
    for number in range(count):
        place = chance.randrange(len(data))
        width = chance.choice([1, 1, 1, 2, 9, 300])
        middle = chance.choice(
            [
                bytes([data[place] ^ 1 << chance.randrange(8)]),
                b"",
                chance.randbytes(width),
                data[place : place + width] * 2,
            ]
        )
        yield f"{seed}, copy {number}, place {place}", data[:place] + middle + data[place + chance.choice([0, width]) :]
    yield f"{seed}, cut", data[: chance.randrange(len(data))]


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


def test_gzip_members_are_inflated_alike(questions: Questions) -> None:
    chance = random.Random(3)  # noqa: S311  # the same every time, on purpose
    words = [chance.randbytes(chance.randrange(1, 9)) for _ in range(300)]
    text = b"".join(chance.choices(words, k=9000))
    kinds = [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE]
    rare = bytes(min(255, int(chance.expovariate(0.4))) for _ in range(90_000))
    near = b"".join(chance.randbytes(period) * (600 // period) for period in range(1, 40))
    stored = chance.randbytes(70_000)
    bodies = {"text": text, "chance": stored, "one": b"x" * 200_000, "none": b"", "rare": rare, "near": near}
    for name, body in bodies.items():
        for level, kind in [(level, kind) for level in (0, 1, 9) for kind in kinds]:
            deflate = zlib.compressobj(level, zlib.DEFLATED, 31, strategy=kind)
            data = deflate.compress(body) + deflate.flush()
            questions.ask(f"{name} {level} {kind}", "member", data + b"behind", _member)
            for what, copy in copies(data, f"{name} {level} {kind}", 5):
                questions.ask(what, "member", copy, _member)
    data = gzip.compress(text[:90], mtime=0)
    for what, copy in copies(data[:120], "short", 100):
        questions.ask(what, "member", copy + data[120:], _member)


def test_gzip_headers_are_read_alike(questions: Questions) -> None:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflate.compress(b"body") + deflate.flush() + struct.pack("<II", zlib.crc32(b"body"), 4)
    for flags in range(256):
        parts = [b"\x05\0extra"] * bool(flags & 4) + [b"name\0"] * bool(flags & 8) + [b"comment\0"] * bool(flags & 16)
        head = bytes([0x1F, 0x8B, 8, flags, 1, 2, 3, 4, 5, 6]) + b"".join(parts)
        right = struct.pack("<H", zlib.crc32(head) & 0xFFFF) if flags & 2 else b""
        for check in (right, right[::-1]):
            questions.ask(f"flags {flags}", "member", head + check + body, _member)
    questions.ask("method", "member", b"\x1f\x8b\x07\0\0\0\0\0\0\0" + body, _member)


def _framed(record: bytes, flags: int = 0, fields: bytes = b"", *, level: int = 9) -> bytes:
    """Return a gzip member with such a header."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    head = bytes([0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 3]) + fields
    checked = head + (struct.pack("<H", zlib.crc32(head) & 0xFFFF) if flags & 2 else b"")
    return checked + deflate.compress(record) + deflate.flush() + struct.pack("<II", zlib.crc32(record), len(record))


def _record(body: bytes) -> bytes:
    head = "WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:x:1>\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n"
    digest = "sha1:" + sha1(body, usedforsecurity=False).hexdigest()
    return f"{head}WARC-Block-Digest: {digest}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body + b"\r\n\r\n"


def test_odd_members_are_judged_alike(questions: Questions) -> None:
    chance = random.Random(5)  # noqa: S311  # the same every time, on purpose
    first, last = _framed(_record(b"first")), _framed(_record(b"last"))
    body = b"".join(chance.randbytes(20_000) + mark for mark in (b"\x1f\x8b\x08", first[:40], last, first))
    for level in (0, 1):
        middle = _framed(_record(body), level=level)
        wrong = [middle[:-1], middle[:-4], middle[:-9], middle[:50_000], middle[:20], middle[: 80_000 * level + 11]]
        wrong += [middle[:-8] + bytes(4) + middle[-4:], middle[:-4] + bytes(4), middle + b"x", middle + bytes(9)]
        for place in range(0, len(middle), 9_000):
            wrong.append(middle[:place] + bytes([middle[place] ^ 0x55]) + middle[place + 1 :])
        for number, data in enumerate([middle, *wrong]):
            questions.warc(f"level {level}, {number}, at the end", first + data)
            questions.warc(f"level {level}, {number}, in the middle", first + data + last)
            questions.warc(f"level {level}, {number}, at the beginning", data + last)
    empty = _framed(b"")
    for name, data in {"empty": empty + first + empty * 3 + last + empty, "empties": empty * 5}.items():
        questions.warc(name, data)
    text = b"\x05\0extra" + b"name\0" + b"comment\0"
    for flags in (2, 4, 8, 16, 28, 30, 32, 64, 128, 255):
        fields = b"".join(part * bool(flags & flag) for flag, part in ((4, text[:7]), (8, text[7:12]), (16, text[12:])))
        questions.warc(f"flags {flags}", first + _framed(_record(b"odd"), flags, fields) + last)
    questions.warc("long name", first + _framed(_record(b"odd"), 8, b"n" * 200_000 + b"\0") + last)


@pytest.mark.parametrize("size", [30_000_000, pytest.param(2_000_000_000, marks=pytest.mark.slow)])
def test_a_record_that_inflates_to_a_thousand_times_its_size_is_judged_alike(questions: Questions, size: int) -> None:
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = _record(b"").replace(b"Content-Length: 0\r\n\r\n\r\n\r\n", f"Content-Length: {size}\r\n\r\n".encode())
    zeros = bytes(10_000_000)
    packed = [deflate.compress(head), *(deflate.compress(zeros) for _ in range(size // len(zeros)))]
    data = b"".join([*packed, deflate.compress(b"\r\n\r\n"), deflate.flush()])
    assert len(data) < size / 900
    questions.warc("zeros", data + _framed(_record(b"behind")))


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
