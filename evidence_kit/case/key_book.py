"""Let keys into the log of a case, and revoke them; the rules stand in custody/register.py."""

from datetime import datetime

from evidence_kit.canonical import Json
from evidence_kit.case.folder import CaseFolder, Committed
from evidence_kit.custody.chain import LogFindings
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.errors import UsageError
from evidence_kit.models import Digest, utc_text
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.digests import sha256_bytes


def register_key(  # noqa: PLR0913  # whose key, by whom, by what right
    case: CaseFolder,
    certificate: Certificate,
    custodian: Custodian,
    *,
    transfer: int | None = None,
    replaces: Digest | None = None,
    after: Digest | None = None,
) -> Committed:
    """Let the key of *certificate* sign in the log; raises `CaseError` where the rules do not allow it."""
    detail: dict[str, Json] = {
        "certificate": str(sha256_bytes(certificate.der)),
        "subject": certificate.subject,
        "replaces": str(replaces) if replaces else None,
        "transfer": transfer,
    }
    case.record_certificates((certificate,))
    return case.commit(Draft(type=EventType.KEY_REGISTERED, detail=detail), custodian, after=after)


def revoke_key(  # noqa: PLR0913  # which key, by whom, why, since when, and up to where its work is acknowledged
    case: CaseFolder,
    key: Digest,
    custodian: Custodian,
    *,
    log: LogFindings,
    reason: str,
    lost: datetime,
    last_good: int | None = None,
    note: str = "",
) -> list[Committed]:
    """Revoke *key* in *log*, the log of *case*; the officer's own key is let in first, as its successor, if need be.

    The log is acknowledged up to event *last_good*, or as a whole. Raises `UsageError` for an event that there is not,
    `CaseError` where the rules do not allow it.
    """
    own = custodian.signer.certificate
    if last_good is not None and not 1 <= last_good <= len(log.events):
        raise UsageError(f"the log has no event {last_good}", hint="evidence-kit custody log shows the events")
    done, seq, head = [], len(log.events), log.head
    if sha256_bytes(own.der) not in log.keys.since:
        done.append(register_key(case, own, custodian, replaces=key, after=head))
        seq, head = done[-1].seq, done[-1].head
    acknowledged = (last_good, log.links[last_good]) if last_good is not None else (seq, head)
    detail: dict[str, Json] = {
        "certificate": str(key),
        "reason": reason,
        "lost": utc_text(lost),
        "acknowledged": {"seq": acknowledged[0], "link": str(acknowledged[1])},
    }
    draft = Draft(type=EventType.KEY_REVOKED, note=note, detail=detail)
    return [*done, case.commit(draft, custodian, after=head)]
