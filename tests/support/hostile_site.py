"""A server that means harm: endless, oversized and lying answers, and pages that never let go.

Every path of `PAGES` is a page that harms by its script; every path of `FLOODS` is answered by a function that writes
for as long as it is listened to.
"""

import asyncio
import base64
import contextlib
import gzip
import hashlib
import threading
from collections.abc import Awaitable, Callable
from typing import Self, TypeAlias

Writer: TypeAlias = asyncio.StreamWriter
Flood: TypeAlias = Callable[[Writer], Awaitable[None]]

_PIECE = b"\xc3\xbc" * 32768
_OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-store\r\n"
_WEBSOCKET_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_GZIP_ZEROS = gzip.compress(bytes(16 * 1024 * 1024))
"""A member that inflates a thousandfold; any number of them one after the other is one body (RFC 1952, 2.2)."""


def _typed(kind: str) -> bytes:
    return _OK + f"Content-Type: {kind}\r\n\r\n".encode()


async def _for_ever(writer: Writer, piece: bytes) -> None:
    while True:
        writer.write(piece)
        await writer.drain()


def _endless(kind: str, piece: bytes, begin: bytes = b"") -> Flood:
    async def flood(writer: Writer) -> None:
        writer.write(_typed(kind) + begin)
        await _for_ever(writer, piece)

    return flood


async def _dribble(writer: Writer) -> None:
    writer.write(_typed("text/html") + b"<title>slowly</title><p>")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(1)


