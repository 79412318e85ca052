"""A command line with a settings folder of its own, and an officer with a practice key."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.cli import main
from evidence_kit.custody.custodian import Custodian
from tests.cli.running import Result, RunCommand

OFFICER = ("--name", "Зохиомол Дорж", "--id", "0001", "--role", "мөрдөгч", "--agency", "Сургалтын хэлтэс")
COLLEAGUE = ("--name", "Зохиомол Болор", "--id", "0002", "--role", "прокурор", "--agency", "Сургалтын прокурор")
VARIABLES = ("EVIDENCE_KIT_CASE", "EVIDENCE_KIT_PASSPHRASE", "SOURCE_DATE_EPOCH", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the settings folder of the test, which does not exist yet."""
    return tmp_path / "тохиргоо"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunCommand:
    """Return a function that runs the command line in English, unless the test says otherwise."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EVIDENCE_KIT_HOME", str(home))
    monkeypatch.setenv("EVIDENCE_KIT_LANG", "en")

    def run_command(*arguments: object, stdin: str = "") -> Result:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code: object = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        assert isinstance(code, int)
        return Result(code=code, out=captured.out, err=captured.err)

    return run_command


@pytest.fixture
def colleague(run: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunCommand:
    """Return the command line of another officer, with a settings folder and a practice key of their own."""
    own = tmp_path / "өөр тохиргоо"

    def run_command(*arguments: object, stdin: str = "") -> Result:
        with monkeypatch.context() as patch:
            patch.setenv("EVIDENCE_KIT_HOME", str(own))
            return run(*arguments, stdin=stdin)

    assert run_command("setup", "--practice", *COLLEAGUE).code == 0
    return run_command


@pytest.fixture
def officer(run: RunCommand) -> RunCommand:
    """Return the command line after `setup` with a practice key."""
    assert run("setup", "--practice", *OFFICER, "--may-seal").code == 0
    return run


@pytest.fixture
def case(officer: RunCommand, tmp_path: Path) -> Path:
    """Return the folder of a case that was just opened."""
    folder = tmp_path / "хэрэг 1"
    assert officer("case", "new", folder, "--number", "2026-001", "--title", "Сургалтын хэрэг").code == 0
    return folder


@pytest.fixture
def custodian(home: Path) -> Callable[[], Custodian]:
    """Return a function that opens the key of the installation, as its commands do."""
    from evidence_kit.settings import load_settings  # noqa: PLC0415
    from tests.support.people import ULAANBAATAR, SetClock  # noqa: PLC0415

    def open_key() -> Custodian:
        settings = load_settings(home)
        return Custodian(
            officer=settings.the_officer(),
            signer=settings.open_signer(lambda _name: b""),
            clock=SetClock(),
            zone=ULAANBAATAR,
        )

    return open_key


@pytest.fixture
def with_item(case: Path, custodian: Callable[[], Custodian]) -> Callable[..., str]:
    """Return a function that commits one small item, of a link if one is given, to the case, without a browser."""
    from tests.support.cases import URL, commit_small_item  # noqa: PLC0415

    return lambda url=URL: commit_small_item(CaseFolder.open(case), custodian(), url=url)
