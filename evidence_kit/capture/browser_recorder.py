"""The recorder ``browser``: what the browser told and handed over, judged and turned into what the archive writes.

`judge` is the one place that decides here what became of a request.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from evidence_kit.archive.warc_writer import Exchange
from evidence_kit.browser.cdp import Fields
from evidence_kit.capture.bodies import BodyObserver
from evidence_kit.capture.bounds import TOO_MUCH
from evidence_kit.capture.entries import Entry, Fate, Judgement, Made, Witness
from evidence_kit.capture.heads import declared_length, is_chunked, is_decoded, request_head, response_head
from evidence_kit.capture.observer import Observer, endless, without_body
from evidence_kit.capture.recorder import Recorded
from evidence_kit.capture.spool import Spool
from evidence_kit.capture.traffic import Hop, Socket, Traffic
from evidence_kit.models import Problem, RecorderKind
from evidence_kit.trust.age import Recipient
from evidence_kit.wire.exchange import http_url

REDIRECT_NOTE = "redirect body not available to the browser recorder"
SOCKET_REASON = "websocket frames are not kept by this recorder"
REFUSED = "a file to be saved, which began while its page was loading: the browser refused it after its head"
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


class BrowserRecorder:
    """Records what the browser hands over (`evidence_kit.capture.recorder.Recorder`)."""

    kind = RecorderKind.BROWSER
    tap = None

    def __enter__(self) -> Self:
        """Begin: everything is done by the observer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing runs besides the browser."""

    def observer(self, traffic: Traffic, spool: Spool) -> Observer:
        """Return an observer that takes the bodies."""
        return BodyObserver(traffic, spool)

    def full(self, spool: Spool) -> bool:
        """Return whether *spool* is full."""
        return spool.full

    def read(self, traffic: Traffic, spool: Spool) -> Recorded:
        """Return every request and WebSocket that the browser told of."""
        entries = [_entry(hop, judge(hop, spool_full=spool.full), spool) for hop in traffic.hops]
        entries += [_socket_entry(socket) for socket in traffic.sockets.values()]
        # A recording that is completed has no limit any more.
        detail = f"the limit of {spool.limit} bytes was reached: no more bodies were kept after it"
        problems = [Problem(code=TOO_MUCH, detail=detail)] if spool.full and spool.limit else []
        return Recorded(entries=sorted(entries, key=lambda entry: entry.started), problems=problems)

    def seal(self, _recipients: Sequence[Recipient], _output: Path) -> bool:
        """Return that there is nothing to seal: everything that was recorded is in the archive."""
        return False


def made_by_worker(hop: Hop, spool: Spool) -> Made | None:
    """Return what the page's service worker made; None when that is not here whole, or it is empty by its nature."""
    if not hop.made_by_worker or not (hop.whole or hop.taken):
        return None
    return Made(body=spool.path(hop.number) if hop.taken else b"", media_type=_media_type(hop))


def not_sent(hop: Hop) -> Judgement | None:
    """Return what became of a request that never went to a server; None when it did."""
    response = hop.response or {}
    if hop.from_cache or response.get("fromDiskCache"):
        return Judgement(fate=Fate.CACHED, reason="answered from the memory of this capture's own browser")
    if hop.in_viewer:
        return Judgement(fate=Fate.CACHED, reason="shown by the browser's PDF viewer out of what was received before")
    if hop.made_by_worker:
        if hop.whole or without_body(hop) or (hop.over and not hop.length):
            return Judgement(fate=Fate.WORKER, reason="made by the page's service worker")
        reason = "made by the page's service worker, and the browser did not hand it over"
        return Judgement(fate=Fate.NOT_RECORDED, reason=reason)
    if response.get("fromServiceWorker"):
        reason = "passed on by the page's service worker; what that fetched is recorded as its own request"
        return Judgement(fate=Fate.CACHED, reason=reason)
    return None


def judge(hop: Hop, *, spool_full: bool) -> Judgement:
    """Return what became of *hop*, after the browser is closed."""
    if judgement := not_sent(hop):
        return judgement
    if hop.response is None and hop.response_extra is None:
        return _unanswered(hop)
    if hop.redirect or without_body(hop):
        return Judgement(fate=Fate.RECORDED, reason=REDIRECT_NOTE if hop.redirect else "")
    if hop.whole:
        return _received(hop)
    return _partly(hop, spool_full=spool_full)


