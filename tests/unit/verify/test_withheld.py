"""What the officer states of withheld events is held against them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.archive.tree import FolderTree
from evidence_kit.canonical import Json
from evidence_kit.custody.chain import check_log
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import FIRST_LINK
from evidence_kit.custody.withholding import Decision, lines_digest, withheld_lines, withhold
from evidence_kit.models import Digest, Outcome
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.verify.history import History
from evidence_kit.verify.told import Told
from evidence_kit.verify.withheld import check_withheld
from tests.support.logs import Log, log_of
from tests.support.people import practice_custodian

DECISION = Decision(ground="x", decided_by="y")
STATED: dict[str, Json] = {"events": 2, "items": 1, "abandoned": 0, "ground": "x", "decided_by": "y"}


def _capture(item: str) -> tuple[Draft, Draft]:
    said: dict[str, Json] = dict.fromkeys(("url", "final_url", "http_status", "recorder"), "")
    names = (f"items/{item}/manifest-sha256.txt", f"seals/{item}/manifest-sha256.txt.p7s")
    return (
        Draft(type=EventType.CAPTURE_STARTED, item=item, detail={"url": ""}),
        Draft(
            type=EventType.CAPTURED,
            item=item,
            outcome="complete",
            detail=said,
            digests=dict.fromkeys(names, FIRST_LINK),
        ),
    )


def _problems(folder: Path, hidden: set[int], stated: dict[str, Json] = STATED, *, opened: bool = False) -> list[str]:
    """Return what is wrong with a bundle of EV-0001 that withholds the events *hidden* of two captures (2 to 5)."""
    custodian = practice_custodian()
    first = _log(custodian, {})
    lines = withheld_lines(withhold(first.stored, hidden, DECISION)[0])
    log = _log(custodian, stated, lines_digest(line for _, line in lines.values()), first)
    copy = withhold(log.stored, hidden, DECISION)
    certificate = custodian.signer.certificate
    stored, told = log.stored if opened else copy, Told()
    findings = check_log(*stored, {certificate.fingerprint: certificate}, withholding=True, on_event=told.hear)
    exam = Examination(roots=TrustedRoots(), now=datetime.now(UTC))
    files = CaseFiles(FolderTree(folder), "data/")
    check_withheld(exam, files, History(log=findings, told=told, tokens=()), withheld_lines(copy[0]), ["EV-0001"])
    return [check.detail for check in exam.checks if check.outcome is Outcome.FAILED]


def _log(custodian: Custodian, stated: dict[str, Json], digest: Digest | None = None, before: Log | None = None) -> Log:
    drafts = () if before else (*_capture("EV-0001"), *_capture("EV-0002"))
    digests = {"withheld": digest} if digest else {}
    start = Draft(type=EventType.BUNDLE_STARTED, digests=digests, detail={"withheld": stated} if stated else {})
    return log_of(custodian, *drafts, *((start,) if stated else ()), before=before)


def test_a_capture_that_is_withheld_whole_is_as_stated(tmp_path: Path) -> None:
    assert _problems(tmp_path, {4, 5}) == []
    assert _problems(tmp_path, {4, 5}, opened=True) == []


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ({"events": 1}, "withheld events: 2; event 6 states 1"),
        ({"items": 2}, "withheld items: 1; event 6 states 2"),
        ({"abandoned": 1}, "withheld abandoned: 0; event 6 states 1"),
        ({"ground": "other"}, "event 4 is withheld for another ground"),
    ],
)
def test_another_statement_is_found(tmp_path: Path, stated: dict[str, Json], told: str) -> None:
    assert any(told in problem for problem in _problems(tmp_path, {4, 5}, {**STATED, **stated}))


def test_an_end_whose_beginning_is_shown_is_found_by_everybody(tmp_path: Path) -> None:
    """Else a capture that went well would be shown as one that was abandoned."""
    problems = _problems(tmp_path, {5}, {**STATED, "events": 1, "abandoned": -1})

    assert problems == ["the end of an item is withheld whose beginning is shown"]


def test_half_a_capture_among_others_is_found_by_whoever_may_see_it(tmp_path: Path) -> None:
    problems = _problems(tmp_path, {3, 4}, opened=True)

    assert "event 3 is withheld, and the other half of EV-0001 is shown" in problems
    assert "event 4 is withheld, and the other half of EV-0002 is shown" in problems
