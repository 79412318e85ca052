"""Pictures as phones make them, drawn for tests: a photo with its facts, a screenshot, and files made to hurt."""

import io
import struct
import zlib

from PIL import Image, ImageDraw, PngImagePlugin

SERIAL = "SERIAL-7734"
DOT = (220, 30, 30)


def photo(*, sideways: bool = False, size: tuple[int, int] = (800, 600)) -> bytes:
    """Return a JPEG with times that disagree, a place, and the number of its camera; *sideways*, it is to be turned."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132] = "Samsung", "SM-A155F", "2026:11:20 10:00:00"
    exif[0x0112] = 6 if sideways else 1
    taken = exif.get_ifd(0x8769)
    taken[0x9003], taken[0x9004], taken[0xA431] = "2026:11:21 09:00:00", "2026:11:18 09:00:00", SERIAL
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (47.0, 55.0, 0.0), "E", (106.0, 55.0, 0.0)
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    ImageDraw.Draw(picture).rectangle((20, 20, 180, 180), fill=DOT)
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif, quality=90)
    return out.getvalue()


def phone_screenshot(size: tuple[int, int] = (1080, 2400)) -> bytes:
    """Return a PNG with bubbles of a chat, and what a phone writes into it."""
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    for row, top in enumerate(range(40, size[1] - 100, 120)):
        left = 40 if row % 2 else size[0] // 3
        pen.rounded_rectangle((left, top, left + size[0] // 2, top + 80), 20, fill=(30, 90, 200))
    said = PngImagePlugin.PngInfo()
    said.add_text("Comment", "Screenshot")
    out = io.BytesIO()
    picture.save(out, "PNG", pnginfo=said)
    return out.getvalue()


def vast_png(width: int = 60_000, height: int = 60_000) -> bytes:
    """Return a PNG of a few bytes whose header claims so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
