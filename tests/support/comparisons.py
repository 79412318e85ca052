"""Pages and what phones make of them, in tests of comparisons: drawn by chance from a seed, so always the same."""

import random
from io import BytesIO

from PIL import Image, ImageDraw

BAR = 60
"""Height of a status bar on a screen 1,080 pixels wide."""


def page(seed: int, size: tuple[int, int] = (1280, 2400)) -> Image.Image:
    """Return a page with a column of texts and pictures, other ones for each *seed*."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    top = 40
    while top < size[1] - 260:
        if chance.random() < 0.4:
            cells = bytes(chance.randrange(256) for _ in range(20 * 12 * 3))
            photo = Image.frombytes("RGB", (20, 12), cells).resize((600, 220), Image.Resampling.BICUBIC)
            picture.paste(photo, (340, top))
            top += 250
        else:
            left = 340
            while left < 900:
                width = chance.randrange(8, 60)
                for stroke in range(left, left + width, 7):
                    high = chance.randrange(6, 15)
                    draw.rectangle((stroke, top + 15 - high, stroke + chance.randrange(2, 5), top + 15), fill="#222")
                left += width + 12
            top += 30
    return picture


def on_phone(whole: Image.Image, *, width: int, top: int, rows: int, quality: int = 70) -> bytes:
    """Return *rows* of a page from *top* on as the JPEG of a phone *width* pixels wide, below its status bar."""
    part = whole.crop((0, top, whole.width, top + rows))
    bar, height = round(BAR * width / 1080), round(rows * width / whole.width)
    screen = Image.new("RGB", (width, height + bar), (20, 20, 30))
    screen.paste(part.convert("RGB").resize((width, height), Image.Resampling.BICUBIC), (0, bar))
    ImageDraw.Draw(screen).text((10, bar // 4), "12:34   87%", fill="white")
    written = BytesIO()
    screen.save(written, "JPEG", quality=quality)
    return written.getvalue()


def png(picture: Image.Image) -> bytes:
    """Return *picture* as a browser would write it."""
    written = BytesIO()
    picture.convert("RGB").save(written, "PNG")
    return written.getvalue()
