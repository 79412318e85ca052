"""One run of the verifier: it collects checks and signers, and comes to the verdict.

The verdict (docs/evidence-format.md, "Verdict"): *altered* if any check failed; else *cannot-verify* if something was
too much to examine; else *verified* if there is a signer
and every signer is established or this installation's own practice key; else *unchanged*.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError
from evidence_kit.models import Check, Outcome, Trust, Verdict, VerificationReport
from evidence_kit.pdf.apart import check_pdf_apart
from evidence_kit.pdf.findings import PdfFindings
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.judging import Judgement, TrustedRoots, judge
from evidence_kit.verify.catalogue import TITLES

_RANK = {Trust.CLAIMED: 0, Trust.PRACTICE: 1, Trust.ESTABLISHED: 2}
CheckPdf = Callable[[BinaryIO], PdfFindings]
"""Examines a PDF; raises `LimitError`, `FormatError`, `OSError`."""

_MOST = 200
"""Failed checks listed of one id: a ruined archive of a million records is told in its first ones."""


@dataclass(slots=True, kw_only=True)
class Examination:
    """What was looked at so far."""

    roots: TrustedRoots
    now: datetime
    check_pdf: CheckPdf = check_pdf_apart
    checks: list[Check] = field(default_factory=list)
    facts: dict[str, Json] = field(default_factory=dict)
    signers: dict[str, Judgement] = field(default_factory=dict)
    _unexamined: bool = False
    _failed: Counter[str] = field(default_factory=Counter)
    _judged: dict[tuple[str, datetime], Judgement] = field(default_factory=dict)

    def passed(self, id_: str, subject: str, detail: str = "") -> None:
        """Note that a check passed."""
        self._note(id_, subject, Outcome.PASSED, detail)

    def failed(self, id_: str, subject: str, detail: str) -> None:
        """Note that a check failed; of one id at most `_MOST` are listed."""
        self._failed[id_] += 1
        if self._failed[id_] <= _MOST:
            self._note(id_, subject, Outcome.FAILED, detail)

    def not_checked(self, id_: str, subject: str, detail: str) -> None:
        """Note that something needed for a check is not there."""
        self._note(id_, subject, Outcome.NOT_CHECKED, detail)

    def gave_up(self, id_: str, subject: str, detail: str) -> None:
        """Note that something is there that could not be examined: without it there is no verdict but "altered"."""
        self._unexamined = True
        self.not_checked(id_, subject, detail)

    def concluded(self, id_: str, subject: str, problems: Iterable[tuple[str, str]], detail: str = "") -> None:
        """Note one failed check for each (subject, detail) in *problems*, or one passed check if there is none."""
        none = True
        for wrong, why in problems:
            none = False
            self.failed(id_, wrong, why)
        if none:
            self.passed(id_, subject, detail)

    def add(self, checks: Iterable[Check]) -> None:
        """Take over checks made elsewhere."""
        for check in checks:
            if check.outcome is Outcome.FAILED:
                self.failed(check.id, check.subject, check.detail)
            else:
                self._note(check.id, check.subject, check.outcome, check.detail)

    def has_failed(self, id_: str) -> bool:
        """Whether a check with this id failed so far."""
        return self._failed[id_] > 0

    def believe(self, certificate: Certificate, pool: Iterable[Certificate], at: datetime | None) -> Judgement:
        """Judge *certificate* at the trusted time *at*, or now when there is none."""
        moment = at or self.now
        key = (certificate.fingerprint, moment)
        if key not in self._judged:
            try:
                self._judged[key] = judge(certificate, pool, self.roots, at=moment)
            except FormatError as error:
                self._judged[key] = Judgement(certificate=certificate, trust=Trust.CLAIMED, detail=str(error))
        return self._judged[key]

    def signed_by(self, certificate: Certificate, pool: Iterable[Certificate], at: datetime | None) -> None:
        """Note a signer whose signature holds, with a trusted time of the signature if there is one.

        The same certificate may have signed at several times: the least trusted of them counts.
        """
        found = self.believe(certificate, pool, at)
        known = self.signers.get(certificate.fingerprint)
        if known is None or _RANK[found.trust] < _RANK[known.trust]:
            self.signers[certificate.fingerprint] = found

    def report(self, *, kind: str, subject: str, root: str | None) -> VerificationReport:
        """Return the result, the signers' checks added."""
        for judgement in self.signers.values():
            if judgement.trust is Trust.CLAIMED:
                self.not_checked("signer.trust", judgement.certificate.subject, judgement.detail)
            else:
                self.passed("signer.trust", judgement.certificate.subject, str(judgement.trust))
        for id_, count in self._failed.items():
            if count > _MOST:
                self._note(id_, subject, Outcome.FAILED, f"{count - _MOST} more of the same are not listed")
        return VerificationReport(
            verdict=self._verdict(kind),
            kind=kind,
            subject=subject,
            root=root,
            signers=tuple(judgement.finding() for judgement in self.signers.values()),
            checks=tuple(self.checks),
            facts=self.facts,
        )

    def _verdict(self, kind: str) -> Verdict:
        if kind in {"wacz", "warc", "unknown"}:
            return Verdict.CANNOT_VERIFY
        if self._failed:
            return Verdict.ALTERED
        if self._unexamined:
            return Verdict.CANNOT_VERIFY
        believed = [judgement.trust is not Trust.CLAIMED for judgement in self.signers.values()]
        return Verdict.VERIFIED if believed and all(believed) else Verdict.UNCHANGED

    def _note(self, id_: str, subject: str, outcome: Outcome, detail: str) -> None:
        self.checks.append(Check(id=id_, title=TITLES[id_], subject=subject, outcome=outcome, detail=detail))
