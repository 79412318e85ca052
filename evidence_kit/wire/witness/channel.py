"""Our end of the channel to a witness, and the connections that are made through it."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evidence_kit.trust.channel import channel_context, peer_fingerprint
from evidence_kit.wire.dialing import DialError, Note, reason
from evidence_kit.wire.socks import Reply, Request
from evidence_kit.wire.witness.frames import ChannelError, Kind, frame, message, read_frame, read_message

CONNECT_SECONDS = 20.0
_GOODBYE_SECONDS = 6.0
"""For the end of a connection: a relay that is stopped has not long to live."""
_MOST_ANSWERS = 64
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessPlace:
    """Where a witness is, how it is known, and how we show who we are; texts, as it goes into files and orders."""

    host: str
    port: int
    key: str
    """The file with our own channel key (`evidence_kit.trust.channel`)."""
    trusted: str
    """The witness's certificate, or several (PEM)."""
    pins: tuple[str, ...]
    """Their SHA-256 values in hexadecimal."""

    @property
    def address(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> "WitnessPlace | None":
        """Read what `dataclasses.asdict` made of a place, or of none."""
        return cls(**{**value, "pins": tuple(value["pins"])}) if value else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session that the witness has opened."""

    place: WitnessPlace
    number: str

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {"place": asdict(self.place), "number": self.number}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Session":
        """Read what `to_json` returned."""
        place = value["place"]
        return cls(place=WitnessPlace(**{**place, "pins": tuple(place["pins"])}), number=value["number"])


async def reach(place: WitnessPlace) -> Streams:
    """Return a channel on which both sides have shown who they are; raises `OSError`."""
    context = channel_context(Path(place.key), place.trusted.encode("ascii"), server=False)
    try:
        reader, writer = await asyncio.open_connection(place.host, place.port, ssl=context)
    except ssl.SSLError as error:
        raise ChannelError(f"no channel can be agreed on: {error.reason}") from error
    shown = writer.get_extra_info("ssl_object")
    if not isinstance(shown, ssl.SSLObject) or peer_fingerprint(shown) not in place.pins:
        writer.transport.abort()
        raise ChannelError("it shows another certificate than the one that was agreed")
    return reader, writer


async def send_order(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, order: dict[str, Any]
) -> dict[str, Any]:
    """Send *order* and return the answer; raises `OSError`."""
    writer.write(message(Kind.ORDER, order))
    await writer.drain()
    return accepted(await read_message(reader, Kind.ANSWER))


def accepted(answer: dict[str, Any]) -> dict[str, Any]:
    """Return *answer* unless it refuses: then `ChannelError` is raised."""
    if "refused" in answer:
        raise ChannelError(f"it refuses: {json.dumps(answer['refused'])[:200]}")
    return answer


class Passage:
    """A connection to a server that the witness has made; its methods raise `OSError`."""

    def __init__(self, streams: Streams, address: str, port: int) -> None:
        """Take over a channel that leads to *address*."""
        self._reader, self._writer = streams
        self._peer = (address, port)

    def getpeername(self) -> tuple[str, int]:
        """Return the address and port that the witness has reached."""
        return self._peer

    def getsockname(self) -> tuple[str, int]:
        """Return our own end of the channel."""
        address, port = self._writer.get_extra_info("sockname")[:2]
        return str(address), int(port)

    async def receive(self) -> bytes:
        """Return what the server sent next; nothing at its end."""
        kind, data = await read_frame(self._reader)
        if kind is Kind.DATA and data:
            return data
        if kind is Kind.BROKEN:
            raise ChannelError(f"beyond the witness: {data.decode('utf-8', 'backslashreplace')[:200]}")
        if kind is not Kind.END:
            raise ChannelError(f"the witness sent {kind.name} in the middle")
        return b""

    async def send(self, data: memoryview) -> None:
        """Send *data* on."""
        self._writer.write(frame(Kind.DATA, data))
        await self._writer.drain()

    def finish(self) -> None:
        """Say that nothing more will be sent."""
        self._writer.write(frame(Kind.END))

    async def close(self, *, reset: bool, taken: int) -> None:
        """End the connection, of whose server's bytes *taken* were recorded, and wait until the witness has signed."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                self._writer.write(message(Kind.CLOSE, {"reset": reset, "taken": taken}))
                await self._writer.drain()
                kind = None
                while kind is not Kind.ANSWER:
                    kind, _ = await read_frame(self._reader)
        self._writer.transport.abort()


async def dial_through(
    session: Session, connection: int, request: Request, note: Note, now: Callable[[], int]
) -> Passage:
    """Have the witness connect to *request* as our *connection*; raises `DialError`."""
    asked = now()
    order = {
        "do": "connect",
        "session": session.number,
        "connection": connection,
        "name": request.name,
        "port": request.port,
    }
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            streams = await reach(session.place)
        writer = streams[1]
        answer = await send_order(*streams, order)
        address, port, answers, error, reply = _understood(answer)
    except (OSError, TimeoutError, asyncio.CancelledError) as failure:
        if writer is not None:
            writer.transport.abort()
        if isinstance(failure, asyncio.CancelledError):
            raise
        why = reason(failure) or "it did not answer"
        raise DialError(f"through the witness: {why}", Reply.GENERAL_FAILURE) from failure
    if answers or error:
        said = {"question": request.name, "answers": answers, "error": "" if answers else error}
        note("lookup", {"asked": asked, "answered": now(), **said})
    if error:
        writer.transport.abort()
        raise DialError(f"through the witness: {error}", reply)
    note("attempt", {"started": asked, "ended": now(), "address": address, "port": port, "error": ""})
    return Passage(streams, address, port)


def _understood(answer: Mapping[str, Any]) -> tuple[str, int, list[str], str, Reply]:
    match answer:
        case {
            "address": str(address),
            "port": int(port),
            "answers": list(answers),
            "error": str(error),
            "reply": int(reply),
        }:
            texts = [text[:100] for text in answers[:_MOST_ANSWERS] if isinstance(text, str)]
            known = Reply(reply) if reply in set(Reply) else Reply.GENERAL_FAILURE
            return address[:100], port, texts, error[:300], known
    raise ChannelError("the witness's answer cannot be understood")
