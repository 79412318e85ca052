"""Judge every exchange, and turn it into what the archive writes.

`judge` is the one place that decides what became of a request; the archive, the inventory and the capture's status all
follow from its answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from evidence_kit.archive.warc_writer import Exchange
from evidence_kit.browser.cdp import Fields
from evidence_kit.capture.heads import declared_length, is_chunked, is_decoded, request_head, response_head
from evidence_kit.capture.recorder import without_body
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.traffic import Hop, Socket

REDIRECT_NOTE = "redirect body not available to the browser recorder"
_UNSURE_END = "no length was promised: had the connection broken off, this recorder could not tell"
_CUT_BY_SERVER = (
    "net::ERR_CONTENT_LENGTH_MISMATCH",
    "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
    "net::ERR_CONNECTION",
    "net::ERR_EMPTY_RESPONSE",
    "net::ERR_HTTP2",
    "net::ERR_TIMED_OUT",
    "net::ERR_NETWORK",
    "net::ERR_INTERNET_DISCONNECTED",
)


class Fate(StrEnum):
    """What became of a request."""

    RECORDED = "recorded"
    TRUNCATED = "truncated"
    """Recorded as far as it came."""
    FAILED = "failed"
    """There was no response, for a stated reason."""
    CACHED = "served-from-cache"
    """Answered out of an earlier response of this same capture."""
    NOT_RECORDED = "not-recorded"
    """There was a response, and it is not in the archive or only its head is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of a request, and why."""

    fate: Fate
    reason: str = ""
    truncated: str | None = None
    """The WARC-Truncated value."""
    by_page: bool = False
    """Whether the page itself did not want (the rest of) the response."""


def judge(hop: Hop, *, spool_full: bool) -> Judgement:
    """Return what became of *hop*, after the browser is closed."""
    if reason := _not_sent(hop):
        return Judgement(fate=Fate.CACHED, reason=reason)
    if hop.response is None and hop.response_extra is None:
        return _unanswered(hop)
    if hop.redirect or without_body(hop):
        return Judgement(fate=Fate.RECORDED, reason=REDIRECT_NOTE if hop.redirect else "")
    if hop.whole:
        return _received(hop)
    return _partly(hop, spool_full=spool_full)


def to_exchange(hop: Hop, judgement: Judgement, spool: Spool) -> Exchange | None:
    """Return what to archive of *hop*; None when nothing was sent to a server."""
    if judgement.fate is Fate.CACHED:
        return None
    extra, response = hop.response_extra or {}, hop.response or {}
    seen: Mapping[str, str] = extra.get("headers") or response.get("headers", {})
    path = spool.path(hop.number)
    length = path.stat().st_size if path.exists() else 0
    answered = bool(extra or response)
    head = None
    if answered:
        head = response_head(
            text=extra.get("headersText"),
            headers=seen,
            status=extra.get("statusCode") or response.get("status", 0),
            reason=response.get("statusText", ""),
            body_length=_stated(hop, judgement, seen, length),
        )
    sent = hop.request_extra or {}
    return Exchange(
        url=hop.url,
        started=hop.started,
        request_head=request_head(hop.request["method"], hop.url, sent.get("headers") or hop.request["headers"]),
        request_body=hop.request_body,
        response_head=head,
        response_body=path if length and answered else b"",
        truncated=judgement.truncated,
        ip_address=(response.get("remoteIPAddress") or "").strip("[]") or None,
        protocols=_protocols(response),
        note=_note(hop, judgement, seen, answered=answered),
    )


def socket_exchange(socket: Socket) -> Exchange | None:
    """Return the opening handshake of a WebSocket; None when it was never sent."""
    if socket.request is None:
        return None
    response = socket.response or {}
    head = None
    if response:
        head = response_head(
            text=None,
            headers=response["headers"],
            status=response["status"],
            reason=response.get("statusText", ""),
            body_length=None,
        )
    return Exchange(
        url=socket.url,
        started=socket.started,
        request_head=request_head("GET", socket.url, response.get("requestHeaders") or socket.request["headers"]),
        response_head=head,
        note={"websocket": "handshake only; frames are not kept by this recorder"},
    )


def seen_headers(hop: Hop) -> Mapping[str, str]:
    """Return the response's fields as the browser shows them."""
    extra, response = hop.response_extra or {}, hop.response or {}
    headers: Mapping[str, str] = extra.get("headers") or response.get("headers", {})
    return headers


