"""Cases about how bodies and heads are coded, framed, sent and asked for."""

import gzip
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace

import brotlicffi  # type: ignore[import-untyped]

from tests.fidelity.case import (
    CUT,
    GAP,
    HTTP1,
    LEFT,
    SHORT,
    Body,
    Case,
    Expect,
)
from tests.fidelity.origin import Sent
from tests.fidelity.replies import OPEN, Answer, Reply, text

TEXT = "Өвлийн Үдэш, өдөр шөнө, үнэ 50 000 ₮ 😀 ᠮᠣᠩᠭᠣᠯ " * 40
PLAIN_BYTES = TEXT.encode()
BINARY = bytes(range(256)) * 61


def zstd(data: bytes) -> bytes:
    """Return *data* as a zstd frame of one raw block (RFC 8878, 3.1.1)."""
    frame = b"\x28\xb5\x2f\xfd\x60" + (len(data) - 256).to_bytes(2, "little")
    return frame + (len(data) << 3 | 1).to_bytes(3, "little") + data


def coded(coding: str, body: bytes, **more: object) -> Reply:
    """Return a reply with a content coding."""
    return Reply(fields=((b"Content-Encoding", coding.encode()),), body=body, **more)  # type: ignore[arg-type]


def _once(name: str, reply: Reply, **more: object) -> Case:
    return Case(name=name, routes={"/x": reply}, script="await get('/x')", **more)  # type: ignore[arg-type]


def _slowly() -> Iterator[bytes]:
    for number in range(8):
        yield b"%d " % number
        time.sleep(0.15)


def _endlessly() -> Iterator[bytes]:
    while True:
        yield b"more and more " * 10
        time.sleep(0.02)


def _large() -> Iterator[bytes]:
    piece = bytes(range(251)) * 4177
    for number in range(50):
        yield number.to_bytes(4) + piece


def _different(_sent: Sent, before: int) -> Answer:
    return text(f"body number {before} {'x' * before}", fields=((b"Cache-Control", b"no-store"),))


def _validated(sent: Sent, _before: int) -> Answer:
    head = ((b"ETag", b'"one"'), (b"Cache-Control", b"no-cache"))
    if b'"one"' in sent.request_head:
        return Reply(status=b"304 Not Modified", kind=b"", fields=head)
    return text("validated", fields=head)


CODED = (
    _once("gzip", coded("gzip", gzip.compress(PLAIN_BYTES, mtime=0))),
    _once("gzipchunked", coded("gzip", gzip.compress(BINARY, mtime=0), chunked=True, pieces=97)),
    _once("brotli", coded("br", brotlicffi.compress(PLAIN_BYTES)), schemes=frozenset({"h1", "h2", "http"})),
    _once("zstd", coded("zstd", zstd(PLAIN_BYTES))),
    _once("deflate", coded("deflate", zlib.compress(PLAIN_BYTES))),
    _once("twicecoded", coded("deflate, gzip", gzip.compress(zlib.compress(PLAIN_BYTES), mtime=0))),
    _once("emptygzip", coded("gzip", b"")),
    _once(
        "brokengzip",
        coded("gzip", gzip.compress(PLAIN_BYTES, mtime=0)[:60] + b"\xff" * 500),
        browser={"/x": Expect(body=Body.PREFIX, outcomes=("truncated", "not-recorded"), truncated=("unspecified",))},
    ),
    _once("unknowncoding", coded("x-own", BINARY)),
)

