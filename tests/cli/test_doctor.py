"""``doctor``: what is missing, and what a crash left."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.workplace import workplace
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.settings import load_settings
from evidence_kit.trust.keys import write_pkcs12
from tests.cli.conftest import OFFICER
from tests.cli.running import Result, RunCommand
from tests.support.people import SetClock
from tests.support.pki import Authority
from tests.support.tsa import OpensslTsa


def outcomes(answer: Result) -> dict[str, str]:
    return {check["id"]: check["outcome"] for check in answer.json["checks"]}


def details(answer: Result) -> dict[str, str]:
    return {check["id"]: check["detail"] for check in answer.json["checks"]}


def test_before_setup_key_and_settings_are_missing(run: RunCommand, home: Path) -> None:
    answer = run("doctor", "--json")

    assert answer.code == 4
    assert next(iter(answer.json.items())) == ("schema", "evidence-kit/doctor/1")
    assert outcomes(answer)["key"] == "failed"
    assert outcomes(answer)["settings"] == "warning"
    assert not home.exists()


@pytest.mark.browser
def test_after_setup_nothing_is_missing(officer: RunCommand) -> None:
    answer = officer("doctor", "--json")

    assert set(outcomes(answer).values()) <= {"passed", "not-checked"}, answer.out
    assert answer.code == 0
    assert answer.json["practice"] is True
    assert outcomes(answer)["browser"] == "passed"
    assert outcomes(answer)["clock"] == "not-checked"
    assert "PRACTICE" in officer("doctor").out


def test_a_browser_that_is_not_there_is_told(officer: RunCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVIDENCE_KIT_BROWSER", "no-such-browser")

    answer = officer("doctor", "--json")

    assert answer.code == 4
    assert outcomes(answer)["browser"] == "failed"
    assert "no-such-browser" in details(answer)["browser"]


def test_the_findings_for_people_are_mongolian_and_those_for_programs_english(officer: RunCommand) -> None:
    shown = officer("doctor", "--lang", "mn").out
    document = officer("doctor", "--lang", "mn", "--json")

    assert "Хөтөч" in shown
    assert "Тэнцсэн" in shown
    assert "Browser" in document.out
    assert "Хөтөч" not in document.out


def test_a_key_that_ran_out_is_told(run: RunCommand, tmp_path: Path) -> None:
    past = SetClock(datetime.now(UTC) - timedelta(days=1000))
    signer = Authority("Гэрчилгээжүүлэгч", clock=past).issue("Дорж")
    path = tmp_path / "old.p12"
    path.write_bytes(write_pkcs12(signer, b"x"))
    passphrase = tmp_path / "passphrase"
    passphrase.write_bytes(b"x")
    run("setup", *OFFICER, "--p12", path, "--passphrase-file", passphrase)

    answer = run("doctor", "--json", "--passphrase-file", passphrase)

    assert answer.code == 4
    assert outcomes(answer)["key"] == "passed"
    assert outcomes(answer)["key.expiry"] == "failed"
    assert outcomes(run("doctor", "--json"))["key"] == "failed"


@pytest.mark.network
def test_an_authority_is_asked_and_the_clock_compared_with_it(run: RunCommand, tsa: OpensslTsa) -> None:
    run("setup", "--practice", *OFFICER, "--tsa", tsa.url)

    answer = run("doctor", "--json")
    tsa.answer = "refused"
    silent = run("doctor", "--json")
    tsa.answer = "granted"

    assert outcomes(answer)["tsa"] == "passed"
    assert outcomes(answer)["clock"] == "passed"
    assert outcomes(silent)["tsa"] == "failed"
    assert outcomes(silent)["clock"] == "not-checked"
    assert silent.code == 4


def test_a_case_that_is_none_cannot_be_examined(officer: RunCommand, tmp_path: Path) -> None:
    assert officer("doctor", tmp_path / "nothing").code == 1


def test_a_case_without_leftovers_is_fine(officer: RunCommand, case: Path) -> None:
    found = outcomes(officer("doctor", case, "--json"))

    assert (found["case.commits"], found["case.leftovers"]) == ("passed", "passed")


@pytest.fixture
def abandoned(case: Path, custodian: Callable[[], Custodian]) -> Callable[[float], Path]:
    """Return a function that leaves a capture unfinished, its files so many seconds old."""

    def leave(age: float) -> Path:
        folder = CaseFolder.open(case)
        draft = Draft(type=EventType.CAPTURE_STARTED, detail={"url": "https://example.mn/"})
        item = folder.commit(draft, custodian(), new_item=True).item or ""
        staged = folder.staging / item
        staged.mkdir()
        (staged / "dom.html").write_bytes(b"<p>")
        for path in (staged / "dom.html", staged):
            os.utime(path, (time.time() - age, time.time() - age))
        return staged

    return leave


def test_unfinished_files_are_named_and_removed_only_when_asked(
    officer: RunCommand, case: Path, abandoned: Callable[[float], Path]
) -> None:
    staged = abandoned(3600)

    told = officer("doctor", case, "--json")
    assert staged.is_dir()
    cleared = officer("doctor", case, "--clear", "--json")

    assert outcomes(told)["case.leftovers"] == "warning"
    assert told.code == 4
    assert "EV-0001" in details(told)["case.leftovers"]
    assert outcomes(cleared)["case.leftovers"] == "passed"
    assert not staged.exists()
    assert [a["id"] for a in officer("list", "--case", case, "--json").json["abandoned"]] == ["EV-0001"]


def test_files_of_a_capture_that_may_still_run_are_never_removed(
    officer: RunCommand, case: Path, abandoned: Callable[[float], Path]
) -> None:
    staged = abandoned(10)

    answer = officer("doctor", case, "--clear", "--json")

    assert staged.is_dir()
    assert outcomes(answer)["case.leftovers"] == "warning"


def test_what_somebody_is_at_work_in_is_never_removed_however_old(officer: RunCommand, case: Path) -> None:
    """A person may look at a page for an hour before the first shot."""
    with workplace(CaseFolder.open(case), "EV-0001") as place:
        (place.recording / "old.bin").write_bytes(b"x")
        for path in (place.folder, *place.recording.iterdir(), place.recording):
            os.utime(path, (time.time() - 3600, time.time() - 3600))

        answer = officer("doctor", case, "--clear", "--json")

        assert outcomes(answer)["case.leftovers"] == "warning"
        assert place.folder.is_dir()
        assert (place.recording / "old.bin").is_file()
    officer("doctor", case, "--clear")

    assert not place.folder.exists()
    assert not place.recording.exists()


def test_clearing_leaves_committed_evidence_as_it_is(
    officer: RunCommand, case: Path, abandoned: Callable[[float], Path], with_item: Callable[[], str]
) -> None:
    with_item()
    staged = abandoned(3600)
    before = {path: path.read_bytes() for path in case.rglob("*") if path.is_file() and ".staging" not in path.parts}

    officer("doctor", case, "--clear")

    assert not staged.exists()
    assert before == {
        path: path.read_bytes() for path in case.rglob("*") if path.is_file() and ".staging" not in path.parts
    }
    assert officer("verify", case).code in {0, 4}


def test_a_bundle_whose_making_was_killed_is_named_and_removed_only_when_asked(officer: RunCommand, case: Path) -> None:
    left = case.parent / ".багц.new-1"
    left.mkdir()
    (left / ".evidence-kit-building.lock").write_bytes(b"")

    told = officer("doctor", case, "--json")
    assert left.is_dir()
    officer("doctor", case, "--clear", "--json")

    assert left.name in details(told)["case.leftovers"]
    assert not left.exists()


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: Windows has access lists instead of mode bits")
def test_settings_that_others_may_write_are_told(officer: RunCommand, home: Path) -> None:
    home.chmod(0o777)

    assert outcomes(officer("doctor", "--json"))["settings"] == "warning"


def test_settings_are_left_as_they_are(officer: RunCommand, home: Path) -> None:
    before = load_settings(home)

    officer("doctor")

    assert load_settings(home) == before


def test_the_installation_tests_itself_when_asked(officer: RunCommand) -> None:
    asked = outcomes(officer("doctor", "--self-test", "--json"))

    tested = {name: outcome for name, outcome in asked.items() if name.startswith("self-test.")}
    names = ("sha256", "canonical-json", "signature", "custody-chain", "web-archive")
    assert tested == {f"self-test.{name}": "passed" for name in names}
    assert not {name for name in outcomes(officer("doctor", "--json")) if name.startswith("self-test.")}