def _not_sent(hop: Hop) -> str:
    """Return why no request went to a server; empty when one did."""
    response = hop.response or {}
    if hop.from_cache or response.get("fromDiskCache"):
        return "answered from the memory of this capture's own browser"
    if hop.in_viewer:
        return "shown by the browser's PDF viewer out of what was received before"
    if response.get("fromServiceWorker"):
        return "made by the page's service worker; what that fetched is recorded as its own request"
    return ""


def _partly(hop: Hop, *, spool_full: bool) -> Judgement:
    """Judge a body of which at most a part is here."""
    if not hop.over:
        return Judgement(fate=Fate.TRUNCATED, reason="still arriving when the capture ended", truncated="time")
    if spool_full:
        return Judgement(fate=Fate.TRUNCATED, reason="the size limit of the capture was reached", truncated="length")
    return _lost(hop)


def _unanswered(hop: Hop) -> Judgement:
    if hop.failure:
        return Judgement(fate=Fate.FAILED, reason=hop.failure, by_page=hop.canceled)
    return Judgement(fate=Fate.NOT_RECORDED, reason="no response had come when the capture ended")


def _received(hop: Hop) -> Judgement:
    """Judge a body of which everything that the browser received is here."""
    promised = declared_length(seen_headers(hop))
    failure = "" if hop.download else hop.failure
    if promised is not None and hop.taken >= promised:
        return Judgement(fate=Fate.RECORDED)
    if promised is None and not failure:
        return Judgement(fate=Fate.RECORDED, reason=_UNSURE_END if hop.download else "")
    if failure.startswith(_CUT_BY_SERVER):
        return Judgement(fate=Fate.TRUNCATED, reason=f"the connection broke off: {failure}", truncated="disconnect")
    if failure:
        reason = f"given up by the page or the browser: {hop.failure}"
        return Judgement(fate=Fate.TRUNCATED, reason=reason, truncated="unspecified", by_page=True)
    reason = f"{hop.taken} bytes came of {promised} promised"
    return Judgement(fate=Fate.TRUNCATED, reason=reason, truncated="disconnect")


def _lost(hop: Hop) -> Judgement:
    """Judge a body that the browser did not hand over, or only in part."""
    if hop.failure.startswith(_CUT_BY_SERVER):
        return Judgement(fate=Fate.TRUNCATED, reason=f"the connection broke off: {hop.failure}", truncated="disconnect")
    if hop.failure:
        reason = f"given up or refused by the page or the browser: {hop.failure}"
        return Judgement(fate=Fate.TRUNCATED, reason=reason, truncated="unspecified", by_page=True)
    if hop.length == 0 and not hop.taken and declared_length(seen_headers(hop)) == 0:
        return Judgement(fate=Fate.RECORDED)
    reason = f"the browser handed over {hop.taken} of {hop.length} bytes of the body"
    return Judgement(fate=Fate.NOT_RECORDED, reason=reason, truncated="unspecified")


def _stated(hop: Hop, judgement: Judgement, headers: Mapping[str, str], length: int) -> int | None:
    """Return the Content-Length to write where the head as sent does not fit the body as stored."""
    if without_body(hop):
        return None
    changed = is_decoded(headers) or is_chunked(headers)
    promised = declared_length(headers)
    if judgement.truncated and not changed:
        # The promise is evidence that something is missing.
        return None
    if hop.redirect:
        return 0 if changed or promised else None
    return length if changed or (promised is not None and promised != length) else None


def _protocols(response: Fields) -> tuple[str, ...]:
    names = [response.get("protocol", "")]
    tls = response.get("securityDetails", {}).get("protocol", "")
    names.append(tls.lower().replace("tls ", "tls/"))
    return tuple(name for name in names if name)


def _note(hop: Hop, judgement: Judgement, headers: Mapping[str, str], *, answered: bool) -> dict[str, str]:
    note = {"resource_type": hop.kind.lower(), "outcome": str(judgement.fate)}
    if judgement.reason:
        note["reason"] = judgement.reason
    if answered and not hop.redirect and is_decoded(headers):
        note["body"] = "content coding removed by the browser"
    promised = declared_length(headers)
    if judgement.truncated and promised is not None:
        note["promised_length"] = str(promised)
        note["stored_length"] = str(hop.taken)
    return note
