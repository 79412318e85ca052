"""Help: every command has one, in both languages, with an example that the program itself accepts."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from evidence_kit.cli.app import commands
from evidence_kit.texts import Language
from tests.cli.running import RunCommand

NAMES = (
    "",
    "setup",
    "doctor",
    "case",
    "case new",
    "case show",
    "capture",
    "import",
    "receive",
    "corroborate",
    "list",
    "show",
    "seal",
    "unseal",
    "subject",
    "subject add",
    "subject remove",
    "recipient",
    "recipient new",
    "recipient add",
    "recipient remove",
    "recipient list",
    "custody",
    "custody log",
    "custody add",
    "custody transfer",
    "custody accept",
    "custody key",
    "custody key list",
    "custody key add",
    "custody key revoke",
    "custody receipt",
    "timestamp",
    "anchor",
    "bundle",
    "sign",
    "renew",
    "verify",
    "view",
    "court-kit",
    "witness",
    "witness serve",
    "witness certificate",
    "practice",
    "practice serve",
    "demo",
)
NEVER = ["playwright", "pyhanko", "pikepdf", "typst", "PIL", "cryptography", "asn1crypto", "warcio", "websockets"]
NEVER += ["yaml", "jinja2", "asyncio"]


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:  # noqa: ANN401
    yield " ".join(path)
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(child, (*path, name))


def parse(command: Any, arguments: list[str]) -> None:  # noqa: ANN401
    """Let *command* read *arguments* without doing anything; raises what a wrong line raises."""
    children = getattr(command, "commands", {})
    if children:
        parse(children[arguments[0]], arguments[1:])
    else:
        command.make_context("evidence-kit", arguments)


def test_the_commands_are_those_tested_here() -> None:
    assert set(walk(commands(Language.ENGLISH))) == set(NAMES)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", NAMES)
def test_help_is_a_sentence_and_an_example_that_works(run: RunCommand, name: str, language: Language) -> None:
    answer = run("--lang", language, *name.split(), "--help")

    lines = [line.strip() for line in answer.out.splitlines()]
    examples = [line for line in lines if line.startswith("evidence-kit ")]
    assert (answer.code, answer.err) == (0, "")
    assert lines[2].endswith(".") or lines[3].endswith(".")
    assert examples
    assert not {"<str>", "<path>", "<list[str]>"} & set(answer.out.split())
    for example in examples:
        parse(commands(language), shlex.split(example)[1:])


def test_mongolian_help_has_no_english_frame(run: RunCommand) -> None:
    answer = run("capture", "--help", "--lang", "mn")

    assert answer.out.startswith("Бичих хэлбэр: evidence-kit capture")
    assert not {"Usage:", "Options:", "Arguments:", "Show this"} & set(answer.out.split("  "))


def test_no_arguments_without_a_terminal_print_help_and_are_wrong_usage(run: RunCommand) -> None:
    answer = run()

    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("Usage: evidence-kit")


def test_an_unknown_command_is_wrong_usage_and_explained_in_mongolian(run: RunCommand) -> None:
    answer = run("verfy", "--lang=mn")

    assert answer.code == 2
    assert answer.out == ""
    assert "verify" in answer.err
    assert "evidence-kit: алдаа: Ийм команд байдаггүй: verfy." in answer.err


def test_the_version_is_printed(run: RunCommand) -> None:
    assert run("--version").out.startswith("evidence-kit ")


@pytest.mark.parametrize("arguments", [["--help"], ["capture", "--help", "--lang", "mn"], ["--version"]])
def test_help_loads_none_of_the_slow_libraries(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom evidence_kit.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print(*sorted(set(sys.modules) & set({NEVER!r})), file=sys.stderr)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=True)

    assert done.stderr.split() == []


def test_the_module_starts_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "evidence_kit", "--lang", "en", "--help"], capture_output=True, timeout=60, check=True
    )

    assert done.stdout.startswith(b"Usage: evidence-kit ")


def test_a_reader_that_goes_away_ends_the_program_quietly() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "evidence_kit", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()

    _, said = process.communicate(timeout=60)

    assert b"Traceback" not in said
