"""Strict reading of WARC files: of our own, of others, and of damaged ones."""

import gzip
import io
import json
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kit.archive.cdxj import IndexLine
from evidence_kit.archive.warc_reader import DigestOutcome, RecordFinding, check_warc, read_warc, record_at
from evidence_kit.errors import FormatError


class Sample(Protocol):
    """What the fixture of this folder gives."""

    warc: Path
    index: tuple[IndexLine, ...]


GZIP_HEADER_BYTES = frozenset(range(3, 10))
"""Flags, time, extra flags and system: what of a gzip member no checksum covers (RFC 1952, 2.3)."""

RECORD = (
    b"WARC/1.0\r\nWARC-Type: %s\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n"
    b"WARC-Target-URI: https://a.mn/\r\n%sContent-Length: %d\r\n\r\n%s\r\n\r\n"
)


def record(block: bytes, *, kind: bytes = b"resource", more: bytes = b"") -> bytes:
    """Return a plain record."""
    return RECORD % (kind, more, len(block), block)


def findings(data: bytes) -> list[RecordFinding]:
    """Return what checking *data* gives."""
    return list(check_warc(io.BytesIO(data)))


def payload(path: Path, offset: int) -> tuple[bytes, bytes]:
    """Return HTTP head and payload of a record."""
    with record_at(path, offset) as found:
        return found.http_head, b"".join(iter(lambda: found.read(5), b""))


def test_our_own_records_all_pass(sample: Sample) -> None:
    found = list(check_warc(sample.warc))

    assert [finding.type for finding in found] == [
        *["warcinfo", "response", "request", "response", "request", "request", "resource", "metadata"]
    ]
    assert {finding.block for finding in found} == {DigestOutcome.OK}
    assert {finding.payload for finding in found if finding.type in {"response", "request"}} == {DigestOutcome.OK}
    assert not any(finding.failed or finding.detail for finding in found)
    assert [line.offset for line in sample.index] == [finding.offset for finding in found[1:-1]]


def test_a_record_is_read_back_from_its_offset(sample: Sample) -> None:
    head, body = payload(sample.warc, sample.index[0].offset)

    assert head == "HTTP/1.1 200 Very Fine\r\nX-Name: Өнөр\r\nContent-Type: text/html\r\n\r\n".encode()
    assert body.decode() == "<p>Өдөр шөнө ₮ 😀"
    assert payload(sample.warc, sample.index[-1].offset) == (b"", b"\x89PNG\r\n")


def test_reading_on_skips_what_was_not_read(sample: Sample) -> None:
    urls = [found.url for found in read_warc(sample.warc)]

    assert urls[1] == "https://www.example.mn/%D0%BC%D1%8D%D0%B4%D1%8D%D1%8D"
    assert urls[-2] == "urn:view:https://example.mn/"


def test_every_flip_that_a_checksum_can_show_is_found(sample: Sample) -> None:
    data = bytearray(sample.warc.read_bytes())
    starts = [finding.offset for finding in check_warc(sample.warc)]
    unseen = set()
    for at in range(len(data)):
        mask = (0x01, 0x80, 0xFF)[at % 3]
        data[at] ^= mask
        with suppress(FormatError):
            if not any(finding.failed for finding in findings(bytes(data))):
                unseen.add(at)
        data[at] ^= mask

    headers = {start + byte for start in starts for byte in GZIP_HEADER_BYTES}
    # The last byte of compressed data, before the eight of checksum and size, is filled up with unused bits.
    assert unseen <= headers | {end - 9 for end in [*starts, len(data)]}


def test_a_file_cut_off_inside_a_record_is_found(sample: Sample) -> None:
    data = sample.warc.read_bytes()
    ends = {finding.offset for finding in check_warc(sample.warc)}
    for size in range(len(data)):
        try:
            failed = any(finding.failed for finding in findings(data[:size]))
        except FormatError:
            continue
        # Whole records alone are a whole WARC: that some are missing only the file's digest can show.
        assert failed is (size not in ends)


