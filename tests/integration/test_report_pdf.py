"""The report as a PDF: whole, the same every time, read by other people's programs, and deaf to hostile text."""

import re
import struct
import subprocess
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from evidence_kit.bundle.report import SLICE_HEIGHT, SLICE_WIDTH, RenderedReport, render_report
from evidence_kit.bundle.report_model import Attempt, AttemptOutcome, Language, ReportData
from evidence_kit.errors import ReportError
from evidence_kit.models import Problem
from evidence_kit.pictures.viewing_copy import ViewingCopy, make_slices
from tests.support.report_cases import COMMANDS, MOMENT, TITLE, digest_of, exhibit_of, report_of

Oracle = Callable[[str], Path]

ATTACHED = {"evidence-sha256.txt": b"00  data/case.json\n", "custody.jsonl": b'{"seq":1}\n'}
PLACES = 34
"""Where `report_of` and `exhibit_of` put a text, counted as often as it is printed."""
HOSTILE = (
    '#panic("x") #read("/etc/passwd") $x^2$ *bold* _thin_ `raw` <label> @ref \\ " \''
    " // no /* no */ = head #let x=1 [a] {b}"
    " \u202egnp.exe \x1b[31m ﷽ שלום %s {0} &amp; \\u0041 --- \u200b " + "Ө" * 500
)


def render(data: ReportData, target: Path, language: Language = Language.BOTH) -> RenderedReport:
    """Render with the fonts of the package alone, so that every machine gives the same."""
    return render_report(data, target, language=language, attachments=ATTACHED, timestamp=MOMENT, font_folders=())


def output(program: Path, *arguments: str | Path) -> str:
    ran = subprocess.run([program, *arguments], check=True, capture_output=True, timeout=120)
    return ran.stdout.decode("utf-8")


def squeezed(text: str) -> str:
    """Return *text* without white space and soft line ends, which layout puts anywhere."""
    return re.sub(r"\s", "", text)


@pytest.fixture
def screenshot(tmp_path: Path) -> ViewingCopy:
    picture = Image.linear_gradient("L").resize((1280, 4000)).convert("RGB")
    picture.save(tmp_path / "screenshot.png")
    return make_slices(
        tmp_path / "screenshot.png", tmp_path, page_width_px=SLICE_WIDTH, slice_height_px=SLICE_HEIGHT, blur=False
    )


@pytest.mark.parametrize("language", [*Language])
def test_other_programs_find_a_whole_tagged_pdf_with_every_font_inside(
    language: Language, screenshot: ViewingCopy, tmp_path: Path, oracle: Oracle
) -> None:
    data = report_of(exhibit_of(1, screenshot=screenshot), exhibit_of(2))

    made = render(data, tmp_path / "report.pdf", language)

    assert made.warnings == ()
    assert made.missing_glyphs == ()
    output(oracle("qpdf"), "--check", made.path)
    about = re.sub(r" +", " ", output(oracle("pdfinfo"), made.path))
    assert "Tagged: yes\n" in about
    assert f"Pages: {made.pages}\n" in about
    assert "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A<" in output(oracle("pdfinfo"), "-meta", made.path)
    fonts = output(oracle("pdffonts"), made.path).splitlines()[2:]
    assert fonts
    assert all(re.search(r" yes (yes|no) +yes +\d+ +0$", font) for font in fonts)
    assert made.path.read_bytes().endswith(b"%%EOF\n")


def test_the_same_input_gives_the_same_bytes(screenshot: ViewingCopy, tmp_path: Path) -> None:
    data = report_of(exhibit_of(1, screenshot=screenshot))

    first, second = (render(data, tmp_path / name).path.read_bytes() for name in ("1.pdf", "2.pdf"))

    assert first == second


def test_the_text_can_be_read_and_copied_in_both_languages(tmp_path: Path, oracle: Oracle) -> None:
    made = render(report_of(exhibit_of(1)), tmp_path / "report.pdf")

    text = output(oracle("pdftotext"), "-layout", made.path, "-")

    for expected in (TITLE, "Цахим нотлох баримтын тайлан", "Report on electronic evidence", "СУРГАЛТ", "PRACTICE"):
        assert expected in text
    assert "2026 оны 11 дүгээр сарын 22-ны өдөр 14 цаг 05 минут" in text
    root = digest_of("root").hex
    blocks = [root[start : start + 4] for start in range(0, 64, 4)]
    assert " ".join(blocks[:8]) in text
    assert " ".join(blocks[8:]) in text
    pages = text.split("\f")[:-1]
    assert len(pages) == made.pages
    for number, page in enumerate(pages, start=1):
        assert f"{number} / {made.pages}" in page
        assert " ".join(blocks[:4]) in page
        assert "СУРГАЛТ · PRACTICE" in page
        assert "СУРГАЛТ-2026/0147" in page


