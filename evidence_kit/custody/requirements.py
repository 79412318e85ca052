"""What an event of each type must carry, in one place: writers are held to it, and the verifier asks for it.

Further members of ``detail`` are free. A reader knows nothing of other types and wants nothing of them
(docs/evidence-format.md, "Event"; fields after PREMIS 3 events and ISO/IEC 27037, 6.1).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from evidence_kit.canonical import Json
from evidence_kit.custody.events import Draft, Event, EventType
from evidence_kit.custody.recipients import Use, is_recipient
from evidence_kit.custody.subjects import is_subject
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest, parse_utc

Fits = Callable[[Json], bool]
"""Whether a member of ``detail`` is of the right kind."""


def _text(value: Json) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _number(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _object(value: Json) -> bool:
    return isinstance(value, dict)


def _list(value: Json) -> bool:
    return isinstance(value, list)


def _anything(_value: Json) -> bool:
    return True


def _digest(value: Json) -> bool:
    return _reads(Digest.parse, value)


def _time(value: Json) -> bool:
    return _reads(parse_utc, value)


def _reads(parse: Callable[[Json], object], value: Json) -> bool:
    try:
        parse(value)
    except FormatError:
        return False
    return True


def _consultations(value: Json) -> bool:
    """Whether *value* says in which lists of hash values files were looked up, and how many were found."""
    counts = _or_null(_number)
    return isinstance(value, list) and all(
        isinstance(each, dict)
        and _digest(each.get("list"))
        and _number(each.get("entries"))
        and "pdq" in each
        and counts(each["pdq"])
        and "hits" in each
        and counts(each["hits"])
        for each in value
    )


def _use(value: Json) -> bool:
    return isinstance(value, str) and value in set(Use)


def _or_null(fits: Fits) -> Fits:
    return lambda value: value is None or fits(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What one type of event must carry."""

    item: bool | None = None
    """True: it is about an item; False: never; None: about one, or about the case as a whole."""
    digests: tuple[str, ...] = ()
    """Names in ``digests``, ``ID`` standing for the item."""
    texts: tuple[str, ...] = ()
    """Those of purpose, authority, place and note that may not be empty."""
    detail: Mapping[str, Fits] = field(default_factory=dict)
    optional: Mapping[str, Fits] = field(default_factory=dict)
    """Members of ``detail`` that need not be there."""
    outcomes: tuple[str, ...] = ()
    """The only outcomes there are; any, if empty."""
    by_hand: bool = False
    """Whether people note it themselves, with ``custody add``."""


_MANIFEST = "items/ID/manifest-sha256.txt"
_HAND_OVER: Mapping[str, Fits] = {"condition": _anything}

_REISSUED = Requirement(item=False, digests=("root", "tagmanifest-sha256.txt", "previous"))

_RECIPIENT = Requirement(
    item=False,
    detail={"recipient": is_recipient, "use": _use, "pseudonym": _or_null(is_subject)},
)

