"""Find every event that would give away a withheld item, not only its own.

An event names a withheld item if one of its texts holds the item's id, its address (however it is spelled: scheme,
``www.``, letter case, percent-encoding and a slash at the end do not matter), the digest of one of its files, or a
subject that belongs to withheld items only; or if it corrects a withheld event. An address under which an item that is
shown was captured too is no secret. What a page in the bundle shows of others is that page's content, and stays.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from urllib.parse import unquote

from evidence_kit.canonical import Json
from evidence_kit.custody.events import ENDS, HALVES, Event, EventType
from evidence_kit.custody.subjects import subjects_of
from evidence_kit.errors import UsageError

_WORD = re.compile(r"(?<!\w)(?:ev-[0-9]{4,}|[vsw]-[0-9]{2,4})(?!\w)|(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
_OWN_ADDRESS = ("url", "final_url")
_SHOWN_ALWAYS = frozenset({*HALVES, *ENDS, EventType.ITEM_SEALED})
"""Without them nobody can tell that an item in the bundle was begun once and ended once, and what it is since."""
_CASE_ALWAYS = frozenset({EventType.CASE_OPENED, EventType.KEY_REGISTERED, EventType.KEY_REVOKED})
"""Without them nobody can tell which case this is, and who may sign in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What must not be read in a bundle, in the form of `_plain`."""

    words: frozenset[str]
    """Ids of items, subjects, digests."""
    addresses: tuple[tuple[str, re.Pattern[str]], ...]
    """An address and where it ends."""

    def found_in(self, texts: Iterable[str]) -> str:
        """Return what is named in *texts*, or nothing."""
        for text in texts:
            plain = _plain(text)
            for match in _WORD.finditer(plain):
                if match[0] in self.words:
                    return match[0]
            for address, whole in self.addresses:
                if address in plain and whole.search(plain):
                    return address
        return ""


def names_of(events: Sequence[Event], withheld: AbstractSet[str]) -> Names:
    """Return what gives away the items *withheld*."""
    digests = {
        digest.hex
        for event in events
        if event.item in withheld
        for path, digest in event.digests.items()
        if path.startswith((f"items/{event.item}/", f"seals/{event.item}/"))
    }
    secret = _addresses(event for event in events if event.item in withheld)
    shown = _addresses(event for event in events if event.item and event.item not in withheld)
    words = {item.lower() for item in withheld} | digests | {s.lower() for s in _secret_subjects(events, withheld)}
    return Names(
        words=frozenset(words),
        addresses=tuple((address, _whole(address)) for address in sorted(secret - shown)),
    )


def hidden_events(events: Sequence[Event], withheld: AbstractSet[str], names: Names) -> frozenset[int]:
    """Return the numbers of the *events* to withhold so that nothing of the items *withheld* is told.

    Raises `UsageError` when an event that must stay names one of them.
    """
    hidden: set[int] = set()
    for event in events:
        if event.item in withheld:
            hidden.add(event.seq)
            continue
        corrected = event.detail.get("corrects") in hidden
        told = names.found_in(_texts_of(event)) or (f"event {event.detail['corrects']}" if corrected else "")
        if told and event.type in (_SHOWN_ALWAYS if event.item else _CASE_ALWAYS):
            message = f"event {event.seq} has to stay in the bundle and names what is to be withheld: {told}"
            raise UsageError(message, hint="withhold the item of that event, too" if event.item else "")
        if told:
            hidden.add(event.seq)
    return frozenset(hidden)


def refuse_naming(names: Names, texts: Iterable[tuple[str, str]]) -> None:
    """Refuse, with `UsageError`, *texts*, each with what it is called, that name what is to be withheld."""
    for what, text in texts:
        told = names.found_in([text])
        if told:
            message = f"{what} stands in the bundle and names what is to be withheld: {told}"
            raise UsageError(message)


def _secret_subjects(events: Sequence[Event], withheld: AbstractSet[str]) -> set[str]:
    """Return the subjects that were ever those of a withheld item and are now those of no other."""
    ever = {
        subject
        for event in events
        if event.type == EventType.SUBJECT_ATTACHED and event.item in withheld
        if isinstance(subject := event.detail.get("pseudonym"), str)
    }
    return ever - {s for item, subjects in subjects_of(events).items() if item not in withheld for s in subjects}


def _addresses(events: Iterable[Event]) -> set[str]:
    found = {event.detail.get(key) for event in events for key in _OWN_ADDRESS}
    return {_plain(url).removesuffix("/") for url in found if isinstance(url, str)} - {"", "about:blank"}


def _texts_of(event: Event) -> Iterator[str]:
    """Yield every text of *event* that people or the program wrote; not the address of its own item."""
    yield from (event.purpose, event.authority, event.place, event.outcome, event.note)
    for name, digest in event.digests.items():
        yield from (name, digest.hex)
    own = _OWN_ADDRESS if event.item else ()
    yield from _strings({key: value for key, value in event.detail.items() if key not in own})


def _strings(value: Json) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for member in value:
                yield from _strings(member)
        case dict():
            for key, member in value.items():
                yield key
                yield from _strings(member)


def _plain(text: str) -> str:
    """Return *text* without what two spellings of one address may differ in."""
    return _SCHEME.sub("", unquote(text).casefold()).replace("www.", "")


def _whole(address: str) -> re.Pattern[str]:
    """Return a pattern for *address* where it is not only the beginning of another: of ``/1`` in ``/12``.

    What lies below the address gives it away as well; but a page of a server does not give away its front page.
    """
    end = r"(?![\w-])" if "/" in address else r"(?![\w-]|[.:/?#]\w)"
    return re.compile(rf"(?<!\w){re.escape(address)}{end}")
