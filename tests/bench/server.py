"""The server of the benchmarks: a process of its own that has every reply ready, so that it is not what is measured.

Plain HTTP/1.1 on one port, HTTP/2 over TLS on another (RFC 9113: replies of whole frames, prepared; no flow control of
ours, as everything sent on one connection fits the browser's first window of 15 MiB). A page tells how long it took by
``POST /done?MILLISECONDS``, counted from the beginning of its navigation by the browser's own clock.
"""

import asyncio
import contextlib
import ssl
from multiprocessing.connection import Connection
from pathlib import Path

from hpack import Decoder, Encoder

from tests.bench.pages import BIG, Resource, resources

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _SETTINGS, _PING = 0, 1, 4, 6
_END_STREAM, _END_HEADERS, _ACK, _PADDED, _PRIORITY = 0x1, 0x4, 0x1, 0x8, 0x20
_LARGEST_FRAME = 16384
_PIECE = bytes(range(256)) * 1024


def serve(pipe: Connection, certificate: Path) -> None:
    """Serve until the process is ended; tell the two ports, and then every time that a page reports."""
    asyncio.run(_Server(pipe).run(certificate))


class _Server:
    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._resources = resources()
        self._http1 = {path: _reply(resource) for path, resource in self._resources.items()}
        # No table of fields to keep: so one block fits every connection.
        self._http2 = {path: (_block(resource), resource.body) for path, resource in self._resources.items()}

    async def run(self, certificate: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.set_alpn_protocols(["h2"])
        plain = await asyncio.start_server(self._plain, "127.0.0.1", 0)
        secure = await asyncio.start_server(self._secure, "127.0.0.1", 0, ssl=context)
        self._pipe.send([server.sockets[0].getsockname()[1] for server in (plain, secure)])
        await asyncio.gather(plain.serve_forever(), secure.serve_forever())

    async def _plain(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await self._answer(head.split(b" ", 2)[1].decode("ascii"), writer)
        writer.close()

    async def _answer(self, target: str, writer: asyncio.StreamWriter) -> None:
        path, _, query = target.partition("?")
        if path == BIG:
            size = int(query)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: %d\r\n\r\n" % size)
            while size:
                piece = _PIECE[: min(size, len(_PIECE))]
                writer.write(piece)
                size -= len(piece)
                await writer.drain()
            return
        if path == "/done":
            self._pipe.send(float(query))
            path = "/"
        writer.write(self._http1.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
        await writer.drain()

    async def _secure(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        decoder = Decoder()
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readexactly(len(_PREFACE))
            writer.write(_frame(_SETTINGS, b"\x00\x03\x00\x00\x03\xe8"))
            while True:
                head = await reader.readexactly(9)
                payload = await reader.readexactly(int.from_bytes(head[:3], "big"))
                self._frame(head, payload, decoder, writer)
                await writer.drain()
        writer.close()

    def _frame(self, head: bytes, payload: bytes, decoder: Decoder, writer: asyncio.StreamWriter) -> None:
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
        if kind in {_SETTINGS, _PING} and not flags & _ACK:
            writer.write(_frame(kind, payload if kind == _PING else b"", flags=_ACK))
        if kind == _HEADERS:
            start = (1 if flags & _PADDED else 0) + (5 if flags & _PRIORITY else 0)
            target = dict(decoder.decode(payload[start:], raw=True))[b":path"].decode("ascii")
            path, _, query = target.partition("?")
            if path == "/done":
                self._pipe.send(float(query))
                path = "/"
            block, body = self._http2.get(path, self._http2["/"])
            writer.write(_frame(_HEADERS, block, flags=_END_HEADERS, stream=stream))
            for begin in range(0, len(body), _LARGEST_FRAME):
                writer.write(_frame(_DATA, body[begin : begin + _LARGEST_FRAME], stream=stream))
            writer.write(_frame(_DATA, b"", flags=_END_STREAM, stream=stream))


def _frame(kind: int, payload: bytes, *, flags: int = 0, stream: int = 0) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _reply(resource: Resource) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {resource.kind}\r\nContent-Length: {len(resource.body)}\r\n"
    return f"{head}Cache-Control: no-store\r\n\r\n".encode("ascii") + resource.body


def _block(resource: Resource) -> bytes:
    fields = [(":status", "200"), ("content-type", resource.kind), ("content-length", str(len(resource.body)))]
    encoder = Encoder()
    encoder.header_table_size = 0
    return encoder.encode([*fields, ("cache-control", "no-store")])
