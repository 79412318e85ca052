"""Tiles: one picture, pixel for pixel."""

import io

import pytest
from PIL import Image

from evidence_kit.errors import FormatError
from evidence_kit.pictures.tiles import joined, png_size


def tile(colour: str, width: int = 8, height: int = 5) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (width, height), colour).save(out, format="PNG")
    return out.getvalue()


def test_tiles_are_joined_from_the_top() -> None:
    whole = joined([tile("red"), tile("lime", height=2), tile("blue")])

    assert png_size(whole) == (8, 12)
    with Image.open(io.BytesIO(whole)) as picture:
        assert [picture.getpixel((3, y)) for y in (0, 4, 5, 6, 7, 11)] == [
            (255, 0, 0),
            (255, 0, 0),
            (0, 255, 0),
            (0, 255, 0),
            (0, 0, 255),
            (0, 0, 255),
        ]


def test_a_single_tile_is_kept_as_the_browser_made_it() -> None:
    assert joined([tile("red")]) == tile("red")


def test_tiles_of_different_width_are_refused() -> None:
    with pytest.raises(FormatError, match=r"differ in width: \[8, 9\]"):
        joined([tile("red"), tile("red", width=9)])


@pytest.mark.parametrize("data", [b"", b"GIF89a", tile("red")[:20]])
def test_what_is_no_png_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        png_size(data)
