"""The browser's verifier inflates the members of archives as Python does, however they were made or damaged."""

import gzip
import random
import struct
import zlib
from collections.abc import Iterator
from hashlib import sha1
from pathlib import Path

import pytest
from isal import isal_zlib

from evidence_kit.errors import FormatError
from tests.web.archive_questions import Questions, asking, copies


@pytest.fixture
def questions(tmp_path: Path) -> Iterator[Questions]:
    """Collect questions, and hear the answers at the end of a test."""
    yield from asking(tmp_path)


def _member(data: bytes) -> object:
    inflate = isal_zlib.decompressobj(31)
    try:
        size = len(inflate.decompress(data))
    except isal_zlib.IsalError as error:  # type: ignore[misc]  # its stub calls the class an instance
        raise FormatError(str(error)) from error
    return [size, len(data) - len(inflate.unused_data)] if inflate.eof else "not ended"


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
