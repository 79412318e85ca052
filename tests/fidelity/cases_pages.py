"""Cases about what pages are made of: frames, workers, media, streams, sockets, names."""

import struct
import time
from collections.abc import Iterator
from dataclasses import replace

from tests.fidelity.case import HEADLESS, STILL_COMING, Body, Case, Expect
from tests.fidelity.origin import Sent
from tests.fidelity.replies import OPEN, Answer, Reply, html, script, text
from tests.fidelity.sockets import BINARY, CLOSE, PING, TEXT, ServerSocket, talk

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000100ffff03000006000557bfabd40000000049454e44ae426082"
)
WORDS = "Өдөр шөнө, үнэ 50 000 ₮ 😀"
_OK = {name: text(f"{name} {WORDS}", fields=OPEN) for name in ("/a", "/b", "/c", "/d", "/e", "/f")}

FRAMES = (
    Case(
        name="frames",
        routes={
            "/near": lambda sent, _: html(f"near<iframe src='{_far(sent)}/across'></iframe>"),
            "/across": lambda sent, _: html(
                f"across<iframe src='{_near(sent)}/back'></iframe><script src=/far.js></script>"
            ),
            "/far.js": script("fetch('/a').then(r => r.text())"),
            "/back": html("back<img src=/picture.svg>"),
            "/picture.svg": Reply(kind=b"image/svg+xml", body=b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
            **_OK,
        },
        body="<iframe src=/near></iframe>",
        script="await wait(900)",
        least=6,
    ),
    Case(
        name="localframes",
        routes=_OK,
        body="""
            <iframe srcdoc="<script>fetch('/a').then(r => r.text())</script>"></iframe>
            <iframe src="data:text/html,<p>data"></iframe>
        """,
        script="""
            const code = `<script>fetch('${origin}/b').then(r => r.text())</scr` + `ipt>`;
            const frame = document.createElement('iframe');
            frame.src = URL.createObjectURL(new Blob([code], {type: 'text/html'}));
            document.body.append(frame);
            await get('data:text/plain,in%20line');
            await get(URL.createObjectURL(new Blob(['in memory'])));
            await wait(500);
        """,
        least=2,
    ),
    Case(
        name="parts",
        routes={
            "/style.css": Reply(
                kind=b"text/css",
                body=b"@import '/more.css'; @font-face{font-family:x;src:url(/font.woff2)} p{font-family:x}",
            ),
            "/more.css": Reply(kind=b"text/css", body=b"p{background:url(/back.png)}"),
            "/font.woff2": Reply(kind=b"font/woff2", body=b"no font at all"),
            "/back.png": Reply(kind=b"image/png", body=PIXEL),
            "/module.js": script("import '/deep.js'; await import('/late.js')"),
            "/deep.js": script("export const deep = 1"),
            "/late.js": script("export const late = 1"),
            "/x.json": Reply(kind=b"application/json", body=WORDS.encode()),
            "/hidden.html": html("hidden from scripts"),
        },
        body="<link rel=stylesheet href=/style.css><script type=module src=/module.js></script><p>x",
        script="""
            await get('/x.json');
            await get(far + '/x.json', {mode: 'no-cors'});
            new Image().src = far + '/hidden.html';
            await wait(400);
        """,
        browser={
            "/hidden.html": Expect(
                body=Body.PREFIX, outcomes=("recorded", "truncated", "not-recorded"), truncated=("unspecified",)
            )
        },
        least=10,
    ),
    Case(
        name="formpost",
        routes={"/target": html("received")},
        body="""<form action=/target method=post enctype=multipart/form-data target=here>
            <input name=нэр value="Ө Ү"><textarea name=t>two
lines</textarea></form><iframe name=here></iframe>""",
        script="document.forms[0].submit(); await wait(500)",
    ),
)

WORKERS = (
    Case(
        name="worker",
        routes={
            "/outer.js": script(
                "new Worker('/inner.js').onmessage = e => fetch('/a').then(r => r.text()).then(postMessage)"
            ),
            "/inner.js": script("fetch('/b').then(r => r.text()).then(postMessage)"),
            "/module.js": script(
                "import {x} from '/imported.js'; fetch('/c').then(r => r.text()).then(() => postMessage(x))"
            ),
            "/imported.js": script("export const x = 1"),
            **_OK,
        },
        script="""
            const reply = worker => new Promise(resolve => { worker.onmessage = resolve; setTimeout(resolve, 4000); });
            await reply(new Worker('/outer.js'));
            await reply(new Worker('/module.js', {type: 'module'}));
            const code = `fetch('${origin}/d').then(r => r.text()).then(postMessage)`;
            await reply(new Worker(URL.createObjectURL(new Blob([code]))));
        """,
        least=8,
    ),
    Case(
        name="sharedworker",
        routes={
            "/shared.js": script(
                "onconnect = e => fetch('/a').then(r => r.text()).then(() => e.ports[0].postMessage(1))"
            ),
            **_OK,
        },
        script="""
            const shared = new SharedWorker('/shared.js');
            await new Promise(resolve => { shared.port.onmessage = resolve; setTimeout(resolve, 4000); });
        """,
        browser={"/a": HEADLESS},
        least=2,
    ),
    Case(
        name="serviceworker",
        routes={
            "/service.js": script(
                """
                importScripts('/imported.js');
                oninstall = e => e.waitUntil(
                    caches.open('k').then(k => k.add('/b')).then(() => skipWaiting()));
                onactivate = e => e.waitUntil(clients.claim());
                onfetch = e => {
                    const path = new URL(e.request.url).pathname;
                    if (path == '/made') e.respondWith(new Response('made here: Өү', {headers: {'X-Made': '1'}}));
                    if (path == '/bytes') e.respondWith(new Response(new Uint8Array([0, 255, 128, 10])));
                    if (path == '/kept') e.respondWith(caches.match('/b'));
                    if (path == '/through') e.respondWith(fetch(e.request));
                };
                """
            ),
            "/imported.js": script("self.imported = 1"),
            "/through": text("through the worker"),
            **_OK,
        },
        script="""
            await navigator.serviceWorker.register('/service.js');
            const controlled = new Promise(resolve => navigator.serviceWorker.oncontrollerchange = resolve);
            if (!navigator.serviceWorker.controller) await Promise.race([controlled, wait(4000)]);
            for (const path of ['/made', '/bytes', '/kept', '/through', '/a']) await get(path);
        """,
        browser={"/service.js": HEADLESS},
        made={"/made": "made here: Өү".encode(), "/bytes": b"\x00\xff\x80\n"},
        least=5,
    ),
)


def _near(sent: Sent) -> str:
    return sent.url.rsplit("/", 1)[0].replace(".far.", ".fid.")


def _far(sent: Sent) -> str:
    return sent.url.rsplit("/", 1)[0].replace(".fid.", ".far.")


def _events() -> Iterator[bytes]:
    number = 0
    while True:
        yield f"id: {number}\ndata: {WORDS}\n\n".encode()
        number += 1
        time.sleep(0.2)


def _tone() -> bytes:
    samples = bytes((n * n >> 3) & 0xFF for n in range(600_000))
    head = (
        b"RIFF"
        + struct.pack("<I", 36 + len(samples))
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, 22050, 22050, 1, 8)
    )
    return head + b"data" + struct.pack("<I", len(samples)) + samples


