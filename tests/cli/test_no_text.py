"""Words of the command line that are no Unicode text, which POSIX allows (a terminal that is not set to UTF-8)."""

from collections.abc import Iterator
from enum import EnumMeta
from pathlib import Path
from typing import Any

import pytest

from evidence_kit.cli.app import commands
from evidence_kit.texts import Language
from tests.cli.running import RunCommand

NO_TEXT = "a\udcff"
"""What Python makes of a byte that is no UTF-8."""
PATHS = frozenset({"what", "receipt"})
"""Words that may be a path."""


def _leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401
    for name, child in getattr(command, "commands", {}).items():
        yield from _leaves(child, (*path, name))
    if not getattr(command, "commands", {}):
        yield path, command


def _lines() -> Iterator[tuple[str, ...]]:
    """Yield a line for each word of each command that is text, with whatever else that command demands."""
    for path, command in _leaves(commands(Language.ENGLISH)):
        for tried in command.params:
            if tried.type_descriptor.annotation not in (str, list[str]) or tried.name in PATHS:
                continue
            line = [*path]
            for each in command.params:
                if each is tried or each.required:
                    value = NO_TEXT if each is tried else _harmless(each.type_descriptor.annotation)
                    line += [each.opts[0], value] if each.param_type_name == "option" else [value]
            yield tuple(line)


def _harmless(kind: object) -> str:
    return str(next(iter(kind))) if isinstance(kind, EnumMeta) else "x"


def test_there_are_lines_to_try() -> None:
    assert len(list(_lines())) > 60


@pytest.mark.parametrize("line", sorted(set(_lines())), ids=lambda line: " ".join(line).replace(NO_TEXT, "?"))
def test_no_command_takes_a_word_that_is_no_text(run: RunCommand, line: tuple[str, ...]) -> None:
    result = run(*line)

    assert result.code == 2
    assert r"is no Unicode text: a\u{DCFF}" in result.err
    assert "hint: " in result.err


def test_a_name_of_a_file_need_not_be_text(officer: RunCommand, case: Path, tmp_path: Path) -> None:
    path = tmp_path / f"{NO_TEXT}.txt"
    try:
        path.write_bytes(b"1")
    except (OSError, UnicodeError):
        pytest.skip("this system has no such names")

    assert officer("import", path, "--case", case).code == 0


def test_a_receipt_that_is_no_text_is_none(officer: RunCommand, case: Path) -> None:
    assert officer("verify", "--receipt", NO_TEXT, case).code in {1, 2, 3, 4}


def test_a_passphrase_is_bytes(officer: RunCommand, case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVIDENCE_KIT_PASSPHRASE", NO_TEXT)

    assert officer("subject", "add", "EV-0001", "V-01", "--case", case).code == 1
