"""Every command that the report and README.txt print is run as it is printed, and again when certificates ran out."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence_kit.bundle.guidance import check_commands
from evidence_kit.bundle.printed_commands import CheckStep
from evidence_kit.bundle.report_model import Language
from evidence_kit.case.stamping import Stamping
from evidence_kit.resources import template
from tests.support.cases import commit_small_item, open_case
from tests.support.people import SetClock, practice_custodian, roots_of
from tests.support.whole_way import WholeWay
from tests.tamper.conftest import Sealed

PROGRAMS = ("sha256sum ", "openssl ", "pdfsig ", "for ", "sed ")
_TIME = re.compile(r"-attime (\d+)")


def printed(bundle: Path) -> list[str]:
    """Return every command in README.txt."""
    lines = (line.strip() for line in (bundle / "README.txt").read_text(encoding="utf-8").splitlines())
    return list(dict.fromkeys(line for line in lines if line.startswith(PROGRAMS)))


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run *command* in *folder* as a person would who copies it."""
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def openssl(commands: list[str]) -> list[str]:
    return [command for command in commands if "openssl " in command]


@pytest.mark.browser
@pytest.mark.network
def test_every_command_of_readme_and_report_works_as_printed(
    sealed: Sealed, tmp_path: Path, oracle: Callable[[str], Path]
) -> None:
    folder = shutil.copytree(sealed.bundle, tmp_path / "bundle")
    commands = printed(folder)
    in_report = [each.command for each in check_commands(sealed.way.custodian.clock(), stamped=True)]
    text = run(f"'{oracle('pdftotext')}' data/report.pdf -", folder).stdout

    before = {path.relative_to(folder) for path in folder.rglob("*")}
    for command in commands:
        done = run(command, folder)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    # Whoever does what the bundle says must not alter it by that: a file that no list names is a failed check.
    assert {path.relative_to(folder) for path in folder.rglob("*")} == before

    assert set(in_report) <= set(commands)
    for command in in_report:
        assert "".join(command.split()) in "".join(text.split())
    assert len(openssl(commands)) == 3
    for command in openssl(commands):
        assert "-attime " in command
        assert "openssl ts" in command or "-binary -purpose any" in command


@pytest.mark.browser
@pytest.mark.network
@pytest.mark.parametrize("language", ["en", "mn"])
def test_what_the_report_says_must_appear_appears(sealed: Sealed, language: str) -> None:
    """The answer of openssl stands in the report as openssl gives it, in either language."""
    said = tomllib.loads(template(f"report/{language}.toml").read_text(encoding="utf-8"))["steps"]
    commands = {each.step: each.command for each in check_commands(sealed.way.custodian.clock(), stamped=True)}

    for step in (CheckStep.SIGNATURE, CheckStep.TIME_STAMP):
        done = run(commands[step], sealed.bundle)
        assert said[f"{step}_expected"] in (done.stdout + done.stderr).splitlines()


@pytest.mark.browser
@pytest.mark.network
def test_the_printed_time_is_what_counts_and_not_today(sealed: Sealed, tmp_path: Path) -> None:
    """At another time, when the certificates are not valid, each openssl command says so; as printed it never will."""
    folder = shutil.copytree(sealed.bundle, tmp_path / "bundle")

    for command in openssl(printed(folder)):
        in_twenty_years = _TIME.sub(lambda found: f"-attime {int(found[1]) + 20 * 365 * 86400}", command)
        done = run(in_twenty_years, folder)
        assert done.returncode != 0
        assert "expired" in done.stderr


def test_the_commands_work_after_the_officers_certificate_ran_out(tmp_path: Path) -> None:
    """The bundle was made three years ago, with a certificate for two."""
    custodian = practice_custodian(SetClock(datetime.now(UTC).replace(microsecond=0) - timedelta(days=3 * 365)))
    case = open_case(tmp_path / "case", custodian)
    commit_small_item(case, custodian)
    way = WholeWay(case=case, custodian=custodian, roots=roots_of(custodian.signer), stamping=Stamping())
    made = way.bundle(tmp_path / "bundle", language=Language.ENGLISH)
    assert custodian.signer.certificate.not_after < datetime.now(UTC)

    found = openssl(printed(made.path))

    assert len(found) == 2
    for command in found:
        done = run(command, made.path)
        assert done.returncode == 0, (command, done.stderr)
        without = run(_TIME.sub("", command), made.path)
        assert "expired" in without.stderr
