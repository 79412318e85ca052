"""What became of a request: the one noun from which archive, ledger and the capture's status follow."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from evidence_kit.archive.warc_writer import Exchange
from evidence_kit.capture.traffic import Hop, Socket
from evidence_kit.wire.records import MessageLog


class Fate(StrEnum):
    """What became of a request."""

    RECORDED = "recorded"
    TRUNCATED = "truncated"
    """Recorded as far as it came."""
    FAILED = "failed"
    """There was no response, for a stated reason."""
    CACHED = "served-from-cache"
    """Answered out of an earlier response of this same capture."""
    WORKER = "served-from-service-worker"
    """Answered by the page's service worker, with something that no server sent as it is."""
    NOT_RECORDED = "not-recorded"
    """There was a response, and it is not in the archive or only its head is."""


class Witness(StrEnum):
    """Who knows of a request."""

    BROWSER = "browser"
    """The browser told of it."""
    WIRE = "wire"
    """It passed the relay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of a request, and why."""

    fate: Fate
    reason: str = ""
    truncated: str | None = None
    """The WARC-Truncated value."""
    by_page: bool = False
    """Whether the page itself did not want (the rest of) the response, or it is one that never ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A response that a service worker made: its body, as the page was given it."""

    body: Path | bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request, and everything known of what became of it."""

    started: datetime
    method: str
    url: str
    judgement: Judgement
    seen_by: tuple[Witness, ...]
    background: bool = False
    """Whether the browser asked on its own account, not for the page."""
    hop: Hop | None = None
    """What the browser told of it; None of what only passed the relay, and of WebSockets."""
    socket: Socket | None = None
    exchange: Exchange | None = None
    """What the archive keeps of it."""
    made: Made | None = None
    status: int | None = None
    ip: str = ""
    """Address of the server, without brackets or port."""
    protocols: tuple[str, ...] = ()
    """``h2``, ``tls/1.3``."""
    connection: int | None = None
    """Number in ``connections.jsonl``."""
    stream: int | None = None
    """Number of the HTTP/2 stream."""
    websocket: bool = False
    messages: MessageLog | None = None
    """What a WebSocket carried; None when that is not recorded."""
    request_bytes: int = 0
    body_bytes: int = 0
    """Of the response's body as stored."""
    wire_bytes: int | None = None
    """Of the response as it came, head and framing included, where known."""
    decoded: bool = False
    """Whether the browser took a content coding off the stored body."""
    dechunked: bool = False
    """Whether chunks were taken off the stored body."""
