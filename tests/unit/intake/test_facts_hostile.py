"""Files made to hurt whoever looks at them: each is examined, and what is wrong with it is told."""

import io
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from evidence_kit.intake.facts import FileFacts, examine, examine_apart
from evidence_kit.intake.facts.notes import MOST_FINDINGS

HUGE = 65_535


def picture(form: str, mode: str = "RGB", **options: object) -> bytes:
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((48, 32)).convert(mode).save(stream, form, **options)
    return stream.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff(*entries: tuple[int, int, int, int], following: int = 0, order: str = "<") -> bytes:
    """Return a TIFF structure with one directory: entries are tag, type, count and value."""
    fields = b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    return head + struct.pack(f"{order}H", len(entries)) + fields + struct.pack(f"{order}I", following)


def with_exif(block: bytes) -> bytes:
    body = b"Exif\0\0" + block
    return picture("JPEG").replace(b"\xff\xd8", b"\xff\xd8\xff\xe1" + struct.pack(">H", len(body) + 2) + body, 1)


def claims_gigapixels() -> Iterator[tuple[str, bytes]]:
    """Yield small pictures of which the header claims four thousand million pixels."""
    frame = picture("JPEG")
    place = frame.index(b"\xff\xc0") + 5
    yield "a.jpg", frame[:place] + struct.pack(">HH", HUGE, HUGE) + frame[place + 4 :]
    yield (
        "b.png",
        picture("PNG")[:8]
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", HUGE, HUGE, 8, 2, 0, 0, 0))
        + picture("PNG")[33:],
    )
    yield "c.gif", b"GIF89a" + struct.pack("<HH", HUGE, HUGE) + picture("GIF")[10:]
    yield "d.bmp", picture("BMP")[:18] + struct.pack("<ii", HUGE, HUGE) + picture("BMP")[26:]
    yield (
        "e.tif",
        tiff((256, 4, 1, HUGE), (257, 4, 1, HUGE), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 9)),
    )
    body = b"VP8X\x0a\0\0\0\0\0\0\0" + b"\xff\xff\0" * 2 + picture("WEBP")[12:]
    yield "f.webp", b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


HUGE_ONES = list(claims_gigapixels())


def codes(facts: FileFacts) -> set[str]:
    return {finding.code for finding in facts.findings}


def examined(folder: Path, data: bytes, name: str) -> FileFacts:
    path = folder / "0001"
    path.write_bytes(data)
    return examine(path, file="original/0001", name=name)


@pytest.mark.parametrize(("name", "data"), HUGE_ONES, ids=[name for name, _ in HUGE_ONES])
def test_a_picture_that_claims_gigapixels_is_not_decoded(tmp_path: Path, name: str, data: bytes) -> None:
    facts = examined(tmp_path, data, name)

    assert "picture.too_large" in codes(facts)
    assert facts.perceptual == {}


@pytest.mark.parametrize(
    "block",
    [
        tiff((271, 2, 4, 0x20202020), following=8),
        tiff((0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0x14A, 4, 1, 8), following=8),
    ],
    ids=["a directory after itself", "directories in themselves"],
)
def test_exif_that_goes_round_in_a_circle_is_told(tmp_path: Path, block: bytes) -> None:
    assert "exif.loop" in codes(examined(tmp_path, with_exif(block), "a.jpg"))


def test_exif_that_would_be_read_without_end_is_not(tmp_path: Path) -> None:
    make = tiff((271, 2, 4, 0x00696161), (0x8769, 4, 1, 38))
    block = make[:38] + struct.pack("<HHHII", 1, 0x927C, 7, 0xFFFFFFFF, 8) + bytes(4)

    facts = examined(tmp_path, with_exif(block), "a.jpg")

    assert "exif.damaged" in codes(facts)
    assert (facts.width, facts.height) == (48, 32)


def test_measures_that_cannot_be_are_none(tmp_path: Path) -> None:
    facts = examined(tmp_path, tiff((256, 9, 1, 0xFFFFFFFE), (257, 9, 1, 5)), "a.tif")

    assert (facts.width, facts.height) == (None, None)
    assert FileFacts.from_json(facts.to_json()) == facts


