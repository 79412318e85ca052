"""Custody logs in memory, signed by real keys."""

from dataclasses import dataclass

from evidence_kit.custody.chain import LogFindings, check_log
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import FIRST_LINK, link_after

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


def log_of(custodian: Custodian, *drafts: Draft) -> Log:
    """Return the log of a case that was opened, and in which *drafts* happened."""
    link = FIRST_LINK
    lines, signatures = [], []
    for seq, draft in enumerate((Draft(type=EventType.CASE_OPENED, detail={"format": 1}), *drafts), start=1):
        entry = custodian.sign_event(draft, seq=seq, previous=link, case=CASE)
        lines.append(entry.line)
        signatures.append(entry.signature_line)
        link = link_after(link, entry)
    return Log(stored=(b"".join(lines), b"".join(signatures)), custodian=custodian)