REQUIREMENTS: Mapping[str, Requirement] = MappingProxyType(
    {
        EventType.CASE_OPENED: Requirement(item=False, detail={"format": _number}, optional={"synced": _text}),
        EventType.CAPTURE_STARTED: Requirement(item=True, detail={"url": _anything}),
        EventType.CAPTURED: Requirement(
            item=True,
            digests=(_MANIFEST, "seals/ID/manifest-sha256.txt.p7s"),
            detail={"url": _anything, "final_url": _anything, "http_status": _anything, "recorder": _anything},
            outcomes=("complete", "incomplete", "failed"),
        ),
        EventType.IMPORT_STARTED: Requirement(
            item=True, detail={"asked": _object}, optional={"hash_lists": _consultations}
        ),
        EventType.IMPORTED: Requirement(
            item=True,
            digests=(_MANIFEST, "seals/ID/manifest-sha256.txt.p7s"),
            detail={"supplied": _object},
            outcomes=("complete", "incomplete", "failed"),
        ),
        EventType.DERIVATION_STARTED: Requirement(item=True, detail={"derived_from": _list, "method": _text}),
        EventType.DERIVATION_MADE: Requirement(
            item=True,
            digests=(_MANIFEST, "seals/ID/manifest-sha256.txt.p7s"),
            detail={"derived_from": _list, "method": _text},
            outcomes=("complete", "incomplete", "failed"),
        ),
        EventType.BUNDLE_STARTED: Requirement(item=False),
        EventType.BUNDLED: Requirement(item=True, digests=(_MANIFEST,)),
        EventType.BUNDLE_SEALED: Requirement(item=False, digests=("root", "tagmanifest-sha256.txt")),
        EventType.BUNDLE_COUNTERSIGNED: _REISSUED,
        EventType.BUNDLE_RENEWED: _REISSUED,
        EventType.VERIFIED: Requirement(
            item=False,
            detail={"verdict": _text, "head": _or_null(_digest), "checks": _object, "failed": _list},
            outcomes=("pass", "fail"),
        ),
        EventType.SUBJECT_ATTACHED: Requirement(item=True, detail={"pseudonym": is_subject}),
        EventType.SUBJECT_DETACHED: Requirement(item=True, detail={"pseudonym": is_subject}),
        EventType.ITEM_SEALED: Requirement(
            item=True,
            digests=(_MANIFEST, "seals/ID/sealed.p7s", "items/ID/sealed.json"),
            texts=("purpose",),
            detail={"replaces": _digest, "files": _number, "bytes": _number},
        ),
        EventType.UNSEAL_REQUESTED: Requirement(
            item=True, digests=(_MANIFEST,), texts=("purpose",), detail={"second": _text}
        ),
        EventType.UNSEAL_APPROVED: Requirement(item=True, digests=(_MANIFEST,), detail={"requested": _object}),
        EventType.UNSEAL_OPENED: Requirement(
            item=True, digests=(_MANIFEST,), texts=("purpose",), detail={"requested": _object, "files": _number}
        ),
        EventType.RECIPIENT_ADDED: _RECIPIENT,
        EventType.RECIPIENT_REMOVED: _RECIPIENT,
        EventType.RECEIPT: Requirement(
            item=True, digests=(_MANIFEST, "receipt.txt"), detail={"head": _digest, "seq": _number}
        ),
        EventType.VIEWED: Requirement(texts=("purpose",), by_hand=True),
        EventType.CONSULTED: Requirement(texts=("purpose",), detail={"party": _text}, by_hand=True),
        EventType.COPIED: Requirement(texts=("purpose", "place"), by_hand=True),
        EventType.DERIVED: Requirement(
            item=True, texts=("purpose",), detail={"method": _text, "change": _text}, by_hand=True
        ),
        EventType.MOVED: Requirement(texts=("place",), detail={"from": _text}, by_hand=True),
        EventType.SEALED: Requirement(detail={"seal_number": _text}, by_hand=True),
        EventType.UNSEALED: Requirement(texts=("purpose",), detail={"seal_number": _text}, by_hand=True),
        EventType.RELEASED: Requirement(
            item=True,
            digests=(_MANIFEST,),
            texts=("purpose",),
            detail={"to": _object, **_HAND_OVER},
            outcomes=("offered",),
        ),
        EventType.RECEIVED: Requirement(
            item=True, detail={"released": _object, **_HAND_OVER}, outcomes=("accepted", "refused", "failed")
        ),
        EventType.RETURNED: Requirement(detail={"party": _text}, by_hand=True),
        EventType.DISPOSED: Requirement(texts=("authority",), detail={"method": _text, "witness": _text}, by_hand=True),
        EventType.CORRECTED: Requirement(texts=("note",), detail={"corrects": _number}, by_hand=True),
        EventType.NOTED: Requirement(texts=("note",), by_hand=True),
        EventType.LOCATION_NOTED: Requirement(detail={"address": _text, "seen": _time, "party": _text}, by_hand=True),
        EventType.KEY_REGISTERED: Requirement(
            item=False,
            detail={
                "certificate": _digest,
                "subject": _anything,
                "replaces": _or_null(_digest),
                "transfer": _or_null(_number),
            },
        ),
        EventType.KEY_REVOKED: Requirement(
            item=False,
            detail={"certificate": _digest, "reason": _text, "lost": _time, "acknowledged": _object},
        ),
    }
)

BY_HAND = tuple(kind for kind, requirement in REQUIREMENTS.items() if requirement.by_hand)
"""The types that people note themselves."""


def wanting(event: Draft | Event) -> list[str]:
    """Return what *event* ought to carry and does not, as names of fields; nothing for a type that is not known."""
    requirement = REQUIREMENTS.get(event.type)
    return list(_wanting(event, requirement)) if requirement else []


def _wanting(event: Draft | Event, requirement: Requirement) -> Iterator[str]:
    if requirement.item is not None and requirement.item != (event.item is not None):
        yield "item"
    for name in requirement.digests:
        if name.replace("ID", str(event.item)) not in event.digests:
            yield f"digests.{name.replace('ID', str(event.item))}"
    texts = {"purpose": event.purpose, "authority": event.authority, "place": event.place, "note": event.note}
    yield from (name for name in requirement.texts if not texts[name].strip())
    for name, fits in requirement.detail.items():
        if name not in event.detail or not fits(event.detail[name]):
            yield f"detail.{name}"
    for name, fits in requirement.optional.items():
        if name in event.detail and not fits(event.detail[name]):
            yield f"detail.{name}"
    if requirement.outcomes and event.outcome not in requirement.outcomes:
        yield "outcome"
