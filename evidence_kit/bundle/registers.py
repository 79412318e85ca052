"""What is sealed and what the bundle leaves out, told from its copy of the log and nothing else."""

from collections.abc import Sequence

from evidence_kit.bundle.register_parts import EncryptedItem, LeftOut, SealedItem
from evidence_kit.case.items import SUPPLIED, Attempt, manifests_of
from evidence_kit.custody.events import HALVES, Event, EventType


def sealed_items(events: Sequence[Event]) -> tuple[SealedItem, ...]:
    """Return the items whose last word on seals is that they are sealed, in the order of their numbers."""
    manifests = manifests_of(events)
    last = {event.item: event for event in events if event.type in {EventType.SEALED, EventType.UNSEALED}}
    return tuple(
        SealedItem(
            item=item,
            manifest_sha256=manifests.get(item),
            seal_number=str(event.detail.get("seal_number", "")),
            seq=event.seq,
            place=event.place,
        )
        for item, event in sorted((item or "", event) for item, event in last.items())
        if event.type == EventType.SEALED
    )


def encrypted_items(tried: Sequence[Attempt], events: Sequence[Event]) -> tuple[EncryptedItem, ...]:
    """Return the items that were sealed by encryption, in the order of their numbers."""
    places = {event.item: event.place for event in events if event.type in HALVES}
    return tuple(
        EncryptedItem(
            item=each.item,
            manifest_sha256=each.manifest,
            seq=each.started_seq,
            outcome=each.outcome,
            handed_over=each.files if each.source == SUPPLIED else None,
            place=places.get(each.item, ""),
        )
        for each in tried
        if each.sealed
    )


def left_out(tried: Sequence[Attempt], names: Sequence[str]) -> tuple[LeftOut, ...]:
    """Return what is known of the items *names*, which are not in the bundle."""
    return tuple(
        LeftOut(
            item=each.item,
            outcome=each.outcome,
            manifest_sha256=each.manifest,
            kind="sealed" if each.sealed else each.source,
        )
        for each in tried
        if each.item in names
    )
