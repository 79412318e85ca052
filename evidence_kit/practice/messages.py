"""Requests and responses of the practice network as plain values, before anything touches a socket."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from evidence_kit.canonical import Json, dumps

HTML = "text/html; charset=utf-8"
_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"


class Delivery(StrEnum):
    """How the bytes of a response leave the server."""

    WHOLE = "whole"
    CHUNKED = "chunked"
    """In several chunks (RFC 9112 §7.1)."""
    TRUNCATED = "truncated"
    """With a Content-Length that is larger than the body, and then the connection closed."""
    ENDLESS = "endless"
    """In chunks that do not end until the server's limit; then the connection closed without the last chunk."""
    RESET = "reset"
    """Not at all: the connection is reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked, as far as the network cares."""

    method: str
    path: str
    """Decoded, without the query."""
    query: Mapping[str, str]
    """The last value of each name."""
    body: bytes = b""

    @property
    def language(self) -> str:
        """``en`` when the query asks for it, else ``mn``."""
        return "en" if self.query.get("lang") == "en" else "mn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is answered."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    """In order, names may repeat; values are sent as UTF-8. The server adds the length."""
    body: bytes = b""
    delivery: Delivery = Delivery.WHOLE
    wait: float = 0.0
    """Seconds before the first byte."""


def html(text: str, *, status: int = 200, policy: str = _POLICY) -> Response:
    """Return an HTML page under a strict content security policy."""
    headers = (("Content-Type", HTML), ("Content-Security-Policy", policy), ("Cache-Control", "no-store"))
    return Response(status=status, headers=headers, body=text.encode())


def json(document: Json, *, status: int = 200) -> Response:
    """Return a JSON document, the same bytes every time."""
    headers = (("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store"))
    return Response(status=status, headers=headers, body=dumps(document))


def redirect(location: str, *, status: int = 302) -> Response:
    """Return a redirect with a short HTML body, as servers send it."""
    body = f'<!doctype html><title>{status}</title><a href="{location}">{location}</a>\n'
    return Response(status=status, headers=(("Location", location), ("Content-Type", HTML)), body=body.encode())
