"""The page says the same things in both languages, and has a sentence for all that its source asks for."""

import re
import string
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from evidence_kit.models import Outcome, Trust, Verdict
from evidence_kit.resources import template

SOURCE = Path(__file__).parents[2] / "web" / "src" / "page"


def sentences(language: str) -> Mapping[str, str]:
    source = tomllib.loads(template(f"verify/{language}.toml").read_text(encoding="utf-8"))
    return {f"{section}.{key}": text for section, group in source.items() for key, text in group.items()}


@pytest.fixture(scope="module")
def english() -> Mapping[str, str]:
    return sentences("en")


@pytest.fixture(scope="module")
def mongolian() -> Mapping[str, str]:
    return sentences("mn")


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_both_languages_have_the_same_sentences_with_the_same_values(
    english: Mapping[str, str], mongolian: Mapping[str, str]
) -> None:
    assert list(english) == list(mongolian)
    assert {key: placeholders(text) for key, text in english.items()} == {
        key: placeholders(text) for key, text in mongolian.items()
    }


def test_every_mongolian_sentence_is_one(mongolian: Mapping[str, str]) -> None:
    without = [key for key, text in mongolian.items() if not re.search("[А-Яа-яӨөҮүЁё]", re.sub(r"\{\w+\}", "", text))]

    assert without == ["what.point", "when.between"]


def test_no_ending_is_glued_to_a_value(english: Mapping[str, str], mongolian: Mapping[str, str]) -> None:
    glued = [text for texts in (english, mongolian) for text in texts.values() if re.search(r"\}\w|\w\{", text)]

    assert glued == []


@pytest.mark.parametrize("group", ["status", "supplied", "sealed", "derived"])
@pytest.mark.parametrize("state", ["complete", "incomplete", "failed", "abandoned"])
def test_there_is_a_word_for_everything_that_can_come_of_what_was_tried(
    group: str, state: str, english: Mapping[str, str], mongolian: Mapping[str, str]
) -> None:
    """Without one the page shows the code, in English."""
    assert english[f"{group}.{state}"]
    assert mongolian[f"{group}.{state}"]


def test_every_sentence_that_the_source_names_is_there(english: Mapping[str, str]) -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(SOURCE.glob("*.ts")))
    named = set(re.findall(r'say\(\s*"([^"]+)"', source))

    assert len(named) > 50
    assert named - english.keys() == set()
    for section, values in (("verdict", Verdict), ("outcome", Outcome), ("trust", Trust), ("says", Verdict)):
        assert {f"{section}.{value}" for value in values} - english.keys() == set()
