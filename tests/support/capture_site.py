"""A server that sends exactly the bytes a test asks for, and what a test reads back out of a capture."""

import contextlib
import io
import json
import socket
import ssl
import struct
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from warcio.archiveiterator import ArchiveIterator

Reply = bytes | Callable[[socket.socket, bytes], None]

TEXT = "Өвлийн Үдэш, өдөр шөнө, үнэ 50 000 ₮ 😀👩‍👩‍👧 ᠮᠣᠩᠭᠣᠯ"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000100ffff03000006000557bfabd40000000049454e44ae426082"
)


def reply(
    body: bytes | str, kind: str = "text/html; charset=utf-8", *, status: str = "200 OK", head: bytes = b""
) -> bytes:
    """Return a whole response; *head* are more header lines, each with its line end."""
    data = body.encode() if isinstance(body, str) else body
    first = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n".encode()
    return first + head + b"Connection: close\r\n\r\n" + data


def page(body: str = "", script: str = "") -> bytes:
    """Return the response with a page of `TEXT`, *body* and *script*."""
    return reply(
        f"<!doctype html><meta charset=utf-8><title>{TEXT}</title><p>{TEXT}</p>{body}<script>{script}</script>"
    )


class RawSite:
    """Answers each path with fixed bytes or by a function that holds the connection."""

    def __init__(self, replies: dict[str, Reply], tls: ssl.SSLContext | None = None) -> None:
        """Serve *replies* on a free loopback port, under *tls* if given; anything else is 404."""
        self._tls = tls
        self.replies = replies
        self.requests: list[bytes] = []
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        # Waking the thread that waits in accept: closing alone leaves it there on Linux.
        self._over.set()
        with socket.create_connection(self._socket.getsockname()):
            self._thread.join(5)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self._over.is_set():
                connection.close()
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        # A browser that hangs up, or refuses the certificate, is what some tests are about.
        with plain, contextlib.suppress(OSError):
            connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        request = _read_request(connection)
        if not request:
            return
        self.requests.append(request)
        answer = self.replies.get(request.split(b" ")[1].decode(), reply("no such page", status="404 Not Found"))
        if callable(answer):
            answer(connection, request)
        else:
            connection.sendall(answer)


def reset(connection: socket.socket, _request: bytes) -> None:
    """Break the connection off with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@dataclass(kw_only=True)
class Recorded:
    """One HTTP exchange as it stands in a WARC."""

    url: str
    request: bytes
    response: bytes
    """Head and body; empty when there was none."""
    fields: dict[str, str] = field(default_factory=dict)
    """WARC fields of the response, or else of the request."""

    @property
    def head(self) -> bytes:
        """Head of the response."""
        return self.response.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        """Body of the response."""
        return self.response.partition(b"\r\n\r\n")[2]


@dataclass(kw_only=True)
class Archive:
    """What a test wants to know of a WACZ."""

    exchanges: list[Recorded]
    resources: dict[str, bytes]

    def one(self, path: str) -> Recorded:
        """Return the only exchange whose URL ends in *path*."""
        found = [exchange for exchange in self.exchanges if exchange.url.endswith(path)]
        assert len(found) == 1, [exchange.url for exchange in self.exchanges]
        return found[0]


def read_archive(wacz: Path) -> Archive:
    """Read the WARC in *wacz* with warcio, as raw blocks."""
    with zipfile.ZipFile(wacz) as archive:
        data = archive.read("archive/data.warc.gz")
    exchanges: dict[str, Recorded] = {}
    resources: dict[str, bytes] = {}
    for kind, fields, block in _records(data):
        if kind == "resource":
            resources[fields["WARC-Target-URI"]] = block
        elif kind in {"request", "response"}:
            number = min(fields["WARC-Record-ID"], fields.get("WARC-Concurrent-To", fields["WARC-Record-ID"]))
            empty = Recorded(url=fields["WARC-Target-URI"], request=b"", response=b"")
            exchange = exchanges.setdefault(number, empty)
            if kind == "request":
                exchange.request = block
                exchange.fields = exchange.fields or fields
            else:
                exchange.response, exchange.fields = block, fields
    return Archive(exchanges=list(exchanges.values()), resources=resources)


def read_ledger(folder: Path) -> list[dict[str, Any]]:
    """Return the requests in ``ledger.jsonl``, without its head."""
    lines = (folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[1:]]


def _records(data: bytes) -> Iterator[tuple[str, dict[str, str], bytes]]:
    for record in ArchiveIterator(io.BytesIO(data), no_record_parse=True):
        yield record.rec_type, dict(record.rec_headers.headers), record.content_stream().read()


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body) if lengths else 0
    while missing > 0:
        piece = connection.recv(65536)
        data, missing = data + piece, missing - len(piece)
    return data
