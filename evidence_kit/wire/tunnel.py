"""Carry bytes between two sockets in both directions, unchanged, each piece recorded before it is passed on.

Each direction reads only after its last piece was taken by the other side, so a slow reader slows the sender and memory
stays flat. FIN is passed on as FIN for its direction alone, RST and any other error as RST (RFC 9293 §3.6, §3.5.2).
"""

import asyncio
import contextlib
import socket
import struct
import sys

from evidence_kit.wire.dialing import reason
from evidence_kit.wire.spooling import Recording
from evidence_kit.wire.streams import Ending, Side

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
            # Both must let go of the sockets before these are closed.
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for each in self._sockets.values():
                close(each, reset=not orderly)

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
            await asyncio.get_running_loop().sock_sendall(self._sockets[_OTHER[side]], data)
        except OSError as error:
            raise self._broken(_OTHER[side], error) from error
        self._recording.passed(side, len(data))

    def _finish(self, side: Side) -> None:
        self._recording.ended(side, Ending.CLOSED, by=side)
        try:
            self._sockets[_OTHER[side]].shutdown(socket.SHUT_WR)
        except OSError as error:
            raise self._broken(_OTHER[side], error) from error

    def _broken(self, culprit: Side, error: OSError) -> _BrokenError:
        for side in Side:
            self._recording.ended(side, Ending.RESET, by=culprit, error=f"{culprit}: {reason(error)}")
        return _BrokenError()


def close(connection: socket.socket, *, reset: bool) -> None:
    """Close *connection*, with RST instead of FIN if asked."""
    with contextlib.suppress(OSError):
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        connection.close()
