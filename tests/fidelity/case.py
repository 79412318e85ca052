"""What a case of the fidelity suite is, and what each recorder is expected to make of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from tests.fidelity.origin import Sent, SocketTalk
from tests.fidelity.replies import Answer, Fields

Route: TypeAlias = "Answer | Callable[[Sent, int], Answer]"
"""An answer, or a function that makes it of the request and of how many there were before on this path."""

HTTP, H1, H2 = "http", "h1", "h2"
EVERY = frozenset({HTTP, H1, H2})
"""Without TLS; HTTP/1.1 and HTTP/2 over TLS."""
HTTP1 = frozenset({HTTP, H1})


class Body(StrEnum):
    """How much of a response's body must stand in the archive."""

    WHOLE = "whole"
    PREFIX = "prefix"
    """What arrived: a beginning of what was sent, marked as truncated unless it is all."""
    ABSENT = "absent"
    """Nothing, and the ledger says why."""
    UNANSWERED = "unanswered"
    """There is no response."""
    UNSEEN = "unseen"
    """The recorder cannot know of the exchange at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What is to be found of the exchanges on one path."""

    body: Body = Body.WHOLE
    outcomes: tuple[str, ...] = ("recorded",)
    """Any of these in the ledger."""
    truncated: tuple[str, ...] = ()
    """Any of these in WARC-Truncated, if it is there; empty: it is not there."""
    heads: bool = True
    """Whether the heads are there with all their fields."""


PLAIN = Expect()
CUT = Expect(body=Body.PREFIX, outcomes=("truncated",), truncated=("disconnect",))
"""The server broke off."""
SHORT = Expect(outcomes=("truncated",), truncated=("disconnect", "unspecified"))
"""The server ended in order, and too early: over HTTP/2 nothing was broken off."""
LEFT = Expect(body=Body.PREFIX, outcomes=("truncated",), truncated=("unspecified",))
"""The browser broke off."""
STILL_COMING = Expect(body=Body.PREFIX, outcomes=("truncated", "recorded"), truncated=("time",))
NO_ANSWER = Expect(body=Body.UNANSWERED, outcomes=("failed",))
HEADLESS = Expect(heads=False)
"""The body is there; of the heads the recorder was told only a part."""
GAP = Expect(body=Body.ABSENT, outcomes=("not-recorded", "truncated"), truncated=("unspecified", "disconnect"))
"""A gap that a recorder is known to have: the body is not there, and the ledger does not call it recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A page of its own on a host of its own, and what its server answers."""

    name: str
    routes: Mapping[str, Route] = field(default_factory=dict)
    """By the target as the browser asks for it."""
    script: str = ""
    """Run as a module. ``get(url, options)`` fetches and reads all; ``far`` is this case's origin on another site."""
    body: str = ""
    """HTML."""
    schemes: frozenset[str] = EVERY
    sockets: Mapping[str, tuple[Fields, SocketTalk]] = field(default_factory=dict)
    wire: Mapping[str, Expect] = field(default_factory=dict)
    """By path, or method and path, where it is not `PLAIN`."""
    browser: Mapping[str, Expect] = field(default_factory=dict)
    made: Mapping[str, bytes] = field(default_factory=dict)
    """Paths whose responses a service worker makes, and their bodies."""
    least: int = 1
    """Exchanges that there must be besides the page itself."""

    def expect(self, recorder: str, sent: Sent) -> Expect:
        """Return what is expected of an exchange."""
        known = self.wire if recorder == "wire" else self.browser
        return known.get(f"{sent.method} {sent.path}") or known.get(sent.path, PLAIN)
