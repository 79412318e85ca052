"""Facts of pictures: texts and checks of PNG, thumbnails, screens, animations, several pictures in one file."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from evidence_kit.intake.facts import FileFacts, examine, shown_on_demand
from evidence_kit.intake.findings import Finding


def png(*chunks: tuple[bytes, bytes], size: tuple[int, int] = (60, 40)) -> bytes:
    """Return a PNG with *chunks* (kind and data) after its header."""
    stream = io.BytesIO()
    Image.linear_gradient("L").resize(size).save(stream, "PNG")
    data = stream.getvalue()
    made = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return data[:33] + made + data[33:]


def drawn(seed: int, size: tuple[int, int]) -> Image.Image:
    """Return a picture that looks otherwise for each *seed*."""
    levels = bytes((x * x * seed + y * y * 3 + x * y * seed) * 37 // 11 % 256 for y in range(8) for x in range(8))
    return Image.frombytes("L", (8, 8), levels).resize(size).convert("RGB")


def jpeg(image: Image.Image, block: bytes = b"") -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=90, exif=b"Exif\0\0" + block if block else b"")
    return stream.getvalue()


def with_thumbnail(picture: Image.Image, thumbnail: bytes) -> bytes:
    """Return *picture* as a JPEG with EXIF that holds *thumbnail*."""
    tags = ((0x103, 3, 1, 6 << 16), (0x201, 4, 1, 56), (0x202, 4, 1, len(thumbnail)))
    second = struct.pack(">H", 3) + b"".join(struct.pack(">HHII", *tag) for tag in tags) + bytes(4)
    return jpeg(picture, b"MM\0*\0\0\0\x08\0\0\0\0\0\x0e" + second + thumbnail)


def examined(folder: Path, data: bytes, name: str = "a.png") -> FileFacts:
    path = folder / "0001"
    path.write_bytes(data)
    return examine(path, file="original/0001", name=name)


def found(facts: FileFacts, code: str) -> list[Finding]:
    return [finding for finding in facts.findings if finding.code == code]


@pytest.mark.parametrize(
    "chunk",
    [
        (b"tEXt", b"Comment\0words"),
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"words")),
        (b"iTXt", b"Comment\0\0\0mn\0\0words"),
        (b"iTXt", b"Comment\0\1\0mn\0\0" + zlib.compress(b"words")),
    ],
    ids=["tEXt", "zTXt", "iTXt", "iTXt, compressed"],
)
def test_a_text_is_told_with_its_keyword_and_its_place(tmp_path: Path, chunk: tuple[bytes, bytes]) -> None:
    (text,) = found(examined(tmp_path, png(chunk)), "png.text")

    assert text.value == {"keyword": "Comment", "text": "words"}
    assert (text.source.offset, text.source.length) == (33, len(chunk[1]) + 12)


def test_a_text_about_a_place_is_shown_on_demand_only(tmp_path: Path) -> None:
    facts = examined(tmp_path, png((b"tEXt", b"exif:GPSLatitude\x0047/1, 55/1")))

    assert [finding.code for finding in facts.findings if shown_on_demand(finding)] == ["gps.png"]


@pytest.mark.parametrize("keyword", [b"exif:BodySerialNumber", b"Serial Number", b"serial_number"])
def test_a_text_about_the_number_of_a_device_is_shown_on_demand_only(tmp_path: Path, keyword: bytes) -> None:
    facts = examined(tmp_path, png((b"tEXt", keyword + b"\x00R58N123")))

    assert [finding.code for finding in facts.findings if shown_on_demand(finding)] == ["serial.png"]


def test_the_number_of_a_camera_is_shown_on_demand_only_where_dng_has_it(tmp_path: Path) -> None:
    tags = struct.pack(">HHHI", 1, 0xC62F, 2, 8) + struct.pack(">I", 26) + bytes(4) + b"R58N123\0"

    facts = examined(tmp_path, jpeg(drawn(1, (60, 40)), b"MM\0*\0\0\0\x08" + tags), "a.jpg")

    (number,) = [finding for finding in facts.findings if finding.value == "R58N123"]
    assert number.code == "serial.exif"


@pytest.mark.parametrize("name", ["ImageUniqueID", "BodySerialNumber"])
def test_what_is_a_number_of_a_device_in_exif_is_one_in_xmp(tmp_path: Path, name: str) -> None:
    packet = (
        "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:e='http://ns.adobe.com/exif/1.0/'>"
        f"<r:Description e:{name}='R58N123'/></r:RDF>"
    )
    facts = examined(tmp_path, png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet.encode())))

    assert [finding.code for finding in facts.findings if shown_on_demand(finding)] == ["serial.xmp"]


def test_a_changed_part_of_a_png_is_told(tmp_path: Path) -> None:
    data = png((b"tEXt", b"Comment\0words")).replace(b"words", b"wards")

    (check,) = found(examined(tmp_path, data), "png.check")

    assert (check.value, check.source.offset) == ("tEXt", 33)


def test_the_time_and_the_metadata_of_a_png_are_told(tmp_path: Path) -> None:
    block = b"II*\0\x08\0\0\0\1\0\x0f\1\2\0\x09\0\0\0\x1a\0\0\0\0\0\0\0Practice\0"
    facts = examined(tmp_path, png((b"tIME", b"\x07\xea\1\x0f\x0a\x0b\x0c"), (b"eXIf", block)))

    assert [finding.value for finding in found(facts, "time.png")] == ["2026-01-15T10:11:12Z"]
    assert [finding.value for finding in found(facts, "exif.tag")] == ["Practice"]


def test_a_picture_of_the_size_of_a_screen_may_be_a_screenshot(tmp_path: Path) -> None:
    for size in ((1170, 2532), (2532, 1170)):
        (screen,) = found(examined(tmp_path, png(size=size)), "screenshot.size")
        assert isinstance(screen.value, dict)
        assert "iPhone 12" in str(screen.value["of"])
        assert screen.detail.startswith("Possibly")

    assert found(examined(tmp_path, png(size=(1170, 2533))), "screenshot.size") == []


def test_a_picture_that_names_a_camera_is_no_screenshot(tmp_path: Path) -> None:
    block = b"II*\0\x08\0\0\0\1\0\x0f\1\2\0\x09\0\0\0\x1a\0\0\0\0\0\0\0Practice\0"

    facts = examined(tmp_path, png((b"eXIf", block), size=(1170, 2532)))

    assert found(facts, "screenshot.size") == []


def test_a_thumbnail_that_shows_something_else_is_told_in_numbers(tmp_path: Path) -> None:
    picture = drawn(3, (640, 480))
    own, other = jpeg(picture.resize((160, 120))), jpeg(drawn(11, (160, 120)))

    same = found(examined(tmp_path, with_thumbnail(picture, own), "a.jpg"), "thumbnail.compared")
    differs = found(examined(tmp_path, with_thumbnail(picture, other), "a.jpg"), "thumbnail.differs")

    assert len(same) == len(differs) == 1
    value = differs[0].value
    assert isinstance(value, dict)
    assert isinstance(value["phash_distance"], int)
    assert value["phash_distance"] > 10
    assert (value["thumbnail"], value["picture"]) == ({"width": 160, "height": 120}, {"width": 640, "height": 480})
    data = (tmp_path / "0001").read_bytes()
    place = differs[0].source
    assert place.offset is not None
    assert place.length is not None
    assert data[place.offset : place.offset + place.length] == other


def test_pictures_after_the_first_are_told_and_are_no_data_after_the_end(tmp_path: Path) -> None:
    stream = io.BytesIO()
    drawn(3, (80, 60)).save(stream, "MPO", save_all=True, append_images=[drawn(7, (80, 60))])
    data = stream.getvalue()

    facts = examined(tmp_path, data, "a.jpg")
    longer = examined(tmp_path, data + b"more", "a.jpg")

    (second,) = found(facts, "picture.embedded")
    assert second.source.offset == data.index(b"\xff\xd8\xff", 100)
    assert found(facts, "data.after_end") == []
    assert [finding.source.offset for finding in found(longer, "data.after_end")] == [len(data)]


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_an_animation_has_its_number_of_frames(tmp_path: Path, form: str) -> None:
    stream = io.BytesIO()
    frames = [drawn(seed, (40, 40)) for seed in (3, 7, 11)]
    frames[0].save(stream, form, save_all=True, append_images=frames[1:])

    assert [finding.value for finding in found(examined(tmp_path, stream.getvalue()), "picture.animated")] == [3]


def test_zero_bytes_after_the_end_are_padding(tmp_path: Path) -> None:
    data = png()

    facts = examined(tmp_path, data + bytes(100))

    assert [(finding.value, finding.source.offset) for finding in found(facts, "data.padding")] == [(100, len(data))]
