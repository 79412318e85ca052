"""Web archives, ours inside an item or anybody's alone: the findings of the archive room become checks."""

from collections.abc import Iterable

from evidence_kit.archive.wacz_reader import WaczFinding
from evidence_kit.models import Outcome
from evidence_kit.verify.examination import Examination


def note_wacz(exam: Examination, shown: str, findings: Iterable[WaczFinding]) -> None:
    """Note every failure with its entry and record, and in one check each what passed."""
    passed: dict[str, list[WaczFinding]] = {}
    failed: set[str] = set()
    for finding in findings:
        id_ = _check_id(finding.check)
        if finding.outcome is Outcome.FAILED:
            failed.add(id_)
            exam.failed(id_, f"{shown}!{finding.subject}" if finding.subject else shown, finding.detail)
        elif finding.outcome is Outcome.NOT_CHECKED:
            exam.not_checked(id_, f"{shown}!{finding.subject}" if finding.subject else shown, finding.detail)
        else:
            passed.setdefault(id_, []).append(finding)
    for id_, members in passed.items():
        if id_ in failed or id_ == "wacz.transport":
            continue
        details = "; ".join(member.detail for member in members if member.detail)
        exam.passed(id_, shown, details or f"{len(members)} parts")


def _check_id(check: str) -> str:
    if check.startswith("warc."):
        return "warc.records"
    return check if check in {"wacz.transport", "wacz.index"} else "wacz.structure"
