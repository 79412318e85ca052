"""Pictures that were handed over are drawn apart: upright, bounded, and whatever they do, the next one is drawn."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from evidence_kit.pictures.apart import Drawing, draw_apart
from evidence_kit.pictures.viewing_copy import ViewingCopy
from tests.support.pictures import DOT, phone_screenshot, photo, vast_png

MEBIBYTE = 1024**2


def drawing(folder: Path, name: str, data: bytes, *, blur: bool = False) -> Drawing:
    (folder / name).write_bytes(data)
    return Drawing(
        picture=folder / name, folder=folder / f"{name}.copy", blur=blur, page_width_px=1280, slice_height_px=1464
    )


def png_of(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def spread_of(copy: ViewingCopy) -> int:
    with Image.open(copy.slices[0].path) as shown:
        low, high = ImageStat.Stat(shown.convert("L")).extrema[0]
    return int(high) - int(low)


def only(copy: ViewingCopy | str) -> ViewingCopy:
    assert isinstance(copy, ViewingCopy), copy
    return copy


def test_a_photo_is_turned_upright_as_it_asks_and_measured_so(tmp_path: Path) -> None:
    asked = [drawing(tmp_path, "a.jpg", photo()), drawing(tmp_path, "b.jpg", photo(sideways=True))]

    plain, turned = map(only, draw_apart(asked))

    assert (plain.original_width, plain.original_height) == (800, 600)
    assert (turned.original_width, turned.original_height) == (600, 800)
    with Image.open(turned.slices[0].path) as shown:
        red, green, _ = shown.getpixel((500, 100))  # type: ignore[misc]
        assert abs(red - DOT[0]) < 30
        assert green < 80


def test_a_blurred_copy_shows_nothing_that_could_be_read(tmp_path: Path) -> None:
    checks = Image.new("L", (2, 2), "white")
    checks.putpixel((0, 0), 0)
    checks.putpixel((1, 1), 0)
    fine = checks.resize((8, 8), Image.Resampling.NEAREST)
    page = Image.new("L", (960, 960))
    for place in range(0, 960, 8):
        page.paste(fine, (place, 0))
    for place in range(0, 960, 8):
        page.paste(page.crop((0, 0, 960, 8)), (0, place))

    made = draw_apart([drawing(tmp_path, f"{blur}.png", png_of(page), blur=blur) for blur in (False, True)])

    plain, blurred = map(only, made)
    assert (plain.blurred, blurred.blurred) == (False, True)
    assert spread_of(plain) > 200
    assert spread_of(blurred) < 30


def test_what_cannot_be_drawn_says_why_and_the_next_is_drawn(tmp_path: Path) -> None:
    hostile = {
        "vast.png": vast_png(),
        "broken.jpg": photo()[:400],
        "no.png": b"no picture at all",
        "high.png": png_of(Image.new("L", (2, 60_000))),
        "wide.png": png_of(Image.new("L", (60_000, 2))),
        "good.png": phone_screenshot(),
    }

    made = dict(zip(hostile, draw_apart([drawing(tmp_path, *each) for each in hostile.items()]), strict=True))

    assert only(made.pop("good.png")).original_height == 2400
    assert made == {
        "vast.png": "size",
        "broken.jpg": "unreadable",
        "no.png": "unreadable",
        "high.png": "height",
        "wide.png": "size",
    }


def test_a_picture_that_takes_too_long_is_given_up_and_the_next_is_drawn(tmp_path: Path) -> None:
    asked = [drawing(tmp_path, "slow.png", png_of(Image.new("RGB", (4900, 4900))))]

    assert list(draw_apart(asked, seconds=0.01)) == ["time"]


def test_a_picture_that_takes_too_much_memory_is_told_and_the_next_is_drawn(tmp_path: Path) -> None:
    asked = [drawing(tmp_path, "a.png", png_of(Image.new("RGB", (4900, 4900)))), drawing(tmp_path, "b.jpg", photo())]

    large, small = draw_apart(asked, memory=60 * MEBIBYTE)

    assert large in {"memory", "unreadable", "crash"}
    assert only(small).slices


def test_a_full_disk_is_no_fault_of_the_picture(tmp_path: Path) -> None:
    asked = drawing(tmp_path, "a.jpg", photo())
    asked.folder.mkdir()

    with pytest.raises(FileExistsError):
        list(draw_apart([asked]))
