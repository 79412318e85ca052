"""Somebody puts things among the unfinished work, or empty folders into a case: nothing of it passes unsaid."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.cli.doctor import _leftovers
from evidence_kit.cli.health import State
from evidence_kit.errors import EvidenceError
from evidence_kit.models import Outcome, Verdict, VerificationReport
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case
from tests.support.people import practice_custodian, roots_of


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Callable[[Path], VerificationReport]]:
    """Return a case with an item, and what verifies a copy."""
    custodian = practice_custodian()
    case = open_case(tmp_path_factory.mktemp("staging") / "хэрэг", custodian)
    commit_small_item(case, custodian)
    return case.path, lambda path: verify_path(path, roots=roots_of(custodian.signer), clock=custodian.clock)


@pytest.fixture
def case(pristine: tuple[Path, object], tmp_path: Path) -> Path:
    return shutil.copytree(pristine[0], tmp_path / "case")


def _link(staging: Path) -> None:
    (staging / "EV-0002").symlink_to(staging.parent.parent, target_is_directory=True)


def _dangling(staging: Path) -> None:
    (staging / "log-notes.json").unlink(missing_ok=True)
    (staging / "log-notes.json").symlink_to("/nonexistent/file")


def _linked_commit(staging: Path) -> None:
    elsewhere = staging.parent.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "plan.json").write_bytes(b'{"item": null, "seq": 9}')
    (staging / "commit-000009").symlink_to(elsewhere, target_is_directory=True)


def _pipe(staging: Path) -> None:
    os.mkfifo(staging / "EV-0003")


def _whole_link(staging: Path) -> None:
    shutil.move(staging, staging.parent.parent / "moved")
    staging.symlink_to(staging.parent.parent / "moved", target_is_directory=True)


def _foreign_file(staging: Path) -> None:
    (staging / "photo.jpg").write_bytes(b"x")


def _foreign_tree(staging: Path) -> None:
    folder = staging / "foreign"
    for _ in range(150):
        folder /= "d"
    folder.mkdir(parents=True)


def _unfinished(staging: Path) -> None:
    (staging / "EV-0002").mkdir()


posix = pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: makes links and pipes")


@posix
@pytest.mark.parametrize("act", [_link, _dangling, _linked_commit, _pipe, _whole_link])
def test_links_among_unfinished_work_are_never_called_verified(
    pristine: tuple[Path, Callable[[Path], VerificationReport]], case: Path, act: Callable[[Path], None]
) -> None:
    act(case / ".staging")

    report = pristine[1](case)

    failed = {check.id for check in report.checks if check.outcome is Outcome.FAILED}
    assert report.verdict is Verdict.ALTERED
    assert failed <= {"case.leftovers", "bag.tree"}


@pytest.mark.parametrize("act", [_foreign_file, _foreign_tree, _unfinished])
def test_what_else_lies_among_unfinished_work_is_named_as_no_evidence(
    pristine: tuple[Path, Callable[[Path], VerificationReport]], case: Path, act: Callable[[Path], None]
) -> None:
    act(case / ".staging")

    report = pristine[1](case)

    assert report.verdict is Verdict.VERIFIED
    assert [c.outcome for c in report.checks if c.id == "case.leftovers"] == [Outcome.NOT_CHECKED]


@posix
@pytest.mark.parametrize(
    "act", [_link, _dangling, _linked_commit, _pipe, _whole_link, _foreign_file, _foreign_tree, _unfinished]
)
def test_doctor_does_not_call_fine_what_verify_does_not_pass(case: Path, act: Callable[[Path], None]) -> None:
    act(case / ".staging")

    try:
        states = {finding.state for finding in _leftovers(CaseFolder.open(case), clear=False)}
    except EvidenceError:
        return

    assert states & {State.WARNING, State.FAILED}


@pytest.mark.parametrize("name", ["empty", "items/EV-0002", "items/EV-0001/more", "trust/more", "seals/other"])
def test_an_empty_folder_is_a_stray(
    pristine: tuple[Path, Callable[[Path], VerificationReport]], case: Path, name: str
) -> None:
    (case / name).mkdir()

    report = pristine[1](case)

    assert [(c.id, c.subject) for c in report.checks if c.outcome is Outcome.FAILED] == [("case.strays", f"{name}/")]


def _pretend_unfinished(case: Path) -> Path:
    """Put the last event, which took in the item, into staging as if its commit had not been finished."""
    lines = (case / "custody.jsonl").read_bytes().splitlines(keepends=True)
    folder = case / ".staging" / f"commit-{len(lines):06d}"
    (folder / "seals").mkdir(parents=True)
    (folder / "event.jsonl").write_bytes(lines[-1])
    (folder / "event.sig").write_bytes((case / "custody.sig").read_bytes().splitlines(keepends=True)[-1])
    (folder / "plan.json").write_bytes(b'{"item": "EV-0001", "seq": %d}' % len(lines))
    return folder


def _take_item(case: Path) -> None:
    shutil.rmtree(case / "items" / "EV-0001")
    shutil.rmtree(case / "seals" / "EV-0001")


def _take_item_and_event(case: Path) -> None:
    _take_item(case)
    for name in ("custody.jsonl", "custody.sig"):
        lines = (case / name).read_bytes().splitlines(keepends=True)
        (case / name).write_bytes(b"".join(lines[:-1]))


def _take_seal(case: Path) -> None:
    shutil.rmtree(case / "seals" / "EV-0001")


def _stage(case: Path) -> None:
    """Put item and seal where a crash would have left them."""
    (case / "items" / "EV-0001").rename(case / ".staging" / "EV-0001")
    (case / "seals" / "EV-0001").rename(next((case / ".staging").glob("commit-*")) / "seals" / "EV-0001")


def _stage_forged(case: Path) -> None:
    _stage(case)
    (case / ".staging" / "EV-0001" / "capture.wacz").write_bytes(b"forged")


def _stage_more(case: Path) -> None:
    _stage(case)
    (case / ".staging" / "EV-0001" / "more").write_bytes(b"")


def _stage_without_file(case: Path) -> None:
    _stage(case)
    (case / ".staging" / "EV-0001" / "capture.wacz").unlink()


def _stage_without_seal(case: Path) -> None:
    _stage(case)
    next((case / ".staging").glob("commit-*/seals/EV-0001/*")).unlink()


def _stage_other_seal(case: Path) -> None:
    _stage(case)
    next((case / ".staging").glob("commit-*/seals/EV-0001/*")).write_bytes(b"x")


@pytest.mark.parametrize(
    "act",
    [
        _take_item,
        _take_item_and_event,
        _take_seal,
        _stage_forged,
        _stage_more,
        _stage_without_file,
        _stage_without_seal,
        _stage_other_seal,
    ],
)
def test_a_decided_commit_excuses_neither_item_nor_seal(
    pristine: tuple[Path, Callable[[Path], VerificationReport]], case: Path, act: Callable[[Path], None]
) -> None:
    _pretend_unfinished(case)
    act(case)

    assert pristine[1](case).verdict is Verdict.ALTERED


def test_item_and_seal_of_a_decided_commit_are_checked_where_they_wait(
    pristine: tuple[Path, Callable[[Path], VerificationReport]], case: Path
) -> None:
    _pretend_unfinished(case)
    _stage(case)

    report = pristine[1](case)

    passed = {check.id for check in report.checks if check.outcome is Outcome.PASSED}
    assert report.verdict is Verdict.VERIFIED
    assert {"item.manifest", "item.seal", "custody.items"} <= passed
    assert [c.outcome for c in report.checks if c.id == "case.leftovers"] == [Outcome.NOT_CHECKED]