FRAMED = (
    _once("oddchunks", Reply(body=BINARY[:3000], pieces=37, chunked=True)),
    _once("bytechunks", Reply(body=b"one byte a chunk", pieces=1, chunked=True, pause=0.01)),
    _once(
        "extensions",
        Reply(
            body=PLAIN_BYTES,
            pieces=701,
            chunked=True,
            extension=b';name=value;quoted="a; b"',
            trailers=((b"X-Trailer", b"after the body"), (b"x-second", "Өү".encode())),
        ),
    ),
    _once("empty", Reply()),
    _once("emptychunked", Reply(chunked=True)),
    _once("untilclose", Reply(body=BINARY, no_length=True)),
    _once("slow", Reply(body=_slowly)),
    _once("slowlength", Reply(body=b"slow " * 8, pieces=5, pause=0.1)),
    _once("large", Reply(kind=b"application/octet-stream", body=_large), schemes=frozenset({"http", "h2"})),
    _once(
        "cutlength",
        Reply(body=BINARY, promised=len(BINARY) * 2, cut="close", pause=0.2),
        wire={"/x": SHORT},
        browser={"/x": SHORT},
    ),
    _once(
        "cutchunks",
        Reply(body=PLAIN_BYTES, chunked=True, cut="close", pause=0.2),
        wire={"/x": CUT},
        browser={"/x": CUT},
        schemes=HTTP1,
    ),
    _once(
        "reset",
        Reply(body=PLAIN_BYTES, promised=9 * len(PLAIN_BYTES), cut="reset", pause=0.3),
        wire={"/x": CUT},
        browser={"/x": CUT},
    ),
    Case(
        name="aborted",
        routes={"/x": Reply(body=_endlessly)},
        script="""
            const stop = new AbortController();
            const answer = await fetch('/x', {signal: stop.signal});
            const reader = answer.body.getReader();
            for (let n = 0; n < 10; n++) await reader.read();
            stop.abort();
            await wait(300);
        """,
        wire={"/x": LEFT},
        browser={"/x": LEFT},
    ),
)

HEADS = (
    _once(
        "heads",
        Reply(
            status=b"200 Very Fine",
            fields=(
                (b"x-lower", b"1"),
                (b"X-UPPER", b"2"),
                (b"Set-Cookie", b"a=1; Path=/"),
                (b"X-Between", b"3"),
                (b"Set-Cookie", b"b=2; Path=/"),
                (b"X-Twice", b"one"),
                (b"x-twice", b"two"),
                (b"X-Utf", "Өү ₮".encode()),
                (b"X-Latin", b"\xe9\xff"),
                (b"X-Empty", b""),
                (b"X-Long", b"y" * 20_000),
            ),
            body=b"heads",
        ),
    ),
    Case(
        name="cookies",
        routes={
            "/set": text("set", fields=((b"Set-Cookie", b"k=1"), (b"Set-Cookie", b"m=2; HttpOnly"))),
            "/back": text("back"),
        },
        script="await get('/set'); await get('/back', {headers: {'X-Mine': 'caf\\u00e9', 'x-b': '2'}})",
    ),
    _once(
        "earlyhints",
        Reply(body=b"at last", interim=((b"103 Early Hints", ((b"Link", b"</a.css>; rel=preload"),)),), pause=0.05),
    ),
    _once(
        "continued",
        Reply(body=b"at last", interim=((b"100 Continue", ()), (b"102 Processing", ((b"X-N", b"1"),)))),
        schemes=HTTP1,
    ),
    _once("notfound", text("no such thing", status=b"404 Not Found")),
    _once("servererror", text("Алдаа", status=b"500 Internal Server Error")),
    _once("strange", text("teapot", status=b"418 I'm a teapot")),
    _once("status599", text("at the edge", status=b"599 Edge")),
)

