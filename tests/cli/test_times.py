"""Claimed times and stamped times: several authorities, what is pending, and events that nobody else vouches for."""

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.stamping import Stamping, stamp_head
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.settings import load_settings
from tests.cli.conftest import OFFICER
from tests.cli.running import RunCommand
from tests.support.cases import open_case
from tests.support.people import ULAANBAATAR, SetClock, practice_custodian
from tests.support.tsa import OpensslTsa

pytestmark = pytest.mark.network


def test_an_authority_that_lets_a_command_wait_in_vain_is_left_alone_for_a_while(
    tmp_path: Path, tsa: OpensslTsa
) -> None:
    clock = SetClock()
    custodian = practice_custodian(clock)
    case = open_case(tmp_path / "case", custodian)
    stamping = Stamping(tsa=(tsa.url,), clock=clock)
    tsa.delay = 1.0
    before = tsa.requests

    (first,) = stamp_head(case, stamping, timeout=0.2)
    (second,) = stamp_head(case, stamping)
    asked = tsa.requests - before
    tsa.delay = 0.0
    clock.forward(11 * 60)
    third = stamp_head(case, stamping)

    assert "could not be reached" in first
    assert "is left alone until" in second
    assert "timestamp --pending" in second
    assert (asked, third) == (1, [])
    assert not list(case.staging.glob("silent-*"))


def test_an_authority_that_was_silent_is_asked_by_whoever_insists(tmp_path: Path, tsa: OpensslTsa) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    stamping = Stamping(tsa=(tsa.url,), clock=custodian.clock)
    tsa.delay = 1.0
    assert stamp_head(case, stamping, timeout=0.2)
    tsa.delay = 0.0

    assert stamp_head(case, stamping, insist=True) == []


def test_an_authority_that_refuses_at_once_is_asked_again(tmp_path: Path, tsa: OpensslTsa) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    stamping = Stamping(tsa=(tsa.url,), clock=custodian.clock)
    tsa.answer = "error"
    assert stamp_head(case, stamping)
    tsa.answer = "granted"

    assert stamp_head(case, stamping) == []


@pytest.fixture(scope="module")
def other(oracle: Callable[[str], Path]) -> Iterator[OpensslTsa]:
    """Return an authority of another operator."""
    oracle("openssl")
    with OpensslTsa(name="Another operator", rsa=True) as authority:
        yield authority


@pytest.fixture
def stamped(run: RunCommand, tsa: OpensslTsa, other: OpensslTsa, tmp_path: Path) -> Path:
    """Return a case that two authorities stamped, both trusted."""
    tsa.answer = other.answer = "granted"
    authorities = ("--tsa", tsa.url, "--tsa", other.url, "--trust", tsa.root_pem, "--trust", other.root_pem)
    setup = run("setup", "--practice", *OFFICER, *authorities)
    assert "learns this computer's network address" in setup.out
    assert run("case", "new", tmp_path / "c", "--number", "1", "--title", "T").code == 0
    return tmp_path / "c"


def commit_at(case: Path, home: Path, moment: datetime) -> None:
    """Append an event that claims *moment*."""
    settings = load_settings(home)
    signer = settings.open_signer(lambda _name: b"")
    custodian = Custodian(officer=settings.the_officer(), signer=signer, clock=SetClock(moment), zone=ULAANBAATAR)
    CaseFolder.open(case).commit(Draft(type=EventType.NOTED, note="Тэмдэглэл"), custodian)


