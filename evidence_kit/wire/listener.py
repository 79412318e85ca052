"""Accept SOCKS5 clients, reach what they ask for, and carry what passes: the relay without its process."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Sequence
from functools import partial

from evidence_kit.errors import CaptureError
from evidence_kit.wire.dialing import Detours, DialError, dial, reason, tune
from evidence_kit.wire.socks import Reply, Request, SocksError, read_request, reply_bytes
from evidence_kit.wire.spooling import Recording, SpoolWriter
from evidence_kit.wire.tunnel import SMALLEST_BUFFER, Tunnel, WitnessedTunnel, close
from evidence_kit.wire.witness.channel import Passage, Session, dial_through

HANDSHAKE_SECONDS = 30.0
"""How long a client may take to say what it wants."""
_GOODBYE_SECONDS = 1.0
_GOODBYE_BYTES = 64 * 1024
_BREATH_SECONDS = 0.05
_BACKLOG = 1024
_UNDER_WAY = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK})
"""What connecting says that goes on by itself, the last on Windows."""


class Listener:
    """Serves one loopback port until it is cancelled."""

    def __init__(
        self, spool: SpoolWriter, connect_to: Sequence[Sequence[str]], *, witness: Session | None = None
    ) -> None:
        """Bind a free port of 127.0.0.1; raises `OSError`, or `ValueError` for a detour that cannot be read.

        With a session of a *witness* every connection is made by it.
        """
        self._spool = spool
        self._witness = witness
        self._detours = Detours.read(connect_to)
        self._clients: set[asyncio.Task[None]] = set()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self._socket.setblocking(False)  # noqa: FBT003
        self.port: int = self._socket.getsockname()[1]

    async def serve(self) -> None:
        """Serve; cancelling ends every connection with RST and records it as open."""
        try:
            while True:
                try:
                    client, place = await self._accept()
                except OSError:
                    # Out of file handles, or a client that was gone before it was accepted: others may do better.
                    await asyncio.sleep(_BREATH_SECONDS)
                    continue
                task = asyncio.create_task(self._serve(client, place[1]))
                self._clients.add(task)
                task.add_done_callback(self._clients.discard)
        finally:
            self._socket.close()
            for task in self._clients:
                task.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)

    async def _accept(self) -> tuple[socket.socket, tuple[str, int]]:
        accepting = asyncio.create_task(asyncio.get_running_loop().sock_accept(self._socket))
        try:
            return await asyncio.shield(accepting)
        except asyncio.CancelledError:
            await self._end(accepting)
            raise

    async def _end(self, accepting: "asyncio.Task[tuple[socket.socket, tuple[str, int]]]") -> None:
        """End *accepting* by one more client, or by one that is just arriving.

        Cancelled while a client arrives, CPython's `sock_accept` (seen in 3.11) gives its result to a future that has
        one, and the relay would report an error although nothing is missing. Without another way it is cancelled.
        """
        try:
            with socket.socket() as last:
                last.setblocking(False)  # noqa: FBT003
                # Out of ports nobody would come.
                if last.connect_ex(("127.0.0.1", self.port)) in _UNDER_WAY:
                    client, _ = await accepting
                    close(client, reset=True)
        except OSError:
            pass  # out of file handles
        finally:
            accepting.cancel()  # nothing happens to one that has ended

    async def _serve(self, client: socket.socket, port: int) -> None:
        tune(client)
        try:
            recording = self._spool.connection(client_port=port)
        except CaptureError:
            close(client, reset=True)
            return
        # `SpoolWriter.failure` tells of a spool that cannot be written; nothing passes from then on.
        with contextlib.suppress(CaptureError):
            try:
                await self._relay(client, recording)
            except CaptureError as error:
                recording.error = recording.error or str(error)
                raise
            finally:
                close(client, reset=True)
                recording.close()

    async def _relay(self, client: socket.socket, recording: Recording) -> None:
        request = await self._ask(client, recording)
        if request is None:
            return
        detour = self._detours.target(request)
        recording.open(request.name, request.port, f"{detour.name} {detour.port}" if detour else "")
        self._spool.check()
        early = asyncio.create_task(asyncio.get_running_loop().sock_recv(client, SMALLEST_BUFFER))
        try:
            server = await self._reach(client, detour or request, recording, early)
            if isinstance(server, Passage):
                await WitnessedTunnel(client, server, recording, early).carry()
            elif server is not None:
                await Tunnel(client, server, recording, early).carry()
        finally:
            early.cancel()
            await asyncio.gather(early, return_exceptions=True)

    async def _ask(self, client: socket.socket, recording: Recording) -> Request | None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                return await read_request(partial(_read_exactly, client), partial(loop.sock_sendall, client))
        except SocksError as error:
            request, reply, said = error.request, error.reply, str(error)
        except TimeoutError:
            request, reply, said = (
                None,
                None,
                f"the client did not say what it wants in {HANDSHAKE_SECONDS:.0f} seconds",
            )
        except OSError as error:
            request, reply, said = None, None, f"the client went away: {reason(error)}"
        recording.error = said
        recording.open(request.name if request else "", request.port if request else 0)
        await _say_goodbye(client, reply_bytes(reply) if reply else b"")
        return None

    async def _reach(
        self, client: socket.socket, target: Request, recording: Recording, early: asyncio.Task[bytes]
    ) -> socket.socket | Passage | None:
        """Return the connection to the server, with the client told; None when there is none."""
        dialing = asyncio.create_task(self._dial(target, recording))
        try:
            await asyncio.wait({dialing, early}, return_when=asyncio.FIRST_COMPLETED)
            if not dialing.done() and _is_gone(early):
                recording.error = "the client went away before the server answered"
                return None
            server = await dialing
        except DialError as error:
            recording.error = str(error)
            await _say_goodbye(client, reply_bytes(error.reply), early)
            return None
        finally:
            dialing.cancel()
            await asyncio.gather(dialing, return_exceptions=True)
        try:
            await _introduce(client, server, recording)
        except OSError as error:
            await _drop(server)
            recording.error = f"the connection was lost as soon as it was made: {reason(error)}"
            return None
        except (CaptureError, asyncio.CancelledError):
            await _drop(server)
            raise
        return server

    async def _dial(self, target: Request, recording: Recording) -> socket.socket | Passage:
        if self._witness is None:
            return await dial(target, recording.note, self._spool.now)
        return await dial_through(self._witness, recording.number, target, recording.note, self._spool.now)


async def _drop(server: socket.socket | Passage) -> None:
    if isinstance(server, Passage):
        await server.close(reset=True, taken=0)
    else:
        close(server, reset=True)


async def _introduce(client: socket.socket, server: socket.socket | Passage, recording: Recording) -> None:
    address, port = server.getpeername()[:2]
    local_address, local_port = server.getsockname()[:2]
    recording.connected(address, port, local_address, local_port)
    answer = reply_bytes(Reply.SUCCEEDED, local_address, local_port)
    await asyncio.get_running_loop().sock_sendall(client, answer)


def _is_gone(early: asyncio.Task[bytes]) -> bool:
    return early.done() and (early.exception() is not None or not early.result())


async def _read_exactly(client: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    data = b""
    while len(data) < size:
        piece = await loop.sock_recv(client, size - len(data))
        if not piece:
            raise SocksError("the client hung up before it said what it wants")
        data += piece
    return data


async def _say_goodbye(client: socket.socket, answer: bytes, early: asyncio.Task[bytes] | None = None) -> None:
    """Send *answer* and FIN, and wait a moment for the client's: closing at once could destroy the answer."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        await loop.sock_sendall(client, answer)
        client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                left = _GOODBYE_BYTES
                size = len(await early) if early else left
                while size and left > 0:
                    size = len(await loop.sock_recv(client, SMALLEST_BUFFER))
                    left -= size
    close(client, reset=False)
