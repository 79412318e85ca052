"""What went wrong is said in the reader's language: no error of the program is without its Mongolian words."""

import ast
import errno
import os
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

import evidence_kit
from evidence_kit import errors
from evidence_kit.cli.app import main
from evidence_kit.cli.output import show_error
from evidence_kit.errors import CaseError, EvidenceError, FormatError
from evidence_kit.resources import template
from evidence_kit.texts import Language, Texts
from tests.support.sentences import texts_of

MONGOLIAN = Texts.load(Language.MONGOLIAN)
TABLE: dict[str, dict[str, str]] = tomllib.loads(template("cli/facts.mn.toml").read_text(encoding="utf-8"))
WORDS, PARTS, USAGE = TABLE["facts"], TABLE["parts"], TABLE["usage"]
ALL = {**WORDS, **PARTS, **USAGE}
DETAILS: dict[str, str] = tomllib.loads(template("verify/details.mn.toml").read_text(encoding="utf-8"))["details"]
PASSED_ON = {"*: *", "*, *", "--training-ca: *", "--training-ca *: *", "Value error, *"}
"""Sentences that only put others together."""

# What of some bytes cannot be read is said in English beside the words for the kind; the words for two other kinds say
# all that matters.
OTHERWISE = {"FormatError", "EntitlementError", "KnownFileError"}
SAID = {
    name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, EvidenceError)
} - OTHERWISE


_BEHIND = {"wrong": 1, "_wrong": 2}


def _name(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


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
            calls = [node for node in nodes if isinstance(node, ast.Call)]
            raised = [call.args[0] for call in calls if call.args and getattr(call.func, "id", "") in SAID]
            # What is wrong in a plan: behind the name of its key, of its exhibit, or of the file and the line.
            wrong = [
                call.args[_BEHIND[name]]
                for call in calls
                if (name := _name(call)) in _BEHIND and len(call.args) > _BEHIND[name]
            ]
            found |= {text for value in (*raised, *wrong) for text in texts_of(value, assigned)}
    return frozenset(found)


@cache
def written() -> frozenset[str]:
    """Return every text in the program, with an asterisk for each value inserted."""
    nodes = (node for tree in map(ast.parse, _sources()) for node in ast.walk(tree))
    return frozenset(text for node in nodes if isinstance(node, ast.expr) for text in texts_of(node, {}))


def test_there_are_many_errors() -> None:
    assert len(said()) > 300


def test_every_error_has_mongolian_words_and_no_words_are_left_over() -> None:
    assert WORDS.keys() == said()


@pytest.mark.parametrize("english", sorted(PARTS))
@pytest.mark.skipif(sys.platform != "linux", reason="other systems say it in other words")
def test_a_part_of_a_sentence_is_one_of_the_programs_or_of_the_system(english: str) -> None:
    system = {os.strerror(number) for number in errno.errorcode}

    assert english in system | written() or any(english.removesuffix(" *") in source for source in _sources())


@pytest.mark.parametrize("english", sorted({*ALL} - PASSED_ON))
def test_the_words_name_the_same_values_and_options(english: str) -> None:
    mongolian = ALL[english]

    assert sorted(map(int, re.findall(r"\{(\d)\}", mongolian))) == list(range(english.count("*")))
    for pattern in (r"--[a-z][a-z-]*", r"\b[A-Z]+(?:_[A-Z]+)+\b", r"\b[a-z]+\.(?:json|jsonl|sig|html)\b"):
        named = set(re.findall(pattern, english))
        assert named <= set(re.findall(pattern, mongolian))
    assert re.search("[а-яөү]", mongolian)
    assert not re.search(r"\}[а-яөү]|[а-яөү]\{", mongolian)


@pytest.mark.parametrize("english", sorted({*ALL} - PASSED_ON))
def test_a_sentence_gets_its_own_words_and_not_those_of_a_more_general_one(english: str) -> None:
    values = [f"v{number}" for number in range(english.count("*"))]
    filled = english.replace("*", "{}").format(*values)

    assert MONGOLIAN.fact(filled) == ALL[english].format(*values)


@pytest.mark.parametrize("english", sorted(DETAILS))
def test_what_a_check_found_is_a_sentence_of_the_program_and_has_its_own_words(english: str) -> None:
    values = [f"v{number}" for number in range(english.count("*"))]
    said = DETAILS[english].format(*values)

    assert english in written()
    assert sorted(map(int, re.findall(r"\{(\d)\}", DETAILS[english]))) == list(range(english.count("*")))
    if "**" not in english:
        assert MONGOLIAN.detail(english.replace("*", "{}").format(*values)) == said


def test_what_is_not_in_the_table_is_an_error_or_stays_english() -> None:
    assert MONGOLIAN.detail("it cannot be read: No space left on device") == "унших боломжгүй: дискэнд зай үлдээгүй"
    assert MONGOLIAN.detail("the PDF is encrypted") == "PDF шифрлэгдсэн байна."
    assert MONGOLIAN.detail("nobody wrote \x1b this") == "nobody wrote \\u{001B} this"
    assert MONGOLIAN.detail("archive assembled between 1 and 2") == "архивыг үйлдсэн хугацаа: 1 – 2"
    assert Texts.load(Language.ENGLISH).detail("it is missing") == "it is missing"


def test_a_problem_within_a_sentence_of_the_command_line_is_said_too() -> None:
    key = "stamp.pending"

    assert MONGOLIAN.say(key, problem="no time-stamping authority is set up").endswith(
        "Цагийн тэмдэг олгогч тохируулаагүй байна."
    )
    assert "\\u{001B}" in MONGOLIAN.say(key, problem="\x1b")


@pytest.mark.parametrize("hostile", ["x, " * 5000, "a: " * 5000, "1 files: " * 5000, "it cannot be read: " * 5000])
def test_what_tells_of_itself_again_and_again_is_said_some_levels_deep_and_ends(hostile: str) -> None:
    assert MONGOLIAN.detail(hostile).endswith(hostile[-300:])
    assert len(MONGOLIAN.fact(hostile)) < 2 * len(hostile)


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


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("show",), "Командад заавал өгөх зүйл дутуу: ITEM"),
        (("verify", "a", "b"), "Командад илүү зүйл өгсөн байна: b"),
        (("verify", "a", "--root", "b"), "Ийм сонголт байдаггүй: --root"),
        (("seal", "EV-0001", "--reasn", "x"), "Ийм сонголт байдаггүй: --reasn. Ойролцоо нь: --case, --json, --reason"),
        (("bundel",), "Ийм команд байдаггүй: bundel. Ойролцоо нь: 'bundle', 'unseal'"),
        (("custody", "nope"), "Ийм команд байдаггүй: nope"),
        (("show", "--case"), "Энэ сонголтод утга өгнө: --case"),
        (("bundle", "--zip=3"), "Энэ сонголтод утга өгөхгүй: --zip"),
        (("capture", "--jobs", "x", "http://a"), "Утга буруу байна: --jobs. Бүхэл тоо өгнө."),
        (("capture", "--jobs", "99", "http://a"), "Утга буруу байна: --jobs. Тоо хамгийн ихдээ: 4"),
        (("capture", "--jobs", "0", "http://a"), "Утга буруу байна: --jobs. Тоо хамгийн багадаа: 1"),
        (
            ("capture", "--recorder", "x", "http://a"),
            "Утга буруу байна: --recorder. Байж болох утга биш: 'x'. Аль нэгийг сонгоно: 'auto', 'wire', 'browser'",
        ),
    ],
)
def test_wrong_usage_is_said_in_mongolian(line: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--lang", "mn", *line])

    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"evidence-kit: алдаа: {said}"
