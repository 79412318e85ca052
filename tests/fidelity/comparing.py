"""Compares what a server knows of its exchanges with what a capture says of them."""

import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import brotlicffi  # type: ignore[import-untyped]

from tests.fidelity.case import Body, Expect
from tests.fidelity.origin import Sent
from tests.fidelity.records import Pair

_MOVED = (b"transfer-encoding", b"content-length")
_DECODED = (*_MOVED, b"content-encoding")
_ORIGINAL = b"X-Archive-Orig-"
_ZSTD_HEAD = 10
_LISTED = 200


@dataclass(slots=True, kw_only=True)
class Found:
    """One exchange of the server, the records that come nearest to it, and what differs."""

    sent: Sent
    pair: Pair | None
    differences: list[str] = field(default_factory=list)


def stored_head(sent: Sent, length: int) -> bytes:
    """Return a response's head as the format stores it when chunks were taken off a body, *length* bytes of it."""
    if not sent.chunked:
        return sent.response_head
    first, *lines = sent.response_head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    moved = [_ORIGINAL + line if line.split(b":")[0].strip().lower() in _MOVED else line for line in lines]
    return b"\r\n".join([first, *moved, b"Content-Length: %d" % length]) + b"\r\n\r\n"


def decoded(sent: Sent) -> bytes:
    """Return the body as a browser hands it over, without content codings; what cannot be decoded ends there."""
    body = bytes(sent.response_body)
    for coding in reversed(sent.coding.split(",")):
        match coding.strip():
            case "gzip" | "deflate":
                body = _inflated(body)
            case "br":
                body = brotlicffi.decompress(body)
            case "zstd":
                body = body[_ZSTD_HEAD:]
            case _:
                pass
    return body


def _inflated(body: bytes) -> bytes:
    inflater, out = zlib.decompressobj(32 + zlib.MAX_WBITS), b""
    for byte in range(len(body)):
        try:
            out += inflater.decompress(body[byte : byte + 1])
        except zlib.error:
            return out
    return out


def pair_up(
    recorder: str, sent: Sequence[Sent], pairs: Sequence[Pair], expect: Callable[[Sent], Expect]
) -> tuple[list[Found], list[Pair]]:
    """Return for each exchange the records that agree with it, and the pairs that belong to none.

    Each pair is taken once. Where nothing agrees, the one that comes nearest is told with what differs.
    """
    free: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        free[key(pair.method, pair.url)].append(pair)
    found: list[Found] = []
    waiting: list[Sent] = []
    for each in sent:
        candidates = _candidates(free, each)
        agreeing = [pair for pair in candidates if not differences(recorder, each, pair, expect(each))]
        if agreeing:
            candidates.remove(agreeing[0])
            found.append(Found(sent=each, pair=agreeing[0]))
        else:
            waiting.append(each)
    for each in waiting:
        candidates = _candidates(free, each)
        wanted = expect(each)
        if not candidates:
            # A browser asks again by itself where there was no answer, and does not tell of it.
            again = (
                recorder == "browser" and wanted.body is Body.UNANSWERED and each.url in {one.sent.url for one in found}
            )
            said = [] if wanted.body is Body.UNSEEN or again else ["there is no request record"]
            found.append(Found(sent=each, pair=None, differences=said))
            continue
        nearest = min(candidates, key=lambda pair: len(differences(recorder, each, pair, wanted)))
        candidates.remove(nearest)
        found.append(Found(sent=each, pair=nearest, differences=differences(recorder, each, nearest, wanted)))
    return found, [pair for rest in free.values() for pair in rest]


def _candidates(free: dict[tuple[str, str], list[Pair]], sent: Sent) -> list[Pair]:
    """Return the records under the address of *sent*; a WebSocket is opened with GET, over HTTP/2 with CONNECT."""
    methods = ("GET", "CONNECT") if sent.url.startswith("ws") else (sent.method,)
    found = [free[key(method, archived(sent.url))] for method in methods]
    return next((pairs for pairs in found if pairs), found[0])


def key(method: str, url: str) -> tuple[str, str]:
    """Return what an exchange is found by."""
    # A WebSocket is opened with GET, over HTTP/2 with CONNECT; that the heads say which is compared there.
    return ("" if url.startswith("ws") else method), plain(url)


def archived(url: str) -> str:
    """Return the address of the records: the handshake of a WebSocket is HTTP."""
    return url.replace("ws", "http", 1) if url.startswith("ws") else url


def plain(url: str) -> str:
    """Return *url* with every byte that is not unreserved or a delimiter percent-encoded, as archives may have it."""
    return re.sub(r"[|{}\"\[\]\\^`]", lambda match: f"%{ord(match[0]):02X}", url)


class Expectation:
    """What is expected of each exchange: called with it."""

    def __init__(self, recorder: str, cases: dict[str, Any]) -> None:
        self._recorder, self._cases = recorder, cases

    def __call__(self, sent: Sent) -> Expect:
        case = self._cases.get(sent.case)
        return case.expect(self._recorder, sent) if case else Expect()


def differences(recorder: str, sent: Sent, pair: Pair, expect: Expect) -> list[str]:
    """Return how *pair* differs from *sent*, as far as *recorder* is expected to keep it."""
    compare = _on_the_wire if recorder == "wire" else _by_the_browser
    return [*_request(recorder, sent, pair, expect), *compare(sent, pair, expect)]


