"""Resumed connections: what links them to the handshake in which the server's key signed (RFC 8446 section 2.2).

A resumed connection carries no signature. The server that resumes could open the ticket, or remembered the session: it
is the one that gave it out. Under TLS 1.2 the master secret is that of the first connection, and is compared. Under TLS
1.3 the key log does not hold the secret of the session, and the ticket's bytes are the link.
"""

import hashlib
from dataclasses import dataclass

from evidence_kit.models import Outcome
from evidence_kit.wire.tls.suites import Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The full handshake behind a session."""

    client_random: bytes
    """Names the connection."""
    certificates: tuple[bytes, ...]
    scheme: str | None
    suite: Suite
    proof: Outcome
    """What was found about the server's signature there."""
    master: bytes | None
    """The master secret of TLS 1.2."""


class Sessions:
    """The sessions that the servers of one capture gave out, by their tickets; 200 bytes or so for each.

    Connections have to be opened in the order in which they began.
    """

    def __init__(self) -> None:
        self._origins: dict[bytes, Origin] = {}

    def remember(self, ticket: bytes, origin: Origin) -> None:
        """Keep what stands behind a ticket or a TLS 1.2 session id."""
        self._origins[hashlib.sha256(ticket).digest()] = origin

    def find(self, ticket: bytes) -> Origin | None:
        """Return the full handshake behind a ticket, or None when this capture did not see it given out."""
        return self._origins.get(hashlib.sha256(ticket).digest())
