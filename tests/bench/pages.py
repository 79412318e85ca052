"""The pages of the benchmarks; each tells the server how long it took (see `tests.bench.server`)."""

import random
import struct
import zlib
from dataclasses import dataclass

BIG = "/big"
"""A body of as many bytes as its query says."""
DOWNLOAD = 50_000_000
MANY = 2000
"""Requests of the page ``/many``."""
_READ = "async answer => { const reader = answer.body.getReader(); while (!(await reader.read()).done); }"
_TELL = "const done = () => navigator.sendBeacon('/done?' + performance.now());"
_WHEN_LOADED = f"{_TELL} onload = () => setTimeout(done);"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One reply."""

    kind: str
    body: bytes


def resources() -> dict[str, Resource]:
    """Return every reply of fixed size, by path."""
    noise = random.Random(1)
    found = {"/": _page(""), "/post": _page(_post(), _WHEN_LOADED), "/pictures": _page(_pictures(200), _WHEN_LOADED)}
    found |= {f"/picture/{number}": Resource(kind="image/png", body=_picture(noise)) for number in range(200)}
    script = b"// nothing to do\n" * 2000
    found |= {f"/script/{number}": Resource(kind="text/javascript", body=script) for number in range(5)}
    found |= {f"/style/{number}": Resource(kind="text/css", body=b"p { margin: 1em }\n" * 2000) for number in range(5)}
    found["/download"] = _page("", f"{_TELL} fetch('{BIG}' + location.search).then({_READ}).then(done);")
    found["/many"] = _page(
        "", f"{_TELL} (async () => {{ for (let n = 0; n < {MANY}; n++) await fetch('/?' + n); done(); }})();"
    )
    found["/worker"] = _page("", _WORKER_PAGE)
    found["/worker.js"] = Resource(kind="text/javascript", body=_WORKER)
    return found


_WORKER_PAGE = f"""{_TELL} (async () => {{
    await navigator.serviceWorker.register('/worker.js');
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller)
        await new Promise(ready => navigator.serviceWorker.addEventListener('controllerchange', ready));
    const some = Array.from({{length: 20}}, (_, n) => [`/picture/${{n}}`, `/made/${{n}}`]).flat();
    await Promise.all(some.map(path => fetch(path).then(answer => answer.arrayBuffer())));
    done();
}})();"""
_WORKER = b"""
oninstall = () => skipWaiting();
onactivate = event => event.waitUntil(clients.claim());
onfetch = event => {
    if (new URL(event.request.url).pathname.startsWith('/made/'))
        event.respondWith(new Response('x'.repeat(10000), {headers: {'Content-Type': 'text/plain'}}));
    else if (event.request.method === 'GET')
        event.respondWith(fetch(event.request));
};
"""


def _page(body: str, script: str = "") -> Resource:
    text = f"<!doctype html><meta charset=utf-8><title>page</title><body><p>Text</p>{body}<script>{script}</script>"
    return Resource(kind="text/html; charset=utf-8", body=text.encode())


def _post() -> str:
    parts = [f"<link rel=stylesheet href=/style/{number}>" for number in range(5)]
    parts += [f"<script src=/script/{number}></script>" for number in range(5)]
    return "".join(parts) + _pictures(20) + "<p>Words of a post. " * 200


def _pictures(count: int) -> str:
    return "".join(f"<img width=40 height=40 src=/picture/{number}>" for number in range(count))


def _picture(noise: random.Random) -> bytes:
    """Return a picture of about 15 kB that does not compress."""
    rows = b"".join(b"\0" + noise.randbytes(70 * 3) for _ in range(70))
    size = struct.pack(">IIBBBBB", 70, 70, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", size), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
