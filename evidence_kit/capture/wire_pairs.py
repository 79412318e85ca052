"""Bring two witnesses together: what the browser told of a request, and the exchange that passed the relay.

The wire has no name for a request that the browser uses too. They are paired by method and address, in the order in
which they began; among several of one kind the one whose response heads agree best, and then the
nearest in time.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from evidence_kit.capture.browser_recorder import not_sent
from evidence_kit.capture.traffic import Hop, Socket
from evidence_kit.wire.exchange import WireExchange
from evidence_kit.wire.recording import ReadConnection
from evidence_kit.wire.records import MessageLog

# Not `urlsplit`: it remembers what it split, and a page may use addresses of two megabytes.
_BEGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)(?:[^/?#]*@)?([^/?#]*)")
_Key = tuple[str, str]
_ENOUGH = 64
"""Candidates that are compared at most: beyond that the order decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An exchange that passed the relay, and on which connection."""

    connection: ReadConnection
    exchange: WireExchange
    messages: MessageLog | None = None
    """What followed, when it became a WebSocket."""

    @property
    def method(self) -> str:
        """The request's method, of which nothing but its first bytes is believed."""
        return self.exchange.request.head.split(b" ", 1)[0][:32].decode("ascii", "replace")

    @property
    def status(self) -> int | None:
        """The response's status; None when there is none."""
        if self.exchange.response is None:
            return None
        parts = self.exchange.response.head.split(b" ", 2)
        return int(parts[1][:3]) if len(parts) > 1 and parts[1][:3].isdigit() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Who belongs to whom, by place in the lists that were given."""

    hops: Mapping[int, int]
    """Place of an exchange by the number of the hop."""
    sockets: Mapping[int, int]
    """Place of an exchange by the place of the socket."""

    @property
    def taken(self) -> set[int]:
        """Places of all exchanges that the browser told of."""
        return {*self.hops.values(), *self.sockets.values()}


def pair(hops: Sequence[Hop], sockets: Sequence[Socket], seen: Sequence[Seen]) -> Pairs:
    """Return which of *seen* the *hops* and *sockets* are; *seen* stand in the order in which they began."""
    free: dict[_Key, dict[int, None]] = defaultdict(dict)
    for place, each in enumerate(seen):
        free[each.method, plain_url(each.exchange.url)][place] = None
    found: dict[int, int] = {}
    sent = [hop for hop in hops if not_sent(hop) is None]
    # Those that were answered choose first: one that was never sent must not take the exchange of another.
    for hop in sorted(sent, key=lambda hop: (hop.status is None, hop.number)):
        candidates = free[hop.request["method"], plain_url(hop.url)]
        if candidates:
            best = max(islice(candidates, _ENOUGH), key=lambda place: _nearness(hop, seen[place]))
            del candidates[best]
            found[hop.number] = best
    links: dict[int, int] = {}
    for number, socket in enumerate(sockets):
        for key in _socket_keys(socket):
            if free[key]:
                links[number] = next(iter(free[key]))
                del free[key][links[number]]
                break
    return Pairs(hops=found, sockets=links)


def plain_url(url: str) -> str:
    """Return *url* without what is never sent: fragment, user and password."""
    begin = _BEGIN.match(url)
    plain = url.partition("#")[0]
    return f"{begin[1]}{begin[2]}{plain[begin.end() :]}" if begin else plain


def host_of(url: str) -> str:
    """Return host and port of *url*, as they are written."""
    begin = _BEGIN.match(url)
    return begin[2] if begin else ""


def _socket_keys(socket: Socket) -> tuple[_Key, ...]:
    url = plain_url(socket.url)
    # Over HTTP/2 it is opened with CONNECT (RFC 8441); one that was refused stayed http.
    return (
        ("GET", url),
        ("CONNECT", url),
        ("GET", url.replace("ws", "http", 1)),
        ("CONNECT", url.replace("ws", "http", 1)),
    )


def _nearness(hop: Hop, seen: Seen) -> tuple[int, timedelta]:
    """Return how well *seen* fits *hop*: by its head, then by its time."""
    return _likeness(hop, seen), -abs(hop.started - seen.exchange.started)


def _likeness(hop: Hop, seen: Seen) -> int:
    """Return how many of the lines that the browser shows stand in the head that passed the relay."""
    if seen.exchange.response is None or hop.status != seen.status:
        return -1 if hop.status is not None else 0
    head = seen.exchange.response.head.lower()
    lines = [
        f"\n{name}: {value}".lower().encode("latin-1", "replace")
        for name, values in hop.seen_headers.items()
        for value in values.split("\n")
    ]
    return sum(line in head for line in lines)
