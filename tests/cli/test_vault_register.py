"""A number without a case: a case that never came to be is told from one that was taken away."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evidence_kit import canonical
from evidence_kit.case.register import REGISTER, parse_register, read_register, registered
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.errors import FormatError
from evidence_kit.trust.digests import sha256_bytes
from tests.cli.running import Result, RunCommand
from tests.cli.test_receipt import outcomes
from tests.support.cases import open_case
from tests.support.people import practice_custodian

_KILLED = """
import os, signal, sys
from pathlib import Path
from evidence_kit.case.register import registered
from tests.support.cases import open_case
from tests.support.people import practice_custodian
vault = Path(sys.argv[1])
custodian = practice_custodian()
with registered(vault, custodian, number=sys.argv[3] or None) as number:
    if sys.argv[2] == "made":
        open_case(vault / "killed", custodian, number=number)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(project: Path, vault: Path, *, made: bool = False, number: str = "") -> None:
    """Run a program that begins a case in *vault*, makes it or not, and is killed before it says so."""
    command = [sys.executable, "-c", _KILLED, str(vault), "made" if made else "", number]
    assert subprocess.run(command, cwd=project, check=False).returncode == -signal.SIGKILL


def rewrite(vault: Path, kinds: list[str]) -> None:
    """Write the register anew with the lines of *kinds* only, chained as they should be."""
    old = [canonical.loads(line) for line in (vault / REGISTER).read_bytes().splitlines()]
    previous, lines = f"sha256:{'0' * 64}", b""
    for value in old:
        assert isinstance(value, dict)
        if value["kind"] in kinds:
            line = canonical.dumps({**value, "seq": lines.count(b"\n") + 1, "previous": previous}) + b"\n"
            previous, lines = str(sha256_bytes(line)), lines + line
    (vault / REGISTER).write_bytes(lines)


def kinds(vault: Path) -> list[str]:
    register = read_register(vault)
    assert register is not None
    return [str(entry.kind) for entry in register.entries]


def told(answer: Result) -> list[str]:
    return [f"{c['outcome']} {c['subject']}" for c in answer.json["checks"] if c["id"] == "vault.cases"]


@pytest.fixture
def vault(officer: RunCommand, tmp_path: Path) -> Path:
    """Return a folder with one case whose number was drawn."""
    folder = tmp_path / "хэргүүд"
    assert officer("case", "new", folder / "a", "--title", "Сургалтын хэрэг").code == 0
    return folder


posix = pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: kills with SIGKILL")


@posix
def test_a_case_that_was_killed_while_it_was_made_is_not_called_missing(
    officer: RunCommand, vault: Path, project: Path
) -> None:
    killed(project, vault)

    verified, anchored = officer("verify", vault, "--json"), officer("anchor", vault, "--json")

    assert verified.code == 4
    assert outcomes(verified, "vault.cases") == ["not-checked"]
    assert "the command was killed" in str(verified.json["checks"])
    assert (anchored.code, anchored.json["problems"]) == (0, [])


@posix
def test_the_next_command_calls_the_number_of_a_killed_one_void(
    officer: RunCommand, vault: Path, project: Path
) -> None:
    killed(project, vault)

    assert officer("case", "new", vault / "b", "--title", "T").code == 0

    assert kinds(vault) == ["drawn", "opened", "drawn", "void", "drawn", "opened"]
    answer = officer("verify", vault, "--json")
    assert outcomes(answer, "vault.cases") == ["passed"]
    assert len(answer.json["facts"]["void_numbers"]) == 1


@posix
def test_a_case_that_was_made_before_the_kill_counts_as_opened(officer: RunCommand, vault: Path, project: Path) -> None:
    killed(project, vault, made=True)
    assert officer("verify", vault, "--json").code == 4

    assert officer("case", "new", vault / "b", "--title", "T").code == 0

    assert kinds(vault) == ["drawn", "opened"] * 3
    shutil.rmtree(vault / "killed")
    assert officer("verify", vault).code == 3


@posix
def test_a_number_that_the_officer_chose_can_be_given_again_after_a_kill(
    officer: RunCommand, vault: Path, project: Path
) -> None:
    killed(project, vault, number="22/7")

    assert officer("case", "new", vault / "b", "--title", "T", "--number", "22/7").code == 0

    assert kinds(vault)[2:] == ["given", "void", "given", "opened"]
    assert officer("case", "new", vault / "c", "--title", "T", "--number", "22/7").code == 2


