"""What is kept of a connection for good: the handshake as it passed, and the secrets that prove the server.

TLS 1.3 (RFC 8446 section 7.1): everything up to both Finished messages, with the two handshake traffic secrets. These
open the handshake and nothing else: the secrets of the content are derived beside them, not from them.

TLS 1.2 (RFC 5246 section 8.1): the one secret opens the content, and is never kept. What is in plain text up to the
server's ServerHelloDone is kept; its signature covers both randoms and the server's key share, and nothing vouches for
the other fields of these messages but the digest that stands beside them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from evidence_kit.errors import FormatError
from evidence_kit.wire.streams import Direction, Ending, Piece, Side
from evidence_kit.wire.tls.channel import Channel
from evidence_kit.wire.tls.connection import TlsConnection, open_tls
from evidence_kit.wire.tls.keylog import HANDSHAKE_LABELS, KeyLog
from evidence_kit.wire.tls.messages import Type
from evidence_kit.wire.tls.sessions import Sessions
from evidence_kit.wire.tls.suites import Version

LARGEST = 256 * 1024
"""Bytes kept of one side at most. The largest chains, with post-quantum signatures, have some 40 KB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptHandshake:
    """The first bytes of both directions, and the key log lines that go with them."""

    client: bytes
    server: bytes
    secrets: bytes
    """A key log (`evidence_kit.wire.tls.keylog`) of `HANDSHAKE_LABELS` alone; empty for TLS 1.2."""

    def open(self, at: datetime) -> TlsConnection:
        """Verify it anew, as far as it goes; *at* is the time that its bytes get. Raises `FormatError`."""
        client, server = (_Bytes(side, data, at) for side, data in zip(Side, (self.client, self.server), strict=True))
        return open_tls(client, server, KeyLog(self.secrets), Sessions())


def keep_handshake(client: Direction, server: Direction, tls: TlsConnection, keys: KeyLog) -> KeptHandshake | None:
    """Return what proves the server of an opened connection, or None when nothing in it would.

    *client* and *server* are the recording that `open_tls` got, *keys* its key log. Raises `FormatError` when the
    recording is no longer what it was then.
    """
    if tls.client_random is None or tls.version is None:
        return None
    if tls.version is Version.TLS_1_2:
        ends = _ends_12(client, server) if tls.signature_scheme and not tls.resumed else None
        secrets = b""
    else:
        # A client that gave up, or sent early data, is kept with its plain hellos: they go into what the server signed.
        whole = tls.client_handshake and tls.early_data is None
        ends = (tls.client_handshake if whole else _hellos(client, tls), tls.server_handshake)
        secrets = keys.lines(tls.client_random, HANDSHAKE_LABELS)
    if ends is None or not all(0 < end <= LARGEST for end in ends):
        return None
    return KeptHandshake(client=_head(client, ends[0]), server=_head(server, ends[1]), secrets=secrets)


@dataclass(frozen=True, slots=True)
class _Bytes:
    """A direction held in memory, all of one time; nothing is known of how it went on."""

    side: Side
    data: bytes
    time: datetime
    ending: Ending = Ending.OPEN
    ended_by: Side | None = None
    ended: datetime | None = None

    def pieces(self) -> Iterator[Piece]:
        """Yield the bytes."""
        yield Piece(self.data, self.time)


def _ends_12(client: Direction, server: Direction) -> tuple[int, int] | None:
    """Return where the records end that hold the ClientHello and the ServerHelloDone."""
    asking, answering = Channel(Side.CLIENT, client.pieces()), Channel(Side.SERVER, server.pieces())
    try:
        asking.message()
        while answering.message().type != Type.SERVER_HELLO_DONE:
            pass
    except FormatError:
        return None
    return asking.end, answering.end


def _hellos(client: Direction, tls: TlsConnection) -> int:
    """Return where the client's last ClientHello ends: the second one, when it was asked again."""
    channel, end = Channel(Side.CLIENT, client.pieces()), 0
    channel.dummies, channel.refused_early = True, tls.early_data is False
    try:
        while channel.message().type == Type.CLIENT_HELLO:
            end = channel.end
    except FormatError:
        # What follows is protected, an alert, or missing.
        return end
    return end


def _head(direction: Direction, size: int) -> bytes:
    head = bytearray()
    for piece in direction.pieces():
        head += piece.data[: size - len(head)]
        if len(head) == size:
            return bytes(head)
    raise FormatError(f"the recording has {len(head)} bytes where {size} held the handshake")
