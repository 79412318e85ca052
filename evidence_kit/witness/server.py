"""The witness's listening end: it lets in whom it was told of, and does the three things they may order.

Everything a client can make it keep is bounded: channels, sessions, connections, frames, times.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence_kit.errors import EvidenceError, TimestampError
from evidence_kit.models import Clock, OnStep, ignore, utc_text
from evidence_kit.trust.channel import channel_context, peer_fingerprint
from evidence_kit.trust.timestamps import stamp
from evidence_kit.wire.dialing import DialError, dial, tune
from evidence_kit.wire.socks import Request
from evidence_kit.wire.witness.frames import Kind, frame, message, read_message
from evidence_kit.wire.witness.statements import CLOSED
from evidence_kit.witness.connection import Passing, Streams, carry
from evidence_kit.witness.destinations import is_public
from evidence_kit.witness.sessions import RefusedError, Session, Sessions

_ORDER_SECONDS = 20.0
_WAIT_SECONDS = 5.0
"""For connections that end at the moment in which their session does."""
_IDLE_SECONDS = 600.0
_NAME = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessOptions:
    """How a witness is run."""

    host: str
    port: int
    """0 for any free one."""
    key: Path
    """The file with its channel key."""
    clients: bytes
    """The certificates of those who may use it (PEM)."""
    fingerprints: frozenset[str]
    """Theirs."""
    allow_private: bool = False
    """Go to loopback and private addresses too: for training."""
    tsa: Sequence[str] = ()
    """Authorities that are asked in turn until one stamps."""
    most_channels: int = 512


class WitnessServer:
    """Serves until it is cancelled."""

    def __init__(self, options: WitnessOptions, sessions: Sessions, clock: Clock, *, on_step: OnStep = ignore) -> None:
        """Keep what it works with."""
        self._options = options
        self._sessions = sessions
        self._clock = clock
        self._on_step = on_step
        self._channels = 0

    async def serve(self, on_listening: Callable[[str, int], None]) -> None:
        """Listen, call *on_listening* with the address and port, and serve; raises `OSError`."""
        options = self._options
        context = channel_context(options.key, options.clients, server=True)
        listening = await asyncio.start_server(
            self._channel, options.host, options.port, ssl=context, ssl_handshake_timeout=_ORDER_SECONDS
        )
        async with listening:
            address, port = listening.sockets[0].getsockname()[:2]
            on_listening(str(address), int(port))
            await listening.serve_forever()

    async def _channel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._channels += 1
        try:
            client = self._client(writer)
            if self._channels > self._options.most_channels:
                raise RefusedError("too many channels")
            async with asyncio.timeout(_ORDER_SECONDS):
                order = await read_message(reader, Kind.ORDER)
            await self._obey(order, client, (reader, writer))
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        except EvidenceError as error:
            # Said to the client, for whom it is the reason, and to whoever watches the witness.
            self._on_step(f"refused: {error}")
            with contextlib.suppress(OSError):
                writer.write(message(Kind.ANSWER, {"refused": str(error)}))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except OSError as error:
            self._on_step(f"a channel broke off: {error}")
        finally:
            self._channels -= 1
            writer.transport.abort()

    def _client(self, writer: asyncio.StreamWriter) -> str:
        shown = writer.get_extra_info("ssl_object")
        client = peer_fingerprint(shown) if isinstance(shown, ssl.SSLObject) else ""
        if client not in self._options.fingerprints:
            raise RefusedError("this certificate is not among those that may come in")
        return client

    async def _obey(self, order: dict[str, Any], client: str, streams: Streams) -> None:
        match order:
            case {"do": "open", "session": str(number)} if _is_session(number):
                self._sessions.open(number, client)
                self._on_step(f"session {number} opened")
                streams[1].write(message(Kind.ANSWER, {}))
            case {"do": "close", "session": str(number)}:
                await self._close(self._sessions.find(number, client), streams[1])
            case {"do": "connect", "session": str(number), "connection": int(connection)}:
                request = _read_request(order)
                if not 0 < connection < 1 << 31:
                    raise RefusedError("that is no number of a connection")
                session = self._sessions.begin(number, client, connection)
                await self._connect(session, connection, request, streams)
            case _:
                raise RefusedError("the order is not known")

    async def _connect(self, session: Session, number: int, request: Request, streams: Streams) -> None:
        passing = Passing()
        about: dict[str, Any] = {
            "connection": number,
            "name": request.name,
            "port": request.port,
            "address": "",
            "address_port": 0,
            "opened": utc_text(self._clock()),
        }
        try:
            answer, server = await self._dial(request)
            about |= {"address": answer["address"], "address_port": answer["port"]}
            passing.error = answer["error"]
            streams[1].write(message(Kind.ANSWER, answer))
            await streams[1].drain()
            if server is not None:
                await carry(streams, server, passing, _IDLE_SECONDS)
            else:
                passing.taken = 0
        finally:
            self._sessions.end(session, {**about, **passing.to_json()})
        if passing.taken is not None and server is not None:
            streams[1].write(message(Kind.ANSWER, {}))

    async def _dial(self, request: Request) -> tuple[dict[str, Any], Any]:
        answers: list[str] = []

        def note(event: str, values: Any) -> None:  # noqa: ANN401  # as `evidence_kit.wire.dialing` has it
            if event == "lookup":
                answers.extend(values["answers"])

        known: dict[str, Any] = {"address": "", "port": 0, "answers": answers, "error": "", "reply": 0}
        permit = None if self._options.allow_private else is_public
        try:
            server = await dial(request, note, lambda: 0, permit=permit)
        except DialError as error:
            return {**known, "error": str(error), "reply": int(error.reply)}, None
        tune(server, keep_alive=True)
        address, port = server.getpeername()[:2]
        return {**known, "address": str(address), "port": int(port)}, server

    async def _close(self, session: Session, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        limit = loop.time() + _WAIT_SECONDS
        while session.open and loop.time() < limit:  # noqa: ASYNC110  # a moment, and seldom
            await asyncio.sleep(0.05)
        if session.open:
            raise RefusedError(f"{session.open} connections of the session are still open")
        self._sessions.close(session)
        if not session.token and self._options.tsa:
            await self._stamp(session)
        signer = self._sessions.journal.signer
        for line, signature in self._sessions.journal.read(session.places):
            writer.write(frame(Kind.LINE, line) + frame(Kind.SIGNATURE, signature))
            await writer.drain()
        certificates = b"".join(each.pem() for each in (signer.certificate, *signer.chain))
        writer.write(frame(Kind.CERTIFICATES, certificates))
        if session.token:
            writer.write(frame(Kind.TOKEN, session.token))
        writer.write(message(Kind.ANSWER, {"problem": session.problem}))
        self._on_step(f"session {session.number} {CLOSED.rpartition('.')[2]}")

    async def _stamp(self, session: Session) -> None:
        head = self._sessions.journal.link_of(session.places[-1])
        reasons = []
        for url in self._options.tsa:
            try:
                session.token = await asyncio.to_thread(stamp, url, head)
            except TimestampError as error:
                reasons.append(str(error))
            else:
                session.problem = ""
                return
        session.problem = "; ".join(reasons)


def _read_request(order: dict[str, Any]) -> Request:
    match order:
        case {"name": str(name), "port": int(port)} if 0 < len(name) <= _NAME and 0 < port < 1 << 16:
            if name.isascii() and name.isprintable():
                return Request(name, port)
    raise RefusedError("that is no place to go to")


def _is_session(number: str) -> bool:
    return len(number) == 32 and all(character in "0123456789abcdef" for character in number)  # noqa: PLR2004
