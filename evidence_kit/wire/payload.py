"""The payload of one WebSocket message while it comes: in memory while it is short, in a file when it grows."""

from dataclasses import dataclass
from pathlib import Path

from evidence_kit.wire.bodies import BodyFile, BodyFolder
from evidence_kit.wire.inflation import Inflation

_IN_MEMORY = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A payload that came to its end."""

    content: bytes | Path
    length: int
    inflated: bool
    remarks: tuple[str, ...] = ()


class Growing:
    """Bytes that go into a file when there are many of them."""

    def __init__(self, bodies: BodyFolder) -> None:
        """Use a file of *bodies* only if it must be."""
        self._bodies = bodies
        self._memory = bytearray()
        self._file: BodyFile | None = None

    def write(self, data: bytes) -> None:
        """Append *data*."""
        if self._file is not None:
            self._file.write(data)
        elif len(self._memory) + len(data) <= _IN_MEMORY:
            self._memory += data
        else:
            self._file = self._bodies.new("message")
            self._file.write(bytes(self._memory))
            self._file.write(data)
            self._memory.clear()

    def content(self) -> tuple[bytes | Path, int]:
        """Return what was written, and its length."""
        if self._file is None:
            return bytes(self._memory), len(self._memory)
        stored = self._file.stored()
        return stored.content, stored.length

    def discard(self) -> None:
        """Forget what was written."""
        if self._file is not None:
            self._file.discard()


class Payload:
    """A payload as sent and, when it is compressed, beside it what it inflates to."""

    def __init__(self, bodies: BodyFolder, inflation: Inflation | None) -> None:
        """*inflation* is None for a message that is not compressed."""
        self._sent = Growing(bodies)
        self._plain = Growing(bodies)
        self._inflation = inflation

    def feed(self, data: bytes) -> None:
        """Append bytes as sent, without their mask."""
        self._sent.write(data)
        if self._inflation is not None:
            for made in self._inflation.feed(data):
                self._plain.write(made)

    def finish(self, *, whole: bool) -> Finished:
        """Return the payload; what cannot be inflated is returned as it was sent."""
        if self._inflation is None:
            content, length = self._sent.content()
            return Finished(content=content, length=length, inflated=False)
        if whole:
            for made in self._inflation.end():
                self._plain.write(made)
        if not self._inflation.usable:
            self._plain.discard()
            content, length = self._sent.content()
            remark = "left compressed: it cannot be inflated, or would become far too long"
            return Finished(content=content, length=length, inflated=False, remarks=(remark,))
        self._sent.discard()
        content, length = self._plain.content()
        return Finished(content=content, length=length, inflated=True)
