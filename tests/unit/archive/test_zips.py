"""Canonical zips: what is written, and that no byte can change unseen."""

import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_kit.archive import zips
from evidence_kit.archive.zips import CanonicalZip, ZipEntry, check_canonical
from evidence_kit.errors import FormatError, IntegrityError
from evidence_kit.trust.digests import sha256_bytes, sha256_file


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a zip with an ordinary, an empty and a Cyrillic entry."""
    path = tmp_path / "small.zip"
    (tmp_path / "body").write_bytes(b"from a file\n")
    with CanonicalZip(path) as archive:
        archive.add("top/bagit.txt", b"BagIt\n")
        archive.add("top/empty", b"")
        archive.add("top/data/мэдээ.txt", tmp_path / "body")
    assert archive.sha256 == sha256_file(path)
    assert archive.size == path.stat().st_size
    return path


def test_the_standard_library_reads_what_is_written(small: Path) -> None:
    with zipfile.ZipFile(small) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["top/bagit.txt", "top/empty", "top/data/мэдээ.txt"]
        assert archive.read("top/data/мэдээ.txt") == b"from a file\n"
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert (entry.compress_type, entry.flag_bits, entry.create_system) == (0, 0x800, 3)
            assert entry.external_attr == 0o100644 << 16
            assert entry.extra == b""


def test_the_same_contents_give_the_same_bytes(small: Path, tmp_path: Path) -> None:
    with CanonicalZip(tmp_path / "again.zip") as archive:
        archive.add("top/bagit.txt", b"BagIt\n")
        archive.add("top/empty", b"")
        assert archive.add("top/data/мэдээ.txt", b"from a file\n") == sha256_bytes(b"from a file\n")

    assert (tmp_path / "again.zip").read_bytes() == small.read_bytes()


def test_what_is_written_is_canonical(small: Path) -> None:
    assert check_canonical(small) == []


def test_every_flip_of_every_byte_is_found(small: Path) -> None:
    data = bytearray(small.read_bytes())
    unseen = []
    for at in range(len(data)):
        for mask in (0x01, 0x80, 0xFF):
            data[at] ^= mask
            if not check_canonical(io.BytesIO(data)):
                unseen.append((at, mask))
            data[at] ^= mask

    assert unseen == []


def _changed(data: bytes) -> Iterator[bytes]:
    for at in range(len(data)):
        yield data[:at]
        yield data[:at] + b"\0" + data[at:]
        yield data[:at] + data[at + 1 :]
    yield data + b"\0"
    yield data + data


def test_every_byte_that_is_cut_off_left_out_or_put_in_is_found(small: Path) -> None:
    data = small.read_bytes()

    assert all(check_canonical(io.BytesIO(changed)) for changed in _changed(data))


def test_a_finding_names_the_entry(small: Path) -> None:
    data = small.read_bytes()

    assert "top/data/мэдээ.txt: data" in check_canonical(io.BytesIO(data.replace(b"from", b"frOm")))[0]
    directory = data.index(b"PK\x01\x02")
    assert "top/bagit.txt" in check_canonical(io.BytesIO(data[: directory + 40] + b"\1" + data[directory + 41 :]))[0]
    assert "1 bytes after" in check_canonical(io.BytesIO(data + b"\n"))[0]


def test_a_zip_of_another_program_is_not_canonical(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a", b"x")

    assert check_canonical(tmp_path / "other.zip")


@pytest.mark.parametrize(
    "name", ["", "/a", "../a", "a/../b", "a//b", "a\\b", "c:a", "a\nb", "a\u202eb", "a/", "\ud800"]
)
def test_a_name_that_could_mislead_is_refused(tmp_path: Path, name: str) -> None:
    with CanonicalZip(tmp_path / "a.zip") as archive, pytest.raises(FormatError, match="not a safe name"):
        archive.add(name, b"")


def test_a_name_that_differs_only_in_case_is_refused(tmp_path: Path) -> None:
    with CanonicalZip(tmp_path / "a.zip") as archive:
        archive.add("A", b"")
        with pytest.raises(FormatError, match="twice"):
            archive.add("a", b"")


def test_a_file_that_changes_while_it_is_copied_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"one")
    measured = zips._measure(body)  # noqa: SLF001
    body.write_bytes(b"two!")
    monkeypatch.setattr(zips, "_measure", lambda _body: measured)

    with pytest.raises(IntegrityError, match="changed while"), CanonicalZip(tmp_path / "a.zip") as archive:
        archive.add("a", body)


def test_entries_beyond_four_gigabytes_get_the_zip64_fields_that_the_standard_library_reads(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    large = ZipEntry(name="large", size=5 * 2**30, crc32=0, offset=0)
    header = zips._local_header(large)  # noqa: SLF001
    after = ZipEntry(name="after", size=5, crc32=0x3610A686, offset=len(header) + large.size)
    with path.open("wb") as file:
        file.write(header)
        file.seek(after.offset)
        file.write(zips._local_header(after) + b"hello")  # noqa: SLF001
        file.write(zips._tail([large, after], file.tell()))  # noqa: SLF001

    with zipfile.ZipFile(path) as archive:
        assert archive.read("after") == b"hello"
        assert archive.getinfo("large").file_size == large.size
    path.unlink()
    theirs = zipfile.ZipInfo("large")
    theirs.CRC = 0
    theirs.file_size = theirs.compress_size = large.size
    theirs.create_version = theirs.extract_version = 45
    theirs.flag_bits = 0x800
    fields = struct.Struct("<4sHHHHHIIIHH")
    ours, standard = fields.unpack(header[:30]), fields.unpack(theirs.FileHeader(zip64=True)[:30])
    # The standard library sets flag bit 11 for names that need it only; everything else is the same.
    assert ours[:2] + ours[3:] == standard[:2] + standard[3:]
    assert header[30:] == theirs.FileHeader(zip64=True)[30:]


def test_a_failed_zip_has_no_end_and_so_is_no_zip(tmp_path: Path) -> None:
    def fail() -> None:
        with CanonicalZip(tmp_path / "a.zip") as archive:
            archive.add("a", b"x")
            archive.add("../b", b"")

    with pytest.raises(FormatError):
        fail()

    assert check_canonical(tmp_path / "a.zip")
    assert not zipfile.is_zipfile(tmp_path / "a.zip")
