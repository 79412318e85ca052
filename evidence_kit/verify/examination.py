"""One run of the verifier: it collects checks and signers, and comes to the verdict.

The verdict (docs/evidence-format.md, "Verdict"): *altered* if any check failed; else *cannot-verify* if something was
too much to examine; else *verified* if there is a signer
and every signer is established or this installation's own practice key; else *unchanged*.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError
from evidence_kit.models import Check, Outcome, Trust, Verdict, VerificationReport
from evidence_kit.pdf.apart import check_pdf_apart
from evidence_kit.pdf.findings import PdfFindings
from evidence_kit.trust.age import Identity
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.judging import Judgement, TrustedRoots, judge
from evidence_kit.trust.revocation import RevocationFinding, Standing, Statement, standings
from evidence_kit.verify.catalogue import TITLES
from evidence_kit.verify.outside import Outside

_RANK = {Trust.CLAIMED: 0, Trust.PRACTICE: 1, Trust.ESTABLISHED: 2}
CheckPdf = Callable[[BinaryIO], PdfFindings]
"""Examines a PDF; raises `LimitError`, `FormatError`, `OSError`."""

_MOST = 200
"""Failed checks listed of one id: a ruined archive of a million records is told in its first ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """The last time at which a certificate was used to sign."""

    certificate: Certificate
    pool: Iterable[Certificate]
    at: datetime


@dataclass(slots=True, kw_only=True)
class Examination:
    """What was looked at so far."""

    roots: TrustedRoots
    now: datetime
    check_pdf: CheckPdf = check_pdf_apart
    processes: int = 1
    """In how many at a time large evidence may be worked through."""
    withheld: bytes | None = None
    """The file of the events that a bundle withholds."""
    identities: Sequence[Identity] = ()
    """Keys that open what is encrypted."""
    outside: Outside = Outside()  # noqa: RUF009  # frozen
    sealed_at: datetime | None = None
    """The trusted time of the stamp over a whole bundle, and so over all events in it."""
    checks: list[Check] = field(default_factory=list)
    facts: dict[str, Json] = field(default_factory=dict)
    signers: dict[str, Judgement] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    """What authorities said about revocations, as far as it lies with the evidence."""
    _latest: dict[str, _Use] = field(default_factory=dict)
    _stood: set[tuple[str, str, Standing]] = field(default_factory=set)
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

    def add(self, checks: Iterable[Check], unlisted: Mapping[str, int]) -> None:
        """Take over checks made elsewhere, and how many more failed than are among them, by id."""
        for check in checks:
            if check.outcome is Outcome.FAILED:
                self.failed(check.id, check.subject, check.detail)
            else:
                self._note(check.id, check.subject, check.outcome, check.detail)
        self._failed.update(unlisted)

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
        moment = at or self.now
        latest = self._latest.get(certificate.fingerprint)
        if latest is None or moment > latest.at:
            self._latest[certificate.fingerprint] = _Use(certificate=certificate, pool=pool, at=moment)

    def stamp_stands(self, authority: Certificate, pool: Iterable[Certificate], at: datetime) -> bool:
        """Note whether a time-stamping authority was revoked, and return whether its stamp of the time *at* counts.

        Revoked later for anything but an orderly reason, nothing that it ever stamped counts (RFC 3161, 4).
        """
        counts = True
        for found, standing in self._standings(authority, pool, at):
            revoked = standing.revoked
            later = standing.standing is Standing.LATER
            if later and found == authority and revoked is not None and not revoked.orderly:
                why = f"{standing.detail}: no stamp of it counts any more"
                standing = RevocationFinding(standing=Standing.UNKNOWN, detail=why)  # noqa: PLW2901  # a lesser one
                counts = False
            self._note_standing("timestamp.revocation", found, standing)
            counts &= standing.standing is not Standing.REVOKED
        return counts

    def _standings(
        self, certificate: Certificate, pool: Iterable[Certificate], at: datetime
    ) -> list[tuple[Certificate, RevocationFinding]]:
        known = (*pool, *self.roots.established)
        return list(standings(certificate, known, self.statements, at=at))

    def _note_standing(self, id_: str, certificate: Certificate, found: RevocationFinding) -> None:
        key = (id_, certificate.fingerprint, found.standing)
        if key in self._stood:
            return
        self._stood.add(key)
        match found.standing:
            case Standing.REVOKED:
                self.failed(id_, certificate.subject, f"{found.detail}, before it was used here")
            case Standing.LATER:
                self.passed(id_, certificate.subject, f"{found.detail}, after it was used here")
            case Standing.GOOD:
                self.passed(id_, certificate.subject, found.detail)
            case Standing.UNKNOWN:
                self.not_checked(id_, certificate.subject, found.detail)

    def report(self, *, kind: str, subject: str, root: str | None) -> VerificationReport:
        """Return the result, the signers' checks added."""
        for judgement in self.signers.values():
            if judgement.trust is Trust.CLAIMED:
                self.not_checked("signer.trust", judgement.certificate.subject, judgement.detail)
            else:
                self.passed("signer.trust", judgement.certificate.subject, str(judgement.trust))
        for use in self._latest.values():
            for found, standing in self._standings(use.certificate, use.pool, use.at):
                self._note_standing("signer.revocation", found, standing)
        self._note_unused(subject)
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

    def _note_unused(self, subject: str) -> None:
        """Say of receipts and anchor lists what could not be held against anything."""
        for id_, name, problem in self.outside.broken:
            self.failed(id_, name, problem)
        made = {check.id for check in self.checks}
        for id_, given in (("custody.receipt", self.outside.receipts), ("custody.anchor", self.outside.anchors)):
            if given and id_ not in made:
                self.not_checked(id_, subject, "there is nothing here to hold it against")

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
