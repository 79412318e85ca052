"""What reaches the streams: harmless on a terminal, and one JSON document for programs."""

import io
import json
from pathlib import Path

import pytest

from evidence_kit.browser.cdp import BrowserGoneError
from evidence_kit.cli.output import Progress, emit, prepare_streams, quoted, rows, show_error, table
from evidence_kit.errors import CaseError
from evidence_kit.texts import Language, Texts

TRICK = "Ө\x1b[2J\u202eevil\u200b\x9b\x7f😂\U000e0041"


def test_a_document_shows_nothing_that_misleads_and_means_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"schema": "evidence-kit/x/1", "text": TRICK})

    shown = capsys.readouterr().out
    assert json.loads(shown) == {"schema": "evidence-kit/x/1", "text": TRICK}
    assert "Ө" in shown
    assert not {"\x1b", "\u202e", "\u200b", "\x9b", "\x7f", "\U000e0041"} & set(shown)


def test_a_document_carries_a_file_name_that_is_not_utf_8(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"path": "a\udcffb"})

    assert json.loads(capsys.readouterr().out) == {"path": "a\udcffb"}


def test_columns_line_up_under_wide_letters_and_marks() -> None:
    assert table(["a", "b"], [["漢字", "x"], ["e\u0301", "y"]], indent="") == "a     b\n漢字  x\ne\u0301     y"


def test_values_stand_below_one_another() -> None:
    assert rows([("Нэр", "x"), ("Байгууллага", "y")], indent="") == "Нэр:         x\nБайгууллага: y"


def test_an_error_is_a_fact_a_meaning_in_the_readers_language_and_an_advice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = CaseError("no case at \x1b[1m", hint="open one")

    show_error(error, Texts.load(Language.ENGLISH))
    show_error(error, Texts.load(Language.MONGOLIAN))

    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["evidence-kit: error: no case at \\u{001B}[1m", "evidence-kit: hint: open one"]
    assert lines[2] == "evidence-kit: алдаа: no case at \\u{001B}[1m"
    assert lines[3].startswith("evidence-kit: алдаа: Хэргийн хавтас")


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    Progress(Texts.load(Language.ENGLISH))("scrolling")

    assert capsys.readouterr().err == ""


def test_progress_is_said_in_mongolian_with_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    progress = Progress(Texts.load(Language.MONGOLIAN))

    progress("scrolling")
    progress("opening http://x/\u202e")

    assert capsys.readouterr().err.splitlines() == [
        "  … хуудсыг доош гүйлгэж байна",
        "  … хуудсыг нээж байна: http://x/\\u{202E}",
    ]


def test_a_pipe_takes_every_letter_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(pipe, encoding="ascii"))

    prepare_streams()
    emit({"text": "Ө"})

    assert json.loads(pipe.getvalue().decode("utf-8")) == {"text": "Ө"}


def test_a_path_with_spaces_can_be_typed_after_a_command() -> None:
    assert quoted(Path("a b")) == '"a b"'
    assert quoted(Path("ab")) == "ab"


@pytest.mark.parametrize("language", Language)
def test_an_adapters_own_error_is_told_as_the_kind_that_it_is_of(
    capsys: pytest.CaptureFixture[str], language: Language
) -> None:
    texts = Texts.load(language)

    show_error(BrowserGoneError("the browser does not answer"), texts)

    meaning = texts.say("error.CaptureError")
    lines = [f"evidence-kit: {texts.say('error.error')}: {said}" for said in ("the browser does not answer", meaning)]
    assert capsys.readouterr().err.splitlines() == [line for line in lines if meaning or line is not lines[1]]
