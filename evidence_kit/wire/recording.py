"""Read a whole recording offline: every connection of a spool, opened with the key log, down to its exchanges.

Nothing here is online and nothing is trusted: what cannot be opened or read is told, and kept raw.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from evidence_kit.errors import FormatError
from evidence_kit.wire.exchange import Reading
from evidence_kit.wire.http1 import read_http1
from evidence_kit.wire.http2 import read_http2
from evidence_kit.wire.spool import Spool, SpooledConnection
from evidence_kit.wire.spooling import SIZE_LIMIT
from evidence_kit.wire.streams import Direction
from evidence_kit.wire.tls.connection import Content, TlsConnection, open_tls
from evidence_kit.wire.tls.keylog import KeyLog
from evidence_kit.wire.tls.records import begins_tls
from evidence_kit.wire.tls.sessions import Sessions

_HEAD = 6
_H2 = "h2"


class Carried(StrEnum):
    """What a connection carried."""

    TLS = "tls"
    HTTP = "http"
    NOTHING = "none"
    """Never made, or kept ready and not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadConnection:
    """One connection, opened."""

    spooled: SpooledConnection
    carried: Carried
    tls: TlsConnection | None
    """None when it carried something else."""
    problem: str = ""
    """Why its content could not be opened, in English."""

    @property
    def scheme(self) -> str:
        """``https`` or ``http``."""
        return "https" if self.tls else "http"

    @property
    def protocols(self) -> tuple[str, ...]:
        """What lies below HTTP, as WARC-Protocol has it (``tls/1.3``)."""
        return (str(self.tls.version),) if self.tls and self.tls.version else ()

    @property
    def full(self) -> bool:
        """Whether the relay ended it at the limit of size."""
        return self.spooled.error == SIZE_LIMIT

    def readings(self, folder: Path) -> Iterator[Reading]:
        """Yield what it carried, in order; bodies are written into *folder*, which is made when there is content."""
        ways = self._ways()
        if ways is None:
            return
        folder.mkdir(parents=True)
        read = read_http2 if self.tls and self.tls.alpn == _H2 else read_http1
        name = f"[{self.spooled.name}]" if ":" in self.spooled.name else self.spooled.name
        usual = 443 if self.tls else 80
        hint = name if self.spooled.port == usual else f"{name}:{self.spooled.port}"
        yield from read(*ways, scheme=self.scheme, authority_hint=hint, folder=folder)

    def _ways(self) -> tuple[Direction, Direction] | None:
        if self.tls is not None:
            return (self.tls.client, self.tls.server) if self.tls.content is Content.OPENED else None
        if self.carried is Carried.HTTP:
            return self.spooled.client, self.spooled.server
        return None


def read_connections(spool: Spool, keys: KeyLog) -> Iterator[ReadConnection]:
    """Open every connection of *spool* in the order in which they began; raises `FormatError` for a broken spool."""
    sessions = Sessions()
    for spooled in spool.connections:
        yield _open(spooled, keys, sessions)


def _open(spooled: SpooledConnection, keys: KeyLog, sessions: Sessions) -> ReadConnection:
    if not spooled.client.size and not spooled.server.size:
        return ReadConnection(spooled=spooled, carried=Carried.NOTHING, tls=None)
    if not begins_tls(_head(spooled.client)):
        return ReadConnection(spooled=spooled, carried=Carried.HTTP, tls=None)
    try:
        tls = open_tls(spooled.client, spooled.server, keys, sessions)
    except FormatError as error:
        return ReadConnection(spooled=spooled, carried=Carried.TLS, tls=None, problem=str(error))
    problem = "" if tls.content is not Content.LOCKED else "it holds content that the key log does not open"
    return ReadConnection(spooled=spooled, carried=Carried.TLS, tls=tls, problem=problem)


def _head(direction: Direction) -> bytes:
    head = b""
    for piece in direction.pieces():
        head += piece.data[:_HEAD]
        if len(head) >= _HEAD:
            break
    return head[:_HEAD]
