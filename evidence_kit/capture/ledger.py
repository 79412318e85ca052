"""The completeness ledger: every request, who knows of it, and what became of it (``ledger.jsonl``).

One JSON object a line, in the order in which the requests began; the first line is the head, with the schema
``evidence-kit/ledger/1`` and the counts. Times are RFC 3339; there are no fractions.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from evidence_kit.canonical import Json
from evidence_kit.capture.entries import Entry, Fate, Witness
from evidence_kit.capture.inventory import clean, cleaned
from evidence_kit.capture.traffic import Hop
from evidence_kit.models import utc_text

SCHEMA = "evidence-kit/ledger/1"


def counts(entries: Sequence[Entry]) -> dict[str, Json]:
    """Return how many requests had which fate, and how many were the browser's own."""
    found = Counter(entry.judgement.fate for entry in entries)
    return {
        "requests": len(entries),
        **{str(fate): found[fate] for fate in Fate},
        "background": sum(entry.background for entry in entries),
        "seen-on-the-wire-only": sum(entry.seen_by == (Witness.WIRE,) for entry in entries),
    }


def ledger_lines(entries: Sequence[Entry], records: Mapping[int, str]) -> Iterator[dict[str, Json]]:
    """Yield the lines; *records* are the ids of the WARC records that hold the response, by place in *entries*.

    An entry without a response has the id of its request there.
    """
    yield {"schema": SCHEMA, "counts": counts(entries)}
    for place, entry in enumerate(entries):
        line = cleaned({"n": place + 1, **_line(entry), "record": records.get(place, "")})
        assert isinstance(line, dict)  # noqa: S101  # cleaned changes no shape
        yield line


def _line(entry: Entry) -> dict[str, Json]:
    hop, response = entry.hop, (entry.hop.response if entry.hop else None) or {}
    line: dict[str, Json] = {
        "started": utc_text(entry.started),
        "method": entry.method,
        "url": entry.url,
        "type": hop.kind if hop else "WebSocket" if entry.websocket else "",
        "outcome": str(entry.judgement.fate),
        "reason": entry.judgement.reason,
        "seen_by": [str(witness) for witness in entry.seen_by],
        "background": entry.background,
        "status": entry.status,
        "mime": response.get("mimeType", ""),
        "ip": entry.ip,
        "protocols": list(entry.protocols),
        "request_bytes": entry.request_bytes,
        "body_bytes": entry.body_bytes,
        "body_decoded": entry.decoded,
        "body_dechunked": entry.dechunked,
    }
    if entry.wire_bytes is not None:
        line["wire_bytes"] = entry.wire_bytes
    if entry.connection is not None:
        line["connection"] = entry.connection
    if entry.stream is not None:
        line["stream"] = entry.stream
    if entry.messages is not None:
        line["messages"] = entry.messages.count
    if entry.socket is not None:
        line["frames_told"] = entry.socket.frames
    if hop:
        line |= {"request": f"{hop.request_id}/{hop.index}", "frame": hop.frame, "initiator": _initiator(hop)}
    return line


def _initiator(hop: Hop) -> dict[str, Json]:
    about: dict[str, Json] = {"type": hop.initiator.get("type", "other")}
    frames = hop.initiator.get("stack", {}).get("callFrames", [])
    url = hop.initiator.get("url") or (frames[0].get("url") if frames else "")
    if url:
        about["url"] = clean(url)
    return about
