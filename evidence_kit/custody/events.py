"""One custody event: its fields, its one line of canonical JSON, and the line that stands for a withheld one.

Every field is always there; what is not known is an empty string, null or an empty object. The salt (32 random bytes)
keeps a withheld event's digest from being guessed. Fields follow PREMIS 3 events and ISO/IEC 27037, 6.1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest, parse_utc, utc_text

_EVENT_KEYS = frozenset(
    [
        "actor",
        "authority",
        "case",
        "clock",
        "detail",
        "digests",
        "item",
        "local",
        "note",
        "outcome",
        "place",
        "previous",
        "purpose",
        "salt",
        "seq",
        "time",
        "type",
    ]
)
_WITHHELD_KEYS = frozenset(["day", "decided_by", "ground", "seq", "signature", "type", "withheld"])
_ACTOR_TEXTS = ("name", "id", "role", "agency", "certificate")
_CLOCK_KEYS = frozenset({"source", "offset_ms", "state"})
_ITEM = re.compile(r"EV-[0-9]{4,}")


_SALT_BYTES = 32
_LOCAL_LENGTH = len("2026-11-22T09:02:03+08:00")
LONGEST_LINE = 4 * 1024 * 1024
"""Bytes of a line with its line feed: thousands of times what an event needs, and few enough to be read at once."""


class EventType(StrEnum):
    """The types that this version writes; a reader accepts any other word and shows it as it is."""

    CASE_OPENED = "case.opened"
    CAPTURE_STARTED = "capture.started"
    CAPTURED = "captured"
    IMPORT_STARTED = "import.started"
    """Things that somebody hands over are about to be taken in."""
    IMPORTED = "imported"
    DERIVATION_STARTED = "derivation.started"
    """Something is about to be made of items that are there, as an item of its own."""
    DERIVATION_MADE = "derivation.made"
    BUNDLE_STARTED = "bundle.started"
    BUNDLED = "bundled"
    BUNDLE_SEALED = "bundle.sealed"
    BUNDLE_COUNTERSIGNED = "bundle.countersigned"
    BUNDLE_RENEWED = "bundle.renewed"
    VERIFIED = "verified"
    VIEWED = "viewed"
    CONSULTED = "consulted"
    """Shown to, or talked over with, somebody who does not take it over: an expert, a prosecutor."""
    COPIED = "copied"
    DERIVED = "derived"
    """Something new was made from it elsewhere, as people note it: an enlargement, a translation."""
    MOVED = "moved"
    SEALED = "sealed"
    """A physical medium was put under a numbered seal."""
    UNSEALED = "unsealed"
    RELEASED = "released"
    """The giver's half of a hand-over (transfers.py)."""
    RECEIVED = "received"
    """The receiver's half: accepted, refused, or failed because the hashes differ."""
    RETURNED = "returned"
    """Given back to somebody who has no key."""
    DISPOSED = "disposed"
    CORRECTED = "corrected"
    """Names an earlier event and says what is right; the earlier one stays as it is."""
    NOTED = "noted"
    LOCATION_NOTED = "location.noted"
    """Where something is that was neither opened nor copied, for those who may: suspected child abuse material."""
    KEY_REGISTERED = "key.registered"
    """Another key may sign from here on (register.py)."""
    KEY_REVOKED = "key.revoked"
    SUBJECT_ATTACHED = "subject.attached"
    SUBJECT_DETACHED = "subject.detached"
    RECEIPT = "receipt"
    ITEM_SEALED = "item.sealed"
    """An item that the case had was encrypted to those it is sealed to; nothing of it lies in plain any more."""
    UNSEAL_REQUESTED = "unseal.requested"
    """Somebody asks to open what was sealed; another officer has to agree (unsealing.py)."""
    UNSEAL_APPROVED = "unseal.approved"
    UNSEAL_OPENED = "unseal.opened"
    RECIPIENT_ADDED = "recipient.added"
    """From here on what is written is encrypted to another key too (recipients.py)."""
    RECIPIENT_REMOVED = "recipient.removed"


HALVES: Mapping[str, str] = MappingProxyType(
    {
        EventType.CAPTURE_STARTED: EventType.CAPTURED,
        EventType.IMPORT_STARTED: EventType.IMPORTED,
        EventType.DERIVATION_STARTED: EventType.DERIVATION_MADE,
    }
)
"""What begins an item, and what ends it then."""

