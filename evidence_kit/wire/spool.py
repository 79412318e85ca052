"""Read the spool of a relay (written by `evidence_kit.wire.spooling`, which describes its files), finished or not.

A relay that was killed leaves connections without an end, bytes without a mark and perhaps a last line that is torn:
all that is read as far as it goes, and told in `Spool.problems`. Anything else that does not fit is a `FormatError`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from os import SEEK_END
from pathlib import Path

from evidence_kit.canonical import Json, parse
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest
from evidence_kit.trust.digests import sha256_file
from evidence_kit.wire.spooling import CONNECTIONS, data_name, marks_name
from evidence_kit.wire.streams import Ending, Piece, Side

LARGEST_PIECE = 256 * 1024
"""Bytes of a piece at most, whatever a mark says."""

_KINDS = {"open", "lookup", "attempt", "connected", "end"}
_MARK = re.compile(rb"(client|server) (0|[1-9]\d{0,17}) ([1-9]\d{0,17})\n")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_Event = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A question to the system's resolver, and its answer."""

    question: str
    answers: tuple[str, ...]
    """All addresses, in the system's order."""
    asked: datetime
    answered: datetime
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt to connect to one address; *error* is empty if it was the one that won."""

    address: str
    port: int
    started: datetime
    ended: datetime
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledDirection:
    """What one side sent (`evidence_kit.wire.streams.Direction`)."""

    side: Side
    data: Path
    marks: Path
    opened: datetime
    """When the connection was asked for: the time of bytes that have no mark, if nothing before them has one."""
    size: int
    """Bytes in the file."""
    ending: Ending = Ending.OPEN
    ended: datetime | None = None
    ended_by: Side | None = None
    counted: int | None = None
    """Bytes as the relay counted them at the end; None while the end is not written."""
    passed: int | None = None
    """Bytes that the system took for the other side, counted in whole pieces; None while the end is not written."""

    def pieces(self) -> Iterator[Piece]:
        """Yield the bytes, each piece with the time at which it came in; raises `FormatError`."""
        if not self.size:
            return
        time = self.opened
        done = 0
        with self.data.open("rb") as stream:
            for end, moment in self._marks():
                time = moment
                while done < min(end, self.size):
                    data = stream.read(min(end - done, LARGEST_PIECE))
                    if not data:
                        raise FormatError(f"{self.data.name} is shorter than when the spool was opened")
                    done += len(data)
                    yield Piece(data, time)
            while data := stream.read(min(self.size - done, LARGEST_PIECE)):
                done += len(data)
                yield Piece(data, time)

    def unmarked(self) -> int:
        """Return how many bytes at the end have no mark; negative when marks promise more bytes than there are."""
        end = 0
        for end, _ in self._marks():  # noqa: B007  # the last one counts
            pass
        return self.size - end

    def _marks(self) -> Iterator[tuple[int, datetime]]:
        last = 0
        with self.marks.open("rb") as lines:
            for line in lines:
                match = _MARK.fullmatch(line)
                if match is None:
                    if line.endswith(b"\n"):
                        raise FormatError(f"{self.marks.name} holds a line that is no mark")
                    return
                if match[1] == self.side.encode("ascii"):
                    end = int(match[2])
                    if end <= last:
                        raise FormatError(f"{self.marks.name} goes back from byte {last} to {end}")
                    last = end
                    yield end, _moment(int(match[3]))


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledConnection:
    """One client connection to the relay, and what became of it."""

    id: int
    name: str
    """As asked for: a host name or the text of an address; empty if the client never asked."""
    port: int
    detour: str
    """``ADDRESS PORT`` where it was sent instead; empty if it was not."""
    client_port: int
    opened: datetime
    lookups: tuple[Lookup, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    connected: datetime | None = None
    """None if no server was reached; then both directions are empty and have no files."""
    address: str = ""
    """The address reached; its port is *address_port*."""
    address_port: int = 0
    local_address: str = ""
    local_port: int = 0
    ended: datetime | None = None
    """None if the end was not written."""
    error: str = ""
    """Why it was not made, or did not end orderly."""
    client: SpooledDirection
    server: SpooledDirection

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that hold what passed."""
        return (self.client.data, self.server.data, self.client.marks) if self.connected else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spool:
    """What a relay left."""

    folder: Path
    connections: tuple[SpooledConnection, ...]
    """In the order in which they came."""
    problems: tuple[str, ...]
    """What a relay that did not end by itself left undone; empty after an orderly end."""


def read_spool(folder: Path) -> Spool:
    """Read the spool in *folder*; raises `FormatError`."""
    try:
        return _read(folder)
    except OSError as error:
        raise FormatError(f"the spool in {folder} cannot be read: {error}") from error
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"{CONNECTIONS} holds an event that is not one of a relay: {error!r}") from error


def hash_spool(spool: Spool) -> dict[str, Digest]:
    """Return the digest of every file of *spool* under its name, sorted by name; raises `FormatError`."""
    paths = [spool.folder / CONNECTIONS, *(path for connection in spool.connections for path in connection.files)]
    try:
        return {path.name: sha256_file(path) for path in sorted(paths)}
    except OSError as error:
        raise FormatError(f"the spool in {spool.folder} cannot be read: {error}") from error


