"""What an error advises is said in the reader's language: no advice in the program is without its Mongolian words."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import evidence_kit
from evidence_kit.errors import CaseError
from evidence_kit.resources import template
from evidence_kit.texts import Language, Texts
from tests.support.sentences import texts_of

MONGOLIAN = Texts.load(Language.MONGOLIAN)
WORDS: dict[str, str] = tomllib.loads(template("cli/advice.mn.toml").read_text(encoding="utf-8"))["advice"]


@cache
def _trees() -> tuple[ast.Module, ...]:
    package = Path(evidence_kit.__file__).parent
    # What is called a hint in the readers of recorded traffic is the name of a server.
    paths = sorted({*package.rglob("*.py")} - {*(package / "wire").glob("*.py")})
    return tuple(ast.parse(path.read_text(encoding="utf-8")) for path in paths)


@cache
def _assigned() -> dict[str, list[ast.expr]]:
    """Return what is assigned to each name, anywhere."""
    found: dict[str, list[ast.expr]] = {}
    for tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found.setdefault(node.targets[0].id, []).append(node.value)
    return found


def _texts(value: ast.expr) -> Iterator[str]:
    """Yield the texts of an advice; an attribute or a call is that of another error, or what is no advice."""
    assert isinstance(value, ast.Constant | ast.JoinedStr | ast.IfExp | ast.Name | ast.Attribute | ast.Call), (
        ast.unparse(value)
    )
    yield from texts_of(value, _assigned())


@cache
def advised() -> frozenset[str]:
    """Return every advice that the program gives."""
    calls = [node for tree in _trees() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    hints = [each.value for call in calls for each in call.keywords if each.arg == "hint"]
    # What is wrong in a plan: where, what, and what to do.
    hints += [call.args[2] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "wrong"]
    return frozenset(text for value in hints for text in _texts(value) if text)


def test_there_is_a_lot_of_advice() -> None:
    assert len(advised()) > 200


def test_every_advice_has_mongolian_words_and_no_words_are_left_over() -> None:
    assert WORDS.keys() == advised()


@pytest.mark.parametrize("english", sorted(WORDS))
def test_the_words_name_the_same_values_commands_and_options(english: str) -> None:
    mongolian = WORDS[english]

    assert {int(place) for place in re.findall(r"\{(\d)\}", mongolian)} == set(range(english.count("*")))
    for pattern in (r"--[a-z][a-z-]*", r"\b[A-Z]+(?:_[A-Z]+)+\b"):
        assert sorted(set(re.findall(pattern, english))) == sorted(set(re.findall(pattern, mongolian)))
    assert ("evidence-kit" in english) == ("evidence-kit" in mongolian)
    assert all(command in english for command in re.findall(r"evidence-kit(?: [a-z]+)+", mongolian))
    assert re.search("[а-яөү]", mongolian)


def test_values_stand_in_their_places_and_are_made_visible() -> None:
    assert MONGOLIAN.advice("run: evidence-kit verify /a/\x1bb") == "Ажиллуулна уу: evidence-kit verify /a/\\u{001B}b"
    assert MONGOLIAN.advice("leave out --show, or name items: --show EV-0001,EV-0002").startswith("--show сонголтыг")
    assert MONGOLIAN.advice("run: evidence-kit verify *") == "Ажиллуулна уу: evidence-kit verify *"
    assert MONGOLIAN.advice("nobody wrote \x1b this") == "nobody wrote \\u{001B} this"
    assert Texts.load(Language.ENGLISH).advice("run the command again") == "run the command again"


def test_advice_is_shown_in_mongolian(capsys: pytest.CaptureFixture[str]) -> None:
    from evidence_kit.cli.output import show_error  # noqa: PLC0415  # beside its only use

    show_error(CaseError("the case is busy", hint="wait for it to end, then run the command again"), MONGOLIAN)

    assert capsys.readouterr().err.splitlines()[-1] == (
        "evidence-kit: зөвлөмж: Дуустал нь хүлээгээд командыг дахин ажиллуулна уу."
    )
