"""Viewing copies: nothing lost between slices, nothing left in a blurred one, nothing believed of a hostile picture."""

import hashlib
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageStat

from evidence_kit.errors import FormatError
from evidence_kit.pictures.viewing_copy import (
    LARGEST_PIXELS,
    OVERLAP,
    Cutting,
    cut,
    make_slices,
    picture_size,
    placeholder,
)


def screenshot(path: Path, width: int = 640, height: int = 3000) -> Path:
    """Write a PNG whose rows get darker from the top down, with stripes of fine detail."""
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    for x in range(0, width, 4):
        draw.line([(x, 0), (x, height)], fill=(20, 40, 200), width=2)
    picture.save(path)
    return path


def folder(tmp_path: Path, name: str = "slices") -> Path:
    (tmp_path / name).mkdir()
    return tmp_path / name


def test_slices_cover_every_row_and_repeat_a_little(tmp_path: Path) -> None:
    copy = make_slices(screenshot(tmp_path / "s.png"), folder(tmp_path), slice_height_px=900, blur=False)

    tops = [each.top for each in copy.slices]
    bottoms = [each.bottom for each in copy.slices]
    assert (tops[0], bottoms[-1]) == (0, 3000)
    assert [bottom - top for bottom, top in zip(bottoms[:-1], tops[1:], strict=True)] == [OVERLAP] * (len(tops) - 1)
    assert all(each.height == each.bottom - each.top <= 900 and each.width == 640 for each in copy.slices)


def test_the_result_names_what_is_in_the_files_and_what_they_were_made_from(tmp_path: Path) -> None:
    png = screenshot(tmp_path / "s.png")

    copy = make_slices(png, folder(tmp_path), slice_height_px=900, blur=False)

    assert copy.original_sha256.value == hashlib.sha256(png.read_bytes()).digest()
    assert (copy.original_bytes, copy.original_width, copy.original_height) == (png.stat().st_size, 640, 3000)
    for each in copy.slices:
        data = each.path.read_bytes()
        assert (each.bytes, each.sha256.value) == (len(data), hashlib.sha256(data).digest())
        assert picture_size(each.path) == (each.width, each.height)


def test_a_slice_shows_its_rows_of_the_original(tmp_path: Path) -> None:
    png = screenshot(tmp_path / "s.png")

    copy = make_slices(png, folder(tmp_path), slice_height_px=700, blur=False, quality=95)

    with Image.open(png) as original:
        for each in copy.slices:
            with Image.open(each.path) as shown:
                wanted = ImageStat.Stat(original.convert("RGB").crop((0, each.top, 640, each.bottom))).mean
                assert ImageStat.Stat(shown).mean == pytest.approx(wanted, abs=1.5)


def test_slices_are_plain_rgb_jpegs_with_the_same_bytes_each_time(tmp_path: Path) -> None:
    with Image.open(screenshot(tmp_path / "plain.png", height=300)) as plain:
        exif = Image.Exif()
        exif[0x010E] = "secret description"
        plain.save(tmp_path / "s.png", exif=exif, icc_profile=b"not a profile", dpi=(300, 300))

    one = make_slices(tmp_path / "s.png", folder(tmp_path, "one"), slice_height_px=400, blur=False)
    two = make_slices(tmp_path / "s.png", folder(tmp_path, "two"), slice_height_px=400, blur=False)

    data = one.slices[0].path.read_bytes()
    assert data == two.slices[0].path.read_bytes()
    assert not [part for part in (b"Exif", b"ICC_PROFILE", b"secret") if part in data]
    with Image.open(one.slices[0].path) as shown:
        assert (shown.format, shown.mode) == ("JPEG", "RGB")


@pytest.mark.parametrize(("width", "expected"), [(1000, 1000), (1280, 1280), (2000, 1280), (2560, 1280), (6000, 3000)])
def test_a_wide_picture_is_made_narrower_but_never_below_half(tmp_path: Path, width: int, expected: int) -> None:
    copy = make_slices(screenshot(tmp_path / "s.png", width, 200), folder(tmp_path), slice_height_px=400, blur=False)

    assert [each.width for each in copy.slices] == [expected]
    assert copy.slices[0].height == round(200 * expected / width)


def test_a_blurred_copy_has_the_same_layout_but_no_detail(tmp_path: Path) -> None:
    png = screenshot(tmp_path / "s.png")

    clear = make_slices(png, folder(tmp_path, "clear"), slice_height_px=900, blur=False)
    blurred = make_slices(png, folder(tmp_path, "blurred"), slice_height_px=900, blur=True)

    assert (clear.blurred, blurred.blurred) == (False, True)
    for shown, hidden in zip(clear.slices, blurred.slices, strict=True):
        assert (shown.width, shown.height, shown.top) == (hidden.width, hidden.height, hidden.top)
        with Image.open(shown.path) as a, Image.open(hidden.path) as b:
            row = (0, a.height // 2, 640, a.height // 2 + 1)
            assert max(ImageStat.Stat(a.crop(row)).stddev) > 20
            assert max(ImageStat.Stat(b.crop(row)).stddev) < 9


def test_two_texts_with_equal_ink_look_the_same_when_blurred(tmp_path: Path) -> None:
    for name, word in (("a", "MONA"), ("b", "NOAM")):
        picture = Image.new("RGB", (1280, 600), "white")
        for x in range(0, 1280, 48):
            ImageDraw.Draw(picture).text((x, 300), word, fill="black")
        picture.save(tmp_path / f"{name}.png")

    copies = [
        make_slices(tmp_path / f"{name}.png", folder(tmp_path, name), slice_height_px=900, blur=True) for name in "ab"
    ]

    assert copies[0].slices[0].sha256 == copies[1].slices[0].sha256


def test_rows_that_two_blurred_slices_share_tell_nothing_twice(tmp_path: Path) -> None:
    copy = make_slices(screenshot(tmp_path / "s.png"), folder(tmp_path), slice_height_px=500, blur=True, quality=95)

    for above, below in zip(copy.slices[:-1], copy.slices[1:], strict=True):
        with Image.open(above.path) as a, Image.open(below.path) as b:
            end = a.convert("L").crop((0, a.height - 12, a.width, a.height - 4))
            start = b.convert("L").crop((0, 12, b.width, 20))
            assert ImageStat.Stat(end).mean[0] == pytest.approx(ImageStat.Stat(start).mean[0], abs=4)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "L", "I;16"])
