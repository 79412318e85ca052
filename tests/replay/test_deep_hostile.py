"""An archive that was forged to hold, flood or leave the browser that renders it gets nowhere, and ends in time."""

import time
from pathlib import Path

import pytest

from evidence_kit.capture.result import CaptureOptions
from evidence_kit.models import RecorderKind
from tests.replay.test_deep import captured, replayed, trap
from tests.support.capture_site import RawSite, reply
from tests.support.resealing import rewrite

pytestmark = [pytest.mark.browser, pytest.mark.network, pytest.mark.slow]
SECONDS = 8
"""For the page; a browser that does not answer is waited for a little longer."""
LONGEST = 4 * (SECONDS + 60)
PAGES = {
    "endless script": "<p>text<script>setTimeout(() => { for (;;); }, 300)</script>",
    "endless script at once": "<p>text<script>for (;;);</script>",
    "dialogs": "<p>text<script>for (let n = 0; n < 2000; n++) alert('again'); onbeforeunload = () => 'stay'</script>",
    "itself again": "<p>text<script>setTimeout(() => location.replace('/?' + Math.random()), 50)</script>",
    "windows": "<p>text<script>setInterval(() => open('/?' + Math.random()), 20)</script>",
    "saved files": "<p>text<script>setInterval(() => { const link = document.createElement('a');"
    " link.href = URL.createObjectURL(new Blob(['x'.repeat(1e6)])); link.download = 'x'; link.click(); }, 50)</script>",
    "giant": "<div style='width:90000px;height:30000000px;background:linear-gradient(red,blue)'>text</div>",
    "flood": "<p>text<script>setInterval(() => { for (let n = 0; n < 500; n++) fetch('/?' + n) }, 5)</script>",
    "local files": "<p>text<iframe src='file:///etc/passwd'></iframe><script>location = 'file:///etc/passwd'</script>",
    "growing": "<p>text<script>setInterval(() => document.body.append('x'.repeat(1e6)), 10)</script>",
    "crash": "<p>text<script>const all = []; for (;;) all.push(new Array(1e6).fill({}))</script>",
}


@pytest.fixture(scope="module")
def item(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder of an item of a plain page, and the page's address."""
    options = CaptureOptions(timeout=20, recorder=RecorderKind.WIRE, scroll=False)
    with RawSite({"/": reply("<!DOCTYPE html><p>text")}) as site:
        return captured(tmp_path_factory.mktemp("plain"), f"{site.url}/", options), f"{site.url}/"


@pytest.mark.parametrize("kind", PAGES)
def test_a_hostile_page_ends_in_time_and_reaches_nobody(item: tuple[Path, str], kind: str) -> None:
    folder, url = item
    rewrite(folder, responses={url: reply(f"<!DOCTYPE html>{PAGES[kind]}")})

    began = time.monotonic()
    with trap(url) as came:
        found = replayed(folder, folder.parent / f"again-{kind.replace(' ', '-')}", seconds=SECONDS)

    assert found.pictures or found.reason
    assert time.monotonic() - began < LONGEST
    assert came == []


def test_redirects_that_never_end_are_a_reason(item: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = item
    rewrite(folder, responses={url: reply("", status="302 Found", head=b"Location: /\r\n")})

    found = replayed(folder, tmp_path / "again", seconds=SECONDS)

    assert "ERR_TOO_MANY_REDIRECTS" in found.reason