@pytest.mark.parametrize("language", [Language.ENGLISH, Language.MONGOLIAN])
def test_a_report_of_one_language_speaks_no_other(language: Language, tmp_path: Path, oracle: Oracle) -> None:
    made = render(report_of(), tmp_path / "report.pdf", language)

    text = output(oracle("pdftotext"), made.path, "-")

    assert ("Report on electronic evidence" in text) is (language is Language.ENGLISH)
    assert ("Цахим нотлох баримтын тайлан" in text) is (language is Language.MONGOLIAN)


def test_commands_can_be_copied_from_the_page(tmp_path: Path, oracle: Oracle) -> None:
    made = render(report_of(), tmp_path / "report.pdf")

    text = " ".join(output(oracle("pdftotext"), "-raw", made.path, "-").split())

    for each in COMMANDS:
        assert each.command in text


def test_the_problems_of_what_was_tried_are_sentences_and_no_codes(tmp_path: Path, oracle: Oracle) -> None:
    problems = (Problem(code="page.timeout", detail="30 s"), Problem(code="dom.failed", detail=""))
    tried = Attempt(seq=2, time=MOMENT, url="https://a.mn/", outcome=AttemptOutcome.FAILED, problems=problems)

    made = render(replace(report_of(), attempts=(tried,)), tmp_path / "report.pdf", Language.MONGOLIAN)

    text = " ".join(output(oracle("pdftotext"), made.path, "-").split())
    assert "Хуудас хугацаандаа ачаалагдаагүй" in text
    assert "эх кодыг авч чадаагүй" in text
    assert "page.timeout" not in text
    assert "dom.failed" not in text


def test_hostile_text_changes_nothing_and_is_printed_as_it_stands(tmp_path: Path, oracle: Oracle) -> None:
    data = report_of(exhibit_of(1, text=HOSTILE), text=HOSTILE)

    made = render(data, tmp_path / "report.pdf", Language.ENGLISH)

    text = squeezed(output(oracle("pdftotext"), "-raw", made.path, "-"))
    assert squeezed('#panic("x") #read("/etc/passwd") $x^2$ *bold* _thin_ `raw` <label> @ref \\ " \'') in text
    assert squeezed("// no /* no */ = head #let x=1 [a] {b}") in text
    assert "\\u{202E}gnp.exe" in text
    assert "\\u{001B}[31m" in text
    assert "%s{0}&amp;\\u0041---\\u{200B}" in text
    assert "\u202e" not in text
    # Nothing is lost over the edge of a cell: every letter of the long word is on the paper, in every place.
    assert text.count("Ө") == 500 * PLACES
    assert set("שלום﷽") <= set(made.missing_glyphs)


def test_long_words_stay_within_the_page(tmp_path: Path, oracle: Oracle) -> None:
    made = render(report_of(exhibit_of(1, text="Ө" * 3000), text="a" * 3000), tmp_path / "report.pdf")

    boxes = output(oracle("pdftotext"), "-bbox", made.path, "-")

    rights = [float(right) for right in re.findall(r'xMax="([\d.]+)"', boxes)]
    # A4 is 595.28 points wide and has a margin of 18 mm (51 points) on the right.
    assert max(rights) <= 595.3 - 51 + 1


