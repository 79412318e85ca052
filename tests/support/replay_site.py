"""A page with everything that replaying gets wrong, captured and then compared with what a replay program shows."""

import gzip
import io
import json
from pathlib import Path

import brotlicffi  # type: ignore[import-untyped]
from PIL import Image, ImageChops

from evidence_kit.capture import CaptureOptions
from tests.support.capture_site import RawSite, reply

OPTIONS = CaptureOptions(timeout=40)
MOST_DIFFERENT = 0.002
"""Share of the pixels that may differ, for a browser does not draw every letter twice alike."""
PAGE = """<!DOCTYPE html><html lang="mn"><head><meta charset="utf-8"><title>Сургалтын нийтлэл</title>
<link rel="stylesheet" href="/look.css"></head><body><article><h1>Зохиомлын Тулга</h1>
<p>Маргааш 10 цагт уулзъя. Үнэ нь 50 000 ₮.</p>
<img src="/picture.png?w=320&amp;u=https%3A%2F%2Fexample.mn%2F"
alt="Зураг"><img src="/old-picture" alt="Зураг"></article><section id="comments"></section><p id="moved"></p>
<script src="/page.js"></script></body></html>"""
LOOK = """body { margin: 0 auto; width: 640px; font: 18px sans-serif; background: #eef }
article { background: url(/ground.png); padding: 20px } img { display: block; width: 320px; height: 160px }
.comment { border-left: 6px solid #36c; margin: 12px; padding: 6px }"""
SCRIPT = """async function fill() {
  const comments = await (await fetch('/api/comments?post=1&after=%2Fstart')).json();
  for (const text of comments) {
    const line = document.createElement('p');
    line.className = 'comment';
    line.textContent = text;
    document.querySelector('#comments').append(line);
  }
  const counted = await fetch('/api/likes', {method: 'POST', body: 'post=1'});
  document.querySelector('#moved').textContent = 'Таалагдсан: ' + await counted.text();
}
fill();"""
COMMENTS = [f"Сэтгэгдэл {number}: хүнийг хүндэлье." for number in range(30)]


def picture(first: str, second: str) -> bytes:
    """Return a PNG of two halves."""
    image = Image.new("RGB", (320, 160), first)
    image.paste(second, (160, 0, 320, 160))
    stored = io.BytesIO()
    image.save(stored, "PNG")
    return stored.getvalue()


def site() -> RawSite:
    """Return a server of a page with redirects, codings, pictures, a stylesheet and parts that a script fetches."""
    comments = json.dumps(COMMENTS).encode()
    return RawSite(
        {
            "/go": reply("", status="302 Found", head=b"Location: /posts/1\r\n"),
            "/posts/1": reply(gzip.compress(PAGE.encode()), head=b"Content-Encoding: gzip\r\n"),
            "/look.css": reply(brotlicffi.compress(LOOK.encode()), "text/css", head=b"Content-Encoding: br\r\n"),
            "/page.js": reply(SCRIPT, "text/javascript; charset=utf-8"),
            "/ground.png": reply(picture("#fff", "#ffd"), "image/png"),
            "/picture.png?w=320&u=https%3A%2F%2Fexample.mn%2F": reply(picture("#c33", "#393"), "image/png"),
            "/old-picture": reply("", status="301 Moved Permanently", head=b"Location: /new-picture.png\r\n"),
            "/new-picture.png": reply(picture("#339", "#cc3"), "image/png"),
            "/api/comments?post=1&after=%2Fstart": (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
                b"Connection: close\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(comments), comments)
            ),
            "/api/likes": reply("17", "text/plain"),
            "/favicon.ico": reply(b"", "image/x-icon"),
        }
    )


def different_share(sealed: Path, shown: Path) -> float:
    """Return the share of pixels that differ between two pictures, 1 if their sizes do."""
    with Image.open(sealed) as first, Image.open(shown) as second:
        if first.size != second.size:
            return 1
        difference = ImageChops.difference(first.convert("RGB"), second.convert("RGB")).convert("L")
        return 1 - difference.histogram()[0] / (first.width * first.height)
