"""What came from outside the police chain: receipts and anchor lists, held against a custody log.

Without one of them nobody can tell whether the last events of a log, or a whole case, were taken away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from evidence_kit.canonical import Json
from evidence_kit.case.anchors import Anchor, AnchoredCase
from evidence_kit.case.manifest import NAME
from evidence_kit.custody.chain import LogFindings
from evidence_kit.custody.events import EventType
from evidence_kit.custody.receipts import Receipt
from evidence_kit.models import utc_text

if TYPE_CHECKING:
    from evidence_kit.verify.examination import Examination


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What was given to hold a log against."""

    receipts: tuple[Receipt, ...] = ()
    anchors: tuple[Anchor, ...] = ()


def check_outside(exam: "Examination", log: LogFindings, *, bundle: bool) -> None:
    """Check that *log*, of a case or of a *bundle*, still contains the heads that were given from outside."""
    held: list[Json] = []
    for receipt in exam.outside.receipts:
        held += _check_receipt(exam, log, receipt, bundle=bundle)
    for anchor in exam.outside.anchors:
        check_seals(exam, anchor)
        listed = anchor.list.of_case(log.case)
        if not listed:
            exam.not_checked("custody.anchor", anchor.name, f"the list does not name the case {log.case!r}")
        for case in listed:
            held += check_anchored(exam, log, anchor, case, bundle=bundle)
    exam.facts["outside_anchors"] = held


def check_seals(exam: "Examination", anchor: Anchor) -> datetime | None:
    """Note who made the list and when, and return the earliest trusted time of it; its seals were checked before."""
    trusted = None
    for token in sorted(anchor.tokens, key=lambda token: token.time):
        if exam.believe(token.certificate, token.embedded, token.time).trust != "claimed":
            trusted = trusted or token.time
        exam.passed("anchor.timestamp", anchor.name, f"{utc_text(token.time)}, {token.certificate.subject}")
    if not anchor.tokens:
        exam.not_checked("anchor.timestamp", anchor.name, "no time stamp lies beside the list")
    if anchor.signature is None:
        exam.not_checked("anchor.signature", anchor.name, "no signature lies beside the list")
    else:
        signer = anchor.signature.certificate
        trust = exam.believe(signer, anchor.signature.embedded, trusted).trust
        exam.passed("anchor.signature", anchor.name, f"{signer.subject} ({trust})")
    return trusted


def check_anchored(
    exam: "Examination", log: LogFindings, anchor: Anchor, case: AnchoredCase, *, bundle: bool
) -> Sequence[dict[str, Json]]:
    """Check that *log* has the head that *anchor* has of its case; return what holds, for the facts."""
    subject, known = f"{anchor.name}, {case.number}", len(log.links) - 1
    if case.events <= known and log.links[case.events] == case.head:
        exam.passed("custody.anchor", subject, f"the log still contains the head after event {case.events}")
        return [{"kind": "anchor", "event": case.events, "made": utc_text(anchor.list.made)}]
    if bundle and case.events > known and _ends_before(log, anchor.list.made):
        exam.not_checked("custody.anchor", subject, "the bundle was made before the list, its log ends earlier")
    elif case.events > known:
        detail = f"the list has a head after event {case.events}, but the log ends with event {known}"
        exam.failed("custody.anchor", subject, detail)
    else:
        exam.failed("custody.anchor", subject, f"the head after event {case.events} is another than the list has")
    return []


def _check_receipt(
    exam: "Examination", log: LogFindings, receipt: Receipt, *, bundle: bool
) -> Sequence[dict[str, Json]]:
    subject = f"{receipt.item} {receipt.head}".strip()
    if receipt.head not in log.links[1:]:
        if bundle and receipt.issued is not None and _ends_before(log, receipt.issued):
            detail = "the bundle was made before the receipt was issued, its log ends earlier"
            exam.not_checked("custody.receipt", subject, detail)
            return []
        later = " (or it was made before the receipt was issued)" if bundle else ""
        detail = f"the log, which ends with event {len(log.links) - 1}, does not contain the head of the receipt{later}"
        exam.failed("custody.receipt", subject, detail)
        return []
    seq = log.links.index(receipt.head, 1)
    if receipt.manifest is not None and not _recorded(exam, log, receipt, seq, subject):
        return []
    exam.passed("custody.receipt", subject, f"the log still contains the head after event {seq}")
    return [{"kind": "receipt", "event": seq, "made": utc_text(receipt.issued) if receipt.issued else None}]


def _recorded(exam: "Examination", log: LogFindings, receipt: Receipt, seq: int, subject: str) -> bool:
    """Whether the item of *receipt* was recorded up to event *seq*, as far as the events are disclosed."""
    for event in log.full_events():
        recorded = event.digests.get(f"items/{event.item}/{NAME}")
        if event.seq <= seq and event.type == EventType.CAPTURED and recorded == receipt.manifest:
            return True
    if len(log.full_events()) < len(log.events):
        exam.not_checked("custody.receipt", subject, "the event that recorded the item may be withheld")
    else:
        exam.failed("custody.receipt", subject, f"no event up to {seq} recorded an item with {receipt.manifest}")
    return False


def _ends_before(log: LogFindings, moment: datetime) -> bool:
    """Whether the last disclosed event claims a time before *moment*."""
    events = log.full_events()
    return bool(events) and events[-1].time < moment