def test_damage_in_one_record_does_not_hide_the_others(sample: Sample) -> None:
    data = bytearray(sample.warc.read_bytes())
    data[sample.index[0].offset + sample.index[0].length // 2] ^= 0xFF

    found = findings(bytes(data))

    damaged = {finding.offset for finding in found if finding.failed}
    assert damaged == {sample.index[0].offset}
    assert {line.record_id for line in sample.index[1:]} <= {finding.record_id for finding in found}
    assert any("reading goes on at byte" in finding.detail for finding in found)


@pytest.mark.parametrize("junk", [b"\0", b"\n", b"junk" * 50_000, b"\x1f\x8b", b"\x1f\x8b\x08junk"])
def test_bytes_after_the_last_record_are_found(sample: Sample, junk: bytes) -> None:
    data = sample.warc.read_bytes()

    failed = [finding for finding in findings(data + junk) if finding.failed]

    assert [finding.offset for finding in failed] == [len(data)]


def test_bytes_between_two_records_are_found(sample: Sample) -> None:
    data, at = sample.warc.read_bytes(), sample.index[2].offset

    found = findings(data[:at] + b"junk" + data[at:])

    assert [finding.offset for finding in found if finding.failed] == [at]
    assert len(found) == len(sample.index) + 3


@pytest.mark.parametrize("junk", [b"\r\n", b"junk", record(b"second")])
def test_anything_more_in_a_record_s_gzip_member_is_found(junk: bytes) -> None:
    found = findings(gzip.compress(record(b"first") + junk) + gzip.compress(record(b"last")))

    assert "does not end with its gzip member" in found[0].detail
    assert not found[-1].failed


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (record(b"x").replace(b"WARC-Date: ", b"WARC-Date "), "not a header line"),
        (record(b"x").replace(b"WARC-Date: ", b"WARC-Date\r\nWARC-Date: "), "not a header line"),
        (record(b"x").replace(b"01-01T", b"01-XXT"), "WARC-Date is malformed"),
        (record(b"x").replace(b"<urn", b"<rn "), "WARC-Record-ID is malformed"),
        (record(b"x").replace(b"Length: 1", b"Length: 1e0"), "Content-Length is malformed"),
        (record(b"x").replace(b"Length: 1", b"Length: 2"), "does not end with two line ends"),
        (record(b"x").replace(b"Length: 1", b"Length: 99"), "bytes of the block are missing"),
        (record(b"x").replace(b"Length: 1\r", b"Length: 1\r\nContent-Length: 1\r"), "stands more than once"),
        (record(b"x").replace(b"WARC-Target", b"WARC-target"), ""),
        (record(b"x").replace(b"WARC-Target-URI", b"X"), "WARC-Target-URI is missing"),
        (record(b"x", kind=b"nonsense"), "not a type of record"),
        (record(b"x", more=b"X: \xff\r\n"), "not UTF-8"),
        (record(b"x", more=b"X: y\n"), "without a carriage return"),
        (record(b"x", more=b"X: y\r\n folded\r\n"), ""),
        (record(b"x", more=b"X: " + b"y" * 9_000_000 + b"\r\n"), "header does not end"),
        (record(b"x", more=b"X: y\r\n" * 300_000), "header does not end"),
        (record(b"x", more=b"WARC-Segment-Number: 2\r\n"), "WARC-Segment-Number 2"),
        (record(b"x")[:-2], "does not end with two line ends"),
        (record(b"x") + b"junk", "does not begin with a WARC version"),
    ],
)
def test_departures_from_the_standard_are_named(data: bytes, detail: str) -> None:
    found = findings(data)

    assert detail in "; ".join(finding.detail for finding in found)
    assert any(finding.failed for finding in found) is bool(detail)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"PK\x03\x04", b"\x1f\x8b", gzip.compress(b"hello"), gzip.compress(b"")],
    ids=["nothing", "text", "zip", "torn gzip", "gzip of text", "gzip of nothing"],
)
def test_what_is_no_warc_at_all_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="not a WARC"):
        findings(data)


