"""Where one picture appears in another: found at any size of a phone, not found where it is not."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from evidence_kit.pictures.appearances import Appearance, Finding, appearance_of
from evidence_kit.pictures.matching import Matcher
from tests.support.comparisons import on_phone, page, png
from tests.support.pictures import vast_png


def _found(screen: bytes, other: Image.Image) -> Appearance:
    with Image.open(BytesIO(screen)) as opened:
        return appearance_of(opened.convert("L"), other.convert("L"))


@pytest.mark.parametrize("width", [1080, 720, 360])
def test_a_phones_screenshot_is_found_where_it_is_on_the_page(width: int) -> None:
    whole = page(1)

    found = _found(on_phone(whole, width=width, top=400, rows=1500), whole)

    first, scale = found.parts[0], whole.width / width
    assert first.finding is Finding.AGREES
    assert first.there is not None
    bar = round(60 * width / 1080)
    assert abs(first.there.left - first.here.left * scale) < 12
    assert abs(first.there.top - 400 - (first.here.top - bar) * scale) < 12
    shown = found.tiles["agrees"] + found.tiles["differs"] + found.tiles["absent"]
    assert found.tiles["agrees"] > 0.8 * shown


def test_the_status_bar_agrees_with_nothing() -> None:
    whole = page(1)

    found = _found(on_phone(whole, width=1080, top=400, rows=1500), whole)

    assert all(part.here.top >= 27 for part in found.parts if part.finding is Finding.AGREES)


def test_another_page_is_not_found() -> None:
    found = _found(on_phone(page(1), width=720, top=400, rows=1500), page(2))

    assert found.tiles["agrees"] == 0
    assert found.tiles["absent"] > 100


def test_what_was_wiped_out_differs_where_it_lies() -> None:
    whole = page(1)
    with Image.open(BytesIO(on_phone(whole, width=1080, top=400, rows=1500))) as opened:
        wiped = opened.convert("L")
    wiped.paste(255, (300, 620, 560, 800))

    found = appearance_of(wiped, whole.convert("L"))

    (first, *_) = [part for part in found.parts if part.finding is Finding.DIFFERS]
    assert first.here.left < 430 < first.here.right
    assert first.here.top < 710 < first.here.bottom


def test_what_was_painted_over_differs_where_it_lies() -> None:
    whole = page(1)
    with Image.open(BytesIO(on_phone(whole, width=1080, top=400, rows=1500))) as opened:
        painted = opened.convert("L")
    draw = ImageDraw.Draw(painted)
    draw.rectangle((300, 620, 560, 800), fill=255)
    for row in range(630, 800, 24):
        draw.text((305, row), "another text altogether", fill=0)

    found = appearance_of(painted, whole.convert("L"))

    (first, *_) = [part for part in found.parts if part.finding is Finding.DIFFERS]
    assert first.here.left < 430 < first.here.right
    assert first.here.top < 710 < first.here.bottom
    assert first.there is not None
    assert first.correlation is not None
    assert first.correlation < 800


def test_a_part_of_a_picture_is_found_larger_too() -> None:
    whole = page(3)
    enlarged = whole.crop((300, 500, 1000, 1300)).resize((1400, 1600), Image.Resampling.BICUBIC)

    found = appearance_of(enlarged.convert("L"), whole.convert("L"))

    assert found.parts[0].finding is Finding.AGREES
    assert found.tiles["agrees"] > 0.8 * (found.count - found.tiles["open"])


def test_an_empty_picture_has_nothing_to_compare() -> None:
    found = appearance_of(Image.new("L", (400, 800), 255), page(1).convert("L"))

    assert found.parts == ()
    assert found.tiles["open"] == found.count


def test_a_bomb_and_a_broken_picture_have_a_reason_and_the_next_one_is_compared(tmp_path: Path) -> None:
    whole = page(1, (640, 900))
    for name, data in {
        "bomb.png": vast_png(),
        "broken.jpg": b"\xff\xd8\xff",
        "whole.png": png(whole),
        "screen.jpg": on_phone(whole, width=360, top=100, rows=600),
    }.items():
        (tmp_path / name).write_bytes(data)

    with Matcher() as matcher:
        answers = [matcher.appearance(tmp_path / name, tmp_path / "whole.png") for name in ("bomb.png", "broken.jpg")]
        last = matcher.appearance(tmp_path / "screen.jpg", tmp_path / "whole.png")

    assert answers == ["size", "unreadable"]
    assert isinstance(last, Appearance)


def test_a_picture_that_takes_too_long_has_that_as_its_reason(tmp_path: Path) -> None:
    (tmp_path / "whole.png").write_bytes(png(page(1)))

    with Matcher(seconds=0.1) as matcher:
        assert matcher.appearance(tmp_path / "whole.png", tmp_path / "whole.png") == "time"
