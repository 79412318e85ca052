"""What a comparison of two items found: agreements and disagreements, each with both places and a measured value.

There is no sum of them, on purpose: what several agreements are worth together is for people to weigh.
"""

from dataclasses import dataclass
from enum import StrEnum

from evidence_kit.canonical import Json
from evidence_kit.pictures.viewing_copy import Region


class Kind(StrEnum):
    """What is compared."""

    PICTURE = "picture"
    """A part of a picture with the screenshot of the whole page."""
    TEXT = "text"
    """A line that was read in a picture with the recorded text of the page."""
    TIME = "time"
    """A time or date in such a line."""
    NAME = "name"
    """What looks like a name in such a line, or the name of who takes part in a conversation."""
    MESSAGE = "message"
    """A message of a chat export with the recorded text of the page."""


class Outcome(StrEnum):
    """What came of one comparison."""

    AGREES = "agrees"
    DIFFERS = "differs"
    """Something similar, but another, is there."""
    ABSENT = "absent"
    """Nothing similar was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands in a file of an item; what does not apply is None."""

    file: str
    region: Region | None = None
    """In pixels of the picture, turned upright."""
    offset: int | None = None
    """First byte."""
    length: int | None = None
    pointer: str | None = None
    """Number of a message in its file, or of a participant in ``conversations.json``."""

    def to_json(self) -> dict[str, Json]:
        """Return what applies."""
        region = self.region
        edges = [region.left, region.top, region.right, region.bottom] if region else None
        told: dict[str, Json] = {"region": [*edges] if edges else None, "offset": self.offset, "length": self.length}
        told["pointer"] = self.pointer
        return {"file": self.file, **{key: value for key, value in told.items() if value is not None}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One thing of the supplied item that was looked for in the captured one."""

    kind: Kind
    outcome: Outcome
    supplied: Place
    captured: Place | None
    measure: str
    """``correlation`` (of brightness), ``similarity`` (of letters) or ``exact``."""
    value: int | None
    """In thousandths; None where there was nothing to measure."""
    supplied_text: str = ""
    captured_text: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return its members."""
        return {
            "kind": str(self.kind),
            "outcome": str(self.outcome),
            "supplied": {**self.supplied.to_json(), **({"text": self.supplied_text} if self.supplied_text else {})},
            "captured": {**self.captured.to_json(), **({"text": self.captured_text} if self.captured_text else {})}
            if self.captured
            else None,
            "measure": self.measure,
            "value": self.value,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompared:
    """Something that could not be compared, and why: a stable *code* and an English *detail*."""

    code: str
    detail: str
    supplied: str = ""
    """File of the supplied item; empty for all."""
    captured: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return its members."""
        return {"code": self.code, "detail": self.detail, "supplied": self.supplied, "captured": self.captured}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What one way of comparing found, and what it could not compare."""

    found: tuple[Comparison, ...] = ()
    not_compared: tuple[NotCompared, ...] = ()
    unlisted: int = 0
    """Comparisons that are not in `found` because they are too many."""

    def __add__(self, other: "Compared") -> "Compared":
        """Return both together."""
        return Compared(
            found=self.found + other.found,
            not_compared=self.not_compared + other.not_compared,
            unlisted=self.unlisted + other.unlisted,
        )
