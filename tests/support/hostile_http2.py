"""Servers that harm below HTTP: floods of HTTP/2 frames (RFC 9113), bombs of HPACK (RFC 7541), rubbish in TLS."""

import contextlib
import os
import socket
import ssl
from collections.abc import Callable, Iterator

from tests.fidelity.certificates import ServerAuthority
from tests.support.capture_site import RawSite
from tests.support.http2_frames import CONTINUATION, DATA, END_HEADERS, HEADERS, PING, RST_STREAM, SETTINGS, frame

_SETTINGS = 4
_ANSWERED = b"\x88"
"""``:status: 200`` of the static table (RFC 7541, Appendix A)."""
_FIELD = b"\x40\x01a" + b"\x7f\x81\x1e" + b"x" * 4000
"""A field that goes into the table, of 4000 bytes; one byte repeats it."""
_AGAIN = b"\xbe"


def _several(piece: bytes) -> bytes:
    return piece * (65536 // len(piece))


FLOODS: dict[str, tuple[bytes, bytes]] = {
    "settings": (b"", _several(frame(_SETTINGS, b"\x00\x04\x00\x00\xff\xff" * 100, stream=0))),
    "pings": (b"", _several(frame(PING, b"12345678", stream=0))),
    "resets": (b"", _several(frame(RST_STREAM, b"\x00\x00\x00\x08"))),
    "continuations": (frame(HEADERS, _ANSWERED), _several(frame(CONTINUATION, b"\x00\x01b\x01c" * 100))),
    "nothing": (frame(HEADERS, _ANSWERED, flags=END_HEADERS), _several(frame(DATA))),
    "bomb": (b"", frame(HEADERS, _ANSWERED + _FIELD + _AGAIN * 12_000, flags=END_HEADERS)),
    "rubbish": (b"", bytes(range(256)) * 256),
}
"""What each begins with, and what it then says for ever."""


@contextlib.contextmanager
def hostile_http2(kind: str, authority: ServerAuthority) -> Iterator[str]:
    """Yield the address of a server that answers the first request with the flood *kind*."""
    context = authority.context("127.0.0.1")
    context.set_alpn_protocols(["h2"])
    begin, again = FLOODS[kind]

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(SETTINGS + begin)
        while True:
            connection.sendall(again)

    with _Site(answer, context) as site:
        yield site.url


@contextlib.contextmanager
def rubbish_below_tls(authority: ServerAuthority) -> Iterator[str]:
    """Yield the address of a server that sends bytes that are no TLS once the handshake is done."""

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        with socket.socket(fileno=os.dup(connection.fileno())) as below:
            while True:
                below.sendall(b"\x17\x03\x03\x40\x00" + bytes(16384))

    with _Site(answer, authority.context("127.0.0.1")) as site:
        yield site.url


class _Site(RawSite):
    """Does one thing with every connection."""

    def __init__(self, act: Callable[[socket.socket], None], tls: ssl.SSLContext) -> None:
        super().__init__({}, tls)
        self._act = act

    def _answer(self, connection: socket.socket) -> None:
        self._act(connection)
