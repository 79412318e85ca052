"""Judge what became of a request by what passed the relay; what the browser told adds why."""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from evidence_kit.capture.browser_recorder import REFUSED, not_sent, still_arriving
from evidence_kit.capture.entries import Fate, Judgement
from evidence_kit.capture.traffic import Hop
from evidence_kit.wire.exchange import WireExchange
from evidence_kit.wire.spool import SpooledConnection
from evidence_kit.wire.spooling import SIZE_LIMIT
from evidence_kit.wire.streams import Side

_REFUSED = "net::ERR_SOCKS_CONNECTION_FAILED"
"""All that a browser learns from a relay that could not connect."""
_BY_ERRNO = {
    "ECONNREFUSED": "net::ERR_CONNECTION_REFUSED",
    "ETIMEDOUT": "net::ERR_CONNECTION_TIMED_OUT",
    "ECONNRESET": "net::ERR_CONNECTION_RESET",
    "EHOSTUNREACH": "net::ERR_ADDRESS_UNREACHABLE",
    "ENETUNREACH": "net::ERR_ADDRESS_UNREACHABLE",
}
_LONG = 16
_NOT_YET = datetime.max.replace(tzinfo=UTC)
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Refusals:
    """Why connections could not be made, by name and port, as the relay saw it."""

    def __init__(self, connections: Sequence[SpooledConnection]) -> None:
        """Take in every connection that was asked for and not made."""
        self._found: dict[tuple[str, int], SpooledConnection] = {}
        self._limited: dict[tuple[str, int], datetime] = {}
        self._full_since = _NOT_YET
        for connection in connections:
            place = connection.name, connection.port
            if connection.name and connection.connected is None:
                self._found[place] = connection
            if connection.name and connection.error == SIZE_LIMIT:
                ended = connection.ended or connection.opened
                self._limited[place] = max(ended, self._limited.get(place, ended))
                self._full_since = min(ended, self._full_since)

    def net_error(self, url: str, told: str) -> str:
        """Return what the browser would have said of *url* without a relay between, when *told* is all it knew."""
        if not told.startswith(_REFUSED):
            return told
        connection = self._found.get(_place(url))
        if connection is None:
            return told
        return f"{_net_error(connection)} ({connection.error})"

    def limited(self, url: str, started: datetime) -> bool:
        """Return whether the relay kept a request for *url*, *started* then, from passing at its limit of size.

        It refuses to connect, or ends a connection before the request passed it, or while the browser is about to use
        it: the browser tells all that as a reset.
        """
        place = _place(url)
        if place in self._limited and started <= self._limited[place]:
            return True
        refused = self._found.get(place)
        if refused is not None and refused.error != SIZE_LIMIT:
            return False
        return started >= self._full_since


def judge_exchange(hop: Hop | None, exchange: WireExchange, refusals: Refusals, *, full: bool) -> Judgement:
    """Return what became of a request that passed the relay; *full* if the relay stopped at the limit of size."""
    failure = refusals.net_error(hop.url, hop.failure) if hop and not hop.download else ""
    if exchange.response is None:
        return _unanswered(hop, failure, full=full)
    if exchange.truncated is None or _kept_its_promise(hop, exchange):
        return Judgement(fate=Fate.RECORDED, reason=_not_given(hop, failure))
    if full:
        return Judgement(fate=Fate.TRUNCATED, reason="the size limit of the capture was reached", truncated="length")
    if exchange.truncated == "time" or (hop is not None and not hop.over):
        return still_arriving(hop)
    return _broken_off(hop, exchange, f": {failure}" if failure else "")


def _not_given(hop: Hop | None, failure: str) -> str:
    """Return why the page did not get a response that is here whole; empty when it did."""
    if failure:
        return f"the page was not given it: {failure}"
    waiting = hop is not None and not hop.over and not hop.download
    return "the page had not been given all of it when the capture ended" if waiting else ""


def _kept_its_promise(hop: Hop | None, exchange: WireExchange) -> bool:
    """Return whether everything promised came, and the browser took it for whole, though the stream was then reset."""
    return hop is not None and hop.finished and not hop.failure and _promised(hop) == _came(exchange)


def _promised(hop: Hop | None) -> int | None:
    text = (
        next((value for name, value in hop.seen_headers.items() if name.lower() == "content-length"), "") if hop else ""
    )
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _LONG else None


def _came(exchange: WireExchange) -> int:
    return exchange.response.body.length if exchange.response else 0


def _unanswered(hop: Hop | None, failure: str, *, full: bool) -> Judgement:
    if hop is not None and hop.status is not None:
        reason = "its reply cannot be read as HTTP; the bytes are kept in a raw record of this connection"
        return Judgement(fate=Fate.NOT_RECORDED, reason=reason)
    if hop is not None and not hop.over:
        return Judgement(fate=Fate.NOT_RECORDED, reason="no response had come when the capture ended")
    if full:
        return Judgement(fate=Fate.NOT_RECORDED, reason="the size limit of the capture was reached before its response")
    reason = failure or "no response had come when the connection ended"
    return Judgement(fate=Fate.FAILED, reason=reason, by_page=hop is not None and hop.canceled)


def _broken_off(hop: Hop | None, exchange: WireExchange, why: str) -> Judgement:
    if hop is not None and hop.refused:
        return Judgement(fate=Fate.TRUNCATED, reason=REFUSED, truncated="unspecified")
    if exchange.ended_by is Side.CLIENT:
        reason = f"given up by the page or the browser{why}"
        return Judgement(fate=Fate.TRUNCATED, reason=reason, truncated="unspecified", by_page=True)
    came, promised = _came(exchange), _promised(hop)
    less = promised is not None and came < promised
    reason = f"{came} bytes came of {promised} promised{why}" if less else f"the connection broke off{why}"
    return Judgement(fate=Fate.TRUNCATED, reason=reason, truncated=exchange.truncated)


def judge_unseen(hop: Hop, refusals: Refusals) -> Judgement:
    """Return what became of a request of which nothing passed the relay."""
    if judgement := not_sent(hop):
        return judgement
    if hop.status is None and refusals.limited(hop.url, hop.started):
        reason = "refused by us: the size limit of the capture had been reached"
        return Judgement(fate=Fate.NOT_RECORDED, reason=reason)
    if hop.status is None and hop.failure:
        return Judgement(fate=Fate.FAILED, reason=refusals.net_error(hop.url, hop.failure), by_page=hop.canceled)
    if hop.status is None:
        return Judgement(fate=Fate.FAILED, reason="it was not sent before the capture ended")
    reason = "the browser tells of a response that did not pass the relay"
    return Judgement(fate=Fate.NOT_RECORDED, reason=reason)


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def _net_error(connection: SpooledConnection) -> str:
    if connection.lookups and connection.lookups[-1].error:
        return "net::ERR_NAME_NOT_RESOLVED"
    errors = " ".join([connection.error, *(attempt.error for attempt in connection.attempts)])
    return next((error for name, error in _BY_ERRNO.items() if name in errors), "net::ERR_CONNECTION_FAILED")