def _read(folder: Path) -> Spool:
    problems: list[str] = []
    events: dict[int, list[_Event]] = {}
    for event in _events(folder / CONNECTIONS, problems):
        events.setdefault(_whole(event["id"]), []).append(event)
    connections = tuple(_connection(folder, number, events[number]) for number in sorted(events))
    problems += (problem for connection in connections for problem in _problems(connection))
    return Spool(folder=folder, connections=connections, problems=tuple(problems))


def _events(path: Path, problems: list[str]) -> Iterator[_Event]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                problems.append(f"line {number} of {CONNECTIONS} is torn")
                return
            event = parse(line)
            if not isinstance(event, dict):
                raise FormatError(f"line {number} of {CONNECTIONS} is not an object")
            yield event


def _connection(folder: Path, number: int, events: Sequence[_Event]) -> SpooledConnection:
    kinds: dict[str, list[_Event]] = {}
    for event in events:
        kinds.setdefault(_text(event["event"]), []).append(event)
    if kinds.keys() - _KINDS:
        raise ValueError(sorted(kinds))
    (opening,) = kinds["open"]
    reached, end = _one(kinds, "connected"), _one(kinds, "end")
    client, server = (_direction(folder, side, opening, made=bool(reached), end=end) for side in Side)
    return SpooledConnection(
        id=number,
        name=_text(opening["name"]),
        port=_whole(opening["port"]),
        detour=_text(opening["detour"]),
        client_port=_whole(opening["client_port"]),
        opened=_moment(opening["time"]),
        lookups=tuple(map(_lookup, kinds.get("lookup", ()))),
        attempts=tuple(map(_attempt, kinds.get("attempt", ()))),
        connected=_moment(reached["time"]) if reached else None,
        address=_text(reached["address"]) if reached else "",
        address_port=_whole(reached["port"]) if reached else 0,
        local_address=_text(reached["local_address"]) if reached else "",
        local_port=_whole(reached["local_port"]) if reached else 0,
        ended=_moment(end["time"]) if end else None,
        error=_text(end["error"]) if end else "",
        client=client,
        server=server,
    )


def _one(kinds: Mapping[str, Sequence[_Event]], kind: str) -> _Event:
    found = kinds.get(kind, [{}])
    if len(found) > 1:
        raise FormatError(f"{CONNECTIONS} holds {len(found)} events {kind} of one connection")
    return found[0]


def _direction(folder: Path, side: Side, opening: _Event, *, made: bool, end: _Event) -> SpooledDirection:
    number = _whole(opening["id"])
    data = folder / data_name(number, side)
    known = SpooledDirection(
        side=side,
        data=data,
        marks=folder / marks_name(number),
        opened=_moment(opening["time"]),
        size=data.stat().st_size if made else 0,
    )
    if not end:
        return known
    said, by = end[side], end["by"]
    if not isinstance(said, dict):
        raise TypeError(side)
    return replace(
        known,
        ending=Ending(_text(said["ending"])),
        ended=None if said["time"] is None else _moment(said["time"]),
        ended_by=None if by is None else Side(_text(by)),
        counted=_whole(said["bytes"]),
        passed=_whole(said["passed"]),
    )


def _lookup(event: _Event) -> Lookup:
    answers = event["answers"]
    if not isinstance(answers, list):
        raise TypeError("answers")
    return Lookup(
        question=_text(event["question"]),
        answers=tuple(map(_text, answers)),
        asked=_moment(event["asked"]),
        answered=_moment(event["answered"]),
        error=_text(event["error"]),
    )


def _attempt(event: _Event) -> Attempt:
    return Attempt(
        address=_text(event["address"]),
        port=_whole(event["port"]),
        started=_moment(event["started"]),
        ended=_moment(event["ended"]),
        error=_text(event["error"]),
    )


def _problems(connection: SpooledConnection) -> Iterator[str]:
    name = f"connection {connection.id}"
    if connection.ended is None:
        yield f"{name} has no end"
    if connection.connected is None:
        return
    if _is_torn(connection.client.marks):
        yield f"the last mark of {name} is torn"
    for way in (connection.client, connection.server):
        if way.counted not in {None, way.size}:
            yield f"the {way.side} of {name} sent {way.counted} bytes, and {way.data.name} has {way.size}"
        unmarked = way.unmarked()
        if unmarked > 0:
            yield f"the last {unmarked} bytes of the {way.side} of {name} have no mark"
        if unmarked < 0:
            yield f"{-unmarked} bytes of the {way.side} of {name} have a mark and are missing"


def _is_torn(path: Path) -> bool:
    with path.open("rb") as stream:
        if not stream.seek(0, SEEK_END):
            return False
        stream.seek(-1, SEEK_END)
        return stream.read(1) != b"\n"


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _whole(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(value)
    return value


def _moment(value: Json) -> datetime:
    return _EPOCH + timedelta(microseconds=_whole(value))
