"""Answers of the server, and the rules that each of them gives the browser.

The page and each replay have a port, and so an origin, of their own. Browsers keep origins apart: what a recorded page
runs can neither read the page outside nor learn its address. All are of one site, since browsers that block what they
call third parties let no service worker run in a frame of another.
Content Security Policy Level 3; Fetch Metadata; RFC 9110, 14.1.2 (ranges).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from evidence_kit.canonical import Json

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_COMMON = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one request gets."""

    status: HTTPStatus = HTTPStatus.OK
    type: str = "text/plain; charset=utf-8"
    body: Iterable[bytes] = ()
    """Pieces, together `size` bytes."""
    size: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        """Return every header field."""
        return {"Content-Type": self.type, "Content-Length": str(self.size), **_COMMON, **self.fields}


def data(content: bytes, type_: str, fields: Mapping[str, str] | None = None) -> Answer:
    """Return an answer of bytes that are there."""
    return Answer(type=type_, body=(content,), size=len(content), fields=fields or {})


def document(value: Json, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    """Return an answer of JSON."""
    content = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return Answer(status=status, type="application/json", body=(content,), size=len(content))


def refusal(status: HTTPStatus) -> Answer:
    """Return an answer that says nothing but its status."""
    return Answer(status=status)


def asked_range(header: str, size: int) -> tuple[int, int] | None:
    """Return first byte and number of bytes that a ``Range`` header asks for; None for all; raises `ValueError`.

    One range is served; of several, or of another unit, the whole is (RFC 9110, 14.2 leaves that open).
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    first = int(found[1]) if found[1] else max(0, size - int(found[2]))
    end = min(int(found[2]) + 1, size) if found[1] and found[2] else size
    if first >= end:
        raise ValueError(header)
    return first, end - first


PAGE_RULES = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""For our own page: its own scripts and frames."""


def frame_rules(inside: str) -> dict[str, str]:
    """Return the rules for the frame between the page and a replay, which can go nowhere but to the origin *inside*."""
    policy = (
        f"default-src 'none'; style-src 'self'; frame-src {inside}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    )
    return {"Content-Security-Policy": policy}


def replay_rules(outside: str) -> dict[str, str]:
    """Return the rules for the document that holds the recorded page; only the origin *outside* may frame it."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; "
        f"frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {outside}"
    )
    return {"Content-Security-Policy": policy}


WORKER_RULES = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'unsafe-eval'; connect-src 'self'",
}
"""For ReplayWeb.page's worker: what it fetches comes from this server."""
