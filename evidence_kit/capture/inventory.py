"""Write down every request of a page: ``page.json``, schema ``evidence-kit/page/1``.

Text from the page goes in as it was, only half surrogate pairs become U+FFFD, which UTF-8 cannot hold. Times are
milliseconds or RFC 3339; there are no fractions.
"""

from collections import Counter
from collections.abc import Sequence

from evidence_kit.canonical import Json
from evidence_kit.capture.exchanges import Fate, Judgement, seen_headers
from evidence_kit.capture.heads import is_chunked, is_decoded
from evidence_kit.capture.traffic import Hop, Socket
from evidence_kit.models import utc_text

Judged = tuple[Hop, Judgement]

SOCKET_REASON = "websocket frames are not kept by this recorder"


def request_line(hop: Hop, judgement: Judgement) -> dict[str, Json]:
    """Return the inventory's entry of one exchange."""
    response = hop.response or {}
    headers = seen_headers(hop)
    return {
        "id": f"{hop.request_id}/{hop.index}",
        "started": utc_text(hop.started),
        "method": hop.request["method"],
        "url": clean(hop.url),
        "type": hop.kind,
        "outcome": str(judgement.fate),
        "reason": clean(judgement.reason),
        "status": _status(hop),
        "mime": clean(response.get("mimeType", "")),
        "initiator": _initiator(hop),
        "ip": response.get("remoteIPAddress", ""),
        "protocol": response.get("protocol", ""),
        "request_bytes": len(hop.request_body),
        "body_bytes": hop.taken,
        "body_decoded": is_decoded(headers),
        "body_dechunked": is_chunked(headers),
        "wire_bytes": hop.wire_bytes,
    }


def socket_line(socket: Socket) -> dict[str, Json]:
    """Return the inventory's entry of one WebSocket."""
    return {
        "started": utc_text(socket.started),
        "method": "GET",
        "url": clean(socket.url),
        "type": "WebSocket",
        "outcome": str(Fate.NOT_RECORDED),
        "reason": SOCKET_REASON,
        "frames": socket.frames,
    }


def redirects(chain: Sequence[Hop]) -> list[Json]:
    """Return the redirects that led to the document."""
    return [
        {"url": clean(hop.url), "status": _status(hop), "location": clean(location(hop))}
        for hop in chain
        if hop.redirect
    ]


def location(hop: Hop) -> str:
    """Return where a redirect pointed, as the server wrote it."""
    values = [value for name, value in seen_headers(hop).items() if name.lower() == "location"]
    return values[0] if values else ""


def counts(judged: Sequence[Judged], sockets: int) -> dict[str, Json]:
    """Return how many requests had which fate."""
    found = Counter(judgement.fate for _, judgement in judged)
    found[Fate.NOT_RECORDED] += sockets
    return {"requests": len(judged) + sockets, **{str(fate): found[fate] for fate in Fate}}


def clean(text: str) -> str:
    """Return *text* without half surrogate pairs."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def cleaned(value: Json) -> Json:
    """Return *value* with every string in it clean."""
    match value:
        case str():
            return clean(value)
        case list():
            return [cleaned(member) for member in value]
        case dict():
            return {key: cleaned(member) for key, member in value.items()}
        case _:
            return value


def _status(hop: Hop) -> int | None:
    status = (hop.response or {}).get("status") or (hop.response_extra or {}).get("statusCode")
    return int(status) if status else None


def _initiator(hop: Hop) -> dict[str, Json]:
    about: dict[str, Json] = {"type": hop.initiator.get("type", "other")}
    frames = hop.initiator.get("stack", {}).get("callFrames", [])
    url = hop.initiator.get("url") or (frames[0].get("url") if frames else "")
    if url:
        about["url"] = clean(url)
    return about