TONE = _tone()
_SHORTER = 200_000


def _resumable(sent: Sent, before: int) -> Answer:
    """Break off in the middle of the first answer; what is asked for afterwards comes whole."""
    start = 0
    for line in sent.request_head.split(b"\r\n"):
        if line.lower().startswith(b"range: bytes="):
            start = int(line.split(b"=")[1].split(b"-")[0])
    fields = (
        (b"Accept-Ranges", b"bytes"),
        (b"ETag", b'"tone"'),
        (b"Content-Range", b"bytes %d-%d/%d" % (start, len(TONE) - 1, len(TONE))),
    )
    part = TONE[start:]
    common = {"status": b"206 Partial Content", "kind": b"audio/wav", "fields": fields}
    if not before:
        return Reply(body=part[:_SHORTER], promised=len(part), cut="close", pause=0.2, **common)  # type: ignore[arg-type]
    return Reply(body=part, **common)  # type: ignore[arg-type]


_MEDIA = Expect(body=Body.PREFIX, outcomes=("recorded", "truncated"), truncated=("disconnect", "unspecified", "time"))
"""The browser takes as much of it as it likes."""

STREAMS = (
    Case(
        name="events",
        routes={"/events": Reply(kind=b"text/event-stream", body=_events)},
        script="""
            const source = new EventSource('/events');
            await new Promise(resolve => { source.onmessage = resolve; source.onerror = resolve; });
        """,
        wire={"/events": STILL_COMING},
        browser={"/events": STILL_COMING},
    ),
    Case(
        name="resumed",
        routes={"/tone.wav": _resumable},
        script="""
            const audio = new Audio('/tone.wav');
            audio.preload = 'auto';
            audio.muted = true;
            document.body.append(audio);
            await new Promise(resolve => {
                audio.oncanplaythrough = resolve;
                audio.onerror = resolve;
                setTimeout(resolve, 12000);
            });
            await wait(2500);
            // Left alone it may ask again at any time, and so in the very moment in which the capture ends.
            audio.removeAttribute('src');
            audio.load();
            await wait(200);
        """,
        wire={"/tone.wav": _MEDIA},
        browser={"/tone.wav": replace(_MEDIA, heads=False)},
        least=2,
    ),
    Case(
        name="hls",
        routes={
            "/list.m3u8": Reply(
                kind=b"application/vnd.apple.mpegurl",
                body=b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n"
                + b"".join(b"#EXTINF:1,\n%d.ts\n" % n for n in range(3))
                + b"#EXT-X-ENDLIST\n",
                chunked=True,
            ),
            **{
                f"/{n}.ts": Reply(kind=b"video/mp2t", body=bytes([0x47, n]) * 20_000, chunked=n == 1, pieces=9_999)
                for n in range(3)
            },
        },
        script="""
            const list = await (await fetch('/list.m3u8')).text();
            for (const line of list.split('\\n')) if (line.endsWith('.ts')) await get('/' + line);
        """,
        least=4,
    ),
)