def test_every_kind_of_png_becomes_rgb_on_white(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (40, 60)).save(tmp_path / "s.png")

    copy = make_slices(tmp_path / "s.png", folder(tmp_path), slice_height_px=400, blur=False)

    with Image.open(copy.slices[0].path) as shown:
        white = mode in {"RGBA", "LA"}
        assert shown.getpixel((20, 20)) == ((255, 255, 255) if white else (0, 0, 0))


def test_sixteen_bits_of_grey_are_scaled_not_cut(tmp_path: Path) -> None:
    Image.new("I;16", (40, 60), 0x8000).save(tmp_path / "s.png")

    copy = make_slices(tmp_path / "s.png", folder(tmp_path), slice_height_px=400, blur=False)

    with Image.open(copy.slices[0].path) as shown:
        assert shown.getpixel((20, 20)) == (127, 127, 127)


def header(width: int, height: int, kind: bytes = b"\x08\x02") -> bytes:
    """Return the start of a PNG that claims a size."""
    body = b"IHDR" + struct.pack(">II", width, height) + kind + b"\0\0\0"
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return start + struct.pack(">I", 1000) + b"IDAT"


@pytest.mark.parametrize(
    ("width", "height"), [(60_000, 60_000), (LARGEST_PIXELS // 1000 + 1, 1000), (2**31 - 1, 2**31 - 1)]
)
def test_a_picture_that_claims_too_many_pixels_is_refused_unopened(tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "bomb.png").write_bytes(header(width, height))

    with pytest.raises(FormatError, match="more than 250,000,000 pixels"):
        make_slices(tmp_path / "bomb.png", folder(tmp_path), slice_height_px=900, blur=False)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<svg/>", header(10, 10), header(10, 10, b"\x07\x09")])
def test_what_is_no_whole_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.png").write_bytes(content)

    with pytest.raises(FormatError, match=r"'s\.png' cannot be read"):
        make_slices(tmp_path / "s.png", folder(tmp_path), slice_height_px=900, blur=False)


def test_a_picture_cut_off_in_the_middle_is_refused(tmp_path: Path) -> None:
    png = screenshot(tmp_path / "s.png")
    png.write_bytes(png.read_bytes()[:-2000])

    with pytest.raises(FormatError, match="cannot be read"):
        make_slices(png, folder(tmp_path), slice_height_px=900, blur=False)


def test_malformed_pictures_of_others_are_refused_or_read_and_nothing_else(test_data: Path, tmp_path: Path) -> None:
    paths = [p for p in sorted((test_data / "images").rglob("*")) if p.suffix.lower() in {".png", ".jpg", ".jpeg"}]
    paths = [path for path in paths if path.stat().st_size < 200_000]

    for number, path in enumerate(paths):
        with suppress(FormatError):
            make_slices(path, folder(tmp_path, str(number)), slice_height_px=900, blur=bool(number % 2))

    assert len(paths) > 20


def test_slices_never_overwrite(tmp_path: Path) -> None:
    png = screenshot(tmp_path / "s.png", height=100)
    into = folder(tmp_path)
    make_slices(png, into, slice_height_px=900, blur=False)

    with pytest.raises(FileExistsError):
        make_slices(png, into, slice_height_px=900, blur=False)


def test_what_a_process_that_was_ended_had_cut_is_cut_anew(tmp_path: Path) -> None:
    cutting = Cutting(picture=screenshot(tmp_path / "a.png"), folder=tmp_path / "slices", blur=False)
    whole = cut(cutting, page_width_px=600, slice_height_px=800)
    whole.slices[0].path.write_bytes(b"half of it")

    assert cut(cutting, page_width_px=600, slice_height_px=800) == whole
    assert whole.slices[0].path.stat().st_size > len(b"half of it")


def test_placeholders_are_all_different_and_always_the_same() -> None:
    made = [placeholder(number) for number in range(2000)]

    assert len(set(made)) == 2000
    assert made[:5] == [placeholder(number) for number in range(5)]
    assert all(data.startswith(b"\xff\xd8") for data in made)


@pytest.mark.parametrize("number", [-1, 1 << 24])
def test_a_number_that_no_placeholder_has_is_refused(number: int) -> None:
    with pytest.raises(FormatError):
        placeholder(number)
