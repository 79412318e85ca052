"""A case can be verified while somebody works on it."""

from pathlib import Path

from evidence_kit.models import Verdict
from evidence_kit.verify.path import verify_path
from tests.support.cases import commit_small_item, open_case
from tests.support.people import practice_custodian, roots_of


def test_an_event_committed_while_a_case_is_verified_does_not_make_it_altered(tmp_path: Path) -> None:
    officer = practice_custodian()
    case = open_case(tmp_path / "case", officer)
    commit_small_item(case, officer)
    passes: list[str] = []

    def work(step: str) -> None:
        if step == "checking the custody log":
            passes.append(step)
            if len(passes) == 1:
                commit_small_item(case, officer)

    report = verify_path(case.path, roots=roots_of(officer.signer), clock=officer.clock, on_step=work)

    # The first pass saw a log that names an item which its list of files did not have yet.
    assert len(passes) == 2
    assert report.verdict is Verdict.VERIFIED


def test_a_case_that_is_altered_and_left_alone_is_checked_once(tmp_path: Path) -> None:
    officer = practice_custodian()
    case = open_case(tmp_path / "case", officer)
    item = commit_small_item(case, officer)
    (case.path / "items" / item / "capture.wacz").write_bytes(b"x")
    passes: list[str] = []

    report = verify_path(case.path, roots=roots_of(officer.signer), clock=officer.clock, on_step=passes.append)

    assert passes.count("checking the custody log") == 1
    assert report.verdict is Verdict.ALTERED
