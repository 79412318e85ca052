"""The report's pages as people see them: each is drawn and looked at, in every language.

The fonts come with the package, so every machine draws the same but for smoothing; page kinds are compared with small
pictures of them (``tests/integration/pages``), as grey values of a coarse grid.
"""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from evidence_kit.bundle.report import SLICE_HEIGHT, SLICE_WIDTH, render_report
from evidence_kit.bundle.report_model import Language
from evidence_kit.pictures.viewing_copy import Region, ViewingCopy, make_slices
from tests.support.report_cases import (
    MOMENT,
    compared_exhibit_of,
    exhibit_of,
    report_of,
    sealed_exhibit_of,
    supplied_exhibit_of,
)

Oracle = Callable[[str], Path]
GOLDEN = Path(__file__).parent / "pages"
DPI = 100
MM = DPI / 25.4
LEFT, RIGHT, TOP, BOTTOM = 22, 210 - 18, 25, 297 - 22
"""The edges of the text, in millimetres from the upper left corner."""
CODE = (210 - 5 - 16, 297 - 5 - 16, 210 - 5, 297 - 5)
KINDS = {
    "cover": r"Үндсэн хэш утга \(SHA-256\)|Root value \(SHA-256\)",
    "tried": "Энэ хэрэгт оролдсон бүх бэхжүүлэлт|Everything tried in this case",
    "exhibit": r"Хавсралт № 1 ·|Exhibit No\. 1 ·",
    "picture": "1 / 3\n",
    "supplied": r"Хавсралт № 3 ·|Exhibit No\. 3 ·",
    "sealed": r"Хавсралт № 4 ·|Exhibit No\. 4 ·",
    "compared": r"Хавсралт № 5 ·|Exhibit No\. 5 ·",
    "parts": "Зургийн хэсгүүд|Parts of the pictures",
}
PARTS = (Region(left=40, top=310, right=1040, bottom=910), Region(left=0, top=1500, right=600, bottom=1900))
LONG = "Ө" * 400 + " " + "w" * 400 + " https://a.example/" + "q=%D0%9C&" * 60


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A report, and a picture of each of its pages."""

    path: Path
    pages: tuple[Path, ...]
    texts: tuple[str, ...]
    shot: ViewingCopy


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory, oracle: Oracle) -> dict[Language, Drawn]:
    """Return a report in every language: one plain exhibit with a screenshot, one full of long words, and others."""
    made = {}
    for language in Language:
        folder = tmp_path_factory.mktemp(f"pages-{language}")
        screenshot(folder / "shot.png")
        shot = make_slices(
            folder / "shot.png", folder, page_width_px=SLICE_WIDTH, slice_height_px=SLICE_HEIGHT, blur=False
        )
        (folder / "parts").mkdir()
        parts = make_slices(
            folder / "shot.png", folder / "parts", slice_height_px=SLICE_HEIGHT, blur=True, regions=PARTS
        )
        data = report_of(
            exhibit_of(1, screenshot=shot),
            exhibit_of(2, text=LONG),
            supplied_exhibit_of(3),
            sealed_exhibit_of(4),
            compared_exhibit_of(5, parts=parts),
        )
        path = folder / "report.pdf"
        report = render_report(data, path, language=language, attachments={}, timestamp=MOMENT, font_folders=())
        assert report.missing_glyphs == ()
        subprocess.run([oracle("pdftoppm"), "-r", str(DPI), "-png", path, folder / "page"], check=True, timeout=120)
        text = subprocess.run([oracle("pdftotext"), path, "-"], check=True, capture_output=True, timeout=60).stdout
        pages = tuple(sorted(folder.glob("page-*.png")))
        texts = tuple(text.decode("utf-8").split("\f")[:-1])
        assert len(pages) == len(texts) == report.pages
        made[language] = Drawn(path=path, pages=pages, texts=texts, shot=shot)
    return made


def screenshot(path: Path) -> None:
    """Draw a page of 1280 x 3500 pixels with a black frame of 16 pixels, so that any clipping shows."""
    picture = Image.new("RGB", (1280, 3500), "black")
    picture.paste(Image.linear_gradient("L").resize((1248, 3468)).convert("RGB"), (16, 16))
    picture.save(path)


def is_white(page: Image.Image, box: tuple[float, float, float, float]) -> bool:
    """Whether nothing is drawn in *box* (millimetres from the upper left corner)."""
    low, _ = page.crop(tuple(round(edge * MM) for edge in box)).convert("L").getextrema()  # type: ignore[arg-type]
    return bool(low == 255)


@pytest.mark.parametrize("language", [*Language])
def test_nothing_stands_outside_of_the_margins(language: Language, drawn: dict[Language, Drawn]) -> None:
    for number, path in enumerate(drawn[language].pages, start=1):
        with Image.open(path) as page:
            assert is_white(page, (0, 0, LEFT - 1, 297)), f"left of page {number}"
            assert is_white(page, (RIGHT + 1, 0, 210, CODE[1] - 1)), f"right of page {number}"
            assert is_white(page, (0, 0, 210, 8)), f"top of page {number}"
            assert is_white(page, (0, CODE[3] + 1, 210, 297)), f"bottom of page {number}"
            assert is_white(page, (LEFT, BOTTOM + 0.8, CODE[0] - 1.5, BOTTOM + 4)), f"text in the footer of {number}"
            assert not is_white(page, CODE)


@pytest.mark.parametrize("language", [*Language])
def test_every_word_of_the_text_ends_before_the_margin(
    language: Language, drawn: dict[Language, Drawn], oracle: Oracle
) -> None:
    path = drawn[language].path
    boxes = subprocess.run([oracle("pdftotext"), "-bbox", path, "-"], check=True, capture_output=True, timeout=60)

    found = re.findall(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)"', boxes.stdout.decode("utf-8"))

    edges = [[float(edge) * 25.4 / 72 for edge in box] for box in found]
    assert len(edges) > 500
    assert min(box[0] for box in edges) >= LEFT - 0.1
    assert max(box[2] for box in edges) <= RIGHT + 0.6


@pytest.mark.parametrize("language", [*Language])
def test_a_screenshot_is_neither_shrunken_nor_clipped(language: Language, drawn: dict[Language, Drawn]) -> None:
    """It is as wide as the text, its proportions are those of the original, and its frame is there all around."""
    report = drawn[language]
    digests = [piece.sha256.hex for piece in report.shot.slices]
    places = [number for number, text in enumerate(report.texts) if any(digest in text for digest in digests)]
    assert len(places) == len(report.shot.slices) == 3

    for place, piece in zip(places, report.shot.slices, strict=True):
        with Image.open(report.pages[place]) as page:
            grey = page.convert("L")
        column = [is_dark(grey, round(LEFT * MM) + 3, row) for row in range(grey.height)]
        top, bottom = longest(column)
        row = [is_dark(grey, at, (top + bottom) // 2) for at in range(grey.width)]
        left, right = row.index(True), len(row) - row[::-1].index(True)
        assert right - left == pytest.approx(170 * MM, abs=2)
        assert bottom - top == pytest.approx((piece.bottom - piece.top) * (right - left) / 1280, abs=3)
        middle = (left + right) // 2
        framed = [is_dark(grey, middle, top + 2), is_dark(grey, middle, bottom - 3)]
        assert framed == [piece.top == 0, piece.bottom == 3500]


def is_dark(page: Image.Image, column: int, row: int) -> bool:
    """Whether the frame is there."""
    value = page.getpixel((column, row))
    return isinstance(value, (int, float)) and value < 90


def longest(values: list[bool]) -> tuple[int, int]:
    """Return beginning and end of the longest run of true ones."""
    runs = [(0, 0)]
    for index, value in enumerate(values):
        if value:
            start, end = runs[-1]
            runs.append((start if end == index else index, index + 1))
    return max(runs, key=lambda run: run[1] - run[0])


@pytest.mark.parametrize("language", [*Language])
@pytest.mark.parametrize("kind", KINDS)
def test_the_main_kinds_of_pages_look_as_they_did(kind: str, language: Language, drawn: dict[Language, Drawn]) -> None:
    """``EVIDENCE_KIT_DRAW_PAGES=1`` draws them anew: look at them before they are committed."""
    report = drawn[language]
    path = next(page for page, text in zip(report.pages, report.texts, strict=True) if re.search(KINDS[kind], text))
    golden = GOLDEN / f"{kind}-{language}.png"
    with Image.open(path) as page:
        small = page.convert("L").resize((105, 148), Image.Resampling.BOX)
    if os.environ.get("EVIDENCE_KIT_DRAW_PAGES"):
        small.save(golden, optimize=True)
        pytest.skip("NOT TESTED: drawn anew")

    with Image.open(golden) as expected:
        assert alike(small, expected), f"{kind}-{language}: see the picture of {path}"
    for other in KINDS:
        with Image.open(GOLDEN / f"{other}-{language}.png") as expected:
            assert alike(small, expected) is (other == kind)


def alike(one: Image.Image, other: Image.Image) -> bool:
    """Whether they differ by smoothing at most: little on the whole, and nowhere much."""
    difference = ImageChops.difference(one, other)
    coarse = difference.resize((21, 30), Image.Resampling.BOX)
    return ImageStat.Stat(difference).mean[0] < 1.5 and ImageStat.Stat(coarse).extrema[0][1] < 30
