"""Issue a receipt: what it says is taken from the log as it stands, then the log says that it was issued.

The receipt names the head before its own event. So the event can hold the digest of what was handed out, and a receipt
that could not be made leaves no event. The price: the event itself is covered by the next receipt, anchor or time
stamp only.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from evidence_kit.bundle.receipt import ReceiptPage, receipt_text, render_receipt
from evidence_kit.case.building import building
from evidence_kit.case.durable import move_new, write_new
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import manifests_of
from evidence_kit.case.manifest import NAME
from evidence_kit.case.stamping import Stamping, head_tokens, stamp_head, stamped_at
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import ENDS, Draft, Event, EventType
from evidence_kit.custody.receipts import Receipt
from evidence_kit.errors import CaseError, IntegrityError, ReportError, UsageError
from evidence_kit.models import Digest
from evidence_kit.plain import real
from evidence_kit.trust.digests import sha256_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedReceipt:
    """A receipt that was issued."""

    receipt: Receipt
    text: str
    event: int
    """The number of the event that says so."""
    unstamped: tuple[str, ...]
    """Why time stamps are still pending."""


def issue_receipt(  # noqa: PLR0913  # a case, an item, and who issues it how
    case: CaseFolder,
    item: str,
    *,
    custodian: Custodian,
    stamping: Stamping,
    output: Path | None = None,
    note: str = "",
) -> IssuedReceipt:
    """Issue a receipt for *item*, with *output* as a PDF too, which must not exist.

    Raises `IntegrityError` when the custody log does not hold together, `CaseError` for an item that the case does not
    have, `UsageError` for a place inside the case, `ReportError` when the PDF cannot be made.
    """
    if output is not None:
        _refuse_place(case, output)
    page, manifest = _page(case, item, custodian)
    text = receipt_text(page)
    digests = {f"items/{item}/{NAME}": manifest, "receipt.txt": sha256_bytes(text.encode())}
    detail = {"head": str(page.receipt.head), "seq": page.receipt.seq}
    draft = Draft(type=EventType.RECEIPT, item=item, digests=digests, note=note, detail={**detail})
    if output is None:
        event = case.commit(draft, custodian).seq
    else:
        event = _place(page, output, lambda pdf: case.commit(_with_pdf(draft, pdf), custodian).seq)
    unstamped = stamp_head(case, stamping)
    return IssuedReceipt(receipt=page.receipt, text=text, event=event, unstamped=tuple(unstamped))


def _refuse_place(case: CaseFolder, output: Path) -> None:
    if real(case.path) in real(output).parents:
        message = f"{output} lies in the case, which holds nothing that its custody log does not account for"
        raise UsageError(message, hint="choose an --output outside of the case's folder")
    if not output.parent.is_dir():
        raise UsageError(f"there is no folder {output.parent}", hint="make it, or choose another --output")
    if os.path.lexists(output):
        raise ReportError(f"{output} is already there and is never overwritten", hint="choose another --output")


def _place(page: ReceiptPage, output: Path, commit: Callable[[bytes], int]) -> int:
    """Make the PDF beside its place, *commit* it, and give it its name; return the number of the event."""
    try:
        # What a kill leaves here the next receipt or bundle in this folder removes.
        with building(output) as place:
            pdf = render_receipt(page)
            write_new(place / output.name, pdf)
            event = commit(pdf)
            move_new(place / output.name, output)
    except OSError as error:
        message = f"the receipt {output} could not be written: {error.strerror}"
        raise ReportError(message, hint="choose another --output") from error
    return event


def _with_pdf(draft: Draft, pdf: bytes) -> Draft:
    return replace(draft, digests={**draft.digests, "receipt.pdf": sha256_bytes(pdf)})


def _page(case: CaseFolder, item: str, custodian: Custodian) -> tuple[ReceiptPage, Digest]:
    log = case.log()
    if log.problems:
        message = f"the custody log of {case.path} does not hold together"
        raise IntegrityError(message, hint="run: evidence-kit verify CASE")
    events = log.full_events()
    recorded, manifest = _recorded(events, item), manifests_of(events).get(item)
    if manifest is None:
        raise IntegrityError(f"the log names no file list of {item}", hint="run: evidence-kit verify CASE")
    seq, now = len(log.links) - 1, custodian.clock()
    return ReceiptPage(
        receipt=Receipt(head=log.head, manifest=manifest, seq=seq, item=item, issued=now),
        case=case.info.number,
        officer=custodian.officer,
        issued=now,
        recorded=recorded.time,
        stamped=stamped_at(head_tokens(case, log.links), recorded.seq),
        practice=custodian.signer.practice,
    ), manifest


def _recorded(events: list[Event], item: str) -> Event:
    for event in events:
        if event.item == item and event.type in ENDS:
            return event
    message = f"the case has no item {item!r}"
    raise CaseError(message, hint="evidence-kit list shows the items")
