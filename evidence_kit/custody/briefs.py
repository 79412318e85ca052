"""What is remembered of every event of a log, however long it is: a few numbers each."""

from array import array
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from evidence_kit.custody.events import Event
from evidence_kit.models import Digest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Brief(NamedTuple):
    """One disclosed event."""

    line: int
    """Number of its line."""
    seq: int
    """The number that it gives itself."""
    time: datetime
    certificate: Digest


class Briefs:
    """The disclosed events of a log in order, about 30 bytes each."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lines, self._numbers, self._times, self._signers = array("q"), array("q"), array("q"), array("q")
        self._certificates: dict[Digest, int] = {}

    def append(self, line: int, event: Event) -> None:
        """Add the *event* that stands in *line*."""
        self._lines.append(line)
        self._numbers.append(event.seq)
        self._times.append((event.time - _EPOCH) // _MICROSECOND)
        self._signers.append(self._certificates.setdefault(event.certificate, len(self._certificates)))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._lines)

    def __iter__(self) -> Iterator[Brief]:
        """Yield them in order."""
        certificates = list(self._certificates)
        for line, seq, time, signer in zip(self._lines, self._numbers, self._times, self._signers, strict=True):
            yield Brief(line, seq, _EPOCH + time * _MICROSECOND, certificates[signer])

    def numbers(self) -> Iterator[int]:
        """Yield the number of each."""
        return iter(self._numbers)
