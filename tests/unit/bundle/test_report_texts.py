"""The sentences of the report: the same in number in both languages, printable, and never saying too much."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_kit.bundle.fonts import choose_fonts
from evidence_kit.bundle.printed_commands import CheckStep
from evidence_kit.bundle.report_model import AttemptOutcome, SignatureLevel, TimeStampState
from evidence_kit.capture.files import RESOURCES, SESSION, WACZ
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


_FILES = (
    ".json",
    ".mhtml",
    ".part",
    ".jsonl",
    ".html",
    ".png",
    ".wacz",
    ".gz",
    ".txt",
    ".pdf",
    ".log",
    ".sig",
    ".pem",
    ".tsr",
)


def _constants(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _problem_codes(package: Path) -> dict[str, str]:
    """Return every code of a problem that the package names, and where: by its form in capture, else as an argument."""
    codes: dict[str, str] = {}
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.parent.name == "capture":
            found = {text for text in _constants(tree) if re.fullmatch(r"[a-z]+(?:[.][a-z][a-z-]*)+", text)}
            codes |= {code: path.name for code in found if not code.endswith(_FILES)}
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Problem":
                given = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
                codes |= {str(code.value): path.name for code in given if isinstance(code, ast.Constant)}
    return codes


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_that_the_package_can_name_has_its_sentence(project: Path, language: str) -> None:
    codes = _problem_codes(project / "evidence_kit")
    known = texts(language)["problems"]
    assert isinstance(known, dict)

    assert {"page.timeout", "websocket.not-recorded", "time-stamp-pending"} <= codes.keys()
    assert {code: where for code, where in codes.items() if code not in known} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_is_to_be_noted_of_a_conversation_has_its_sentence(project: Path, language: str) -> None:
    known = texts(language)["chat_findings"]
    assert isinstance(known, dict)
    rooms = sorted((project / "evidence_kit" / "intake" / "chats").glob("*.py"))
    named = {text for path in rooms for text in _constants(ast.parse(path.read_text(encoding="utf-8")))}
    codes = {text for text in named if re.fullmatch(r"chat(?:[.][a-z-]+)+", text)}

    assert {"chat.encoding.repaired", "chat.zip.bomb"} <= codes
    assert codes - known.keys() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_file_of_a_capture_has_its_name(language: str) -> None:
    known = texts(language)["roles"]
    assert isinstance(known, dict)

    assert {file.role for file in (WACZ, SESSION, *RESOURCES)} - known.keys() == set()


def notes(source: str) -> Iterator[ast.Call]:
    """Yield where *source* remembers what was done in a page; what the journal takes has names of its own."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args:
            noted = call.func.attr in {"note", "_note"}
            if noted and not ast.unparse(call.func.value).endswith("journal"):
                yield call


def names_of(call: ast.Call) -> Iterator[str]:
    choices = [call.args[0]]
    while choices:
        match choices.pop():
            case ast.IfExp(body=one, orelse=other):
                choices += [one, other]
            case ast.Constant(value=str(name)):
                yield name


def test_there_is_a_word_for_everything_that_a_capture_says_it_did() -> None:
    """Without one the report prints the code, in English."""
    sources = (Path(__file__).parents[3] / "evidence_kit" / "capture").rglob("*.py")
    calls = [call for path in sources for call in notes(path.read_text(encoding="utf-8"))]
    names = {name for call in calls for name in names_of(call)}
    facts = {each.arg for call in calls for each in call.keywords if each.arg}
    told = dict(walk(texts("en")))

    assert {"navigated", "loading-stopped", "popup-closed"} <= names
    assert {"url", "milliseconds"} <= facts
    assert [name for name in sorted(names) if f"/actions/{name}" not in told] == []
    assert [name for name in sorted(facts) if f"/action_facts/{name}" not in told] == []
