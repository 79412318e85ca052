"""Custody logs in memory, signed by real keys."""

from dataclasses import dataclass

from evidence_kit.custody.chain import LogFindings, check_log
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import head_of

CASE = "2026-001"


@dataclass(frozen=True, kw_only=True)
class Log:
    """The two files of a log, and who signed."""

    stored: tuple[bytes, bytes]
    custodian: Custodian

    def check(self, *, withholding: bool = False) -> LogFindings:
        """Check the log."""
        certificate = self.custodian.signer.certificate
        return check_log(*self.stored, {certificate.fingerprint: certificate}, withholding=withholding)


def log_of(custodian: Custodian, *drafts: Draft, before: Log | None = None) -> Log:
    """Return the log of a case that was opened, or of *before*, and in which *drafts* happened since."""
    log, signatures = before.stored if before else (b"", b"")
    for draft in drafts if before else (Draft(type=EventType.CASE_OPENED, detail={"format": 1}), *drafts):
        count, link = head_of(log, signatures)
        entry = custodian.sign_event(draft, seq=count + 1, previous=link, case=CASE)
        log, signatures = log + entry.line, signatures + entry.signature_line
    return Log(stored=(log, signatures), custodian=custodian)
