"""Write the spool of a relay: what passed, byte for byte, and what is known about each connection.

A spool is a folder with ``connections.jsonl`` and, for connection 1 once it was made, ``000001-client.bin`` and
``000001-server.bin`` (what each side sent, nothing else) and ``000001.marks``. Times are whole microseconds since 1970,
UTC.

- A mark is a line ``SIDE END TIME``: up to its byte END, what SIDE sent had come in at TIME, and was passed on next.
- ``connections.jsonl`` has one JSON object a line, each with ``event`` and the connection's ``id``: ``open`` (when and
  from which port it came, name and port asked for, ``detour``), ``lookup``, ``attempt``, ``connected``, ``end``.

Each write goes to the system at once and in this order: bytes, mark, then the other side of the connection. So whatever
a browser saw is in the spool even if the relay is killed in the next moment; at the worst the last line of a file is
torn, and some bytes have no mark.
"""

import contextlib
import json
from collections.abc import Callable, Mapping
from io import FileIO
from pathlib import Path

from evidence_kit.errors import CaptureError
from evidence_kit.wire.streams import Ending, Side

CONNECTIONS = "connections.jsonl"
SIZE_LIMIT = "the limit of size was reached"
"""The error of a connection that the relay ended itself, for that reason."""

MOST_CONNECTIONS = 10_000
"""That are recorded; further ones are refused, and not even noted."""

Buffer = bytes | memoryview


def data_name(number: int, side: Side) -> str:
    """Return the name of the file that holds what *side* of connection *number* sent."""
    return f"{number:06d}-{side}.bin"


def marks_name(number: int) -> str:
    """Return the name of the file that holds the marks of connection *number*."""
    return f"{number:06d}.marks"


class SpoolWriter:
    """Fills a new folder. All its methods, and its recordings', raise `CaptureError` when the disk refuses."""

    def __init__(self, folder: Path, now: Callable[[], int], *, limit: int | None = None) -> None:
        """Begin a spool in *folder*, which must not hold one, for at most *limit* bytes, marks included."""
        self.folder = folder
        self.left = limit
        """Bytes that may still pass; None without a limit."""
        self.now = now
        self.refused = 0
        """Connections that were one too many."""
        self.failure = ""
        """Why something could not be written; from then on nothing more may pass."""
        self._last = 0
        self._journal = self.create(CONNECTIONS)

    def connection(self, *, client_port: int) -> "Recording":
        """Begin to record a connection that came from *client_port*; raises `CaptureError` when there are too many."""
        if self._last >= MOST_CONNECTIONS:
            self.refused += 1
            raise CaptureError(f"more than {MOST_CONNECTIONS} connections")
        self._last += 1
        return Recording(self, self._last, client_port=client_port)

    def create(self, name: str) -> FileIO:
        """Return a new file of the spool; each write to it goes straight to the system."""
        self.check()
        try:
            return FileIO(self.folder / name, "x")
        except OSError as error:
            raise self._refused(name, error) from error

    def write(self, stream: FileIO, data: Buffer) -> None:
        """Append all of *data*."""
        left = memoryview(data)
        try:
            while left:
                left = left[stream.write(left) :]
        except OSError as error:
            raise self._refused(Path(str(stream.name)).name, error) from error

    def note(self, event: Mapping[str, object]) -> None:
        """Append *event* to the journal."""
        self.write(self._journal, json.dumps(event, separators=(",", ":")).encode("ascii") + b"\n")

    def check(self) -> None:
        """Raise the first failure again, or that nothing more may pass: what cannot be recorded is not carried."""
        if self.failure:
            raise CaptureError(self.failure)
        if self.left == 0:
            raise CaptureError(SIZE_LIMIT)

    def take(self, size: int) -> None:
        """Count *size* bytes; what would pass the limit is not recorded and does not pass, and nothing after it."""
        if self.left is not None:
            if size > self.left:
                self.left = 0
                raise CaptureError(SIZE_LIMIT)
            self.left -= size

    def close(self) -> None:
        """Write nothing more."""
        self._journal.close()

    def _refused(self, name: str, error: OSError) -> CaptureError:
        message = f"the spool file {name} cannot be written: {error.strerror}"
        self.failure = self.failure or message
        return CaptureError(message)


class _Way:
    """What is known of one direction."""

    def __init__(self) -> None:
        self.stream: FileIO | None = None
        self.size = 0
        self.passed = 0
        self.ending = Ending.OPEN
        self.ended: int | None = None


class Recording:
    """One connection: its events, its bytes and how it ended."""

    def __init__(self, spool: SpoolWriter, number: int, *, client_port: int) -> None:
        """Take the number; nothing is written before `open`."""
        self._spool = spool
        self._number = number
        self._client_port = client_port
        self._accepted = spool.now()
        self._marks: FileIO | None = None
        self._ways = {Side.CLIENT: _Way(), Side.SERVER: _Way()}
        self._by: Side | None = None
        self._opened = False
        self.error = ""
        """Why it was never made, or did not end orderly; the first reason stays."""

    def open(self, name: str, port: int, detour: str = "") -> None:
        """Write what the client asked for (nothing, when that could not be read), and where it is sent instead."""
        self._opened = True
        asked = {"client_port": self._client_port, "name": name, "port": port, "detour": detour}
        self.note("open", {"time": self._accepted, **asked})

    def note(self, event: str, values: Mapping[str, object]) -> None:
        """Write an event of this connection."""
        self._spool.note({"event": event, "id": self._number, **values})

    def connected(self, address: str, port: int, local_address: str, local_port: int) -> None:
        """Write what was reached and from where, and make the files."""
        for side, way in self._ways.items():
            way.stream = self._spool.create(data_name(self._number, side))
        self._marks = self._spool.create(marks_name(self._number))
        local = {"local_address": local_address, "local_port": local_port}
        self.note("connected", {"time": self._spool.now(), "address": address, "port": port, **local})

    def add(self, side: Side, data: Buffer) -> None:
        """Keep what *side* sent; afterwards it may be passed on."""
        way = self._ways[side]
        if way.stream is None or self._marks is None:
            raise CaptureError(f"connection {self._number} has bytes before it is made")
        self._spool.check()
        mark = b"%s %d %d\n" % (side.encode("ascii"), way.size + len(data), self._spool.now())
        # Of bytes that come one by one the marks are the greater part.
        self._spool.take(len(data) + len(mark))
        self._spool.write(way.stream, data)
        way.size += len(data)
        self._spool.write(self._marks, mark)

    @property
    def number(self) -> int:
        """The connection's number, from 1."""
        return self._number

    def size(self, side: Side) -> int:
        """Return how many bytes of *side* are recorded."""
        return self._ways[side].size

    def passed(self, side: Side, size: int) -> None:
        """Count *size* bytes that *side* sent as given to the system for the other side."""
        self._ways[side].passed += size

    def ended(self, side: Side, ending: Ending, *, by: Side, error: str = "") -> None:
        """Keep how the direction of *side* ended, and which side caused it; the first to end is the one that counts."""
        way = self._ways[side]
        self._by = self._by or by
        self.error = self.error or error
        if way.ending is Ending.OPEN:
            way.ending = ending
            way.ended = self._spool.now()

    def close(self) -> None:
        """Write the end and let go of the files."""
        if not self._opened:
            self.open("", 0)
        ways = {
            str(side): {"ending": str(way.ending), "time": way.ended, "bytes": way.size, "passed": way.passed}
            for side, way in self._ways.items()
        }
        for stream in (self._marks, *(way.stream for way in self._ways.values())):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self.note("end", {"time": self._spool.now(), "by": self._by and str(self._by), "error": self.error, **ways})
