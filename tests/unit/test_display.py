"""Text from outside deceives neither a reader nor a terminal."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_kit.display import csv_cell, shorten, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gnp.\u202eexe", "gnp.\\u{202E}exe"),
        ("\x1b[31mred\x1b[0m", "\\u{001B}[31mred\\u{001B}[0m"),
        ("a\u200bb\ufeffc\u2066d", "a\\u{200B}b\\u{FEFF}c\\u{2066}d"),
        ("line\nline\r", "line\\u{000A}line\\u{000D}"),
        ("Өнөөдөр үнэ ₮50 000", "Өнөөдөр үнэ ₮50 000"),
        ("👩‍💻 👍🏽 🇲🇳 ❤️", "👩‍💻 👍🏽 🇲🇳 ❤️"),
        ("ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ", "ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ"),
        ("a\u200db", "a\\u{200D}b"),
        ("\u200d", "\\u{200D}"),
        ("\u2028\ue000\U000e0041", "\\u{2028}\\u{E000}\\u{E0041}"),
    ],
)
def test_what_could_mislead_is_written_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_nothing_that_controls_a_terminal_or_turns_the_direction_is_left(text: str) -> None:
    for character in visible(text):
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }


def test_every_character_alone_stays_or_is_escaped_by_its_category() -> None:
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    kept = set("\u180b\u180c\u180d\u180e\u180f")

    escaped = {point for point in range(sys.maxunicode + 1) if visible(chr(point)) != chr(point)}

    assert escaped == {
        point
        for point in range(sys.maxunicode + 1)
        if unicodedata.category(chr(point)) in hidden and chr(point) not in kept
    }


def test_line_feeds_stay_only_when_asked_for() -> None:
    assert visible("a\nb\tc", newlines=True) == "a\nb\\u{0009}c"


def test_a_long_text_is_cut_to_one_line() -> None:
    assert shorten("a b\n  c" * 50, 10) == "a b ca b …"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_cell_never_becomes_a_formula(text: str) -> None:
    assert csv_cell(text) == "'" + text
