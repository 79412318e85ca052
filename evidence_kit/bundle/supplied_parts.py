"""Parts of an exhibit that somebody handed over, frozen: who gave it and how, its files, what was read from them.

Codes are English identifiers; the texts in ``templates/report`` hold words for them (sections ``found``,
``kinds_of_files``, ``no_copy``), and an unknown one is printed as it stands.
"""

from dataclasses import dataclass
from datetime import datetime

from evidence_kit.case.supply import Circumstances
from evidence_kit.models import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One fact that was read from a file; never a verdict."""

    code: str
    """Of ``found`` in the texts."""
    told: str
    """Its value as people read it."""
    detail: str = ""
    pointer: str = ""
    """Where in the file it stands, in the format's own terms."""
    offset: int | None = None
    """Its first byte."""
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """One file as it was handed over."""

    path: str
    """Relative to the item's folder."""
    called: str
    """What it was called there, with its folders, in one line: what is not shown is written as escapes."""
    size: int
    sha256: Digest
    modified: datetime | None = None
    """By the file system that it lay in."""
    created: datetime | None = None
    kind: str = ""
    """Of ``kinds_of_files`` in the texts; empty where the file was not examined."""
    media_type: str = ""
    width: int | None = None
    """In pixels."""
    height: int | None = None
    found: tuple[Found, ...] = ()
    unprinted: int = 0
    """How many facts are not in `found` because they are too many."""
    on_demand: int = 0
    """How many are not because they tell of places and numbers of devices, which nobody asked for."""
    on_demand_at: tuple[str, ...] = ()
    """Where these stand in the file."""
    same_bytes: tuple[str, ...] = ()
    """Other files of the bundle with the same bytes, each as item and path."""
    no_copy: str = ""
    """Why a picture has no viewing copy: code of ``no_copy`` in the texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """What was handed over and is not in the item."""

    called: str
    code: str
    """Of ``problems`` in the texts."""
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """Everything that an exhibit has because it was handed over."""

    circumstances: Circumstances
    sensitive: bool
    amount: int
    """How many files; `files` may hold fewer."""
    size: int
    """Their bytes together."""
    files: tuple[HandedOver, ...]
    not_taken: tuple[NotTaken, ...]
    places: bool = False
    """Whether whoever planned the exhibits asked for places and numbers of devices to be printed."""