def test_more_findings_than_can_be_kept_are_cut_and_that_is_told(tmp_path: Path) -> None:
    text = png_chunk(b"tEXt", b"Comment\0" + b"x" * 10)
    data = picture("PNG")

    facts = examined(tmp_path, data[:33] + text * (MOST_FINDINGS + 50) + data[33:], "a.png")

    assert len(facts.findings) == MOST_FINDINGS + 1
    assert facts.findings[-1].code == "examination.cut"


def test_a_zip_bomb_is_an_archive_and_is_not_unpacked(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(50_000_000))

    assert examined(tmp_path, stream.getvalue(), "a.zip").kind == "archive"


def test_a_second_format_in_the_same_bytes_is_told(tmp_path: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.txt", "a")
    comment = picture("JPEG", comment=b"%PDF-1.7 <html><script>alert(1)</script>")

    facts = examined(tmp_path, comment + archive.getvalue(), "a.jpg")

    assert codes(facts) >= {"polyglot.zip", "polyglot.pdf", "polyglot.html", "data.after_end"}
    (after,) = (finding for finding in facts.findings if finding.code == "data.after_end")
    assert (after.source.offset, after.source.length) == (len(comment), len(archive.getvalue()))
    assert after.value == {"first": archive.getvalue()[:32].hex(), "media_type": "application/zip"}


def test_a_film_after_a_picture_is_told(tmp_path: Path) -> None:
    still = picture("JPEG")

    facts = examined(tmp_path, still + b"\0\0\0\x10ftypmp42\0\0\0\0", "MVIMG_20260115_101112.jpg")

    assert [finding.source.offset for finding in facts.findings if finding.code == "video.embedded"] == [len(still)]


@pytest.mark.parametrize(
    "data",
    [
        picture("JPEG", comment=b"words", exif=Image.Exif()),
        picture("PNG"),
        picture("GIF"),
        picture("WEBP"),
        picture("TIFF"),
        picture("BMP"),
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x20meta" + bytes(24),
        b"%PDF-1.7\n1 0 obj\n",
        b"PK\x03\x04" + bytes(40),
        b"WARC/1.1\r\nWARC-Type: x\r\n\r\n",
        b"From: a\nDate: b\nSubject: c\n\nd",
    ],
    ids=lambda data: data[:8].hex(),
)
def test_a_file_cut_off_anywhere_is_examined(tmp_path: Path, data: bytes) -> None:
    for length in {*range(min(len(data), 40)), *range(40, len(data), 37)}:
        facts = examined(tmp_path, data[:length], "a.jpg")

        assert facts.file == "original/0001"


@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: Windows has no links without a right, and no pipes")
def test_what_is_no_plain_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    for name in ("link", "none", "."):
        assert codes(examine(tmp_path / name, file="a", name=name)) == {"examination.ended"}


def test_a_file_that_takes_too_long_is_told_and_the_next_is_examined_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture("PNG"))
    asked = [(tmp_path / "a.png", file, "a.png") for file in ("one", "other")]

    told = list(examine_apart(asked, seconds=0.0001))

    assert [facts.file for facts in told] == ["one", "other"]
    assert [[finding.value for finding in facts.findings[-1:]] for facts in told] == [["time"], ["time"]]


@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: only Linux holds a process to its memory")
def test_a_file_that_wants_too_much_memory_keeps_what_was_found_before(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture_of(4900, 4900))
    (tmp_path / "b.png").write_bytes(picture("PNG"))

    large, small = examine_apart([(path, "a", "a.png"), (tmp_path / "b.png", "b", "b.png")], memory_mb=70)

    assert (large.width, large.height) == (4900, 4900)
    assert codes(large) & {"examination.ended", "picture.unreadable"}
    assert large.perceptual == {}
    assert small.perceptual


def picture_of(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGBA", (width, height), (1, 2, 3, 4)).save(stream, "PNG", compress_level=1)
    return stream.getvalue()
