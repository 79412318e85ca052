"""Several processes find in a WARC exactly what one finds, whatever it is made of."""

import gzip
import hashlib
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence_kit.archive.cdxj import IndexLine
from evidence_kit.archive.wacz import write_wacz
from evidence_kit.archive.wacz_reader import check_wacz
from evidence_kit.archive.warc_parts import WORTHWHILE, WarcPlace, check_warc_in_parts
from evidence_kit.archive.warc_reader import RecordFinding, check_warc
from evidence_kit.archive.warc_writer import WarcWriter
from evidence_kit.errors import FormatError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RECORD = (
    b"WARC/1.1\r\nWARC-Type: resource\r\nWARC-Record-ID: <urn:test:%d>\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n"
    b"WARC-Target-URI: https://a.mn/\r\nWARC-Block-Digest: sha1:%b\r\nContent-Length: %d\r\n\r\n%b\r\n\r\n"
)


class Sample(Protocol):
    """What the fixture of this folder gives."""

    warc: Path


def record(number: int, block: bytes = b"block", digest: str | None = None) -> bytes:
    """Return a plain record."""
    right = hashlib.sha1(block, usedforsecurity=False).hexdigest()
    return RECORD % (number, (digest or right).encode(), len(block), block)


def member(number: int, block: bytes = b"block", digest: str | None = None) -> bytes:
    """Return a record as a gzip member."""
    return gzip.compress(record(number, block, digest), mtime=0)


def told(finding: RecordFinding) -> tuple[object, ...]:
    """Return everything that a finding says."""
    found = finding.record
    whole = (found.headers, found.http_head, found.length, found.version, found.compressed) if found else ()
    what = (finding.offset, finding.record_id, finding.type, finding.url, *whole)
    return (*what, finding.block, finding.payload, finding.problems, finding.notes)


def in_one(path: Path) -> list[tuple[object, ...]] | str:
    """Return what one reading finds."""
    try:
        return [told(finding) for finding in check_warc(path)]
    except FormatError as error:
        return str(error)


def in_parts(path: Path, part_size: int, processes: int = 1) -> list[tuple[object, ...]] | str:
    """Return what reading in parts finds."""
    place = WarcPlace(path=path, offset=0, size=path.stat().st_size)
    try:
        return [told(f) for f in check_warc_in_parts(place, processes=processes, part_size=part_size)]
    except FormatError as error:
        return str(error)


