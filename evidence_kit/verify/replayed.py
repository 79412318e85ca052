"""The replay check enters a report: a picture that differs is no alteration, but nobody verified it either.

Rendering again is done elsewhere, with a browser; here it is a value like any other.
"""

from collections.abc import Iterable
from dataclasses import replace

from evidence_kit.models import Check, Outcome, Replayed, ReplayFinding, Verdict, VerificationReport
from evidence_kit.verify.catalogue import TITLES

REPLAY_CHECK = "replay.screenshot"


def with_replay(report: VerificationReport, findings: Iterable[ReplayFinding]) -> VerificationReport:
    """Return *report* with a check for each of the *findings*.

    If anything differs, or is such that it cannot be compared, it is not verified any more.
    """
    found = tuple(findings)
    doubtful = any(finding.outcome in {Replayed.DIFFERS, Replayed.NOT_COMPARABLE} for finding in found)
    kept = report.verdict is Verdict.ALTERED or not doubtful
    return replace(
        report,
        verdict=report.verdict if kept else Verdict.CANNOT_VERIFY,
        checks=(*report.checks, *(_check(finding) for finding in found)),
    )


def _check(finding: ReplayFinding) -> Check:
    passed = finding.outcome is Replayed.AGREES
    return Check(
        id=REPLAY_CHECK,
        title=TITLES[REPLAY_CHECK],
        subject=finding.subject,
        outcome=Outcome.PASSED if passed else Outcome.NOT_CHECKED,
        detail=finding.detail,
    )
