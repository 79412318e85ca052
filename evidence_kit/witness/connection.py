"""One connection that a witness makes for a client: bytes go both ways, and only their digests stay."""

import asyncio
import contextlib
import hashlib
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from evidence_kit.canonical import Json
from evidence_kit.wire.dialing import reason
from evidence_kit.wire.tunnel import LARGEST_BUFFER, close
from evidence_kit.wire.witness.frames import ChannelError, Kind, frame, object_of, read_frame

_REMEMBERED = 4096
"""Pieces on their way to the client; so many fit into no buffers between."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True, kw_only=True)
class Passing:
    """What has passed."""

    client: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    server: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    client_bytes: int = 0
    server_bytes: int = 0
    error: str = ""
    taken: int | None = None
    """How much of the server's the client has recorded; None if it went away without a word."""
    earlier: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    """The server's digest at the ends of the last pieces."""

    def sent(self, data: bytes) -> None:
        """Count what the client sent."""
        self.client.update(data)
        self.client_bytes += len(data)

    def received(self, data: bytes) -> None:
        """Count what the server sent."""
        self.earlier.append((self.server_bytes, self.server.digest()))
        self.server.update(data)
        self.server_bytes += len(data)

    def to_json(self) -> dict[str, Json]:
        """Return what is signed; of the server's bytes, those that the client has recorded."""
        known = dict(self.earlier) | {self.server_bytes: self.server.digest()}
        lost = self.taken is None or self.taken not in known
        size = self.server_bytes if self.taken is None or lost else self.taken
        return {
            "error": self.error,
            "lost": lost,
            "client": {"bytes": self.client_bytes, "sha256": f"sha256:{self.client.hexdigest()}"},
            "server": {"bytes": size, "sha256": f"sha256:{known[size].hex()}"},
            "untaken": self.server_bytes - size,
        }


async def carry(streams: Streams, server: socket.socket, passing: Passing, idle: float) -> None:
    """Carry until the client ends it, or nothing passes for *idle* seconds; closes *server*."""
    reader, writer = streams
    active = _Activity()
    from_server = asyncio.create_task(_from_server(server, writer, passing, active))
    reset = True
    try:
        reset = await _from_client(reader, server, passing, active, idle)
    except OSError as error:
        passing.error = passing.error or reason(error)
    finally:
        from_server.cancel()
        await asyncio.gather(from_server, return_exceptions=True)
        close(server, reset=reset)


class _Activity:
    """When something passed last, in either direction."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()

    def note(self) -> None:
        self._last = self._loop.time()

    async def next(self, read: Callable[[], "asyncio.Future[tuple[Kind, bytes]]"], idle: float) -> tuple[Kind, bytes]:
        reading = read()
        try:
            while not reading.done():
                left = self._last + idle - self._loop.time()
                if left <= 0:
                    raise ChannelError(f"nothing passed for {idle:.0f} seconds")
                await asyncio.wait({reading}, timeout=left)
            return reading.result()
        finally:
            reading.cancel()


async def _from_client(
    reader: asyncio.StreamReader, server: socket.socket, passing: Passing, active: _Activity, idle: float
) -> bool:
    """Return whether the client wants the server's connection reset."""
    loop = asyncio.get_running_loop()
    broken = False
    while True:
        kind, data = await active.next(lambda: asyncio.ensure_future(read_frame(reader)), idle)
        active.note()
        match kind:
            case Kind.DATA:
                passing.sent(data)
                try:
                    # What follows a broken connection is counted, for the client has recorded it, and goes nowhere.
                    if not broken:
                        await loop.sock_sendall(server, data)
                except OSError as error:
                    passing.error, broken = passing.error or reason(error), True
            case Kind.END:
                with contextlib.suppress(OSError):
                    server.shutdown(socket.SHUT_WR)
            case Kind.CLOSE:
                told = object_of(data)
                taken = told.get("taken")
                passing.taken = taken if isinstance(taken, int) else None
                return told.get("reset") is not False
            case _:
                raise ChannelError(f"{kind.name} came in the middle of a connection")


async def _from_server(
    server: socket.socket, writer: asyncio.StreamWriter, passing: Passing, active: _Activity
) -> None:
    loop = asyncio.get_running_loop()
    try:
        while True:
            try:
                data = await loop.sock_recv(server, LARGEST_BUFFER)
            except OSError as error:
                passing.error = passing.error or reason(error)
                writer.write(frame(Kind.BROKEN, reason(error).encode("utf-8", "replace")))
                break
            active.note()
            if not data:
                writer.write(frame(Kind.END))
                break
            passing.received(data)
            writer.write(frame(Kind.DATA, data))
            await writer.drain()
            # Nothing of this waits while server and client keep up; the other tasks want their turn.
            await asyncio.sleep(0)
        await writer.drain()
    except OSError:
        # The client is gone: reading from it will tell.
        return