ENDS: frozenset[str] = frozenset(HALVES.values())
"""What an item exists by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What happened, before anyone has signed it."""

    type: EventType
    item: str | None = None
    digests: dict[str, Digest] = field(default_factory=dict)
    """Path in the case (or a name given in *detail*) to SHA-256."""
    purpose: str = ""
    authority: str = ""
    place: str = ""
    outcome: str = "success"
    note: str = ""
    detail: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the log, read."""

    seq: int
    previous: Digest
    case: str
    type: str
    time: datetime
    local: str
    item: str | None
    actor: dict[str, Json]
    certificate: Digest
    digests: dict[str, Digest]
    purpose: str
    authority: str
    place: str
    outcome: str
    note: str
    detail: dict[str, Json]
    clock: dict[str, Json]

    @property
    def manifest(self) -> Digest | None:
        """The manifest of its item that it names."""
        return self.digests.get(f"items/{self.item}/manifest-sha256.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldEvent:
    """A line that stands for one not disclosed: only digests, type, day and the ground."""

    seq: int
    line: Digest
    signature: Digest
    type: str
    day: str
    ground: str
    decided_by: str


def write_line(  # noqa: PLR0913  # each is one field of the event
    draft: Draft,
    *,
    seq: int,
    previous: Digest,
    case: str,
    salt: bytes,
    at: datetime,
    local: datetime,
    actor: dict[str, Json],
    clock: dict[str, Json],
) -> bytes:
    """Return the event's canonical line, its line feed included; raises `FormatError` for what no line may hold."""
    value: dict[str, Json] = {
        "seq": seq,
        "previous": str(previous),
        "case": case,
        "salt": salt.hex(),
        "type": str(draft.type),
        "time": utc_text(at),
        "local": local.isoformat(timespec="seconds"),
        "clock": clock,
        "actor": actor,
        "item": draft.item,
        "digests": {name: str(digest) for name, digest in draft.digests.items()},
        "purpose": draft.purpose,
        "authority": draft.authority,
        "place": draft.place,
        "outcome": draft.outcome,
        "note": draft.note,
        "detail": draft.detail,
    }
    line = canonical.dumps(value) + b"\n"
    if len(line) > LONGEST_LINE:
        message = f"the event would have {len(line)} bytes, and {LONGEST_LINE} is the most"
        raise FormatError(message)
    return line


def read_line(line: bytes) -> Event | WithheldEvent:
    """Read one line, its line feed included; raises `FormatError` naming what is wrong."""
    if not line.endswith(b"\n") or line.count(b"\n") != 1:
        message = "not one line ended by a line feed"
        raise FormatError(message)
    value = canonical.loads(line[:-1])
    if not isinstance(value, dict):
        message = "not a JSON object"
        raise FormatError(message)
    keys = _WITHHELD_KEYS if "withheld" in value else _EVENT_KEYS
    if value.keys() != keys:
        wrong = ", ".join(sorted(value.keys() ^ keys))
        message = f"fields missing or not known: {wrong}"
        raise FormatError(message)
    return _withheld(value) if keys is _WITHHELD_KEYS else _event(value)


def _event(value: dict[str, Json]) -> Event:
    actor, clock = _object(value, "actor"), _object(value, "clock")
    _check_actor(actor)
    offset = clock.get("offset_ms")
    if clock.keys() != _CLOCK_KEYS or isinstance(offset, bool) or not isinstance(offset, int | None):
        message = "the clock is not described as it must be"
        raise FormatError(message)
    salt = _text(value, "salt")
    if len(salt) != 2 * _SALT_BYTES or set(salt) - set("0123456789abcdef"):
        message = "the salt is not 32 bytes in hexadecimal"
        raise FormatError(message)
    item = value["item"]
    if item is not None and not (isinstance(item, str) and _ITEM.fullmatch(item)):
        message = "item is neither an item's id nor null"
        raise FormatError(message)
    time = parse_utc(value["time"])
    if _moment(_text(value, "local")) != time.replace(microsecond=0):
        message = "local is not the same moment as time"
        raise FormatError(message)
    return Event(
        seq=_number(value, "seq"),
        previous=Digest.parse(value["previous"]),
        case=_text(value, "case"),
        type=_text(value, "type"),
        time=time,
        local=_text(value, "local"),
        item=item,
        actor=actor,
        certificate=Digest.parse(actor["certificate"]),
        digests={name: Digest.parse(digest) for name, digest in _object(value, "digests").items()},
        purpose=_text(value, "purpose"),
        authority=_text(value, "authority"),
        place=_text(value, "place"),
        outcome=_text(value, "outcome"),
        note=_text(value, "note"),
        detail=_object(value, "detail"),
        clock=clock,
    )


def _check_actor(actor: dict[str, Json]) -> None:
    texts = all(isinstance(actor.get(key), str) for key in _ACTOR_TEXTS)
    if actor.keys() != {*_ACTOR_TEXTS, "practice"} or not texts or not isinstance(actor["practice"], bool):
        message = "the actor is not described as it must be"
        raise FormatError(message)


def _moment(local: str) -> datetime | None:
    # fromisoformat reads many more spellings than RFC 3339 has, and zones with seconds.
    try:
        moment = datetime.fromisoformat(local)
    except ValueError:
        return None
    return moment if len(local) == _LOCAL_LENGTH and moment.isoformat(timespec="seconds") == local else None


def _withheld(value: dict[str, Json]) -> WithheldEvent:
    day = _text(value, "day")
    parse_utc(f"{day}T00:00:00.000Z")
    return WithheldEvent(
        seq=_number(value, "seq"),
        line=Digest.parse(value["withheld"]),
        signature=Digest.parse(value["signature"]),
        type=_text(value, "type"),
        day=day,
        ground=_text(value, "ground"),
        decided_by=_text(value, "decided_by"),
    )


def _text(value: dict[str, Json], key: str) -> str:
    found = value[key]
    if not isinstance(found, str):
        message = f"{key} is not text"
        raise FormatError(message)
    return found


def _number(value: dict[str, Json], key: str) -> int:
    found = value[key]
    if isinstance(found, bool) or not isinstance(found, int):
        message = f"{key} is not a whole number"
        raise FormatError(message)
    return found


def _object(value: dict[str, Json], key: str) -> dict[str, Json]:
    found = value[key]
    if not isinstance(found, dict):
        message = f"{key} is not an object"
        raise FormatError(message)
    return found
