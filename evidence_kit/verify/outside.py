"""What came from outside the police chain: receipts and anchor lists, held against a custody log.

Without one of them nobody can tell whether the last events of a log, or a whole case, were taken away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from evidence_kit.canonical import Json
from evidence_kit.case.anchors import Anchor, AnchoredCase
from evidence_kit.custody.chain import LogFindings
from evidence_kit.custody.receipts import Receipt
from evidence_kit.models import Digest, utc_text
from evidence_kit.verify.told import Told

if TYPE_CHECKING:
    from evidence_kit.verify.examination import Examination


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What was given to hold a log against."""

    receipts: tuple[Receipt, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    broken: tuple[tuple[str, str, str], ...] = ()
    """Anchor lists whose seals do not hold, so that nothing can be held against them: check id, name, English
    sentence."""


def check_outside(exam: "Examination", log: LogFindings, told: Told, *, bundle: bool) -> None:
    """Check that *log*, of a case or of a *bundle*, still contains the heads that were given from outside."""
    held: list[Json] = []
    for receipt in exam.outside.receipts:
        held += _check_receipt(exam, log, told, receipt, bundle=bundle)
    for anchor in exam.outside.anchors:
        check_seals(exam, anchor)
        listed = anchor.list.of_case(log.case)
        if not listed:
            exam.not_checked("custody.anchor", anchor.name, f"the list does not name the case {log.case!r}")
        before = bundle and _ends_before(told, anchor.list.made)
        for case in listed:
            held += check_anchored(exam, log.links, anchor, case, before=before)
    exam.facts["outside_anchors"] = held


def check_seals(exam: "Examination", anchor: Anchor) -> datetime | None:
    """Note who made the list and when, and return the earliest trusted time of it; its seals were checked before."""
    trusted = None
    for token in sorted(anchor.tokens, key=lambda token: token.time):
        if exam.believe(token.certificate, token.embedded, token.time).trust != "claimed":
            trusted = trusted or token.time
        exam.passed("anchor.timestamp", anchor.name, f"{utc_text(token.time)}, {token.certificate.subject}")
    if len(anchor.tokens) < anchor.list.authorities:
        detail = f"it was to have {anchor.list.authorities} time stamps, and {len(anchor.tokens)} lie beside the list"
        exam.gave_up("anchor.timestamp", anchor.name, f"{detail}: pending still, or taken away")
    elif not anchor.tokens:
        exam.not_checked("anchor.timestamp", anchor.name, "no authority was asked to stamp the list")
    signer = anchor.signature.certificate
    trust = exam.believe(signer, anchor.signature.embedded, trusted).trust
    exam.passed("anchor.signature", anchor.name, f"{signer.subject} ({trust})")
    return trusted


def check_anchored(
    exam: "Examination", links: Sequence[Digest], anchor: Anchor, case: AnchoredCase, *, before: bool = False
) -> Sequence[dict[str, Json]]:
    """Check that a log with these *links* has the head that *anchor* has of its case; return what holds, for the facts.

    The log of a bundle may end *before* the list was made.
    """
    subject, known = f"{anchor.name}, {case.number}", len(links) - 1
    if case.events <= known and links[case.events] == case.head:
        exam.passed("custody.anchor", subject, f"the log still contains the head after event {case.events}")
        return [{"kind": "anchor", "event": case.events, "made": utc_text(anchor.list.made)}]
    if before and case.events > known:
        exam.not_checked("custody.anchor", subject, "the bundle was made before the list, its log ends earlier")
    elif case.events > known:
        detail = f"the list has a head after event {case.events}, but the log ends with event {known}"
        exam.failed("custody.anchor", subject, detail)
    else:
        exam.failed("custody.anchor", subject, f"the head after event {case.events} is another than the list has")
    return []


def _check_receipt(
    exam: "Examination", log: LogFindings, told: Told, receipt: Receipt, *, bundle: bool
) -> Sequence[dict[str, Json]]:
    subject = f"{receipt.item} {receipt.head}".strip()
    seq = next((number for number, link in enumerate(log.links) if number and link == receipt.head), None)
    if seq is None:
        if bundle and receipt.issued is not None and _ends_before(told, receipt.issued):
            detail = "the bundle was made before the receipt was issued, its log ends earlier"
            exam.not_checked("custody.receipt", subject, detail)
            return []
        later = " (or it was made before the receipt was issued)" if bundle else ""
        detail = f"the log, which ends with event {len(log.links) - 1}, does not contain the head of the receipt{later}"
        exam.failed("custody.receipt", subject, detail)
        return []
    if receipt.manifest is not None and not _recorded(exam, told, receipt, seq, subject, whole=not log.withheld):
        return []
    exam.passed("custody.receipt", subject, f"the log still contains the head after event {seq}")
    return [{"kind": "receipt", "event": seq, "made": utc_text(receipt.issued) if receipt.issued else None}]


def _recorded(  # noqa: PLR0913  # what, by whose account, up to where
    exam: "Examination", told: Told, receipt: Receipt, seq: int, subject: str, *, whole: bool
) -> bool:
    """Whether the item of *receipt* was recorded up to event *seq*, as far as the events are disclosed."""
    for event in (*told.committed(), *told.sealings.values()):
        if event.seq <= seq and event.manifest == receipt.manifest:
            return True
    if not whole:
        exam.not_checked("custody.receipt", subject, "the event that recorded the item may be withheld")
    else:
        exam.failed("custody.receipt", subject, f"no event up to {seq} recorded an item with {receipt.manifest}")
    return False


def _ends_before(told: Told, moment: datetime) -> bool:
    """Whether the last disclosed event claims a time before *moment*."""
    return told.ended is not None and told.ended < moment
