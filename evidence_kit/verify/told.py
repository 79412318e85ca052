"""What the verifier keeps of a log's events: those about items and bundles, and of all others next to nothing."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from evidence_kit.case.items import sealed_to, was_sealed
from evidence_kit.case.layout import HEAD_TOKEN
from evidence_kit.custody.events import ENDS, HALVES, Event, EventType, WithheldEvent
from evidence_kit.models import Digest

_ABOUT_ITEMS = ("items/", "seals/")
_COMPARED = frozenset(
    {
        *("url", "final_url", "http_status", "recorder", "supplied", "not_before", "derived_from"),
        "address_commitment",
        *("replaces", "files", "bytes"),
    }
)
"""What of an event's detail is held against the item's own record."""
_HALVES = frozenset({*HALVES, *ENDS})


@dataclass(slots=True)
class Told:
    """What was heard of the events so far, in the order of the log."""

    first: Event | WithheldEvent | None = None
    began: datetime | None = None
    """The time of the first disclosed event."""
    ended: datetime | None = None
    """The time of the last one."""
    officers: set[str] = field(default_factory=set)
    halves: list[Event] = field(default_factory=list)
    """Beginnings and ends of items."""
    sealings: dict[str, Event] = field(default_factory=dict)
    """By item: that it was sealed after it had been committed."""
    tokens: dict[tuple[str, int], Digest] = field(default_factory=dict)
    """The time stamps over heads that events name: path and number of the event."""
    bundle: Event | None = None
    """The last beginning of a bundle."""
    bundled: list[Event] = field(default_factory=list)
    """The items put into it."""
    behind: list[tuple[int, str]] = field(default_factory=list)
    """Number and type of whatever else follows it."""

    def hear(self, event: Event | WithheldEvent) -> None:
        """Take the next *event* into account."""
        self.first = self.first or event
        if isinstance(event, WithheldEvent):
            return
        self.began = self.began or event.time
        self.ended = event.time
        self.officers.add(str(event.actor["name"]))
        self.tokens.update({(name, event.seq): d for name, d in event.digests.items() if HEAD_TOKEN.fullmatch(name)})
        if event.type in _HALVES:
            self.halves.append(_in_brief(event))
        if event.type == EventType.ITEM_SEALED and event.item:
            self.sealings.setdefault(event.item, _in_brief(event))
        if event.type == EventType.BUNDLE_STARTED:
            self.bundle, self.bundled, self.behind = event, [], []
        elif self.bundle is None:
            return
        elif event.type == EventType.BUNDLED:
            self.bundled.append(_in_brief(event))
        else:
            self.behind.append((event.seq, event.type))

    def committed(self) -> list[Event]:
        """Return the events that items exist by."""
        return [event for event in self.halves if event.type in ENDS]


def _in_brief(event: Event) -> Event:
    """Return the *event* with what is held against its item: a line may be long, and a log have many."""
    return replace(
        event,
        actor={},
        digests={name: digest for name, digest in event.digests.items() if name.startswith(_ABOUT_ITEMS)},
        note="",
        detail={
            **{key: value for key, value in event.detail.items() if key in _COMPARED},
            **({"sealed": True, "recipients": sealed_to(event)} if was_sealed(event) else {}),
        },
        clock={},
    )
