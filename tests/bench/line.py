"""A line of the world before a server of this machine: a delay each way, and a rate that all connections share.

What arrives is passed on in order, late by half a round trip, and not faster than the line carries; nothing is lost.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

_PIECE = 16 * 1024
_WINDOW = 4 * 1024 * 1024
"""Bytes under way in one direction of a connection at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How far, and how wide."""

    round_trip: float
    """Seconds."""
    rate: float
    """Bytes a second, in each direction."""


FAST_LINE = Line(round_trip=0.04, rate=12.5e6)
"""A good fixed line to a server abroad: 40 ms and 100 Mbit/s."""


def lay(pipe: Connection, line: Line, ports: list[int]) -> None:
    """Lead a port of our own to each of *ports*, and tell them; until the process is ended."""
    asyncio.run(_Ends(line).run(pipe, ports))


class _Ends:
    def __init__(self, line: Line) -> None:
        self._line = line
        self._free = {"up": 0.0, "down": 0.0}
        """When the line has carried everything so far, by direction."""

    async def run(self, pipe: Connection, ports: list[int]) -> None:
        servers = [await asyncio.start_server(self._towards(port), "127.0.0.1", 0) for port in ports]
        pipe.send([server.sockets[0].getsockname()[1] for server in servers])
        await asyncio.gather(*(server.serve_forever() for server in servers))

    def _towards(self, port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # Opening a connection takes a round trip too.
            await asyncio.sleep(self._line.round_trip)
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(
                self._carry(reader, far_writer, "up"), self._carry(far_reader, writer, "down"), return_exceptions=True
            )

        return connected

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WINDOW // _PIECE)
        loop = asyncio.get_running_loop()
        arriving = asyncio.create_task(self._deliver(queue, writer))
        with contextlib.suppress(OSError):
            while piece := await reader.read(_PIECE):
                self._free[way] = max(self._free[way], loop.time()) + len(piece) / self._line.rate
                await queue.put((self._free[way] + self._line.round_trip / 2, piece))
        await queue.put((loop.time() + self._line.round_trip / 2, b""))
        await arriving

    async def _deliver(self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while True:
                at, piece = await queue.get()
                await asyncio.sleep(max(at - loop.time(), 0))
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()
        writer.close()
