"""What every recorder can do: prepare the browser, listen while it runs, and say afterwards what passed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from evidence_kit.browser.launch import Tap
from evidence_kit.canonical import Json
from evidence_kit.capture.entries import Entry
from evidence_kit.capture.observer import Observer
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.traffic import Traffic
from evidence_kit.models import Problem, RecorderKind
from evidence_kit.trust.age import Recipient
from evidence_kit.wire.exchange import RawBytes

Refusal: TypeAlias = Callable[[str, str], str]
"""Returns why an address could not be reached (``net::ERR_…``), from it and from what the browser says."""


def _as_told(_url: str, told: str) -> str:
    return told


@dataclass(slots=True, kw_only=True)
class Recorded:
    """What passed between the browser and its servers, as far as it is known."""

    entries: list[Entry] = field(default_factory=list)
    """One per request, in the order in which they began."""
    problems: list[Problem] = field(default_factory=list)
    """What went wrong with the recording as such."""
    raw: list[tuple[int, RawBytes]] = field(default_factory=list)
    """What could not be read as an exchange, with the number of its connection."""
    connections: list[dict[str, Json]] = field(default_factory=list)
    """The lines of ``connections.jsonl``; none when the recorder does not see connections."""
    statements: dict[str, bytes] = field(default_factory=dict)
    """What a witness signed: the files of the item by their names."""
    lookups: list[Json] = field(default_factory=list)
    """Names that were asked for and the addresses answered, each ``name``, ``addresses`` and ``source``."""
    refusal: Refusal = _as_told


class Recorder(Protocol):
    """A way to record; a context manager around the life of one browser."""

    kind: RecorderKind

    def __enter__(self) -> Self:
        """Begin; raises `CaptureError` when that cannot be."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End whatever still runs."""

    @property
    def tap(self) -> Tap | None:
        """Where the browser's connections lead through; None when they go their own way."""

    def observer(self, traffic: Traffic, spool: Spool) -> Observer:
        """Return what listens while the browser runs."""

    def full(self, spool: Spool) -> bool:
        """Return whether so much was recorded that no more is; cheap enough to be asked every second."""

    def read(self, traffic: Traffic, spool: Spool) -> Recorded:
        """Return what was recorded, after the browser has ended."""

    def seal(self, recipients: Sequence[Recipient], output: Path) -> bool:
        """Encrypt what passed to *recipients* as the file *output*; return whether there is such a file."""
