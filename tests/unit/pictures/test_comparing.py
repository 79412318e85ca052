"""A picture agrees with what looks like it, and what does not is pointed at."""

import io
import struct
from itertools import combinations
from pathlib import Path
from zlib import compress, crc32

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from evidence_kit.bundle.fonts import sans_font
from evidence_kit.errors import FormatError
from evidence_kit.pictures.comparing import MOST_REGIONS, TOLERANCE, Comparison
from evidence_kit.pictures.viewing_copy import Region

WIDE, HIGH = 200, 2_100
"""More than one band, and no whole number of tiles."""


def png(picture: Image.Image) -> bytes:
    stored = io.BytesIO()
    picture.save(stored, "PNG")
    return stored.getvalue()


@pytest.fixture
def page() -> Image.Image:
    """Return a picture with some lines of text."""
    picture = Image.new("RGB", (WIDE, HIGH), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(sans_font(), 15)
    for top in range(10, HIGH - 20, 40):
        draw.text((10, top), f"мөр {top}: үнэ 50 000 ₮", fill="#222", font=font)
    return picture


def sealed(folder: Path, picture: Image.Image, *, cut: bool = False) -> Comparison:
    path = folder / "sealed.png"
    path.write_bytes(png(picture))
    return Comparison(path, cut=cut)


def test_the_same_picture_in_any_number_of_parts_agrees(tmp_path: Path, page: Image.Image) -> None:
    comparison = sealed(tmp_path, page)

    comparison.look([png(page.crop((0, 0, WIDE, 1_600))), png(page.crop((0, 1_600, WIDE, HIGH)))], smoothed=True)

    found = comparison.result()
    assert (found.differing, found.regions, found.size) == (0, (), (WIDE, HIGH))


@pytest.mark.parametrize(("said", "painted"), [("50 000", "5 000"), ("3", "8"), ("и", "н"), ("l", "i"), ("о", "ө")])
def test_a_letter_that_was_changed_is_pointed_at(tmp_path: Path, said: str, painted: str) -> None:
    pictures = []
    for text in (said, painted):
        picture = Image.new("RGB", (160, 160), "white")
        ImageDraw.Draw(picture).text((40, 70), text, fill="#222", font=ImageFont.truetype(sans_font(), 15))
        pictures.append(picture)
    comparison = sealed(tmp_path, pictures[0])

    comparison.look([png(pictures[1])], smoothed=True)

    (region,) = comparison.result().regions
    assert 32 <= region.left < region.right <= 112
    assert 64 <= region.top < region.bottom <= 96


@pytest.mark.parametrize("size", [9, 10, 12])
@pytest.mark.parametrize("colour", ["#222", "#999"])
def test_by_the_browser_of_the_capture_no_digit_passes_for_another(tmp_path: Path, size: int, colour: str) -> None:
    font, pictures = ImageFont.truetype(sans_font(), size), {}
    for digit in "0123456789":
        pictures[digit] = Image.new("RGB", (32, 32), "white")
        ImageDraw.Draw(pictures[digit]).text((8, 8), digit, fill=colour, font=font)
    passed = []
    for said, painted in combinations(pictures, 2):
        comparison = sealed(tmp_path, pictures[said])
        comparison.look([png(pictures[painted])], smoothed=False)
        passed += [(said, painted)] if comparison.agrees else []

    assert passed == []


def test_smoothed_edges_and_slightly_other_colours_agree(tmp_path: Path, page: Image.Image) -> None:
    comparison = sealed(tmp_path, page)

    comparison.look([png(page.filter(ImageFilter.Kernel((3, 3), [0, 1, 0, 1, 60, 1, 0, 1, 0])))], smoothed=True)
    assert comparison.agrees

    faint = sealed(tmp_path, Image.new("RGB", (WIDE, HIGH), (200, 200, 200)))
    faint.look([png(Image.new("RGB", (WIDE, HIGH), (200, 200 - TOLERANCE, 200)))], smoothed=True)
    assert faint.agrees


def test_one_pixel_at_any_edge_is_found(tmp_path: Path) -> None:
    for place in [(0, 0), (WIDE - 1, HIGH - 1), (100, 1_023), (15, 1_024)]:
        other = Image.new("RGB", (WIDE, HIGH), "white")
        other.putpixel(place, (255, 255, 200))
        comparison = sealed(tmp_path, other)

        comparison.look([png(Image.new("RGB", (WIDE, HIGH), "white"))], smoothed=True)

        (region,) = comparison.result().regions
        assert region.left <= place[0] < region.right
        assert region.top <= place[1] < region.bottom


def test_a_part_that_agreed_once_agrees(tmp_path: Path, page: Image.Image) -> None:
    comparison, one, other = sealed(tmp_path, page), page.copy(), page.copy()
    one.paste("black", (0, 0, 16, 16))
    other.paste("black", (64, 640, 80, 656))

    comparison.look([png(one)], smoothed=True)
    assert comparison.result().regions == (Region(left=0, top=0, right=16, bottom=16),)
    comparison.look([png(other)], smoothed=True)

    assert comparison.agrees


def test_what_only_one_picture_has_is_a_region(tmp_path: Path, page: Image.Image) -> None:
    higher = Image.new("RGB", (WIDE, HIGH + 50), "white")
    higher.paste(page)
    beyond = Region(left=0, top=HIGH, right=WIDE, bottom=HIGH + 50)

    rendered_higher, sealed_higher = sealed(tmp_path, page), sealed(tmp_path, higher)
    rendered_higher.look([png(higher)], smoothed=True)
    sealed_higher.look([png(page)], smoothed=True)
    cut = sealed(tmp_path, page, cut=True)
    cut.look([png(higher)], smoothed=True)

    assert rendered_higher.result().regions == (beyond,)
    assert sealed_higher.result().regions == (Region(left=0, top=HIGH // 16 * 16, right=WIDE, bottom=HIGH + 50),)
    assert cut.agrees


def test_regions_are_the_largest_first_and_bounded(tmp_path: Path) -> None:
    blank, spotted = (Image.new("RGB", (1_280, 1_280), "white") for _ in range(2))
    for number in range(100):
        spotted.paste("black", (number % 10 * 128, number // 10 * 128, number % 10 * 128 + 16, number // 10 * 128 + 16))
    spotted.paste("black", (0, 0, 40, 40))
    comparison = sealed(tmp_path, spotted)

    comparison.look([png(blank)], smoothed=True)

    found = comparison.result()
    assert found.regions[0] == Region(left=0, top=0, right=48, bottom=48)
    assert (len(found.regions), found.more) == (MOST_REGIONS, 100 - MOST_REGIONS)
    assert found.differing == 99 * 256 + 48 * 48


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"\x89PNG\r\n\x1a\n")

    with pytest.raises(FormatError):
        Comparison(tmp_path / "no.png")


def other_programs_see_more(picture: Image.Image) -> dict[str, bytes]:
    """Return PNGs whose samples are those of *picture*, and which are shown otherwise."""
    stored = png(picture)

    def with_chunk(kind: bytes, data: bytes) -> bytes:
        return (
            stored[:33]
            + struct.pack(">I", len(data))
            + kind
            + data
            + struct.pack(">I", crc32(kind + data))
            + stored[33:]
        )

    clear, films, jpeg = picture.convert("RGBA"), io.BytesIO(), io.BytesIO()
    clear.putalpha(254)
    black = Image.new("RGB", picture.size)
    picture.save(films, "PNG", save_all=True, append_images=[black], duration=1)
    picture.save(jpeg, "JPEG")
    return {
        "gamma": with_chunk(b"gAMA", struct.pack(">I", 1_000)),
        "profile": with_chunk(b"iCCP", b"x\0\0" + compress(b"profile")),
        "turned": with_chunk(b"eXIf", b"MM\0*"),
        "one clear colour": with_chunk(b"tRNS", bytes(6)),
        "transparent": png(clear),
        "animated": films.getvalue(),
        "16 bits": png(picture.convert("I;16")),
        "palette": png(picture.convert("P")),
        "more": stored + b"more",
        "jpeg": jpeg.getvalue(),
        "short": stored[:-12],
    }


@pytest.mark.parametrize(
    "kind",
    [
        "gamma",
        "profile",
        "turned",
        "one clear colour",
        "transparent",
        "animated",
        "16 bits",
        "palette",
        "more",
        "jpeg",
        "short",
    ],
)
def test_a_picture_that_programs_may_show_otherwise_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd.png"
    path.write_bytes(other_programs_see_more(Image.new("RGB", (40, 40), "white"))[kind])

    with pytest.raises(FormatError):
        Comparison(path)