MEMBERS = [member(number, b"block %d" % number * (number + 1)) for number in range(6)]
HOSTILE = {
    "honest": b"".join(MEMBERS),
    "wrong digest": MEMBERS[0] + member(9, digest="0" * 40) + b"".join(MEMBERS[1:]),
    "an archive inside a record": MEMBERS[0]
    + gzip.compress(record(9, b"".join(MEMBERS)), 0, mtime=0)
    + b"".join(MEMBERS[1:]),
    "two records in one member": MEMBERS[0] + gzip.compress(record(7) + record(8)) + b"".join(MEMBERS[1:]),
    "two records in the last member": b"".join(MEMBERS) + gzip.compress(record(7) + record(8)),
    "a record across two members": MEMBERS[0]
    + gzip.compress(record(7)[:-6])
    + gzip.compress(record(7)[-6:])
    + MEMBERS[1],
    "half a record before one that is whole": MEMBERS[0] + gzip.compress(record(7)[:-9]) + b"".join(MEMBERS[1:]),
    "bytes between members": MEMBERS[0] + b"junk" + MEMBERS[1] + b"\x1f\x8b\x08" + b"".join(MEMBERS[2:]),
    "damage before the first record": MEMBERS[0][:2] + b"\0" + MEMBERS[0][2:] + b"".join(MEMBERS[1:]),
    "bytes after the last": b"".join(MEMBERS) + b"junk",
    "torn at the end": b"".join(MEMBERS)[:-20],
    "damaged member": MEMBERS[0] + MEMBERS[1][:-12] + b"\xff" * 4 + MEMBERS[1][-8:] + b"".join(MEMBERS[2:]),
    "plain, with members behind": record(1) + b"".join(MEMBERS),
    "plain": b"".join(record(number) for number in range(9)),
    "one member for all": gzip.compress(b"".join(record(number) for number in range(9))),
    "no WARC": gzip.compress(b"hello") + b"".join(MEMBERS),
    "nothing": b"",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_parts_of_any_size_give_what_one_reading_gives(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(HOSTILE[kind])
    expected = in_one(path)

    assert [size for size in range(1, len(HOSTILE[kind]) + 2, 7) if in_parts(path, size) != expected] == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_told_alike(tmp_path: Path, data: st.DataObject) -> None:
    warc = bytearray(HOSTILE[data.draw(st.sampled_from(sorted(HOSTILE)), label="kind")])
    for _ in range(data.draw(st.integers(1, 3), label="changes")):
        at = data.draw(st.integers(0, len(warc)), label="at")
        cut = data.draw(st.integers(0, 40), label="cut")
        warc[at : at + cut] = data.draw(st.binary(max_size=20), label="put in")
    path = tmp_path / "a.warc.gz"
    path.write_bytes(warc)

    assert in_parts(path, data.draw(st.integers(1, 500), label="part")) == in_one(path)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_file_that_ends_in_its_last_member_is_told_alike(tmp_path: Path, cut: int) -> None:
    (path := tmp_path / "a.warc.gz").write_bytes(HOSTILE["honest"][:-cut])

    found = in_one(path)

    assert "the file ends inside this gzip member" in str(found)
    assert in_parts(path, 100) == found


@pytest.mark.parametrize("place", [0, 2, 5])
def test_a_wrong_checksum_behind_a_whole_record_is_told_alike(tmp_path: Path, place: int) -> None:
    # The last eight bytes come when the record was read, in a piece of their own.
    block = random.Random(1).randbytes(4_096)  # noqa: S311  # the same every time, on purpose
    block = next(block[:size] for size in range(3_500, 4_096) if len(member(1, block[:size])) == 4_096 + 8)
    large = [member(number, block) for number in range(1, 7)]
    large[place] = large[place][:-8] + bytes(8)
    (path := tmp_path / "a.warc.gz").write_bytes(b"".join(large))

    found = in_one(path)

    assert "Incorrect" in str(found)
    assert in_parts(path, 100) == found


def test_two_processes_give_what_one_gives(sample: Sample) -> None:
    assert in_parts(sample.warc, 100, processes=2) == in_one(sample.warc)


def test_more_than_fits_into_memory_is_read_in_one_piece(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"".join(MEMBERS) * 1_000)

    assert in_parts(path, 10_000_000) == in_one(path)


def test_a_large_wacz_is_checked_alike_by_one_and_by_two_processes(tmp_path: Path) -> None:
    lines: list[IndexLine] = []
    with WarcWriter(tmp_path / "data.warc.gz", created=NOW) as warc:
        warc.warcinfo({"software": "test"})
        for number in range(WORTHWHILE // 6_000_000 + 1):
            body = hashlib.shake_128(b"%d" % number).digest(6_000_000)
            lines.append(warc.resource(f"urn:{number}", body, media_type="image/png", date=NOW))
    path = tmp_path / "a.wacz"
    write_wacz(
        path, warc=tmp_path / "data.warc.gz", index=lines, pages=[], title="t", created=NOW, software="evidence_kit"
    )
    found = {}
    for change in (b"", b"changed"):
        with path.open("r+b") as stream:
            stream.seek(40_000_000)
            stream.write(change)
        with path.open("rb") as stream:
            alone = check_wacz(stream, ours=True)
        with path.open("rb") as stream:
            found[change] = check_wacz(stream, ours=True, path=path, processes=2)
        assert found[change] == alone

    assert len(found[b""].resources) == len(lines)
    assert any(finding.check == "warc.record" for finding in found[b"changed"].findings if finding.outcome == "failed")
