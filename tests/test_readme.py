"""The README tells the truth: its transcript, its commands, its exit codes."""

import re
import shlex
from pathlib import Path

import pytest

from evidence_kit.cli import main
from evidence_kit.practice import PracticeServer

_CHANGING = (
    (r"[0-9a-f]{64}", "DIGEST"),
    (r"\(\d+ B\)", "(SIZE)"),
    (r"127\.0\.0\.1:\d+", "SERVER"),
)


def _normal(line: str, folder: Path) -> str:
    line = line.replace(f"{folder}/", "").rstrip()
    for pattern, stand_in in _CHANGING:
        line = re.sub(pattern, stand_in, line)
    return line


def _run(arguments: list[str]) -> object:
    try:
        main(arguments)
    except SystemExit as end:
        return end.code or 0
    return 0


def _transcript(readme: str) -> list[tuple[str, list[str]]]:
    block = readme.split("```console\n", 1)[1].split("```", 1)[0]
    steps: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ evidence-kit "):
            steps.append((line.removeprefix("$ evidence-kit "), []))
        elif line != "…":
            steps[-1][1].append(line)
    return steps


@pytest.mark.browser
def test_the_transcript_is_what_the_program_says(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVIDENCE_KIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EVIDENCE_KIT_LANG", "en")
    monkeypatch.delenv("EVIDENCE_KIT_CASE", raising=False)
    monkeypatch.chdir(tmp_path)
    steps = _transcript((project / "README.md").read_text(encoding="utf-8"))
    assert len(steps) == 5
    with PracticeServer() as server:
        for command, expected in steps:
            arguments = shlex.split(command.replace("http://127.0.0.1:8080", server.url))
            assert _run(arguments) == 0, command
            printed = [_normal(line, tmp_path) for line in capsys.readouterr().out.splitlines()]

            assert expected
            for line in expected:
                wanted = _normal(line, tmp_path)
                assert wanted in printed, (command, line)
                printed = printed[printed.index(wanted) + 1 :]


def test_every_command_of_the_table_exists(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = re.findall(
        r"^\| `([a-z-]+)(?: ([a-z]+))?", (project / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(table) >= 9
    for group, command in table:
        with pytest.raises(SystemExit) as end:
            main([part for part in (group, command) if part] + ["--help"])
        assert not end.value.code, (group, command)
        assert "Usage" in capsys.readouterr().out


def test_every_file_that_it_links_to_is_there(project: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", (project / "README.md").read_text(encoding="utf-8")):
        assert (project / target).exists(), target
