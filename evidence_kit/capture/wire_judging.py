"""Judge what became of a request by what passed the relay; what the browser told adds why."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from evidence_kit.capture.browser_recorder import not_sent, still_arriving
from evidence_kit.capture.entries import Fate, Judgement
from evidence_kit.capture.traffic import Hop
from evidence_kit.wire.exchange import WireExchange
from evidence_kit.wire.spool import SpooledConnection
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
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Refusals:
    """Why connections could not be made, by name and port, as the relay saw it."""

    def __init__(self, connections: Sequence[SpooledConnection]) -> None:
        """Take in every connection that was asked for and not made."""
        self._found: dict[tuple[str, int], SpooledConnection] = {}
        for connection in connections:
            if connection.name and connection.connected is None:
                self._found[connection.name, connection.port] = connection

    def net_error(self, url: str, told: str) -> str:
        """Return what the browser would have said of *url* without a relay between, when *told* is all it knew."""
        if not told.startswith(_REFUSED):
            return told
        parts = urlsplit(url)
        connection = self._found.get((parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)))
        if connection is None:
            return told
        return f"{_net_error(connection)} ({connection.error})"


def judge_exchange(hop: Hop | None, exchange: WireExchange, refusals: Refusals, *, full: bool) -> Judgement:
    """Return what became of a request that passed the relay; *full* if the relay stopped at the limit of size."""
    failure = refusals.net_error(hop.url, hop.failure) if hop and not hop.download else ""
    if exchange.response is None:
        return _unanswered(hop, failure, full=full)
    if exchange.truncated is None:
        return Judgement(fate=Fate.RECORDED, reason=f"the page was not given it: {failure}" if failure else "")
    if full:
        return Judgement(fate=Fate.TRUNCATED, reason="the size limit of the capture was reached", truncated="length")
    if exchange.truncated == "time" or (hop is not None and not hop.over):
        return still_arriving(hop)
    return _broken_off(exchange, f": {failure}" if failure else "")


def _unanswered(hop: Hop | None, failure: str, *, full: bool) -> Judgement:
    if hop is not None and not hop.over:
        return Judgement(fate=Fate.NOT_RECORDED, reason="no response had come when the capture ended")
    if full:
        return Judgement(fate=Fate.NOT_RECORDED, reason="the size limit of the capture was reached before its response")
    reason = failure or "no response had come when the connection ended"
    return Judgement(fate=Fate.FAILED, reason=reason, by_page=hop is not None and hop.canceled)


def _broken_off(exchange: WireExchange, why: str) -> Judgement:
    if exchange.ended_by is Side.CLIENT:
        reason = f"given up by the page or the browser{why}"
        return Judgement(fate=Fate.TRUNCATED, reason=reason, truncated="unspecified", by_page=True)
    return Judgement(fate=Fate.TRUNCATED, reason=f"the connection broke off{why}", truncated=exchange.truncated)


def judge_unseen(hop: Hop, refusals: Refusals) -> Judgement:
    """Return what became of a request of which nothing passed the relay."""
    if judgement := not_sent(hop):
        return judgement
    if hop.status is None and hop.failure:
        return Judgement(fate=Fate.FAILED, reason=refusals.net_error(hop.url, hop.failure), by_page=hop.canceled)
    if hop.status is None:
        return Judgement(fate=Fate.FAILED, reason="it was not sent before the capture ended")
    reason = "the browser tells of a response that did not pass the relay"
    return Judgement(fate=Fate.NOT_RECORDED, reason=reason)


def _net_error(connection: SpooledConnection) -> str:
    if connection.lookups and connection.lookups[-1].error:
        return "net::ERR_NAME_NOT_RESOLVED"
    errors = " ".join([connection.error, *(attempt.error for attempt in connection.attempts)])
    return next((error for name, error in _BY_ERRNO.items() if name in errors), "net::ERR_CONNECTION_FAILED")
