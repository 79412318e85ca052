"""Recipients: to whose keys what a case keeps is encrypted, as the log tells (docs/evidence-format.md, "Recipients").

``recipient.added`` and ``recipient.removed`` are events about the case. What is encrypted to whom is settled when it is
written: nobody who is added later can read what was written before, and nobody who is removed forgets it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from evidence_kit.canonical import Json
from evidence_kit.custody.events import Draft, Event, EventType
from evidence_kit.errors import FormatError, UsageError
from evidence_kit.trust.age import Recipient, encrypt

_RECIPIENT = re.compile("age1[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{58}")
FEWEST = 2
"""With one alone, a lost key is lost evidence."""


class Use(StrEnum):
    """What is encrypted to somebody."""

    CONTENT = "content"
    """Every file with content, and the recordings of traffic."""
    SEAL = "seal"
    """What is sealed, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One recipient in a case."""

    recipient: Recipient
    use: Use
    holder: str = ""
    """Who has the key, as the officer says."""
    subject: str | None = None
    """Only for what concerns this pseudonym; None for everything."""

    def to_json(self) -> dict[str, Json]:
        """Return the members of an event's detail."""
        return {
            "recipient": str(self.recipient),
            "use": str(self.use),
            "holder": self.holder,
            "pseudonym": self.subject,
        }


def is_recipient(value: object) -> bool:
    """Whether *value* has the form of a recipient as age writes it."""
    return isinstance(value, str) and bool(_RECIPIENT.fullmatch(value))


def adding(named: Named, *, alone: bool = False) -> Draft:
    """Return the event that adds *named*; *alone* says that there is knowingly no second one."""
    detail = named.to_json() | ({"alone": True} if alone else {})
    return Draft(type=EventType.RECIPIENT_ADDED, detail=detail)


def removing(named: Named, *, alone: bool = False) -> Draft:
    """Return the event from which on nothing is encrypted to *named* any more."""
    detail = named.to_json() | ({"alone": True} if alone else {})
    return Draft(type=EventType.RECIPIENT_REMOVED, detail=detail)


def named_in(events: Iterable[Event]) -> tuple[Named, ...]:
    """Return the recipients after *events*, in the order in which they were added."""
    found: dict[tuple[str, str, str | None], Named] = {}
    for event in events:
        if event.type not in {EventType.RECIPIENT_ADDED, EventType.RECIPIENT_REMOVED}:
            continue
        named = _read(event.detail)
        key = (str(named.recipient), named.use, named.subject)
        if event.type == EventType.RECIPIENT_ADDED:
            found[key] = named
        else:
            found.pop(key, None)
    return tuple(found.values())


def recipients_for(named: Sequence[Named], use: Use, subjects: Iterable[str] = ()) -> tuple[Recipient, ...]:
    """Return to whom something of *subjects* is encrypted; empty when there is nobody for *use*.

    Where nobody is named for sealed material, it goes to those who may read all content.
    """
    concerned = {None, *subjects}
    fitting = [each for each in named if each.use == use]
    if use == Use.SEAL and not any(each.subject is None for each in fitting):
        fitting += [each for each in named if each.use == Use.CONTENT]
    if not any(each.subject is None for each in fitting):
        return ()
    return tuple(dict.fromkeys(each.recipient for each in fitting if each.subject in concerned))


def want_enough(named: Sequence[Named], *, alone: bool) -> None:
    """Refuse a single recipient of a use unless that is wanted; raises `UsageError`."""
    for use in Use:
        keys = {each.recipient for each in named if each.use == use and each.subject is None}
        if 0 < len(keys) < FEWEST and not alone:
            raise UsageError(
                f"only one key could open what is encrypted ({use})",
                hint="name a second recipient, whose key lies elsewhere: a lost key is lost evidence; "
                "or say --one-recipient",
            )


def want_usable(named: Sequence[Named]) -> None:
    """Refuse recipients to whom, or to all of whom at once, nothing can be encrypted; raises `UsageError`."""
    try:
        encrypt(b"", tuple(dict.fromkeys(each.recipient for each in named)))
    except FormatError as error:
        raise UsageError(str(error), hint="evidence-kit recipient list shows those of a case") from error


def _read(detail: dict[str, Json]) -> Named:
    match detail:
        case {"recipient": str(recipient), "use": str(use), "pseudonym": str() | None as subject} if use in set(Use):
            holder = detail.get("holder")
            return Named(
                recipient=Recipient.parse(recipient),
                use=Use(use),
                subject=subject,
                holder=holder if isinstance(holder, str) else "",
            )
    raise FormatError("the custody log names a recipient that cannot be read")
