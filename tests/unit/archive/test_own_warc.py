"""What our own archives promise beyond what every WARC must be: each broken promise is found by its name."""

import base64
import gzip
import hashlib
import io
import re
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kit.archive.cdxj import IndexLine
from evidence_kit.archive.line_sum import LineSum, draw_secret
from evidence_kit.archive.own_index import is_index_of
from evidence_kit.archive.wacz import Page, write_wacz
from evidence_kit.archive.wacz_reader import WaczFindings, check_wacz
from evidence_kit.archive.warc_writer import Exchange, WarcWriter
from evidence_kit.models import Outcome

NOW = datetime(2026, 11, 22, 1, 2, 3, 4000, tzinfo=UTC)
PLAIN = Exchange(
    url="https://example.mn/",
    started=NOW,
    request_head=b"GET / HTTP/1.1\r\n\r\n",
    response_head=b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n",
    response_body=b"hello",
)
Records = list[bytes]
Index = list[IndexLine]


def write(path: Path, *, page_id: str | None = "p1") -> Index:
    """Write a WARC of five records: warcinfo, response and request, a lost request, a resource."""
    with WarcWriter(path, created=NOW, page_id=page_id) as writer:
        writer.warcinfo({"software": "test"})
        index = [*writer.exchange(PLAIN).lines]
        index += writer.exchange(replace(PLAIN, url="https://example.mn/lost", response_head=None)).lines
        index.append(
            writer.resource("urn:evidence-kit:dom:https://example.mn/", b"<p>", media_type="text/html", date=NOW)
        )
    return index


def write_many(path: Path, count: int) -> Index:
    """Write a WARC of *count* exchanges, every other of them a POST."""
    with WarcWriter(path, created=NOW, page_id="p1") as writer:
        writer.warcinfo({"software": "test"})
        heads = [PLAIN.request_head, b"POST / HTTP/1.1\r\n\r\n"]
        exchanges = (replace(PLAIN, request_head=heads[number % 2]) for number in range(count))
        return [line for exchange in exchanges for line in writer.exchange(exchange).lines]


def wrapped(folder: Path, warc: Path, index: Index) -> WaczFindings:
    """Return what is found in a WACZ whose lists and signature fit *warc*, whatever it holds."""
    page = Page(url=PLAIN.url, ts=NOW, title="x", id="p1")
    path = folder / "capture.wacz"
    path.unlink(missing_ok=True)
    write_wacz(path, warc=warc, index=index, pages=[page], title="x", created=NOW, software="x")
    return check_wacz(path, ours=True)


def failures(found: WaczFindings) -> dict[str, str]:
    """Return the details of what failed, by check."""
    wrong: dict[str, str] = {}
    for finding in found.findings:
        if finding.outcome is Outcome.FAILED:
            wrong[finding.check] = f"{wrong.get(finding.check, '')}\n{finding.detail}"
    return wrong


def edited(number: int, old: bytes, new: bytes) -> Callable[[Records], None]:
    """Return a change of one record, its digests left as they were."""

    def change(records: Records) -> None:
        assert re.search(old, records[number])
        records[number] = re.sub(old, new, records[number], count=1)

    return change


def doubled(records: Records) -> None:
    """Let a record stand twice."""
    records.append(records[4])


def without_request(records: Records) -> None:
    """Leave out the request of a response."""
    del records[2]


def as_revisit(records: Records) -> None:
    """Add a kind of record that holds no body."""
    records.append(
        re.sub(rb"urn:uuid:[^>]+", b"urn:uuid:1", records[4], count=1).replace(
            b"WARC-Type: resource", b"WARC-Type: revisit"
        )
    )


