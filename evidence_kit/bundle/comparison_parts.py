"""What an exhibit has because it is a comparison of two others, frozen: what agrees, what does not, each with places.

Codes are English identifiers; the texts in ``templates/report`` hold words for them (sections ``compared-kind``,
``compared-outcome``, ``measure``, ``not-compared``).
"""

from dataclasses import dataclass

from evidence_kit.models import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeOf:
    """An item that was compared."""

    item: str
    manifest_sha256: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPlace:
    """Where something stands, and what stands there."""

    file: str
    where: str
    """Rectangle in pixels, bytes, or pointer; empty where there is none."""
    told: str
    """The text that stands there; of a picture empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRow:
    """One agreement or disagreement."""

    kind: str
    outcome: str
    measure: str
    measured: str
    """``0.97``; empty where there was nothing to measure."""
    supplied: ComparedPlace
    captured: ComparedPlace | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDone:
    """Something that was not compared, and why."""

    code: str
    detail: str
    files: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The whole list, as far as it is printed."""

    made_of: tuple[MadeOf, ...]
    """The supplied item, then the captured one."""
    sensitive: bool
    reader: str
    """What read the text in pictures; empty if nothing did."""
    rows: tuple[ComparedRow, ...]
    not_done: tuple[NotDone, ...]