def _request(recorder: str, sent: Sent, pair: Pair, expect: Expect) -> list[str]:
    said = []
    head, body = pair.request.head, pair.request.body
    if recorder == "wire":
        if head != sent.request_head:
            said.append(f"request head: {_shown(head)} instead of {_shown(sent.request_head)}")
    elif expect.heads:
        said += _fields_differ("request", _one_cookie(_lines(sent.request_head)), _lines(head), ordered=False)
    if body != sent.request_body:
        said.append(f"request body: {len(body)} bytes instead of {len(sent.request_body)}")
    return said


def _on_the_wire(sent: Sent, pair: Pair, expect: Expect) -> list[str]:
    if expect.body is Body.UNANSWERED or not sent.response_head:
        return ["there is a response record"] if pair.response else []
    if pair.response is None:
        return ["there is no response record"]
    said = []
    body = pair.response.body
    wanted = stored_head(sent, len(body))
    if pair.response.head != wanted:
        said.append(f"response head: {_shown(pair.response.head)} instead of {_shown(wanted)}")
    return said + _body_differs(sent, bytes(sent.response_body), pair, expect)


def _by_the_browser(sent: Sent, pair: Pair, expect: Expect) -> list[str]:
    if expect.body is Body.UNANSWERED:
        return ["there is a response record"] if pair.response else []
    if pair.response is None:
        return [] if expect.body in {Body.ABSENT, Body.UNSEEN} else ["there is no response record"]
    if not sent.response_head:
        return [] if sent.rest.endswith(pair.response.body) else [f"body: {_shown(pair.response.body)}"]
    stored, given = _lines(pair.response.head), _lines(sent.response_head)
    kept = [(name.removeprefix(_ORIGINAL), value) for name, value in stored if not _is_added(name, stored, given)]
    # The browser tells lines in order only over HTTP/1.1, and of WebSockets not even there.
    ordered = sent.response_head.count(b" ", 0, 13) > 1 and not sent.websocket
    said = _fields_differ("response", given, kept, ordered=ordered) if expect.heads else []
    if pair.response.head.split(b" ")[1][:3] != sent.response_head.split(b" ")[1][:3]:
        said.append(f"status: {_shown(pair.response.head)}")
    return said + _body_differs(sent, decoded(sent), pair, expect)


def _is_added(name: bytes, stored: list[tuple[bytes, bytes]], given: list[tuple[bytes, bytes]]) -> bool:
    """Return whether a field is the length of the body as stored."""
    names = {key.lower() for key, _ in given}
    moved = any(
        key == _ORIGINAL + b"Content-Length" or key.lower() == _ORIGINAL.lower() + b"content-length"
        for key, _ in stored
    )
    return name.lower() == b"content-length" and (moved or b"content-length" not in names)


def _fields_differ(
    what: str, given: Iterable[tuple[bytes, bytes]], stored: Iterable[tuple[bytes, bytes]], *, ordered: bool
) -> list[str]:
    one, other = ([(name.lower(), value.strip()) for name, value in lines] for lines in (given, stored))
    if not ordered:
        one, other = sorted(one), sorted(other)
    if one == other:
        return []
    lost = [field for field in one if field not in other]
    added = [field for field in other if field not in one]
    return [f"{what} fields: lost {lost!r:.200}, added {added!r:.200}"]


def _one_cookie(lines: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return *lines* with the crumbs of a cookie together (RFC 9113, 8.2.3)."""
    crumbs = [value for name, value in lines if name.lower() == b"cookie"]
    others = [(name, value) for name, value in lines if name.lower() != b"cookie"]
    return [*others, (b"cookie", b"; ".join(crumbs))] if crumbs else others


def _lines(head: bytes) -> list[tuple[bytes, bytes]]:
    rows = re.sub(rb"\r?\n[ \t]+", b" ", head).replace(b"\r\n", b"\n").strip(b"\n").split(b"\n")[1:]
    parts = [row.partition(b":") for row in rows]
    return [(name, value.strip()) for name, _, value in parts]


def _body_differs(sent: Sent, given: bytes, pair: Pair, expect: Expect) -> list[str]:
    assert pair.response is not None
    body, truncated = pair.response.body, pair.response.field("WARC-Truncated")
    said = []
    match expect.body:
        case Body.WHOLE if body != given:
            said.append(f"body: {len(body)} bytes instead of {len(given)}: {_shown(body)}, not {_shown(given)}")
        case Body.PREFIX if not given.startswith(body):
            said.append(f"body: {len(body)} bytes that are no beginning of what was sent: {_shown(body)}")
        case Body.ABSENT if body:
            said.append(f"body: {len(body)} bytes")
        case _:
            pass
    missing = sent.cut or len(body) < len(given)
    if expect.truncated and missing and truncated not in expect.truncated:
        said.append(f"WARC-Truncated: {truncated or 'none'} instead of {' or '.join(expect.truncated)}")
    # What the browser refuses it may hang up on after the last byte: then all is there, and is called given up.
    missing = missing or not sent.ended or expect.body is Body.PREFIX
    if truncated and (not expect.truncated or not missing):
        said.append(f"WARC-Truncated: {truncated} of what is whole")
    return said


def _shown(data: bytes) -> str:
    return repr(data if len(data) <= _LISTED else data[: _LISTED // 2] + b" ... " + data[-_LISTED // 2 :])
