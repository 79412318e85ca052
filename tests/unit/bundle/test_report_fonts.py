"""Characters that the fonts lack are found before anything is printed."""

import struct
import sys
import unicodedata
from pathlib import Path

import pytest

from evidence_kit.bundle.fonts import (
    SCRIPTS,
    base_folders,
    characters,
    choose_fonts,
    glyph_name,
    scripts_not_shown,
    showable,
    system_folders,
)
from evidence_kit.errors import FormatError, ReportError

SERIF = "NotoSerif[wdth,wght].ttf"


def test_the_fonts_of_the_package_have_the_mongolian_letters_and_the_currency_sign() -> None:
    for folder in base_folders():
        for path in folder.glob("*.ttf"):
            assert set(map(ord, "ӨҮөүЁё₮№«»…")) <= characters(path)


def test_a_character_without_a_glyph_is_found_missing() -> None:
    choice = choose_fonts(["цас \U0001f600"], system=())

    assert choice.missing == {"\U0001f600"}
    assert choice.extra == ()
    assert showable("цас \U0001f600", choice) == ("цас \\u{1F600}", frozenset("\U0001f600"))


def test_system_fonts_are_not_looked_at_for_what_the_package_shows(tmp_path: Path) -> None:
    (tmp_path / "NotoSansBroken.ttf").write_bytes(b"not a font")

    assert choose_fonts(["Өнөөдөр 25 000 ₮"], system=[tmp_path]).extra == ()


def test_a_damaged_or_foreign_system_font_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "NotoSansBroken.ttf").write_bytes(b"not a font")
    (tmp_path / "NotoSansShort.otf").write_bytes(b"\0\1\0\0\0\1")
    (tmp_path / "Other.ttf").write_bytes((base_folders()[1] / SERIF).read_bytes())

    assert choose_fonts(["\U0001f600"], system=[tmp_path]).extra == ()


def test_a_system_font_is_taken_for_what_it_alone_shows() -> None:
    choice = choose_fonts(["\U0001f600"], system=system_folders())
    if choice.missing:
        pytest.skip("NOT TESTED: no Noto Color Emoji on this system")

    assert [path.name for path in choice.extra] == ["NotoColorEmoji.ttf"]


def test_joiners_and_variation_selectors_are_never_missing() -> None:
    assert choose_fonts(["\u200d\ufe0f"], system=()).missing == frozenset()


def test_a_heap_of_combining_marks_cannot_paint_over_other_lines() -> None:
    choice = choose_fonts(["a\u0301"], system=())
    shown, replaced = showable("a" + "\u0301" * 50, choice)

    assert shown == "a" + "\u0301" * 3 + "\\u{0301}" * 47
    assert replaced == {"\u0301"}


def test_no_combining_mark_of_any_script_is_heaped_up() -> None:
    choice = choose_fonts([], system=())
    marks = {chr(point) for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point)) in {"Mn", "Me"}}

    assert {mark for mark in marks if showable("a" + mark * 4, choice)[1] != {mark}} == {"\ufe0f"}


def test_decomposed_letters_stay_as_they_are() -> None:
    choice = choose_fonts(["и\u0306"], system=())

    assert showable("и\u0306", choice) == ("и\u0306", frozenset())


def test_bytes_that_are_no_font_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.ttf").write_bytes(b"\0\1\0\0\0\1\0\0\0\0\0\0name")

    with pytest.raises(FormatError, match="not a font"):
        characters(tmp_path / "a.ttf")
    with pytest.raises(ReportError, match="cannot be read"):
        characters(tmp_path / "none.ttf")


def test_the_scripts_that_no_font_shows_are_named(tmp_path: Path) -> None:
    assert scripts_not_shown([tmp_path]) == ("emoji", "arabic", "chinese", "thai", "mongolian")


def test_a_font_of_the_system_shows_its_script(tmp_path: Path) -> None:
    letters = sorted(map(ord, set(SCRIPTS["thai"])))
    groups = b"".join(struct.pack(">3I", point, point, 1) for point in letters)
    table = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + struct.pack(">HHIII", 12, 0, 0, 0, len(letters)) + groups
    head = struct.pack(">IHHHH4sIII", 0x10000, 1, 0, 0, 0, b"cmap", 0, 28, len(table))
    (tmp_path / "NotoSansThai.ttf").write_bytes(head + table)

    assert "thai" not in scripts_not_shown([tmp_path])


def test_a_character_that_is_not_shown_is_named_so_that_it_can_be_looked_up() -> None:
    assert [glyph_name(character) for character in "\u4e2d\u0301"] == ["\u4e2d (U+4E2D)", "\u25cc\u0301 (U+0301)"]
