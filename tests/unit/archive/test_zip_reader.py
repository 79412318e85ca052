"""Reading zips of others without trusting them."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.errors import FormatError


def made(entries: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    """Return a zip of *entries* by the standard library."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, body in entries.items():
            archive.writestr(name, body)
    return buffer


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_entries_are_read_by_name(method: int) -> None:
    with ZipReader(made({"a/b.txt": b"hello" * 1000, "a/в": b""}, method=method)) as archive:
        assert archive.names() == ["a/b.txt", "a/в"]
        assert archive.size("a/b.txt") == 5000
        assert archive.read("a/b.txt", 5000) == b"hello" * 1000
        assert archive.problems == []
        with pytest.raises(FormatError, match="larger than 4999"):
            archive.read("a/b.txt", 4999)
        with pytest.raises(FormatError, match="there is no entry"):
            archive.read("c", 1)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_entry_can_be_read_from_any_of_its_bytes(method: int) -> None:
    body = bytes(range(256)) * 100
    with ZipReader(made({"a": body}, method=method)) as archive, archive.open("a") as stream:
        assert stream.seek(0, io.SEEK_END) == len(body)
        assert stream.seek(20_000) == 20_000
        assert stream.read(300) == body[20_000:20_300]
        assert stream.seek(5) == stream.tell() == 5
        assert stream.read(300) == body[5:305]


def test_a_zip_inside_a_zip_is_read_in_place(tmp_path: Path) -> None:
    inner = made({"x": b"inside"}).getvalue()
    (tmp_path / "outer.zip").write_bytes(made({"inner.zip": inner}, method=zipfile.ZIP_STORED).getvalue())

    with ZipReader(tmp_path / "outer.zip") as outer, outer.open("inner.zip") as stream, ZipReader(stream) as archive:
        assert archive.read("x", 100) == b"inside"
        assert stream.seek(-3, 2) == len(inner) - 3
        assert stream.read() == inner[-3:]


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "c:/a", "a//b", "./a"])
def test_a_name_that_leads_out_of_the_folder_is_left_out(name: str) -> None:
    with ZipReader(made({name: b"x", "good": b"y"})) as archive:
        assert archive.names() == ["good"]
        assert archive.problems == [(name, "its name could lead out of a folder")]


def test_an_entry_that_would_inflate_a_thousandfold_is_left_out() -> None:
    with ZipReader(made({"bomb": bytes(110 * 2**20)})) as archive:
        assert archive.names() == []
        assert "would inflate" in archive.problems[0][1]


def test_entries_that_overlap_are_left_out() -> None:
    buffer = made({"a": b"x" * 100, "b": b"y" * 100}, method=zipfile.ZIP_STORED)
    data = bytearray(buffer.getvalue())
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = (10).to_bytes(4, "little")

    with ZipReader(io.BytesIO(data)) as archive:
        assert archive.names() == ["a"]
        assert archive.problems == [("b", "it overlaps the entry before it")]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_stands_twice_is_a_problem() -> None:
    buffer = made({"a": b"x"})
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("a", b"y")

    with ZipReader(buffer) as reader:
        assert reader.problems == [("a", "it stands twice")]


def test_encrypted_and_exotic_entries_are_left_out() -> None:
    encrypted = bytearray(made({"a": b"x"}).getvalue())
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1

    with ZipReader(io.BytesIO(encrypted)) as archive:
        assert archive.problems == [("a", "it is encrypted")]
    with ZipReader(made({"a": b"x"}, method=zipfile.ZIP_LZMA)) as archive:
        assert "compressed by method 14" in archive.problems[0][1]


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x05\x06", b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="not a zip"):
        ZipReader(io.BytesIO(data))


@settings(max_examples=300, deadline=None)
@given(data=st.data(), method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
def test_no_damage_raises_anything_but_format_errors(data: st.DataObject, method: int) -> None:
    changed = bytearray(made({"a/b": b"hello" * 20, "a/c": b"x"}, method=method).getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed)))
        changed[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))

    with suppress(FormatError), ZipReader(io.BytesIO(changed)) as archive:
        for name in archive.names():
            with suppress(FormatError):
                archive.read(name, 10_000)