def to_exchange(hop: Hop, judgement: Judgement, spool: Spool) -> Exchange | None:
    """Return what to archive of *hop*; None when nothing was sent to a server."""
    if not_sent(hop):
        return None
    if hop.response is None and hop.response_extra is None and hop.request_extra is None:
        # It never left the browser: the name led nowhere, or the page was not allowed to.
        return None
    extra, response, seen = hop.response_extra or {}, hop.response or {}, hop.seen_headers
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
        response_body=path if length and answered and not without_body(hop) else b"",
        truncated=judgement.truncated,
        ip_address=_address(response) or None,
        protocols=_protocols(response),
        resource_type=hop.kind.lower(),
        note=_note(hop, judgement, seen, answered=answered),
    )


def _socket_exchange(socket: Socket) -> Exchange | None:
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
        url=http_url(socket.url),
        started=socket.started,
        request_head=request_head("GET", socket.url, response.get("requestHeaders") or socket.request["headers"]),
        response_head=head,
        resource_type="websocket",
        note={"websocket": "handshake only; frames are not kept by this recorder"},
    )


def _entry(hop: Hop, judgement: Judgement, spool: Spool) -> Entry:
    response = hop.response or {}
    return Entry(
        started=hop.started,
        method=hop.request["method"],
        url=hop.url,
        judgement=judgement,
        seen_by=(Witness.BROWSER,),
        hop=hop,
        exchange=to_exchange(hop, judgement, spool),
        made=made_by_worker(hop, spool),
        status=hop.status,
        ip=_address(response),
        protocols=_protocols(response),
        request_bytes=len(hop.request_body),
        body_bytes=0 if without_body(hop) else hop.taken,
        wire_bytes=hop.wire_bytes,
        decoded=is_decoded(hop.seen_headers),
        dechunked=is_chunked(hop.seen_headers),
    )


def _socket_entry(socket: Socket) -> Entry:
    return Entry(
        started=socket.started,
        method="GET",
        url=socket.url,
        judgement=Judgement(fate=Fate.NOT_RECORDED, reason=SOCKET_REASON),
        seen_by=(Witness.BROWSER,),
        socket=socket,
        exchange=_socket_exchange(socket),
        websocket=True,
    )


def _partly(hop: Hop, *, spool_full: bool) -> Judgement:
    """Judge a body of which at most a part is here."""
    if hop.refused:
        return Judgement(fate=Fate.TRUNCATED, reason=REFUSED, truncated="unspecified")
    if not hop.over:
        return still_arriving(hop)
    if spool_full:
        return Judgement(fate=Fate.TRUNCATED, reason="the size limit of the capture was reached", truncated="length")
    return _lost(hop)


def still_arriving(hop: Hop | None) -> Judgement:
    """Return the judgement of a response that had not ended when the capture did."""
    return Judgement(
        fate=Fate.TRUNCATED,
        reason="still arriving when the capture ended",
        truncated="time",
        by_page=hop is not None and endless(hop),
    )


def _unanswered(hop: Hop) -> Judgement:
    if hop.failure:
        return Judgement(fate=Fate.FAILED, reason=hop.failure, by_page=hop.canceled)
    return Judgement(fate=Fate.NOT_RECORDED, reason="no response had come when the capture ended")


def _received(hop: Hop) -> Judgement:
    """Judge a body of which everything that the browser received is here."""
    promised = declared_length(hop.seen_headers)
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
    if hop.length == 0 and not hop.taken and declared_length(hop.seen_headers) == 0:
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


def _address(response: Fields) -> str:
    return str(response.get("remoteIPAddress") or "").strip("[]")


def _media_type(hop: Hop) -> str:
    values = [value for name, value in hop.seen_headers.items() if name.lower() == "content-type"]
    return values[0] if values else "application/octet-stream"


def _protocols(response: Fields) -> tuple[str, ...]:
    names = [response.get("protocol", "")]
    tls = response.get("securityDetails", {}).get("protocol", "")
    names.append(tls.lower().replace("tls ", "tls/"))
    return tuple(name for name in names if name)


def _note(hop: Hop, judgement: Judgement, headers: Mapping[str, str], *, answered: bool) -> dict[str, str]:
    note = {"outcome": str(judgement.fate)}
    if judgement.reason:
        note["reason"] = judgement.reason
    if answered and not hop.redirect and is_decoded(headers):
        note["body"] = "content coding removed by the browser"
    promised = declared_length(headers)
    if judgement.truncated and promised is not None:
        note["promised_length"] = str(promised)
        note["stored_length"] = str(hop.taken)
    return note
