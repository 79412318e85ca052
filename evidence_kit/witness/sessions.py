"""What a witness remembers of the sessions that are open or were closed lately, and what it signs about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from evidence_kit.canonical import Json
from evidence_kit.errors import EvidenceError
from evidence_kit.models import Clock, Officer
from evidence_kit.wire.witness.statements import CLOSED, CONNECTION, OPENED
from evidence_kit.witness.journal import Journal, Written

MOST_SESSIONS = 256
MOST_CONNECTIONS = 10_000
"""Of one session; as many as a relay records."""
_FORGOTTEN = timedelta(hours=12)
"""After which nobody will ask any more."""


class RefusedError(EvidenceError):
    """An order is not carried out."""


@dataclass(slots=True, kw_only=True)
class Session:
    """One session of one client."""

    number: str
    client: str
    """The fingerprint of its certificate."""
    used: datetime
    places: list[Written] = field(default_factory=list)
    connections: set[int] = field(default_factory=set)
    open: int = 0
    """Connections that are open now."""
    closed: bool = False
    token: bytes = b""
    problem: str = ""


class Sessions:
    """All of them; what it signs it signs with `Journal`, so its methods raise `OSError` too."""

    def __init__(self, journal: Journal, officer: Officer, clock: Clock) -> None:
        """Begin with none."""
        self.journal = journal
        self._officer = officer
        self._clock = clock
        self._known: dict[str, Session] = {}

    def open(self, number: str, client: str) -> None:
        """Begin a session; raises `RefusedError`."""
        now = self._clock()
        self._known = {key: each for key, each in self._known.items() if each.open or now - each.used < _FORGOTTEN}
        if number in self._known:
            raise RefusedError("the session is open already")
        if len(self._known) >= MOST_SESSIONS:
            raise RefusedError("too many sessions")
        session = Session(number=number, client=client, used=now)
        self._sign(session, {"type": OPENED, "witness": dict(self._officer.to_json())})
        self._known[number] = session

    def find(self, number: str, client: str) -> Session:
        """Return the session, which belongs to *client*; raises `RefusedError`."""
        session = self._known.get(number)
        if session is None or session.client != client:
            raise RefusedError("there is no such session")
        session.used = self._clock()
        return session

    def begin(self, number: str, client: str, connection: int) -> Session:
        """Return the session after noting that it has a new *connection*; raises `RefusedError`."""
        session = self.find(number, client)
        if session.closed:
            raise RefusedError("the session is closed")
        if connection in session.connections:
            raise RefusedError("the connection was made before")
        if len(session.connections) >= MOST_CONNECTIONS:
            raise RefusedError("too many connections")
        session.connections.add(connection)
        session.open += 1
        return session

    def end(self, session: Session, values: Mapping[str, Json]) -> None:
        """Sign what passed over one connection."""
        session.open -= 1
        self._sign(session, {"type": CONNECTION, **values})

    def close(self, session: Session) -> None:
        """End a session of which no connection is open; does nothing to one that has ended."""
        if not session.closed:
            self._sign(session, {"type": CLOSED, "connections": len(session.connections)})
            session.closed = True

    def _sign(self, session: Session, values: Mapping[str, Json]) -> None:
        about: dict[str, Json] = {"session": session.number, "certificate": session.client}
        session.places.append(self.journal.append({**about, **values}))
