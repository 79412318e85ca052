"""Carry bytes between two sockets in both directions, unchanged, each piece recorded before it is passed on.

Each direction reads only after its last piece was taken by the other side, so a slow reader slows the sender and memory
stays flat. FIN is passed on as FIN for its direction alone, RST and any other error as RST (RFC 9293 §3.6, §3.5.2).
"""

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Awaitable, Coroutine, Sequence

from evidence_kit.wire.dialing import reason
from evidence_kit.wire.spooling import Recording
from evidence_kit.wire.streams import Ending, Side
from evidence_kit.wire.witness.channel import Passage

SMALLEST_BUFFER = 16 * 1024
LARGEST_BUFFER = 64 * 1024
"""Bytes read at a time: a direction begins with the smallest and grows when it fills it."""

_RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_OTHER = {Side.CLIENT: Side.SERVER, Side.SERVER: Side.CLIENT}


class _BrokenError(Exception):
    """A socket failed, and both directions end."""


class Tunnel:
    """One connection of a client and one to a server; `carry` closes both, whatever happens."""

    def __init__(
        self, client: socket.socket, server: socket.socket, recording: Recording, early: asyncio.Task[bytes]
    ) -> None:
        """Join two non-blocking sockets; *early* is a read from the client that is already under way."""
        self._sockets = {Side.CLIENT: client, Side.SERVER: server}
        self._recording = recording
        self._early = early

    async def carry(self) -> None:
        """Carry until both directions have ended; raises `CaptureError` when the spool cannot be written."""
        ways = [asyncio.create_task(self._carry_from_client()), asyncio.create_task(self._carry(Side.SERVER))]
        orderly = False
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
            with contextlib.suppress(_BrokenError):
                for way in done:
                    way.result()
                orderly = True
        finally:
            await _in_any_case(self._end(ways, reset=not orderly))

    async def _end(self, ways: Sequence[asyncio.Task[None]], *, reset: bool) -> None:
        # Both must let go of the sockets before these are closed.
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await self._close(reset=reset)

    async def _close(self, *, reset: bool) -> None:
        for each in self._sockets.values():
            close(each, reset=reset)

    async def _carry_from_client(self) -> None:
        try:
            first = await self._early
        except OSError as error:
            raise self._broken(Side.CLIENT, error) from error
        if first:
            await self._pass_on(Side.CLIENT, memoryview(first))
            await self._carry(Side.CLIENT)
        else:
            self._finish(Side.CLIENT)

    async def _carry(self, side: Side) -> None:
        loop = asyncio.get_running_loop()
        buffer = bytearray(SMALLEST_BUFFER)
        while True:
            try:
                size = await loop.sock_recv_into(self._sockets[side], buffer)
            except OSError as error:
                raise self._broken(side, error) from error
            if not size:
                break
            await self._pass_on(side, memoryview(buffer)[:size])
            if size == len(buffer) < LARGEST_BUFFER:
                buffer = bytearray(4 * size)
            # Neither reading nor writing waits while both sockets are ready; the other connections want their turn.
            await asyncio.sleep(0)
        self._finish(side)

    async def _pass_on(self, side: Side, data: memoryview) -> None:
        self._recording.add(side, data)
        try:
            await self._send(_OTHER[side], data)
        except OSError as error:
            raise self._broken(_OTHER[side], error) from error
        self._recording.passed(side, len(data))

    def _finish(self, side: Side) -> None:
        self._recording.ended(side, Ending.CLOSED, by=side)
        try:
            self._shut(_OTHER[side])
        except OSError as error:
            raise self._broken(_OTHER[side], error) from error

    def _send(self, side: Side, data: memoryview) -> Awaitable[None]:
        return asyncio.get_running_loop().sock_sendall(self._sockets[side], data)

    def _shut(self, side: Side) -> None:
        self._sockets[side].shutdown(socket.SHUT_WR)

    def _broken(self, culprit: Side, error: OSError) -> _BrokenError:
        for side in Side:
            self._recording.ended(side, Ending.RESET, by=culprit, error=f"{culprit}: {reason(error)}")
        return _BrokenError()


async def _in_any_case(work: Coroutine[None, None, None]) -> None:
    """Do *work* to its end and be cancelled only then: a relay that is ended while a connection ends owes it that."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


class WitnessedTunnel(Tunnel):
    """A tunnel whose connection to the server was made by a witness.

    What the server sent is recorded in the pieces in which the witness passed it on, so that the witness can say the
    digest of what was recorded, wherever that ended.
    """

    def __init__(
        self, client: socket.socket, passage: Passage, recording: Recording, early: asyncio.Task[bytes]
    ) -> None:
        """Join a non-blocking socket and a passage; *early* is as in `Tunnel`."""
        self._sockets = {Side.CLIENT: client}
        self._passage = passage
        self._recording = recording
        self._early = early

    async def _carry(self, side: Side) -> None:
        if side is Side.CLIENT:
            await super()._carry(side)
            return
        while True:
            try:
                data = await self._passage.receive()
            except OSError as error:
                raise self._broken(side, error) from error
            if not data:
                break
            await self._pass_on(side, memoryview(data))
            await asyncio.sleep(0)
        self._finish(side)

    def _send(self, side: Side, data: memoryview) -> Awaitable[None]:
        return self._passage.send(data) if side is Side.SERVER else super()._send(side, data)

    def _shut(self, side: Side) -> None:
        if side is Side.SERVER:
            self._passage.finish()
        else:
            super()._shut(side)

    async def _close(self, *, reset: bool) -> None:
        close(self._sockets[Side.CLIENT], reset=reset)
        await self._passage.close(reset=reset, taken=self._recording.size(Side.SERVER))


def close(connection: socket.socket, *, reset: bool) -> None:
    """Close *connection*, with RST instead of FIN if asked."""
    with contextlib.suppress(OSError):
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        connection.close()
