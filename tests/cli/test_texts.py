"""Both languages say the same things, and say all that the program can ask them for."""

import ast
import string
import tomllib
from pathlib import Path

import pytest

from evidence_kit import errors
from evidence_kit.cli.health import State
from evidence_kit.models import Outcome, Trust, Verdict
from evidence_kit.resources import template
from evidence_kit.texts import Language, Texts
from evidence_kit.verify.catalogue import TITLES

PACKAGE = Path(errors.__file__).parent
ONE_SIDED = ("check.", "steps.")
"""Groups that only Mongolian needs: the program itself has the English words."""


@pytest.fixture(scope="module")
def english() -> Texts:
    return Texts.load(Language.ENGLISH)


@pytest.fixture(scope="module")
def mongolian() -> Texts:
    return Texts.load(Language.MONGOLIAN)


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def steps_in_the_source() -> set[str]:
    """Return each step that the package tells, a value at its end written as ``*``."""
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if name == "on_step" and node.args:
                    found |= _step(node.args[0])
    return found


def _step(argument: ast.expr) -> set[str]:
    match argument:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), ast.FormattedValue()]):
            return {f"{text}*"}
        case _:
            return set()


def test_both_languages_have_the_same_keys(english: Texts, mongolian: Texts) -> None:
    def keys(texts: Texts) -> set[str]:
        return {key for key in texts.sentences if not key.startswith(ONE_SIDED)}

    assert keys(english) == keys(mongolian)


def test_both_languages_insert_the_same_values(english: Texts, mongolian: Texts) -> None:
    differing = [
        key
        for key, sentence in english.sentences.items()
        if placeholders(sentence) != placeholders(mongolian.sentences[key])
    ]

    assert differing == []


def test_no_sentence_is_empty_but_the_english_meanings_of_errors(english: Texts, mongolian: Texts) -> None:
    empty = [key for key, sentence in english.sentences.items() if not sentence]

    assert all(key.startswith("error.") for key in empty)
    assert all(mongolian.sentences.values())


@pytest.mark.parametrize("language", Language)
def test_a_value_stands_at_the_end_or_between_marks_and_no_ending_is_glued_to_it(language: Language) -> None:
    source = tomllib.loads(template(f"cli/{language}.toml").read_text(encoding="utf-8"))
    glued = [
        sentence
        for table in source.values()
        for sentence in table.values()
        if isinstance(sentence, str)
        for _, name, _, _ in string.Formatter().parse(sentence)
        if name
        for after in [sentence.partition(f"{{{name}}}")[2][:1]]
        if after.isalpha() or after == "-"
    ]

    assert glued == []


def test_every_error_of_the_kit_is_explained(mongolian: Texts) -> None:
    names = [name for name, kind in vars(errors).items() if isinstance(kind, type) and name != "EvidenceError"]

    assert [name for name in names if f"error.{name}" not in mongolian.sentences] == []


def test_every_check_of_the_verifier_has_a_mongolian_title(mongolian: Texts) -> None:
    named = {key.removeprefix("check.") for key in mongolian.sentences if key.startswith("check.")}

    assert named == set(TITLES)


def test_every_step_of_long_work_is_said_in_mongolian(mongolian: Texts) -> None:
    named = {key.removeprefix("steps.") for key in mongolian.sentences if key.startswith("steps.")}

    assert steps_in_the_source() - named == set()


@pytest.mark.parametrize("language", Language)
def test_every_closed_word_is_known(language: Language) -> None:
    texts = Texts.load(language)
    groups: dict[str, list[str]] = {
        "outcome": [*Outcome, *State],
        "verdict": [*Verdict],
        "verdict-says": [*Verdict],
        "trust": [*Trust],
        "kind": ["bundle", "case", "item", "report", "wacz", "warc", "unknown"],
        "status": ["complete", "incomplete", "failed", "abandoned"],
    }

    assert [f"{g}.{w}" for g, words in groups.items() for w in words if f"{g}.{w}" not in texts.sentences] == []


def test_a_value_from_outside_is_made_visible(english: Texts) -> None:
    said = english.say("case.opened", path="a\x1b[31mb\u202ec")

    assert said == "Case opened: a\\u{001B}[31mb\\u{202E}c"


def test_an_unknown_code_is_shown_as_it_is(english: Texts) -> None:
    assert english.word("problems", "page.new\x07") == "page.new\\u{0007}"