CHANGES: dict[str, tuple[Callable[[Records], None], str]] = {
    "no block digest": (edited(4, rb"WARC-Block-Digest: [^\r]+\r\n", b""), "its WARC-Block-Digest is no SHA-256"),
    "no payload digest": (edited(1, rb"WARC-Payload-Digest: [^\r]+\r\n", b""), "its WARC-Payload-Digest is no SHA-256"),
    "a digest of another kind": (
        edited(
            1,
            rb"WARC-Payload-Digest: [^\r]+",
            b"WARC-Payload-Digest: sha1:" + base64.b32encode(hashlib.sha1(b"hello", usedforsecurity=False).digest()),
        ),
        "its WARC-Payload-Digest is no SHA-256",
    ),
    "a record twice": (doubled, "another record has the same id"),
    "no request": (without_request, "which is not there"),
    "a pointer into nothing": (edited(2, rb"(Concurrent-To: <urn:uuid:)[^>]+", rb"\g<1>0"), "urn:uuid:0, which is not"),
    "no pointer": (edited(1, rb"WARC-Concurrent-To: [^\r]+\r\n", b""), "it has no request of its own"),
    "two pointers": (edited(1, rb"(WARC-Concurrent-To: [^\r]+\r\n)", rb"\1\1"), "stands more than once"),
    "a request of another address": (edited(2, rb"(URI: https://example.mn/)", rb"\1x"), "no request of its own"),
    "no warcinfo": (lambda records: records.pop(0), "not the first and only one"),  # type: ignore[dict-item]
    "a foreign warcinfo": (edited(4, rb"(Warcinfo-ID: <urn:uuid:)[^>]+", rb"\g<1>0"), "does not name the warcinfo"),
    "a kind that we do not write": (as_revisit, "the kit writes no revisit records"),
    "an older version": (edited(4, rb"WARC/1\.1", b"WARC/1.0"), "not WARC/1.1"),
    "a date without milliseconds": (edited(4, rb"03\.004Z", b"03Z"), "not in UTC with milliseconds"),
    "an exchange without HTTP": (edited(3, rb"application/http[^\r]+", b"text/plain"), "it holds no HTTP message"),
    "an empty member between records": (lambda records: records.insert(2, b""), "before it belong to no record"),
    "an empty member at the end": (lambda records: records.append(b""), "follow the last record"),
    "two records in one member": (lambda records: records.append(records.pop() + b"WARC/1.1\r\n"), "gzip member"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_broken_promise_is_found_although_lists_and_signature_fit(tmp_path: Path, change: str) -> None:
    apply, detail = CHANGES[change]
    index = write(tmp_path / "data.warc.gz")
    data = (tmp_path / "data.warc.gz").read_bytes()
    offsets = [0, *(line.offset for line in index)]
    records = [gzip.decompress(data[a:b]) for a, b in zip(offsets, [*offsets[1:], len(data)], strict=True)]
    apply(records)
    (tmp_path / "changed.warc.gz").write_bytes(b"".join(gzip.compress(record, mtime=0) for record in records))

    wrong = failures(wrapped(tmp_path, tmp_path / "changed.warc.gz", index))

    assert detail in wrong["warc.record"]
    assert wrong.keys() <= {"warc.record", "warc.file", "wacz.index"}


def test_a_warc_that_is_not_compressed_is_not_ours(tmp_path: Path) -> None:
    index = write(tmp_path / "data.warc.gz")
    (tmp_path / "plain.warc").write_bytes(gzip.decompress((tmp_path / "data.warc.gz").read_bytes()))

    assert "it is no gzip member" in failures(wrapped(tmp_path, tmp_path / "plain.warc", index))["warc.record"]


INDEX_CHANGES: dict[str, Callable[[Index], Index]] = {
    "a record is missing": lambda index: index[1:],
    "a line too many": lambda index: [*index, replace(index[0], url="https://example.mn/made-up")],
    "a line twice": lambda index: [*index, index[0]],
    "offset": lambda index: [replace(index[0], offset=index[0].offset + 1), *index[1:]],
    "length": lambda index: [replace(index[0], length=index[0].length + 1), *index[1:]],
    "digest": lambda index: [replace(index[0], digest=index[-1].digest), *index[1:]],
    "status": lambda index: [replace(index[0], status=404), *index[1:]],
    "media type": lambda index: [replace(index[0], mime="text/html"), *index[1:]],
    "method": lambda index: [replace(index[0], method="POST"), *index[1:]],
    "date": lambda index: [replace(index[0], date=datetime(2020, 1, 1, tzinfo=UTC)), *index[1:]],
}


@pytest.mark.parametrize("change", INDEX_CHANGES)
def test_an_index_that_is_not_that_of_the_records_is_found(tmp_path: Path, change: str) -> None:
    index = write(tmp_path / "data.warc.gz")

    wrong = failures(wrapped(tmp_path, tmp_path / "data.warc.gz", INDEX_CHANGES[change](index)))

    assert wrong.keys() == {"wacz.index"}
    assert "of a record" in wrong["wacz.index"] or "of no record" in wrong["wacz.index"]


def test_among_many_records_one_that_stands_twice_is_found(tmp_path: Path) -> None:
    warc = tmp_path / "data.warc.gz"
    index = write_many(warc, 1500)
    assert failures(wrapped(tmp_path, warc, index)) == {}
    data = warc.read_bytes()
    warc.write_bytes(data + data[index[0].offset : index[1].offset])

    wrong = failures(wrapped(tmp_path, warc, index))

    assert "another record has the same id" in wrong["warc.record"]
    assert len(re.findall("it lacks the line of a record", wrong["wacz.index"])) == 1


def test_of_a_record_that_keeps_the_rules_hardly_anything_stays(tmp_path: Path) -> None:
    peaks = []
    for count in (300, 1300):
        warc = tmp_path / f"{count}.warc.gz"
        wrapped(tmp_path, warc, write_many(warc, count))
        tracemalloc.start()
        assert not check_wacz(tmp_path / "capture.wacz", ours=True).failed
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert (peaks[1] - peaks[0]) / 2000 < 150


LINES = [b"a)/ 2026 {}\n", b"a)/x 2026 {}\n", b"a)/x 2026 {}\n", b"b)/ 2026 {}\n"]


@pytest.mark.parametrize(
    ("found", "same"),
    [
        (LINES, True),
        ([*LINES[1:], LINES[0]], False),
        (LINES[:2] + LINES[3:], False),
        ([*LINES[:2], b"a)/y 2026 {}\n", LINES[3]], False),
        ([*LINES[:3], LINES[3][:-1]], False),
        ([*LINES, LINES[3]], False),
        ([], False),
        ([b"x" * 100], False),
    ],
)
def test_an_index_is_that_of_its_lines_only_with_all_of_them_in_order(found: list[bytes], same: bool) -> None:
    expected = LineSum(draw_secret())
    for line in reversed(LINES):
        expected.add(line)

    assert is_index_of(expected, io.BytesIO(b"".join(found))) is same


def test_a_record_of_a_page_that_is_not_listed_is_found(tmp_path: Path) -> None:
    index = write(tmp_path / "data.warc.gz", page_id="p2")

    assert "p2" in failures(wrapped(tmp_path, tmp_path / "data.warc.gz", index))["wacz.pages"]


def test_a_second_index_or_archive_is_found(tmp_path: Path) -> None:
    index = write(tmp_path / "data.warc.gz")
    page = Page(url=PLAIN.url, ts=NOW, title="x", id="p1")
    write_wacz(
        tmp_path / "a.wacz",
        warc=tmp_path / "data.warc.gz",
        index=index,
        pages=[page],
        title="x",
        created=NOW,
        software="x",
        extra=[("indexes/other.cdx", b""), ("archive/other.warc.gz", (tmp_path / "data.warc.gz").read_bytes())],
    )

    found = check_wacz(tmp_path / "a.wacz", ours=True)

    subjects = {finding.subject for finding in found.findings if finding.outcome is Outcome.FAILED}
    assert subjects == {"indexes/other.cdx", "archive/other.warc.gz"}
    assert not check_wacz(tmp_path / "a.wacz").failed


def test_what_others_write_is_not_held_to_our_promises(tmp_path: Path) -> None:
    index = write(tmp_path / "data.warc.gz", page_id="p2")
    wrapped(tmp_path, tmp_path / "data.warc.gz", index[1:])

    assert not check_wacz(tmp_path / "capture.wacz").failed


def test_heads_addresses_and_lines_of_any_length_that_we_record_are_read_again(tmp_path: Path) -> None:
    # 65,536 is where a reader that takes long lines in pieces would take what follows for the empty line.
    long = "https://example.mn/" + "Ө" * 1_000_000
    heads = [b"X: " + b"y" * (65_536 - 3) + b"\r\n", b"X: y\r\n" * 80_000, b"X: " + b"y" * 500_000 + b"\r\n"]
    with WarcWriter(tmp_path / "data.warc.gz", created=NOW) as writer:
        writer.warcinfo({"software": "test"})
        index = [
            line
            for head in heads
            for line in writer.exchange(
                replace(
                    PLAIN,
                    url=long,
                    request_head=f"GET {long} HTTP/1.1\r\n\r\n".encode(),
                    response_head=b"HTTP/1.1 200 OK\r\n" + head + b"\r\n",
                )
            ).lines
        ]

    assert failures(wrapped(tmp_path, tmp_path / "data.warc.gz", index)) == {}


def inflated(data: bytes) -> list[bytes]:
    """Return what each gzip member of *data* holds."""
    members = []
    while data:
        inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        members.append(inflate.decompress(data))
        assert inflate.eof
        data = inflate.unused_data
    return members


@settings(max_examples=300, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255), count=st.integers(0, 3))
def test_no_flip_in_a_warc_that_was_wrapped_anew_passes_or_raises(
    tmp_path_factory: pytest.TempPathFactory, place: float, mask: int, count: int
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    index = write(folder / "data.warc.gz")
    data = bytearray((folder / "data.warc.gz").read_bytes())
    at = int(place * len(data))
    for number in range(count + 1):
        data[(at + number * 7) % len(data)] ^= mask
    (folder / "flipped.warc.gz").write_bytes(data)

    found = wrapped(folder, folder / "flipped.warc.gz", index)

    # A gzip header has a time and a system, and a member's last byte may have bits to spare: they say nothing.
    assert found.failed or inflated(bytes(data)) == inflated((folder / "data.warc.gz").read_bytes())


def test_a_file_that_is_no_archive_at_all_is_a_finding() -> None:
    assert check_wacz(io.BytesIO(b"PK\x03\x04"), ours=True).failed
