"""Hand-overs: an item passes from one officer to another when both have signed (docs/evidence-format.md, "Hand-overs").

``released`` is the giver's event, by the holder of the item: to whom, and the item's manifest at that moment.
``received`` is the receiver's, with a key of their own: it names the giver's event by number and link, and says
``accepted`` with the same manifest, found by hashing everything again; ``refused``; or ``failed``, if that is not what
was handed over. Until then the hand-over is open, and the giver answers for the item. The giver withdraws by refusing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from evidence_kit.canonical import Json
from evidence_kit.custody.events import ENDS, Event, EventType, WithheldEvent
from evidence_kit.custody.register import KeyRegister
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest


class HandOverState(StrEnum):
    """How far a hand-over has come."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    """The receiver found something else than what was handed over."""


_ANSWERS = frozenset({HandOverState.ACCEPTED, HandOverState.REFUSED, HandOverState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who is to receive an item, as the giver says."""

    name: str
    id: str = ""
    role: str = ""
    agency: str = ""
    certificate: Digest | None = None
    """Of the one key that may accept; None: any key but the giver's."""

    def to_json(self) -> dict[str, Json]:
        """Return the ``to`` member of the giver's event."""
        certificate = str(self.certificate) if self.certificate else None
        return {
            "name": self.name,
            "id": self.id,
            "role": self.role,
            "agency": self.agency,
            "certificate": certificate,
        }

    @classmethod
    def from_json(cls, value: Json) -> "Party":
        """Read a ``to`` member; raises `FormatError`."""
        match value:
            case {
                "name": str(name),
                "id": str(id_),
                "role": str(role),
                "agency": str(agency),
                "certificate": str() | None as certificate,
            } if name.strip():
                key = Digest.parse(certificate) if certificate is not None else None
                return cls(name=name, id=id_, role=role, agency=agency, certificate=key)
        message = "the receiver is not described as it must be"
        raise FormatError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """One item on its way from one officer to another."""

    released: Event
    link: Digest
    """The link after the giver's event."""
    to: Party
    state: HandOverState = HandOverState.OPEN
    received: Event | None = None

    @property
    def item(self) -> str:
        """The item's id."""
        return self.released.item or ""

    @property
    def giver(self) -> str:
        """The giver's name as their event says."""
        return str(self.released.actor["name"])

    def to_json(self) -> dict[str, Json]:
        """Return the ``transfers[]`` member of results."""
        return {
            "item": self.item,
            "state": str(self.state),
            "released": self.released.seq,
            "received": self.received.seq if self.received else None,
            "from": self.giver,
            "to": self.to.to_json(),
        }