def test_every_authority_stamps_and_openssl_agrees_on_each(
    run: RunCommand, stamped: Path, tsa: OpensslTsa, other: OpensslTsa
) -> None:
    head = run("custody", "log", "--case", stamped, "--json").json["head"].removeprefix("sha256:")

    for name, authority in (("000001.tsr", tsa), ("000001-2.tsr", other)):
        token = stamped / "seals" / "heads" / name
        command = ["openssl", "ts", "-verify", "-digest", head, "-in", str(token), "-CAfile", str(authority.root_pem)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert "Verification: OK" in done.stdout, done.stderr
    report = run("verify", stamped, "--json")
    assert report.code == 0
    assert [check["outcome"] for check in report.json["checks"] if check["id"] == "time.gap"] == ["passed"]
    assert {token["authority"] for token in report.json["facts"]["time_stamps"]} == {
        "Practice time-stamping authority, unit 1",
        "Another operator, unit 1",
    }


def test_a_command_that_only_reads_fetches_what_is_pending(
    run: RunCommand, stamped: Path, home: Path, tsa: OpensslTsa, other: OpensslTsa
) -> None:
    commit_at(stamped, home, datetime.now(UTC))
    heads = stamped / "seals" / "heads"
    tsa.answer = other.answer = "error"
    silent = run("list", "--case", stamped)
    tsa.answer = "granted"

    one = run("custody", "log", "--case", stamped, "--json")

    assert silent.code == one.code == 0
    assert "could not be had yet" in silent.err
    assert one.json["times"][1]["stamped"]
    assert sorted(path.name for path in heads.glob("000002*")) == ["000002.tsr"]
    other.answer = "granted"
    asked = tsa.requests
    assert run("case", "show", "--case", stamped).err == ""
    assert sorted(path.name for path in heads.glob("000002*")) == ["000002-2.tsr", "000002.tsr"]
    assert tsa.requests == asked


def test_both_times_are_shown_and_a_late_stamp_is_never_back_dated(run: RunCommand, stamped: Path, home: Path) -> None:
    claimed = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=11)
    commit_at(stamped, home, claimed)
    before = datetime.now(UTC) - timedelta(seconds=2)

    document = run("custody", "log", "--case", stamped, "--json").json
    shown = run("custody", "log", "--case", stamped).out

    first, late = document["times"]
    assert not first["claimed_only"]
    assert late["claimed_only"]
    assert datetime.fromisoformat(late["claimed"]) == claimed
    assert datetime.fromisoformat(late["stamped"]) >= before
    assert late["stamped"][:19] + "Z" in shown
    assert "Time claimed by the officer only (no time stamp within ten minutes); events: 2" in shown


def test_doctor_warns_of_authorities_under_one_roof(run: RunCommand, stamped: Path, tsa: OpensslTsa) -> None:
    assert stamped.exists()
    different = run("doctor", "--json").json["checks"]
    run("setup", "--tsa", tsa.url, "--tsa", f"{tsa.url}?2")
    same = run("doctor", "--json").json["checks"]

    found = [[check["outcome"] for check in checks if check["id"] == "tsa.operators"] for checks in (different, same)]
    assert found == [["passed"], ["warning"]]


@pytest.mark.parametrize("minutes", [-11, 11])
def test_verify_marks_the_gap_and_calls_it_no_alteration(
    run: RunCommand, stamped: Path, home: Path, minutes: int
) -> None:
    commit_at(stamped, home, datetime.now(UTC) + timedelta(minutes=minutes))
    run("timestamp", "--pending", "--case", stamped)

    report = run("verify", stamped, "--json")

    (gap,) = [check for check in report.json["checks"] if check["id"] == "time.gap"]
    assert (gap["subject"], gap["outcome"]) == ("event 2", "not-checked")
    assert report.code == 0


def test_an_event_that_nothing_covers_yet_is_marked_until_it_is_stamped(
    run: RunCommand, stamped: Path, home: Path
) -> None:
    commit_at(stamped, home, datetime.now(UTC))

    pending = run("verify", stamped, "--json").json["facts"]["time_gaps"]
    run("timestamp", "--pending", "--case", stamped)
    stamped_now = run("verify", stamped, "--json").json["facts"]["time_gaps"]

    assert [(gap["first"], gap["stamped"]) for gap in pending] == [(2, None)]
    assert stamped_now == []
