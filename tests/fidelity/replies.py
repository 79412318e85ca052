"""What a test's server may answer, as data: a `Reply` is framed by the server, a `Raw` is bytes already framed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

Fields: TypeAlias = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that can be given over HTTP/1.1 and HTTP/2."""

    status: bytes = b"200 OK"
    """Over HTTP/2 only the number is sent."""
    kind: bytes = b"text/plain; charset=utf-8"
    """Content-Type; empty: none is sent."""
    fields: Fields = ()
    """Sent as they stand, after Content-Type and before what frames the body."""
    body: bytes | Callable[[], Iterable[bytes]] = b""
    """A function gives the pieces one after the other, as slowly as it likes."""
    pieces: int = 0
    """Bytes that are sent at once, 0: the whole body."""
    chunked: bool = False
    """Whether a body over HTTP/1.1 goes in chunks; a function's body does anyway."""
    extension: bytes = b""
    """After each chunk's size."""
    trailers: Fields = ()
    promised: int | None = None
    """Content-Length, if it is not the length of the body."""
    no_length: bool = False
    """Whether nothing says where the body ends but the end of the connection."""
    interim: tuple[tuple[bytes, Fields], ...] = ()
    """Statuses and fields of the 1xx responses that come before."""
    pause: float = 0
    """Seconds between two pieces, and before what comes last."""
    cut: str = ""
    """``close`` or ``reset``: break the connection or stream off after the body."""
    close: bool = False
    """Whether the server closes an HTTP/1.1 connection afterwards, and says so."""
    untold: bool = False
    """Whether the server remembers only length and digest of the body."""
    early: bool = False
    """Whether the answer is sent before the request's body is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Bytes to send over HTTP/1.1, and what of them is head and body to anybody who reads them as a browser does."""

    parts: tuple[bytes, ...]
    """Sent one by one."""
    head: bytes = b""
    """Of the final response, empty if these bytes are no response."""
    body: bytes = b""
    """Without its chunks."""
    dechunked: bool = False
    rest: bytes = b""
    """What belongs to no response."""
    pause: float = 0
    cut: str = "close"
    """``close``, ``reset``, or empty: the connection is kept."""


Answer: TypeAlias = "Reply | Raw"


def text(body: str, **more: object) -> Reply:
    """Return a reply of UTF-8 text."""
    return Reply(body=body.encode(), **more)  # type: ignore[arg-type]


def html(body: str, **more: object) -> Reply:
    """Return a page."""
    return Reply(kind=b"text/html; charset=utf-8", body=body.encode(), **more)  # type: ignore[arg-type]


def script(body: str, **more: object) -> Reply:
    """Return a script."""
    return Reply(kind=b"text/javascript; charset=utf-8", body=body.encode(), **more)  # type: ignore[arg-type]


OPEN: Fields = (
    (b"Access-Control-Allow-Origin", b"*"),
    (b"Access-Control-Allow-Headers", b"*"),
    (b"Access-Control-Allow-Methods", b"*"),
)
"""Lets pages of other origins read a reply."""