@dataclass(slots=True, kw_only=True)
class Transfers:
    """All hand-overs of a log, followed event by event in the order of the log."""

    keys: KeyRegister
    hand_overs: dict[int, HandOver] = field(default_factory=dict)
    """By the number of the giver's event."""
    holders: dict[str, Digest] = field(default_factory=dict)
    """The certificate of whoever answers for each item."""
    unproven: list[int] = field(default_factory=list)
    """Receipts whose other half is withheld."""
    _manifests: dict[str, Digest] = field(default_factory=dict)
    _withheld: dict[int, str] = field(default_factory=dict)
    _blind: bool = False

    def follow(self, event: Event | WithheldEvent, links: Sequence[Digest]) -> Iterator[str]:
        """Take *event* into account and yield what is wrong with it; *links* are those of the log."""
        if isinstance(event, WithheldEvent):
            self._withheld[event.seq] = event.type
            if event.type == EventType.RECEIVED:
                # Somebody took over something: from here on nobody can tell who holds what.
                self.holders.clear()
                self._blind = True
            return
        item = event.item or ""
        try:
            if event.type in ENDS:
                self.holders[item] = event.certificate
                self._manifests[item] = _manifest(event)
            elif event.type == EventType.ITEM_SEALED:
                self._manifests[item] = _manifest(event)  # who holds it stays the same
            elif event.type == EventType.RELEASED:
                yield from self._release(event, links)
            elif event.type == EventType.RECEIVED:
                yield from self._receive(event)
        except FormatError as error:
            yield str(error)

    def open(self) -> list[HandOver]:
        """Return the hand-overs that nobody has accepted or refused yet."""
        return [given for given in self.hand_overs.values() if given.state is HandOverState.OPEN]

    def open_of(self, item: str) -> HandOver | None:
        """Return the open hand-over of *item*."""
        return next((given for given in self.open() if given.item == item), None)

    def holds(self, item: str, key: Digest) -> bool:
        """Whether the officer with *key* answers for *item*; so does everybody while nobody is known to."""
        holder = self.holders.get(item)
        return holder is None or self.keys.same_person(holder, key)

    def may_answer(self, given: HandOver, key: Digest) -> bool:
        """Whether *key* is the one that the giver named, or follows it; any key if none was named."""
        return given.to.certificate is None or self.keys.same_person(given.to.certificate, key)

    def _release(self, event: Event, links: Sequence[Digest]) -> Iterator[str]:
        if not 0 < event.seq < len(links):
            return  # told by the check of the numbers
        to = Party.from_json(event.detail.get("to"))
        yield from self._wrong_with_release(event)
        self.hand_overs[event.seq] = HandOver(released=event, link=links[event.seq], to=to)

    def _wrong_with_release(self, event: Event) -> Iterator[str]:
        item = event.item or ""
        if not self.holds(item, event.certificate):
            yield f"{item} is handed over by somebody who does not hold it"
        if self.open_of(item) and not self._blind:
            yield f"{item} is handed over while another hand-over of it is open"
        if self._manifests.get(item, _manifest(event)) != _manifest(event):
            yield f"{item} is handed over with another manifest than it was captured with"

    def _receive(self, event: Event) -> Iterator[str]:
        seq, link = _answered(event.detail)
        given = self.hand_overs.get(seq)
        if given is None:
            if self._withheld.get(seq) == EventType.RELEASED:
                self.unproven.append(event.seq)
                self.holders.pop(event.item or "", None)
            else:
                yield f"it answers event {seq}, which is no hand-over before it"
            return
        problems = list(self._wrong_with_answer(event, given, link))
        yield from problems
        if not problems:
            self._close(given, event)

    def _wrong_with_answer(self, event: Event, given: HandOver, link: Digest) -> Iterator[str]:
        own = self.keys.same_person(event.certificate, given.released.certificate)
        if event.outcome not in _ANSWERS:
            yield f"it neither accepts nor refuses, but says {event.outcome!r}"
        if link != given.link:
            yield f"it answers event {given.released.seq} with the link {link}, which is {given.link}"
        if event.item != given.item:
            yield f"it is about {event.item}, the hand-over about {given.item}"
        if given.state is not HandOverState.OPEN:
            yield f"the hand-over of event {given.released.seq} was {given.state} before"
        if own and event.outcome != HandOverState.REFUSED:
            yield "giver and receiver are the same"
        if not own and not self.may_answer(given, event.certificate):
            yield "it is signed by another key than the one that the giver named"
        if event.outcome == HandOverState.ACCEPTED and _manifest(event) != _manifest(given.released):
            yield f"{given.item} is accepted with another manifest than it was handed over with"

    def _close(self, given: HandOver, event: Event) -> None:
        state = HandOverState(event.outcome)
        if state is HandOverState.REFUSED and self.keys.same_person(event.certificate, given.released.certificate):
            state = HandOverState.WITHDRAWN
        self.hand_overs[given.released.seq] = replace(given, state=state, received=event)
        if state is HandOverState.ACCEPTED:
            self.holders[given.item] = event.certificate


def _manifest(event: Event) -> Digest:
    name = f"items/{event.item}/manifest-sha256.txt"
    if name not in event.digests:
        message = f"it does not say the digest of {name}"
        raise FormatError(message)
    return event.digests[name]


def _answered(detail: Mapping[str, Json]) -> tuple[int, Digest]:
    match detail.get("released"):
        case {"seq": int(seq), "link": str(link)}:
            return seq, Digest.parse(link)
    message = "it does not say which hand-over it answers"
    raise FormatError(message)
