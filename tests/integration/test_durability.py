"""Full disks, closed disks, other programs, clocks that jump: a clear error, and nothing is lost."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import attempts, commit_item
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.errors import CaseError, EvidenceError
from evidence_kit.models import Outcome, Verdict, VerificationReport
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case, stage_small_item
from tests.support.people import SetClock, keep_key, practice_custodian, roots_of

posix = pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: limits and users as POSIX has them")

_WORKER = """
import sys
from pathlib import Path
from evidence_kit.case.folder import CaseFolder
from tests.support.cases import commit_small_item
from tests.support.people import custodian_from
case, custodian = CaseFolder.open(Path(sys.argv[1])), custodian_from(Path(sys.argv[2]))
for _ in range(3):
    print(commit_small_item(case, custodian), flush=True)
"""


def problems(report: VerificationReport) -> list[tuple[str, str, str]]:
    return [(check.id, check.subject, check.detail) for check in report.checks if check.outcome is Outcome.FAILED]


def test_eight_programs_in_one_case_lose_and_corrupt_nothing(tmp_path: Path, project: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "хэрэг 1", custodian)
    key = keep_key(custodian, tmp_path / "key.p12")
    command = [sys.executable, "-c", _WORKER, str(case.path), str(key)]

    programs = [subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    answers = [program.communicate(timeout=120)[0].split() for program in programs]

    assert [program.returncode for program in programs] == [0] * 8
    assert sorted(item for answer in answers for item in answer) == [f"EV-{number:04d}" for number in range(1, 25)]
    report = verify_path(case.path, roots=roots_of(custodian.signer), clock=custodian.clock)
    assert problems(report) == []
    assert len(attempts(case.log().full_events())) == 24


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file grow beyond *size* bytes: what is written fails in its middle, as on a full disk."""
    import resource  # noqa: PLC0415  # Windows has no such module

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@posix
def test_a_disk_that_is_full_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    commit_small_item(case, custodian)
    roots = roots_of(custodian.signer)
    refused = []
    for round_ in range(24):
        record = stage_small_item(case, custodian)
        there = (case.path / "custody.jsonl").stat().st_size
        with files_of_at_most([round_ * 100, there + round_ * 100][round_ % 2]):
            try:
                commit_item(case, record, custodian)
            except EvidenceError as error:
                refused.append(str(error))

        assert problems(verify_path(case.path, roots=roots, clock=custodian.clock)) == []

    assert 8 < len(refused) < 24
    assert all("File too large" in said for said in refused)
    case.repair()
    log = case.log()
    assert log.problems == []
    captured = {event.item for event in log.full_events() if event.type == EventType.CAPTURED}
    assert captured == {path.name for path in (case.path / "items").iterdir()}
    assert len(captured) >= 25 - len(refused)


@contextmanager
def nobody() -> Iterator[None]:
    """Act as a user who owns nothing, if this one may do everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="ek") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@posix
def test_a_case_that_cannot_be_written_is_read_and_verified_and_refuses_events(open_folder: Path) -> None:
    custodian = practice_custodian()
    case = open_case(open_folder / "хэрэг", custodian)
    commit_small_item(case, custodian)
    folders = [case.path, *(path for path in case.path.rglob("*") if path.is_dir())]
    for path in case.path.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    case.path.chmod(0o555)

    with nobody():
        report = verify_path(case.path, roots=roots_of(custodian.signer), clock=custodian.clock)
        events = CaseFolder.open(case.path).log().full_events()
        with pytest.raises(CaseError, match="could not be written: Permission denied"):
            case.commit(Draft(type=EventType.NOTED, note="x"), custodian)

    for path in folders:
        path.chmod(0o755)
    assert report.verdict is Verdict.VERIFIED
    assert len(events) == 3
    assert case.log().full_events() == events


@posix
def test_a_place_that_cannot_be_written_takes_no_case_and_says_so(open_folder: Path) -> None:
    with nobody(), pytest.raises(CaseError, match="could not be created: Permission denied"):
        open_case(open_folder / "no" / "case", practice_custodian())

    assert list(open_folder.iterdir()) == []


def test_a_clock_that_jumps_back_loses_nothing_and_its_time_is_kept_as_claimed(tmp_path: Path) -> None:
    clock = SetClock()
    custodian = practice_custodian(clock)
    case = open_case(tmp_path / "case", custodian)
    commit_small_item(case, custodian)
    clock.forward(-200)
    commit_small_item(case, custodian)

    times = [event.time for event in case.log().full_events()]

    assert times[-1] < times[0]
    assert problems(verify_path(case.path, roots=roots_of(custodian.signer), clock=clock)) == []


def test_nothing_is_ever_renamed_over_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network drives refuse that, and some lose both."""
    rename = Path.rename

    def strict(source: Path, target: Path) -> Path:
        assert not target.exists()
        return rename(source, target)

    def refused(*_: object) -> None:
        message = "renamed over something"
        raise OSError(message)

    monkeypatch.setattr(Path, "rename", strict)
    monkeypatch.setattr(Path, "replace", refused)
    monkeypatch.setattr(os, "replace", refused)
    monkeypatch.setattr(os, "link", refused)
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    commit_small_item(case, custodian)

    assert problems(verify_path(case.path, roots=roots_of(custodian.signer), clock=custodian.clock)) == []
