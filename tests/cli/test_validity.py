"""A certificate that has run out, or is not valid yet, signs nothing; the officer is told before anything is done."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence_kit.settings import Settings, add_practice_key, save_settings
from evidence_kit.trust.keys import write_pkcs12
from tests.cli.conftest import OFFICER
from tests.cli.running import RunCommand
from tests.support.people import OFFICER as PERSON
from tests.support.people import SetClock
from tests.support.pki import Authority

DAYS = {"has run out": -1000, "is not valid yet": 1000}


def give_key(run: RunCommand, folder: Path, days: int) -> Path:
    """Set up a key whose certificate was issued so many days from now; return the file with its passphrase."""
    clock = SetClock(datetime.now(UTC) + timedelta(days=days))
    path, passphrase = folder / "key.p12", folder / "passphrase"
    path.write_bytes(write_pkcs12(Authority("Гэрчилгээжүүлэгч", clock=clock).issue("Дорж"), b"x"))
    passphrase.write_bytes(b"x")
    assert run("setup", *OFFICER, "--p12", path, "--passphrase-file", passphrase).code == 0
    return passphrase


@pytest.mark.parametrize("words", DAYS)
def test_no_case_is_opened(run: RunCommand, tmp_path: Path, words: str) -> None:
    passphrase = give_key(run, tmp_path, DAYS[words])

    answer = run("case", "new", tmp_path / "c", "--number", "1", "--title", "T", "--passphrase-file", passphrase)

    assert answer.code == 1
    assert words in answer.err
    assert "hint" in answer.err
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("words", DAYS)
@pytest.mark.parametrize(
    "command", [["capture", "http://127.0.0.1:9/"], ["bundle", "--output", "{}/bundle"], ["verify", "{}", "--record"]]
)
def test_nothing_is_written_into_a_case(
    officer: RunCommand, case: Path, tmp_path: Path, words: str, command: list[str]
) -> None:
    passphrase = give_key(officer, tmp_path, DAYS[words])
    before = (case / "custody.jsonl").read_bytes()
    place = str(case if command[0] == "verify" else tmp_path)
    named = [] if command[0] == "verify" else ["--case", case]

    answer = officer(*(part.format(place) for part in command), *named, "--passphrase-file", passphrase)

    assert answer.code == 1
    assert words in answer.err
    assert (case / "custody.jsonl").read_bytes() == before
    assert not (tmp_path / "bundle").exists()


def test_a_practice_key_that_ran_out_is_refused_and_setup_makes_a_new_one(
    run: RunCommand, home: Path, tmp_path: Path
) -> None:
    save_settings(add_practice_key(Settings(home=home), PERSON, now=datetime.now(UTC) - timedelta(days=1000)))
    new = ("case", "new", tmp_path / "c", "--number", "1", "--title", "T")

    refused = run(*new)
    assert run("setup", "--practice").code == 0

    assert refused.code == 1
    assert "run: evidence-kit setup --practice" in refused.err
    assert run(*new).code == 0


def test_doctor_tells_of_a_certificate_that_is_not_valid_yet(run: RunCommand, tmp_path: Path) -> None:
    passphrase = give_key(run, tmp_path, 1000)

    checks = run("doctor", "--json", "--passphrase-file", passphrase).json["checks"]

    assert [check["outcome"] for check in checks if check["id"] == "key.expiry"] == ["failed"]