async def _line_without_end(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    await _for_ever(writer, b"x" * 65536)


async def _lines_without_end(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await _for_ever(writer, b"X-Many: y\r\n" * 5000)


async def _many_lines(writer: Writer) -> None:
    lines = b"".join(b"X-%d: y\r\n" % number for number in range(15_000))
    writer.write(_OK + lines + b"Content-Type: text/html\r\n\r\n<title>many lines</title>")


async def _interim(writer: Writer) -> None:
    await _for_ever(writer, b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" * 500)


async def _redirect(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 302 Found\r\nLocation: /redirect\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


async def _small(writer: Writer) -> None:
    writer.write(_typed("text/plain") + b"ok")


async def _silent(_writer: Writer) -> None:
    await asyncio.sleep(3600)


async def _download(writer: Writer) -> None:
    writer.write(_OK + b"Content-Type: application/zip\r\nContent-Disposition: attachment\r\n\r\n")
    await _for_ever(writer, _PIECE)


async def _hanging_worker(writer: Writer) -> None:
    script = "onfetch = event => event.respondWith(new Promise(() => {}));"
    writer.write(
        _typed("text/javascript") + f"oninstall=()=>skipWaiting();onactivate=()=>clients.claim();{script}".encode()
    )


async def _gzip_bomb(writer: Writer) -> None:
    writer.write(_OK + b"Content-Encoding: gzip\r\nContent-Type: text/plain\r\n\r\n")
    await _for_ever(writer, _GZIP_ZEROS)


_JPEG = b"--b\r\nContent-Type: image/svg+xml\r\n\r\n<svg xmlns='http://www.w3.org/2000/svg'/>\r\n"

FLOODS: dict[str, Flood] = {
    "/stream": _endless("text/html", b"<p>more</p>" * 3000, b"<title>stream</title>"),
    "/bytes": _endless("application/octet-stream", _PIECE),
    "/events": _endless("text/event-stream", b"data: more\n\n" * 2000),
    "/image": _endless("image/png", _PIECE, b"\x89PNG\r\n\x1a\n"),
    "/film": _endless("multipart/x-mixed-replace; boundary=b", _JPEG * 500),
    "/dribble": _dribble,
    "/head-line": _line_without_end,
    "/head-lines": _lines_without_end,
    "/many-lines": _many_lines,
    "/interim": _interim,
    "/redirect": _redirect,
    "/small": _small,
    "/silent": _silent,
    "/download": _download,
    "/worker.js": _hanging_worker,
    "/bomb": _gzip_bomb,
}

_BUSY = "let n = 0; const more = () => fetch(`/small?${n++}`).then(more, more); for (let i = 0; i < 200; i++) more();"
_DEAD = """let n = 0; const more = () => fetch(n % 2 ? `http://127.0.0.1:9/${n++}` : `http://no${n++}.invalid/`)
    .then(more, more); for (let i = 0; i < 200; i++) more();"""
_GREEDY = """for (const url of ['/bytes', '/events', '/bytes?2']) fetch(url).then(async answer => {
    for (const reader = answer.body.getReader(); !(await reader.read()).done;); });"""
_SOCKET = """const socket = new WebSocket(`ws://${location.host}/socket`); socket.onopen = () => setInterval(() => {
    for (let i = 0; i < 200; i++) socket.send('x'.repeat(100)); }, 1);"""
_BIG_URL = (
    "fetch('/small?' + 'x'.repeat(1 << 20)); for (let i = 0; i < 300; i++) fetch(`/small?${i}` + 'y'.repeat(1 << 20));"
)
_DATA = """const url = 'data:text/plain,' + 'x'.repeat(100 << 20);
    for (let i = 0; i < 5; i++) fetch(url).then(answer => answer.text());"""
_POST = "for (let i = 0; i < 20; i++) fetch('/small', {method: 'POST', body: 'x'.repeat(30 << 20)});"

SCRIPTS: dict[str, str] = {
    "/requests": _BUSY,
    "/dead": _DEAD,
    "/greedy": _GREEDY,
    "/pictures": (
        "for (const path of ['/image', '/film', '/image?2']) document.body.append(Object.assign(new "
        "Image(), {src: path}));"
    ),
    "/leave": "onbeforeunload = event => { event.preventDefault(); return 'stay'; }; document.body.click();",
    "/popups": "setInterval(() => open('/small?' + Math.random(), '_blank'), 1);",
    "/alerts": "for (;;) alert('again '.repeat(1000));",
    "/prompts": "setInterval(() => { confirm('x'); prompt('y'.repeat(100000)); print(); }, 1);",
    "/growth": (
        "setInterval(() => { for (let i = 0; i < 20000; i++) "
        "document.body.append(document.createElement('p'), 'more'); }, 1);"
    ),
    "/spin": "for (;;);",
    "/spin-later": "onload = () => setTimeout(() => { for (;;); }, 300);",
    "/workers": "setInterval(() => new Worker(URL.createObjectURL(new Blob(['for (;;);']))), 5);",
    "/frames": (
        "setInterval(() => { for (let i = 0; i < 50; i++) "
        "document.body.append(document.createElement('iframe')); }, 1);"
    ),
    "/nested": (
        "document.body.append(Object.assign(document.createElement('iframe'), {src: '/nested?' + Math.random()}));"
    ),
    "/push": (
        "let n = 0; setInterval(() => { for (let i = 0; i < 150; i++) history.pushState(0, '', '?' + n++); }, 1);"
    ),
    "/console": "setInterval(() => { for (let i = 0; i < 500; i++) console.log('x'.repeat(10000)); }, 1);",
    "/downloads": (
        "setInterval(() => { const a = document.createElement('a'); a.href = '/download?' + "
        "Math.random(); a.download = 'x'; a.click(); }, 5);"
    ),
    "/asks": (
        "setInterval(() => { navigator.geolocation.getCurrentPosition(() => 0); "
        "Notification.requestPermission(); print(); }, 5);"
    ),
    "/worker": (
        "navigator.serviceWorker.register('/worker.js').then(() => setInterval(() => fetch('/small?' + "
        "Math.random()), 5));"
    ),
    "/sockets": (
        "let n = 0; setInterval(() => { for (let i = 0; i < 20; i++) new "
        "WebSocket(`ws://${location.host}/quiet?` + n++); }, 5);"
    ),
    "/socket-flood": _SOCKET,
    "/go": "location = '/go?' + Math.random();",
    "/long-urls": _BIG_URL,
    "/data": _DATA,
    "/posts": _POST,
    "/inflate": (
        "fetch('/bomb').then(async answer => { for (const reader = answer.body.getReader(); !(await "
        "reader.read()).done;); });"
    ),
    "/preconnect": """let n = 0; setInterval(() => { for (let i = 0; i < 50; i++) document.head.append(Object.assign(
        document.createElement('link'), {rel: 'preconnect', href: `http://a${n++}.invalid/`})); }, 1);""",
}
"""Pages, by what their script does."""
HEADS = {"/refresh": "<meta http-equiv=refresh content='0;url=/refresh'>"}


class HostileSite:
    """Serves all of it on a free loopback port, while a ``with`` block lasts."""

    def __enter__(self) -> Self:
        """Begin."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=64 * 1024 * 1024), self._loop
        ).result(10)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        """End every connection and the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            await self._answer(head, reader, writer)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: Writer) -> None:
        path = head.split(b" ", 2)[1].split(b"?")[0].decode("ascii")
        if path in FLOODS:
            await FLOODS[path](writer)
        elif path in SCRIPTS or path in HEADS:
            page = f"<!doctype html>{HEADS.get(path, '')}<title>{path}</title><body><p>before</p>"
            writer.write(_typed("text/html") + f"{page}<script>{SCRIPTS.get(path, '')}</script>".encode())
        elif path in {"/socket", "/quiet"}:
            await _web_socket(head, reader, writer, flood=path == "/socket")
        else:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


async def _web_socket(head: bytes, reader: asyncio.StreamReader, writer: Writer, *, flood: bool) -> None:
    key = next(
        line.split(b":")[1].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
    )
    accept = base64.b64encode(hashlib.sha1(key + _WEBSOCKET_KEY, usedforsecurity=False).digest())
    begin = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    writer.write(begin + accept + b"\r\n\r\n")
    await writer.drain()
    drain = asyncio.ensure_future(_discard(reader))
    try:
        if flood:
            await _for_ever(writer, b"\x81\x04more" * 5000)
        await drain
    finally:
        drain.cancel()


async def _discard(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass
