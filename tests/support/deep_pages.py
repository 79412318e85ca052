"""A page with what is hard to render again: workers, a frame of another site, folds, posted data and a WebSocket."""

import socket
import ssl
import time

from tests.support.capture_site import RawSite, reply

PAGE = """<!DOCTYPE html><html lang="mn" data-served="TIME"><head><meta charset="utf-8"><title>Сургалтын хуудас</title>
<link rel="stylesheet" href="/look.css"></head><body><h1>Зохиомлын Тулга</h1><p id="clock"></p><p id="made"></p>
<p id="posted"></p><p id="worked"></p><iframe src="OTHER/frame" width="400" height="120"></iframe>
<details><summary>Дэлгэрэнгүй</summary><p>Нуугдсан өгүүлбэр.</p></details>
<div style="height:1500px"></div><img src="/picture.png" loading="lazy" width="320" height="160" alt="">
<script src="/page.js"></script></body></html>"""
LOOK = "body { margin: 20px; width: 700px; font: 20px sans-serif; background: #eef } h1 { color: #a33 }"
SCRIPT = """const show = (id, text) => { document.getElementById(id).textContent = text; };
const ago = Math.round((new Date() - Number(document.documentElement.dataset.served)) / 10000);
show('clock', `Илгээснээс хойш ${ago}0 секунд, ${Date().slice(0, 15)}, ${isSecureContext} ${!!crypto.subtle}`);
(async () => {
  for (const number of [1, 2]) {
    const body = JSON.stringify({number});
    const made = await (await fetch('/api', {method: 'POST', body})).text();
    document.getElementById('posted').append(made + ' ');
  }
  await navigator.serviceWorker.register('/worker.js');
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) {
    await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done));
  }
  show('made', await (await fetch('/made-by-worker')).text());
  const worker = new Worker('/helper.js');
  worker.onmessage = (event) => show('worked', event.data);
  new WebSocket(location.origin.replace('http', 'ws') + '/socket');
})();"""
WORKER = """self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (event.request.url.endsWith('/made-by-worker')) {
    event.respondWith(new Response('Ажилчны хийсэн бичвэр', {headers: {'Content-Type': 'text/plain; charset=utf-8'}}));
  }
});"""
HELPER = "fetch('/for-helper').then((answer) => answer.text()).then((text) => postMessage(text));"
FRAME = """<!DOCTYPE html><meta charset="utf-8"><body style="background:#fed">Өөр сайтын хүрээ
<p id="late"></p><script>fetch('/late').then(a => a.text()).then(t => { late.textContent = t });</script>"""


def sites(picture: bytes, tls: ssl.SSLContext | None = None) -> tuple[RawSite, RawSite]:
    """Return the page's site, under *tls* if given, and the other one, which the page reaches by another name."""

    def posted(connection: socket.socket, request: bytes) -> None:
        number = b"first" if b'"number":1' in request.replace(b" ", b"") else b"second"
        connection.sendall(reply(number, "text/plain"))

    def served(connection: socket.socket, _request: bytes) -> None:
        moment = str(round(time.time() * 1000))
        there = other.url.replace("127.0.0.1", "localhost")
        connection.sendall(reply(PAGE.replace("OTHER", there).replace("TIME", moment)))

    other = RawSite({"/frame": reply(FRAME), "/late": reply("Хүрээний бичвэр", "text/plain; charset=utf-8")})
    script = "text/javascript; charset=utf-8"
    page = RawSite(
        {
            "/": served,
            "/look.css": reply(LOOK, "text/css"),
            "/page.js": reply(SCRIPT, script),
            "/worker.js": reply(WORKER, script),
            "/helper.js": reply(HELPER, script),
            "/for-helper": reply("Туслахын бичвэр", "text/plain; charset=utf-8"),
            "/api": posted,
            "/picture.png": reply(picture, "image/png"),
        },
        tls,
    )
    return page, other