def test_a_case_that_was_used_after_the_kill_is_never_void(tmp_path: Path) -> None:
    custodian = practice_custodian()
    with registered(tmp_path, custodian) as number:
        case = open_case(tmp_path / "killed", custodian, number=number)
    lines = (tmp_path / REGISTER).read_bytes().splitlines(keepends=True)
    (tmp_path / REGISTER).write_bytes(lines[0])

    for _ in range(2):
        case.commit(Draft(type=EventType.NOTED, note="Тэмдэглэл"), custodian)
        assert kinds(tmp_path) == ["drawn", "opened"]
    shutil.rmtree(case.path)
    with registered(tmp_path, custodian) as number:
        open_case(tmp_path / "b", custodian, number=number)

    assert kinds(tmp_path) == ["drawn", "opened"] * 2


def test_a_register_that_cannot_be_read_does_not_keep_from_working_in_a_case(officer: RunCommand, vault: Path) -> None:
    (vault / REGISTER).write_bytes(b"{}\n")

    assert officer("custody", "add", "noted", "--note", "T", "--case", vault / "a").code == 0


def test_a_case_that_is_given_up_after_it_was_made_is_no_void_number(tmp_path: Path) -> None:
    custodian = practice_custodian()

    def give_up() -> None:
        with registered(tmp_path, custodian) as number:
            open_case(tmp_path / "a", custodian, number=number)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        give_up()

    assert kinds(tmp_path) == ["drawn", "opened"]


def test_an_opened_case_cannot_be_called_void(officer: RunCommand, vault: Path) -> None:
    last = canonical.loads((vault / REGISTER).read_bytes().splitlines()[-1])
    assert isinstance(last, dict)
    with (vault / REGISTER).open("ab") as register:
        head = sha256_bytes((vault / REGISTER).read_bytes().splitlines(keepends=True)[-1])
        line = {name: value for name, value in last.items() if name != "head"}
        register.write(canonical.dumps({**line, "seq": 3, "previous": str(head), "kind": "void"}) + b"\n")
    shutil.rmtree(vault / "a")

    answer = officer("verify", vault, "--json")

    assert answer.code == 3
    assert outcomes(answer, "vault.register") == ["failed"]
    with pytest.raises(FormatError, match="line 3"):
        parse_register((vault / REGISTER).read_bytes())


def test_another_case_of_the_same_number_is_not_the_one_that_was_opened(officer: RunCommand, vault: Path) -> None:
    number = officer("case", "show", "--case", vault / "a", "--json").json["case"]["number"]
    elsewhere = vault.with_name("other") / "a"
    assert officer("case", "new", elsewhere, "--title", "T", "--number", number).code == 0
    shutil.rmtree(vault / "a")
    elsewhere.rename(vault / "a")

    answer = officer("verify", vault, "--json")

    assert (answer.code, told(answer)) == (3, [f"failed {number}"])


@contextmanager
def _undone(vault: Path) -> Iterator[None]:
    before = (vault / REGISTER).read_bytes()
    yield
    (vault / REGISTER).write_bytes(before)


def test_a_register_without_its_lines_of_completion_is_caught_by_an_anchor_list(
    officer: RunCommand, vault: Path
) -> None:
    """Nobody signs the register: who writes it anew can make a discarded case look like one that never was."""
    anchor = Path(officer("anchor", vault, "--json").json["path"])
    shutil.rmtree(vault / "a")
    with _undone(vault):
        rewrite(vault, ["drawn"])
        unseen, seen = officer("verify", vault, "--json"), officer("verify", vault, "--anchor", anchor, "--json")

    assert unseen.code == 4
    assert seen.code == 3
    assert "failed" in outcomes(seen, "vault.register")
    assert officer("verify", vault).code == 3


def test_a_register_without_end_is_not_read(officer: RunCommand, vault: Path) -> None:
    with (vault / REGISTER).open("r+b") as stream:
        stream.truncate(16 * 1024 * 1024 + 1)

    answer = officer("verify", vault, "--json")

    assert answer.code == 3
    assert "is larger than" in str(answer.json["checks"])
    assert officer("case", "new", vault / "b", "--title", "T").code == 1