CHUNKED = b"Content-Type: application/http; msgtype=response\r\nWARC-Payload-Digest: sha1:%s\r\n"
HTTP = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("digest", "outcome"),
    [
        (b"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d", DigestOutcome.OK),  # of "hello"
        (b"a62d21c4dfbe0d2ce2dac1a7a1ac9e9d5b35d2ad", DigestOutcome.MISMATCH),
    ],
)
def test_a_payload_digest_may_be_that_of_the_body_without_chunks(digest: bytes, outcome: DigestOutcome) -> None:
    data = record(HTTP + b"5\r\nhello\r\n0\r\n\r\n", kind=b"response", more=CHUNKED % digest)

    (found,) = findings(data)

    assert found.payload is outcome
    assert found.block is DigestOutcome.ABSENT


def test_the_payload_digest_of_a_revisit_is_not_compared() -> None:
    (found,) = findings(record(b"", kind=b"revisit", more=b"WARC-Payload-Digest: sha1:" + b"0" * 40 + b"\r\n"))

    assert found.payload is DigestOutcome.ABSENT
    assert not found.failed
    assert "the record it revisits" in found.detail


def test_a_payload_that_inflates_a_thousandfold_is_read_in_pieces() -> None:
    size = 64 * 2**20
    squeezed = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = squeezed.compress(record(b"").removesuffix(b"0\r\n\r\n\r\n\r\n") + b"%d\r\n\r\n" % size)
    data += b"".join(squeezed.compress(bytes(2**20)) for _ in range(64)) + squeezed.compress(b"\r\n\r\n")
    data += squeezed.flush()
    tracemalloc.start()

    (found,) = findings(data)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(data) < size / 900
    assert not found.failed
    assert peak < 2**20


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_damage_raises_or_hangs(sample: Sample, data: st.DataObject) -> None:
    warc = bytearray(sample.warc.read_bytes())
    if data.draw(st.booleans(), label="plain"):
        warc = bytearray(gzip.decompress(warc))
    for _ in range(data.draw(st.integers(1, 4), label="changes")):
        at = data.draw(st.integers(0, len(warc)), label="at")
        cut = data.draw(st.integers(0, 40), label="cut")
        warc[at : at + cut] = data.draw(st.binary(max_size=20), label="put in")
    with suppress(FormatError):
        findings(bytes(warc))


def others(test_data: Path) -> Iterator[Path]:
    """Yield the WARC files of other people, and what lies beside them."""
    return (path for path in sorted((test_data / "warc").rglob("*")) if path.is_file())


def test_files_of_others_are_judged_as_their_names_say(test_data: Path) -> None:
    wrong = []
    for path in others(test_data):
        try:
            failed = any(finding.failed for finding in check_warc(path))
        except FormatError:
            failed = True
        # Breaking a recommendation is allowed.
        if path.name.startswith("valid-") and path.suffix == ".warc" and failed:
            wrong.append(path.name)
        if path.name.startswith("invalid-") and not failed and "recommended" not in path.name:
            wrong.append(path.name)

    assert wrong == []


def test_no_good_file_of_others_is_called_altered_and_no_bad_one_good(test_data: Path) -> None:
    expected = json.loads((test_data / "expected-warc.json").read_text(encoding="utf-8"))
    compared = 0
    for path in others(test_data):
        measured = expected.get(path.relative_to(test_data).as_posix())
        if not measured or measured.get("error") or path.name.startswith(("valid-", "invalid-")):
            continue
        try:
            found = list(check_warc(path))
        except FormatError:
            # warcio reads ARC files too, and plain text as if it were one; WACZ files are judged by other tests.
            assert not measured.get("digest_ok")
            continue
        differs = [f for f in found if DigestOutcome.MISMATCH in {f.block, f.payload}]
        malformed = [f for f in found if DigestOutcome.MALFORMED in {f.block, f.payload}]
        assert bool(differs + malformed) is bool(measured["digest_bad"]), path.name
        compared += 1

    assert compared > 20
