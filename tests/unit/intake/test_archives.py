"""What archives of other tools hold is listed, and their checks are told without a verdict."""

import gzip
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.archive.wacz import Page, write_wacz
from evidence_kit.archive.warc_writer import Exchange, WarcWriter
from evidence_kit.intake.archives import Archive, read_archive, timed

MOMENT = datetime(2026, 11, 21, 6, tzinfo=UTC)
WARC, WACZ, GZIP = "application/warc", "application/wacz", "application/gzip"


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    path = tmp_path / "data.warc.gz"
    with WarcWriter(path, created=MOMENT) as writer:
        writer.warcinfo({"software": "another tool 1.0"})
        for number in (1, 2):
            writer.exchange(
                Exchange(
                    url=f"https://example.mn/{number}",
                    started=MOMENT,
                    request_head=b"GET / HTTP/1.1\r\nHost: example.mn\r\n\r\n",
                    response_head=b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
                    response_body=b"<p>" + bytes([65 + number]) * 1000,
                )
            )
    return path


@pytest.fixture
def wacz(tmp_path: Path, warc: Path) -> Path:
    pages = [Page(url="https://example.mn/1", ts=MOMENT, title="Нэг", id="1")]
    path = tmp_path / "other.wacz"
    write_wacz(path, warc=warc, index=[], pages=pages, title="Архив", created=MOMENT, software="another tool 1.0")
    return path


def _read(path: Path, media_type: str) -> Archive:
    found = read_archive(path, file="original/0001", media_type=media_type)
    assert found is not None
    return found


def test_of_a_warc_its_tool_records_dates_and_documents_are_told(warc: Path) -> None:
    found = _read(warc, GZIP)

    assert found.kind == "warc"
    assert found.software == "another tool 1.0"
    assert found.records == {"warcinfo": 1, "request": 2, "response": 2}
    assert found.first == found.last == "2026-11-21T06:00:00.000Z"
    assert [page["url"] for page in found.pages] == ["https://example.mn/1", "https://example.mn/2"]
    assert (found.passed, found.checks, found.seal) == (5, [], "none")


def test_of_a_wacz_its_own_page_list_and_its_seal_are_told(wacz: Path) -> None:
    found = _read(wacz, WACZ)

    assert (found.title, found.version, found.seal) == ("Архив", "1.1.1", "anonymous")
    assert found.pages == [{"url": "https://example.mn/1", "ts": "2026-11-21T06:00:00.000Z", "title": "Нэг"}]
    assert found.checks == []


def test_a_record_that_was_changed_is_told_with_its_place(warc: Path) -> None:
    plain = gzip.decompress(warc.read_bytes()).replace(b"BBBB", b"BBBX", 1)
    warc.write_bytes(plain)

    found = _read(warc, WARC)

    (check,) = found.checks
    assert (check["id"], check["outcome"]) == ("warc.record", "failed")
    assert "digest mismatch" in str(check["detail"])
    assert found.passed == 4


def test_a_file_that_was_exchanged_in_a_wacz_is_told(wacz: Path, tmp_path: Path) -> None:
    other = tmp_path / "changed.wacz"
    with zipfile.ZipFile(wacz) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace("Нэг".encode(), "Хоёр".encode()) if name.startswith("pages/") else data)

    failed = [check["subject"] for check in _read(other, WACZ).checks if check["outcome"] == "failed"]

    assert failed == ["pages/pages.jsonl"]


def test_what_is_no_archive_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"a letter"))

    assert read_archive(path, file="a", media_type=GZIP) is None
    assert read_archive(path, file="a", media_type="image/png") is None


def test_an_archive_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    path.write_bytes(b"PK\x03\x04 and nothing more")

    assert _read(path, WACZ).ended == "not a zip: File is not a zip file"


def test_reading_ends_when_its_time_is_over(warc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed, "_SECONDS", -1.0)

    assert _read(warc, WARC).ended == "reading it took longer than it may"


def test_what_shows_no_record_in_its_time_is_no_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "empty.gz"
    path.write_bytes(gzip.compress(b"") * 1000)
    monkeypatch.setattr(timed, "_SECONDS", -1.0)

    assert read_archive(path, file="a", media_type=GZIP) is None


def test_kinds_of_records_without_end_are_counted_together(tmp_path: Path) -> None:
    record = "WARC/1.1\r\nWARC-Type: t{}\r\nWARC-Date: 2026-01-01T00:00:00Z\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
    path = tmp_path / "many.warc"
    path.write_bytes("".join(record.format(number) for number in range(150)).encode())

    records = _read(path, WARC).records

    assert (len(records), records["?"], records.total()) == (101, 50, 150)


def test_an_archive_without_room_keeps_its_place_and_says_so(wacz: Path) -> None:
    told = _read(wacz, WACZ).without_lists().to_json()

    assert (told["file"], told["kind"], told["seal"], told["pages_unlisted"]) == (
        "original/0001",
        "wacz",
        "anonymous",
        1,
    )
    assert (told["pages"], told["checks"]) == ([], [])
    assert told["ended"] == "the item has no room for what it holds"


def test_every_archive_of_others_is_read(test_data: Path) -> None:
    read = [
        read_archive(path, file=path.name, media_type=WACZ if path.suffix == ".wacz" else WARC)
        for path in sorted((test_data / "warc").rglob("*"))
        if path.is_file()
    ]

    assert sum(archive is not None and archive.records.total() > 0 for archive in read) > 40