def test_every_viewing_copy_is_in_the_pdf_byte_for_byte(
    screenshot: ViewingCopy, tmp_path: Path, oracle: Oracle
) -> None:
    made = render(report_of(exhibit_of(1, screenshot=screenshot)), tmp_path / "report.pdf")
    folder = tmp_path / "pictures"
    folder.mkdir()

    output(oracle("pdfimages"), "-all", made.path, folder / "picture")

    found = {sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert found == {each.sha256.hex for each in screenshot.slices}
    text = output(oracle("pdftotext"), made.path, "-")
    for each in screenshot.slices:
        assert each.sha256.hex in text
    assert screenshot.original_sha256.hex in text


def test_a_page_holds_one_full_viewing_copy_and_its_caption(
    screenshot: ViewingCopy, tmp_path: Path, oracle: Oracle
) -> None:
    made = render(report_of(exhibit_of(1, screenshot=screenshot)), tmp_path / "report.pdf")

    pages = output(oracle("pdftotext"), made.path, "-").split("\f")

    places = [next(n for n, page in enumerate(pages) if each.sha256.hex in page) for each in screenshot.slices]
    assert places == list(range(places[0], places[0] + len(places)))
    assert "SHA-256 of this viewing copy" in pages[places[0]]
    assert "SHA-256 of the original screenshot" in pages[places[0]]


def test_attachments_come_out_as_they_went_in(tmp_path: Path, oracle: Oracle) -> None:
    made = render(report_of(), tmp_path / "report.pdf")
    folder = tmp_path / "attached"
    folder.mkdir()

    output(oracle("pdfdetach"), "-saveall", "-o", folder, made.path)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == ATTACHED


def test_a_character_that_no_font_shows_is_a_finding_and_no_silent_box(tmp_path: Path, oracle: Oracle) -> None:
    made = render(report_of(exhibit_of(1, text="Цас \U0001f600")), tmp_path / "report.pdf", Language.ENGLISH)

    first, *rest = output(oracle("pdftotext"), made.path, "-").split("\f")

    assert made.missing_glyphs == ("\U0001f600",)
    assert "Characters that no available font can show" in first
    assert "Цас \\u{1F600}" in "".join(rest)


def test_a_system_font_that_promises_too_much_does_not_stop_the_report(tmp_path: Path, oracle: Oracle) -> None:
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    group = struct.pack(">HHIII3I", 12, 0, 28, 0, 1, 0x1F600, 0x1F600, 1)
    table = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + group
    head = struct.pack(">IHHHH4sIII", 0x10000, 1, 0, 0, 0, b"cmap", 0, 28, len(table))
    (fonts / "NotoSansPromise.ttf").write_bytes(head + table)

    made = render_report(
        report_of(exhibit_of(1, text="Цас \U0001f600")),
        tmp_path / "report.pdf",
        language=Language.ENGLISH,
        attachments={},
        timestamp=MOMENT,
        font_folders=[fonts],
    )

    assert made.missing_glyphs == ("\U0001f600",)
    assert "Цас \\u{1F600}" in output(oracle("pdftotext"), made.path, "-")


@pytest.mark.parametrize(
    "text", ["я\u0e31 ж\u20dd a\u0f39", "\U0001f469\u200d\U0001f467 1\ufe0f\u20e3", "नमस्ते مرحبا 中文"]
)
def test_scripts_and_combinations_of_all_kinds_do_not_stop_the_report(text: str, tmp_path: Path) -> None:
    made = render_report(
        report_of(exhibit_of(1, text=text)),
        tmp_path / "report.pdf",
        language=Language.BOTH,
        attachments={},
        timestamp=MOMENT,
    )

    assert made.pages > 1
    assert made.warnings == ()


def test_a_report_is_never_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    target.write_bytes(b"mine")

    with pytest.raises(ReportError, match="exists already"):
        render(report_of(), target)
    assert target.read_bytes() == b"mine"


def test_a_typesetter_that_takes_too_long_is_stopped_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="not set within"):
        render_report(
            report_of(),
            tmp_path / "report.pdf",
            language=Language.BOTH,
            attachments={},
            timestamp=MOMENT,
            seconds=0.01,
        )

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../custody.jsonl", "a/b.txt", "", "тайлан.txt", ".hidden"])
def test_an_attachment_has_a_plain_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="not a plain file name"):
        render_report(
            report_of(), tmp_path / "r.pdf", language=Language.BOTH, attachments={name: b""}, timestamp=MOMENT
        )


def test_an_attachment_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="attachment cannot be read"):
        render_report(
            report_of(),
            tmp_path / "r.pdf",
            language=Language.BOTH,
            attachments={"custody.jsonl": tmp_path / "none"},
            timestamp=MOMENT,
        )


def test_a_report_without_exhibits_and_without_practice_is_made_too(tmp_path: Path, oracle: Oracle) -> None:
    data = replace(report_of(), practice=False, attempts=(), custody=())

    made = render(data, tmp_path / "Тайлан № 1.pdf", Language.MONGOLIAN)

    text = output(oracle("pdftotext"), made.path, "-")
    assert "Энэ багцад хавсралт байхгүй." in text
    assert "СУРГАЛТ\n" not in text
