"""The sentences of the report: the same in number in both languages, printable, and never saying too much."""

import re
import tomllib
from collections.abc import Iterator

import pytest

from evidence_kit.bundle.fonts import choose_fonts
from evidence_kit.bundle.report_model import AttemptOutcome, CheckStep, SignatureLevel, TimeStampState
from evidence_kit.models import Status, Trust
from evidence_kit.resources import template

LANGUAGES = ("en", "mn")


def texts(language: str) -> dict[str, object]:
    return tomllib.loads(template(f"report/{language}.toml").read_text(encoding="utf-8"))


def walk(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, member in value.items():
                yield from walk(member, f"{path}/{key}")
        case list():
            for index, member in enumerate(value):
                yield from walk(member, f"{path}/{index}")
        case _:
            yield path, str(value)


def test_both_languages_have_the_same_sentences() -> None:
    assert [path for path, _ in walk(texts("en"))] == [path for path, _ in walk(texts("mn"))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_or_has_a_place_for_a_value(language: str) -> None:
    for path, sentence in walk(texts(language)):
        assert sentence.strip(), path
        assert not re.search(r"\{(?!1F642)|%s|\$\{", sentence), path


def test_mongolian_sentences_are_written_in_cyrillic() -> None:
    spoken = [path for path, sentence in walk(texts("mn")) if not re.search(r"[А-Яа-яӨөҮүЁё]", sentence)]

    # Names of formats, and what other people's programs print, are the same in every language.
    allowed = {
        "/exhibit/sha256",
        "/environment/python",
        "/exhibits/number",
        "/custody/number",
        "/verify/ours_command",
        "/steps/signature_expected",
        "/steps/time_stamp_expected",
    }
    assert set(spoken) <= allowed


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_fonts_of_the_package_show_every_sentence(language: str) -> None:
    sentences = [sentence for _, sentence in walk(texts(language))]

    assert choose_fonts(sentences, system=()).missing == frozenset()


def test_no_sentence_claims_more_than_was_seen() -> None:
    forbidden = ("authentic", "genuine", "court-admissible", "tamper-proof", "жинхэнэ баримт", "хөдлөшгүй")

    for language in LANGUAGES:
        for path, sentence in walk(texts(language)):
            assert not [word for word in forbidden if word in sentence.lower()], (language, path)


@pytest.mark.parametrize(
    ("section", "codes"),
    [
        ("status", [*AttemptOutcome, *Status]),
        ("trust", [*Trust]),
        ("time_stamp", [*TimeStampState]),
        ("signature_level", [*SignatureLevel]),
        ("steps", [*CheckStep]),
    ],
)
def test_every_value_that_the_model_knows_has_its_sentence(section: str, codes: list[str]) -> None:
    known = texts("en")[section]
    assert isinstance(known, dict)

    assert {str(code) for code in codes} <= set(known)
