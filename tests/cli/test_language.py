"""Which language is spoken: the line first, then the environment, the settings, the system."""

import pytest

from evidence_kit.cli.language import chosen_language, system_language, take_language
from evidence_kit.errors import UsageError
from evidence_kit.texts import Language
from tests.cli.running import RunCommand


@pytest.mark.parametrize(
    ("arguments", "rest", "language"),
    [
        (["--lang", "mn", "list"], ["list"], "mn"),
        (["list", "--json", "--lang=en"], ["list", "--json"], "en"),
        (["--lang", "mn", "list", "--lang", "en"], ["list"], "en"),
        (["capture", "--", "--lang", "mn"], ["capture", "--", "--lang", "mn"], None),
        (["list"], ["list"], None),
    ],
)
def test_the_option_may_stand_anywhere(arguments: list[str], rest: list[str], language: str | None) -> None:
    assert take_language(arguments) == (rest, language)


def test_the_option_without_a_language_is_refused() -> None:
    with pytest.raises(UsageError):
        take_language(["list", "--lang"])


def test_the_line_goes_before_the_environment() -> None:
    environ = {"EVIDENCE_KIT_LANG": "mn"}

    assert chosen_language("en", environ) is Language.ENGLISH
    assert chosen_language(None, environ) is Language.MONGOLIAN
    assert chosen_language(None, {}) is None


def test_a_language_that_is_not_spoken_is_refused_wherever_it_is_named(
    run: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--lang", "ru", "list").code == 2

    monkeypatch.setenv("EVIDENCE_KIT_LANG", "ru")
    answer = run("list")
    assert answer.code == 2
    assert "EVIDENCE_KIT_LANG" in answer.err


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LANG": "mn_MN.UTF-8"}, Language.MONGOLIAN),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "mn_MN.UTF-8"}, Language.ENGLISH),
        ({"LANG": "C.UTF-8"}, Language.ENGLISH),
        ({"LANG": "no such locale"}, Language.ENGLISH),
    ],
)
def test_a_mongolian_system_speaks_mongolian(environ: dict[str, str], language: Language) -> None:
    assert system_language(environ) is language


def test_the_language_of_the_settings_is_spoken(run: RunCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    run("setup", "--language", "mn")
    monkeypatch.delenv("EVIDENCE_KIT_LANG")

    assert "Энэ суулгац" in run("setup").out
    assert "This installation" in run("setup", "--lang", "en").out
