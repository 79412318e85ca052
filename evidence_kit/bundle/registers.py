"""What lies under seal and what the bundle leaves out, told from its copy of the log and nothing else."""

from collections.abc import Sequence

from evidence_kit.bundle.register_parts import LeftOut, SealedItem
from evidence_kit.case.items import SUPPLIED, Attempt
from evidence_kit.case.manifest import NAME
from evidence_kit.custody.events import ENDS, Event, EventType


def sealed_items(events: Sequence[Event]) -> tuple[SealedItem, ...]:
    """Return the items whose last word on seals is that they are sealed, in the order of their numbers."""
    manifests = {event.item: event.digests.get(_manifest(event.item)) for event in events if event.type in ENDS}
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


def left_out(tried: Sequence[Attempt], names: Sequence[str]) -> tuple[LeftOut, ...]:
    """Return what is known of the items *names*, which are not in the bundle."""
    return tuple(
        LeftOut(
            item=each.item,
            outcome=each.outcome,
            manifest_sha256=each.manifest,
            supplied=each.source == SUPPLIED,
        )
        for each in tried
        if each.item in names
    )


def _manifest(item: str | None) -> str:
    return f"items/{item}/{NAME}"