def _conversation(socket: ServerSocket) -> None:
    for _ in range(3):
        opcode, data = socket.hear()
        socket.say(opcode, b"> " + data if opcode == TEXT else data[::-1], fragments=3)
    socket.say(PING, b"are you there")
    socket.hear()
    socket.say(TEXT, WORDS.encode() * 500)
    socket.say(BINARY, b"")
    socket.say(CLOSE, socket.hear_until_close())


def _server_ends(socket: ServerSocket) -> None:
    socket.say(TEXT, b"going away")
    socket.say(CLOSE, (1001).to_bytes(2) + "Баяртай".encode())
    socket.hear_until_close()


def _stays(socket: ServerSocket) -> None:
    socket.say(TEXT, b"still here")
    socket.hear_until_close()


_CHAT = """
    const chat = (path, close) => new Promise(resolve => {
        const socket = new WebSocket(origin.replace('http', 'ws') + path);
        socket.binaryType = 'arraybuffer';
        let heard = 0;
        socket.onopen = () => {
            socket.send('Өдөр 😀');
            socket.send(new Uint8Array(70000).fill(3));
            socket.send('');
        };
        socket.onmessage = () => { if (++heard == 5) close(socket); };
        socket.onclose = resolve;
        setTimeout(resolve, 4000);
    });
"""
_UNRECORDED = Expect(body=Body.UNSEEN, outcomes=("not-recorded",), heads=False)
_DEFLATE = ((b"Sec-WebSocket-Extensions", b"permessage-deflate"),)

SOCKETS = (
    Case(
        name="sockets",
        sockets={
            "/plain": ((), talk(_conversation)),
            "/deflated": (_DEFLATE, talk(_conversation, deflate=True)),
            "/ended": ((), talk(_server_ends)),
        },
        script=f"""{_CHAT}
            await chat('/plain', socket => socket.close(3000, 'Баяртай'));
            await chat('/deflated', socket => socket.close());
            await chat('/ended', () => 0);
        """,
        browser=dict.fromkeys(("/plain", "/deflated", "/ended"), _UNRECORDED),
        least=3,
    ),
    Case(
        name="opensocket",
        sockets={"/open": ((), talk(_stays))},
        script="""
            const socket = new WebSocket(origin.replace('http', 'ws') + '/open');
            await new Promise(resolve => { socket.onmessage = resolve; setTimeout(resolve, 3000); });
        """,
        browser={"/open": _UNRECORDED},
    ),
)

NAMES = (
    Case(
        name="names",
        routes={
            "/%D3%A8%D0%B4%D3%A9%D1%80?%D1%85%D0%B0%D0%B9%D1%85=%D1%88%D3%A9%D0%BD%D3%A9": text("Cyrillic"),
            "/%E9%FF?q=%E9": text("Latin"),
            "/a//b/;c=1,2?": text("punctuation"),
            "/d%20e|f?g=%22h%22&i=[j]{k}": text("odd"),
            "/?" + "q" * 8000: text("long"),
            "/to": Reply(
                status=b"302 Found", fields=((b"Location", "/Өвөл?ө=Ү".encode()),), body=b"raw bytes in Location"
            ),
            "/%D3%A8%D0%B2%D3%A9%D0%BB?%D3%A9=%D2%AE": text("reached"),
        },
        script="""
            await get('/Өдөр?хайх=шөнө#хэсэг');
            await get('/%E9%FF?q=%E9');
            await get('/a//b/;c=1,2?');
            await get('/d e|f?g="h"&i=[j]{k}');
            await get('/?' + 'q'.repeat(8000));
            await get('/to');
        """,
        browser={"/to": Expect(body=Body.ABSENT, outcomes=("recorded",))},
        least=7,
    ),
)

CASES = (*FRAMES, *WORKERS, *STREAMS, *SOCKETS, *NAMES)
