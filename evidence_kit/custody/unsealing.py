"""Unsealing takes two people, each with a key of their own (docs/evidence-format.md, "Unsealing").

``unseal.requested`` says why, and who is to agree. ``unseal.approved`` is that person's, with a key that is none of the
first officer's, and names the request by number and link. ``unseal.opened`` is the requester's again, written before
anything is opened; it uses the approval up. What a recipient's key opens without this tool no log can show.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from evidence_kit.canonical import Json
from evidence_kit.custody.events import Event, EventType, WithheldEvent
from evidence_kit.custody.register import KeyRegister
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest

_HALVES = frozenset({EventType.UNSEAL_REQUESTED, EventType.UNSEAL_APPROVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsealing:
    """One request to open a sealed item, and how far it has come."""

    requested: Event
    link: Digest
    """The link after the request."""
    approved: Event | None = None
    opened: Event | None = None

    @property
    def second(self) -> str:
        """Name or number of the officer who is to agree."""
        second = self.requested.detail.get("second")
        return second if isinstance(second, str) else ""

    def is_second(self, event: Event, keys: KeyRegister) -> bool:
        """Whether *event* is by the officer who is to agree, with a key of another officer than the request."""
        named = {str(event.actor.get("name")), str(event.actor.get("id"))} - {""}
        return self.may_agree(event.certificate, keys) and self.second in named

    def may_agree(self, key: Digest, keys: KeyRegister) -> bool:
        """Whether *key* is not the requester's: no officer agrees with a second key to what the first one asked."""
        asked = self.requested.certificate
        return not keys.same_person(key, asked) and not keys.same_name(key, asked)


@dataclass(slots=True, kw_only=True)
class Unsealings:
    """All of a log, followed event by event in the order of the log."""

    requests: dict[int, Unsealing] = field(default_factory=dict)
    """By the number of the request."""
    unproven: list[int] = field(default_factory=list)
    """Events whose request is withheld."""
    _withheld: set[int] = field(default_factory=set)

    def follow(self, event: Event | WithheldEvent, link: Digest, keys: KeyRegister) -> Iterator[str]:
        """Take *event* in, *link* being that after it and *keys* those of the log so far; yield what does not fit."""
        if isinstance(event, WithheldEvent):
            if event.type in _HALVES:
                self._withheld.add(event.seq)
        elif event.type == EventType.UNSEAL_REQUESTED:
            self.requests[event.seq] = Unsealing(requested=event, link=link)
        elif event.type in {EventType.UNSEAL_APPROVED, EventType.UNSEAL_OPENED}:
            yield from self._continue(event, keys)

    def _continue(self, event: Event, keys: KeyRegister) -> Iterator[str]:
        try:
            seq, named = read_request(event.detail)
        except FormatError as error:
            yield str(error)
            return
        if seq in self._withheld:
            self.unproven.append(event.seq)
            return
        request = self.requests.get(seq)
        if request is None or named != request.link or event.item != request.requested.item:
            yield f"event {seq} is no request to unseal {event.item} with this link"
        elif event.manifest != request.requested.manifest:
            yield f"the request of event {seq} is about another manifest of {event.item}"
        elif event.type == EventType.UNSEAL_APPROVED:
            yield from self._approve(seq, request, event, keys)
        else:
            yield from self._open(seq, request, event)

    def _approve(self, seq: int, request: Unsealing, event: Event, keys: KeyRegister) -> Iterator[str]:
        if request.approved:
            yield f"the request of event {seq} was agreed to before"
        elif not request.is_second(event, keys):
            yield f"whoever agreed is not the second officer whom event {seq} names, or signed with a key of the first"
        else:
            self.requests[seq] = replace(request, approved=event)

    def _open(self, seq: int, request: Unsealing, event: Event) -> Iterator[str]:
        if request.approved is None:
            yield f"it was opened without a second officer's agreement to event {seq}"
        elif request.opened:
            yield f"the agreement to event {seq} was used before"
        elif event.certificate != request.requested.certificate:
            yield f"it was opened by another key than the one that asked in event {seq}"
        else:
            self.requests[seq] = replace(request, opened=event)


def request_named(request: Unsealing) -> dict[str, Json]:
    """Return the member of ``detail`` that names *request*."""
    return {"requested": {"seq": request.requested.seq, "link": str(request.link)}}


def read_request(detail: dict[str, Json]) -> tuple[int, Digest]:
    """Return number and link of the request that an event names; raises `FormatError`."""
    match detail.get("requested"):
        case {"seq": int(seq), "link": str(link)} if not isinstance(seq, bool):
            return seq, Digest.parse(link)
    raise FormatError("it names no request to unseal")