METHODS = (
    Case(
        name="posts",
        routes={path: text("ok") for path in ("/binary", "/text", "/form", "/files", "/empty", "/large", "/stream")},
        script="""
            const bytes = new Uint8Array(70000).map((_, n) => n * 7);
            const post = (url, body) => get(url, {method: 'POST', body});
            await post('/binary', bytes);
            await post('/text', 'Өдөр шөнө 😀');
            await post('/form', new URLSearchParams({нэр: 'Ө Ү', b: '1&2'}));
            const form = new FormData();
            form.append('талбар', 'утга');
            form.append('file', new Blob([bytes.slice(0, 999)], {type: 'application/x-own'}), 'зураг "1".bin');
            form.append('file', new File(['second'], 'b.txt', {type: 'text/plain'}));
            await post('/files', form);
            await post('/empty');
            await post('/large', new Blob([new Uint8Array(3000000).fill(200)]));
        """,
        least=6,
    ),
    Case(
        name="methods",
        routes={"/x": text("done")},
        script="""
            for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'X-OWN'])
                await get('/x', {method, body: method});
        """,
        least=5,
    ),
    Case(
        name="headmethod",
        routes={"/x": Reply(status=b"200 OK", body=b"", promised=12345)},
        script="await get('/x', {method: 'HEAD'})",
    ),
    Case(
        name="nobody",
        routes={
            "/204": Reply(status=b"204 No Content", kind=b""),
            "/205": Reply(status=b"205 Reset Content", kind=b""),
            "/304": Reply(status=b"304 Not Modified", kind=b"", fields=((b"ETag", b'"e"'),)),
        },
        script="await get('/204'); await get('/205'); await get('/304', {headers: {'If-None-Match': '\"e\"'}})",
        least=3,
    ),
    Case(name="validated", routes={"/x": _validated}, script="await get('/x'); await get('/x')", least=2),
    Case(
        name="preflight",
        routes={"/x": text("yes", fields=OPEN), "/no": text("no")},
        script="""
            await get(far + '/x', {method: 'PUT', body: 'б', headers: {'X-Own': '1'}});
            await get(far + '/no', {method: 'DELETE'});
        """,
        browser={"OPTIONS /x": GAP, "OPTIONS /no": GAP},
        least=3,
    ),
    Case(
        name="beacon",
        routes={"/text": Reply(status=b"204 No Content", kind=b""), "/blob": Reply(status=b"204 No Content", kind=b"")},
        script="""
            navigator.sendBeacon('/text', 'Өдөр');
            navigator.sendBeacon('/blob', new Blob([new Uint8Array([0, 255, 128, 10])]));
            await wait(300);
        """,
        least=2,
    ),
    Case(name="threebodies", routes={"/x": _different}, script="for (let n = 0; n < 3; n++) await get('/x')", least=3),
    Case(
        name="ranges",
        routes={
            "/part": Reply(
                status=b"206 Partial Content", fields=((b"Content-Range", b"bytes 10-19/15616"),), body=BINARY[10:20]
            ),
            "/parts": Reply(
                status=b"206 Partial Content",
                kind=b"multipart/byteranges; boundary=b",
                body=b"--b\r\nContent-Range: bytes 0-0/2\r\n\r\na\r\n"
                b"--b\r\nContent-Range: bytes 1-1/2\r\n\r\nb\r\n--b--\r\n",
            ),
            "/none": Reply(status=b"416 Range Not Satisfiable", fields=((b"Content-Range", b"bytes */9"),)),
        },
        script="""
            await get('/part', {headers: {Range: 'bytes=10-19'}});
            await get('/parts', {headers: {Range: 'bytes=0-0,1-1'}});
            await get('/none', {headers: {Range: 'bytes=99-'}});
        """,
        least=3,
    ),
    Case(
        name="many",
        routes={f"/{number}": Reply(body=BINARY[: number * 100]) for number in range(40)},
        script="await Promise.all([...Array(40).keys()].map(n => get('/' + n)))",
        least=40,
    ),
)

_HOP = Expect(body=Body.ABSENT, outcomes=("recorded",))
"""The browser keeps no bodies of redirects; the ledger's reason says so."""


def _to(status: bytes, place: str) -> Reply:
    return text(f"moved to {place}", status=status, fields=((b"Location", place.encode()), *OPEN))


REDIRECTS = (
    Case(
        name="redirects",
        routes={
            "/1": _to(b"301 Moved Permanently", "/2"),
            "/2": _to(b"302 Found", "/3?ө=ү"),
            "/3?%D3%A9=%D2%AF": _to(b"307 Temporary Redirect", "/4"),
            "/4": _to(b"308 Permanent Redirect", "/5"),
            "/5": _to(b"303 See Other", "/6"),
            "/6": text("the end"),
        },
        script="await get('/1'); await get('/3?ө=ү', {method: 'POST', body: 'kept on the way'})",
        browser=dict.fromkeys(("/1", "/2", "/3?%D3%A9=%D2%AF", "/4", "/5"), _HOP),
        least=10,
    ),
    Case(
        name="farredirect",
        routes={
            "/away": lambda sent, _: _to(b"302 Found", sent.url.replace(".fid.", ".far.").replace("/away", "/there")),
            "/there": text("there", fields=OPEN),
        },
        script="await get('/away')",
        browser={"/away": _HOP},
        least=2,
    ),
    Case(
        name="loop",
        routes={"/x": _to(b"302 Found", "/x")},
        script="await get('/x')",
        # Of the one that is too many the browser tells only that it is.
        browser={"/x": replace(_HOP, outcomes=("recorded", "failed"))},
        least=20,
    ),
)

CASES = (*CODED, *FRAMED, *HEADS, *METHODS, *REDIRECTS)
