"""What a custody event says beyond the fields that all have, for the report: hand-overs, corrections, keys, seals."""

from collections.abc import Iterator, Sequence

from evidence_kit.bundle.exhibit_parts import Fact
from evidence_kit.custody.chain import LogFindings
from evidence_kit.custody.events import Event, EventType

_SAID = (
    "from",
    "party",
    "seen",
    "second",
    "pseudonym",
    "witness",
    "condition",
    "seal_number",
    "method",
    "change",
    "verdict",
    "certificate",
    "subject",
    "replaces",
    "reason",
    "lost",
    "corrects",
    "synced",
)
"""Members of ``detail`` that are printed as they are, in this order."""


def hand_over_state(log: LogFindings, event: Event) -> str:
    """Return the state of the hand-over that *event* begins; empty for any other event."""
    given = log.transfers.hand_overs.get(event.seq)
    return str(given.state) if given else ""


def corrections(log: LogFindings) -> dict[int, list[Event]]:
    """Return by number the events that correct an event."""
    found: dict[int, list[Event]] = {}
    for event in log.full_events():
        corrected = event.detail.get("corrects")
        if event.type == EventType.CORRECTED and isinstance(corrected, int):
            found.setdefault(corrected, []).append(event)
    return found


def custody_facts(log: LogFindings, event: Event, corrected_by: Sequence[Event]) -> Iterator[Fact]:
    """Yield what *event* says, and the later events that corrected or answered it."""
    for name in _SAID:
        value = event.detail.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            yield Fact(name=name, value=str(value))
    given = log.transfers.hand_overs.get(event.seq)
    if given:
        told = (given.to.name, given.to.id, given.to.role, given.to.agency)
        yield Fact(name="to", value=", ".join(part for part in told if part))
        if given.received:
            yield Fact(name="answered_by", value=str(given.received.seq))
    answered = event.detail.get("released")
    if event.type == EventType.RECEIVED and isinstance(answered, dict):
        yield Fact(name="answers", value=str(answered.get("seq")))
    asked = event.detail.get("requested")
    if event.type in {EventType.UNSEAL_APPROVED, EventType.UNSEAL_OPENED} and isinstance(asked, dict):
        yield Fact(name="requested", value=str(asked.get("seq")))
    if event.type == EventType.UNSEAL_OPENED:
        yield Fact(name="opened_files", value=str(event.detail.get("files")))
    if event.type in {EventType.RECIPIENT_ADDED, EventType.RECIPIENT_REMOVED}:
        yield Fact(name=f"recipient_{event.detail.get('use')}", value=str(event.detail.get("recipient")))
    for later in corrected_by:
        yield Fact(name="corrected_by", value=f"{later.seq}: {later.note}")
