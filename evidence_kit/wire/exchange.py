"""What the readers of plain connections hand out, and how an exchange becomes what the archive writes.

Every byte of both directions belongs to exactly one thing handed out: the `Extent`s of all of them add up to the
connection, and over HTTP/1 they tile it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import TypeAlias

from evidence_kit.archive.warc_writer import Exchange
from evidence_kit.display import visible
from evidence_kit.wire.bodies import StoredBody
from evidence_kit.wire.heads import without_coding
from evidence_kit.wire.source import Source
from evidence_kit.wire.streams import Ending, Side

MOST_REMARKS = 32
_NOTE_LIMIT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many bytes of a direction something took, and where the first of them stands."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpMessage:
    """A request or a final response."""

    head: bytes
    """Over HTTP/1 as received; over HTTP/2 its fields in order, written in HTTP/1.1 form. Ends with its empty line."""
    body: StoredBody
    """As on the wire but for the chunks; content codings are left on."""
    dechunked: bool = False
    """Whether chunks were taken off."""
    trailers: bytes = b""
    """Lines that came after the body."""
    whole: bool = True
    """Whether the body came to its end."""

    @property
    def stored_head(self) -> bytes:
        """The head as it fits the stored body (see `without_coding`)."""
        return without_coding(self.head, self.body.length) if self.dechunked else self.head


@dataclass(frozen=True, slots=True, kw_only=True)
class WireExchange:
    """A request and what came back."""

    url: str
    """ASCII: other bytes of the target are percent-encoded. ``ws:`` or ``wss:`` when it became a WebSocket."""
    started: datetime
    """When the first byte of the request was passed on."""
    ended: datetime
    """When the last byte of either side was."""
    request: HttpMessage
    response: HttpMessage | None
    interim_heads: tuple[bytes, ...] = ()
    """Heads of 1xx responses before the final one, in order."""
    truncated: str | None = None
    """Why the response's body is not whole, in the words of WARC-Truncated."""
    ended_by: Side | None = None
    """The side that broke off what is not whole, request or response."""
    protocols: tuple[str, ...]
    """``http/1.1``, ``http/1.0`` or ``h2``."""
    stream: int | None = None
    """The stream's number over HTTP/2."""
    websocket: bool = False
    """Whether messages follow that belong to this exchange."""
    remarks: tuple[str, ...] = ()
    """What was odd, in English."""
    client: Extent
    server: Extent

    def to_exchange(
        self,
        *,
        ip_address: str | None = None,
        protocols: tuple[str, ...] = (),
        cipher_suite: str | None = None,
        resource_type: str | None = None,
    ) -> Exchange:
        """Return what the archive writes; *protocols* are those below HTTP (``tls/1.3``).

        *cipher_suite* and *resource_type* are as in `Exchange`.
        """
        response = self.response
        return Exchange(
            url=http_url(self.url),
            started=self.started,
            request_head=self.request.stored_head,
            request_body=self.request.body.content,
            response_head=response.stored_head if response else None,
            response_body=response.body.content if response else b"",
            truncated=self.truncated,
            ip_address=ip_address,
            protocols=(*self.protocols, *protocols),
            cipher_suite=cipher_suite,
            resource_type=resource_type,
            note=self._note(),
        )

    def _note(self) -> dict[str, str]:
        note = {}
        if self.ended_by is not None:
            note["ended_by"] = str(self.ended_by)
        if not self.request.whole:
            note["request"] = "not whole"
        if self.interim_heads:
            note["interim_heads"] = _text(b"".join(self.interim_heads))
        if self.request.trailers:
            note["request_trailers"] = _text(self.request.trailers)
        if self.response and self.response.trailers:
            note["trailers"] = _text(self.response.trailers)
        if self.remarks:
            note["remarks"] = _shortened("; ".join(self.remarks))
        return note


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBytes:
    """Bytes that could not be read as what they should be, kept as they were."""

    url: str
    """The origin they belong to."""
    side: Side
    started: datetime
    ended: datetime
    body: StoredBody
    reason: str
    """Why they stand here, in English."""
    extent: Extent
    """Over HTTP/2 frames that came too late for their stream are gathered: then they do not lie side by side."""


class Opcode(IntEnum):
    """What a WebSocket message is (RFC 6455, 11.8)."""

    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketMessage:
    """A WebSocket message, or a control frame."""

    url: str
    side: Side
    """Who sent it."""
    started: datetime
    ended: datetime
    opcode: Opcode
    payload: bytes | Path
    """What was said: unmasked, inflated. In a file when it is long."""
    length: int
    """Bytes of the payload."""
    fragments: int = 1
    """Frames it came in."""
    deflated: bool = False
    """Whether it was sent compressed (RFC 7692)."""
    inflated: bool = False
    """Whether the payload is without that compression; it stays on when it is a bomb or broken."""
    close_code: int | None = None
    """The status of a closing frame that has one."""
    whole: bool = True
    """Whether its last frame came to its end."""
    remarks: tuple[str, ...] = ()
    extent: Extent
    """Over HTTP/2 the offset counts the data of the stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFrames:
    """What of an HTTP/2 connection belongs to no exchange: its settings, its end and the rest of the bookkeeping."""

    url: str
    client: Extent
    server: Extent
    settings: tuple[tuple[Side, int, int], ...] = ()
    """Identifier and value of every setting, in order (RFC 9113, 6.5)."""
    goaways: tuple[tuple[Side, int, int, bytes], ...] = ()
    """Last stream, error code and further data of every GOAWAY."""
    counts: dict[str, int] = field(default_factory=dict)
    """Frames by side and type: ``server PING``."""


def http_url(url: str) -> str:
    """Return the address under which a WebSocket's handshake is archived: it is HTTP, and tools read it as such."""
    return f"http{url.removeprefix('ws')}" if url.startswith(("ws://", "wss://")) else url


Reading: TypeAlias = WireExchange | WebSocketMessage | RawBytes | ConnectionFrames
"""One thing read off a connection."""


def cut_short(source: Source) -> tuple[str, Side | None]:
    """Return the WARC-Truncated word for what ended because *source* did, and who ended it."""
    if source.ending is Ending.OPEN:
        return "time", None
    if source.ended_by is Side.CLIENT:
        return "unspecified", Side.CLIENT
    return "disconnect", source.ended_by


def few(remarks: list[str]) -> tuple[str, ...]:
    """Return *remarks* without repetition, and not more than a reader will read."""
    different = tuple(dict.fromkeys(remarks))
    if len(different) <= MOST_REMARKS:
        return different
    return (*different[:MOST_REMARKS], f"and {len(different) - MOST_REMARKS} more")


def _text(data: bytes) -> str:
    lines = data[: _NOTE_LIMIT + 1].decode("utf-8", "replace").replace("\r\n", "\n")
    return _shortened(visible(lines.strip(), newlines=True))


def _shortened(text: str) -> str:
    return text if len(text) <= _NOTE_LIMIT else f"{text[:_NOTE_LIMIT]}…"
