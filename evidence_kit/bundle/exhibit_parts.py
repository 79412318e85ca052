"""Parts of an exhibit, frozen: what was attempted, what became of every request, links, and the pictures beside.

Codes are English identifiers; the texts in ``templates/report`` hold a sentence for each (sections ``attempted``,
``attempt_states``, ``requests``).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evidence_kit.models import Digest
from evidence_kit.pictures.viewing_copy import ViewingCopy


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of a technical record: *name* is a code of ``environment`` in the texts, or shown as it stands."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFile:
    """One file of an item."""

    path: str
    """Relative to the item's folder."""
    role: str
    sha256: Digest
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing the recorder did on the page."""

    time: datetime | None
    name: str
    facts: tuple[Fact, ...] = ()
    """Names are codes of ``action_facts`` in the texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """One answer that led to another address."""

    status: int
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What whoever planned the exhibits says of one."""

    label: str
    """What it is called: "Exhibit A"."""
    title: str = ""
    """Stands in lists instead of the page's own."""
    why: str = ""
    """Why it is relevant."""
    blurred: bool = True
    partial: bool = False
    """Whether only parts of its picture are shown."""


class AttemptState(StrEnum):
    """What came of one thing that a capture can do."""

    DONE = "done"
    PARTLY = "partly"
    """Not all of it is there, as a problem of the record says."""
    NOT_ATTEMPTED = "not-attempted"
    NOT_OBTAINED = "not-obtained"
    """It was to be done, and it is not there."""
    NOT_ESTABLISHED = "not-established"
    """The record does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """One thing that a capture can do, and what came of it."""

    code: str
    """Of ``attempted`` in the texts."""
    state: AttemptState


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCount:
    """How many requests of the page had one fate."""

    code: str
    """Of ``requests`` in the texts."""
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRequest:
    """A request whose response is missing, or recorded only in part."""

    outcome: str
    reason: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """The ledger of an item in short."""

    counts: tuple[RequestCount, ...]
    missing: tuple[MissingRequest, ...]
    unlisted: int
    """How many more are missing than are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """A link of the page: its text as in the page source, and the address it leads to."""

    text: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextShot:
    """A picture of the item beside its main screenshot."""

    path: str
    """Relative to the item's folder."""
    role: str
    taken: datetime | None
    """None where the record does not tell."""
    copy: ViewingCopy
