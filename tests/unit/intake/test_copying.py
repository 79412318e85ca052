"""A copy is byte for byte its source, or there is none."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.intake import copying
from evidence_kit.intake.copying import CopyError, copy_exactly


def test_a_copy_has_the_bytes_the_digests_and_the_times_of_its_source(tmp_path: Path) -> None:
    data = os.urandom(3_000_001)
    source, heard = tmp_path / "a.jpg", list[int]()
    source.write_bytes(data)
    os.utime(source, ns=(0, 1_700_000_000_123_456_789))

    copied = copy_exactly(source, tmp_path / "copy", on_bytes=heard.append)

    assert (tmp_path / "copy").read_bytes() == data
    assert copied.size == len(data)
    assert copied.sha256.value == copied.source_sha256.value == hashlib.sha256(data).digest()
    assert copied.modified == datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC)
    assert sum(heard) == 3 * len(data)


def test_a_source_that_grows_while_it_is_copied_leaves_no_copy(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(bytes(3_000_000))
    grown = False

    def grow(_read: int) -> None:
        nonlocal grown
        if not grown:
            grown = True
            with source.open("ab") as stream:
                stream.write(b"more")
            with source.open("r+b") as stream:
                stream.write(b"other")

    with pytest.raises(CopyError, match="changed") as raised:
        copy_exactly(source, tmp_path / "copy", on_bytes=grow)

    assert raised.value.code == "file.changed"
    assert not (tmp_path / "copy").exists()


def test_a_source_that_grows_without_end_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_GROWN", 10)
    source = tmp_path / "a.log"
    source.write_bytes(b"line")

    def grow(read: int) -> None:
        with source.open("ab") as stream:
            stream.write(bytes(read))

    with pytest.raises(CopyError, match="grows while it is being copied") as raised:
        copy_exactly(source, tmp_path / "copy", on_bytes=grow)

    assert raised.value.code == "file.changed"
    assert not (tmp_path / "copy").exists()


def test_a_source_that_is_gone_is_told_as_unreadable(tmp_path: Path) -> None:
    with pytest.raises(CopyError) as raised:
        copy_exactly(tmp_path / "gone", tmp_path / "copy", on_bytes=lambda _: None)

    assert raised.value.code == "file.unreadable"
    assert not (tmp_path / "copy").exists()


def test_what_is_wrong_with_the_target_is_not_told_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")

    with pytest.raises(FileNotFoundError):
        copy_exactly(tmp_path / "a.jpg", tmp_path / "no-folder" / "copy", on_bytes=lambda _: None)


def test_a_time_that_no_date_can_tell_is_none(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(b"x")
    try:
        os.utime(source, ns=(0, -(2**62)))
    except (OSError, OverflowError):
        pytest.skip("NOT TESTED: this file system keeps no such time")

    copied = copy_exactly(source, tmp_path / "copy", on_bytes=lambda _: None)

    assert copied.modified is None or copied.modified.year < 1970
