"""What went wrong is said in the reader's language: no error of the program is without its Mongolian words."""

import ast
import errno
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import evidence_kit
from evidence_kit import errors
from evidence_kit.cli.output import show_error
from evidence_kit.errors import CaseError, EvidenceError, FormatError
from evidence_kit.resources import template
from evidence_kit.texts import Language, Texts

MONGOLIAN = Texts.load(Language.MONGOLIAN)
TABLE: dict[str, dict[str, str]] = tomllib.loads(template("cli/facts.mn.toml").read_text(encoding="utf-8"))
WORDS, PARTS = TABLE["facts"], TABLE["parts"]
PASSED_ON = {"*: *", "*, *", "--training-ca: *", "--training-ca *: *"}
"""Sentences that only put others together."""

# What of some bytes cannot be read is said in English beside the words for the kind; the words for two other kinds say
# all that matters.
OTHERWISE = {"FormatError", "EntitlementError", "KnownFileError"}
SAID = {
    name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, EvidenceError)
} - OTHERWISE


def _texts(value: ast.expr, assigned: dict[str, list[ast.expr]]) -> Iterator[str]:
    """Yield the texts that *value* can be, with an asterisk for each value inserted."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one, assigned)
            yield from _texts(other, assigned)
        case ast.Name(id=name):
            for each in assigned.get(name, ()):
                yield from _texts(each, assigned)


@cache
def _sources() -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8") for path in sorted(Path(evidence_kit.__file__).parent.rglob("*.py")))


@cache
def said() -> frozenset[str]:
    """Return the sentence of every error that the program raises, but for those that are not said."""
    found = set()
    for tree in map(ast.parse, _sources()):
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            nodes = list(ast.walk(function))
            assigned: dict[str, list[ast.expr]] = {}
            for node in nodes:
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    assigned.setdefault(node.targets[0].id, []).append(node.value)
            calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
            raised = [call for call in calls if call.args and getattr(call.func, "id", "") in SAID]
            found |= {text for call in raised for text in _texts(call.args[0], assigned)}
    return frozenset(found)


def test_there_are_many_errors() -> None:
    assert len(said()) > 300


def test_every_error_has_mongolian_words_and_no_words_are_left_over() -> None:
    assert WORDS.keys() == said()


@pytest.mark.parametrize("english", sorted(PARTS))
def test_a_part_of_a_sentence_is_one_of_the_programs_or_of_the_system(english: str) -> None:
    system = {os.strerror(number) for number in errno.errorcode}

    assert english in system or any(english.removesuffix(" *") in source for source in _sources())


@pytest.mark.parametrize("english", sorted({*WORDS, *PARTS} - PASSED_ON))
def test_the_words_name_the_same_values_and_options(english: str) -> None:
    mongolian = {**WORDS, **PARTS}[english]

    assert sorted(map(int, re.findall(r"\{(\d)\}", mongolian))) == list(range(english.count("*")))
    for pattern in (r"--[a-z][a-z-]*", r"\b[A-Z]+(?:_[A-Z]+)+\b", r"\b[a-z]+\.(?:json|jsonl|sig|html)\b"):
        named = set(re.findall(pattern, english))
        assert named <= set(re.findall(pattern, mongolian))
    assert re.search("[а-яөү]", mongolian)
    assert not re.search(r"\}[а-яөү]|[а-яөү]\{", mongolian)


@pytest.mark.parametrize("english", sorted({*WORDS, *PARTS} - PASSED_ON))
def test_a_sentence_gets_its_own_words_and_not_those_of_a_more_general_one(english: str) -> None:
    values = [f"v{number}" for number in range(english.count("*"))]
    filled = english.replace("*", "{}").format(*values)

    assert MONGOLIAN.fact(filled) == {**WORDS, **PARTS}[english].format(*values)


def test_what_one_error_tells_of_another_is_said_too() -> None:
    within = MONGOLIAN.fact("the bundle could not be encrypted: /a.pdf cannot be read: No space left on device")

    assert within == ("Багцыг шифрлэж чадсангүй: Унших боломжгүй: /a.pdf. Шалтгаан: дискэнд зай үлдээгүй")


def test_values_are_made_visible_and_what_has_no_words_says_so() -> None:
    assert MONGOLIAN.fact("the case has no item \x1b[1m") == "Хэрэгт ийм баримт алга: \\u{001B}[1m"
    assert MONGOLIAN.fact("nobody wrote this: nor that, either") == ""
    assert Texts.load(Language.ENGLISH).fact("no link was given") == ""


def test_the_fact_comes_in_the_readers_language_and_in_english_after_it(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(CaseError("the case has no item EV-0009"), MONGOLIAN)

    assert capsys.readouterr().err.splitlines() == [
        "evidence-kit: алдаа: Хэрэгт ийм баримт алга: EV-0009",
        "evidence-kit: англиар: the case has no item EV-0009",
    ]


def test_an_error_without_words_of_its_own_is_said_in_english_with_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(FormatError("nobody knows this"), MONGOLIAN)

    assert capsys.readouterr().err.splitlines() == [
        "evidence-kit: алдаа: nobody knows this",
        "evidence-kit: алдаа: Файлын бүтэц зөв биш байна.",
    ]
