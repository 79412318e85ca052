"""Pages that do what makes recording hard: they ask, grow, go elsewhere, work behind the scenes."""

import json
from pathlib import Path

import pytest
from PIL import Image

from evidence_kit.capture import CaptureOptions
from evidence_kit.models import Status
from tests.support.capture_site import PIXEL, TEXT, RawSite, Reply, page, read_archive, reply
from tests.support.captures import actions, capture

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("kind")]


def test_dialogs_are_answered_and_their_text_is_kept(tmp_path: Path) -> None:
    script = f"alert('{TEXT}'); document.title = String(confirm('Үү?')) + String(prompt('Нэр?'))"
    with RawSite({"/": page(script=script)}) as site:
        result = capture(f"{site.url}/", tmp_path)

    assert [(found["kind"], found["text"]) for found in actions(result, "dialog-answered")] == [
        ("alert", TEXT),
        ("confirm", "Үү?"),
        ("prompt", "Нэр?"),
    ]
    assert result.page["title"] == "falsenull"
    assert result.status is Status.COMPLETE


def test_a_page_that_grows_for_ever_is_left_in_time(tmp_path: Path) -> None:
    script = """
        const more = () => {
            for (let i = 0; i < 90; i++) document.body.append(document.createElement('hr'), 'x');
        };
        more();
        addEventListener('scroll', more);
    """
    with RawSite({"/": page(script=script)}) as site:
        result = capture(f"{site.url}/", tmp_path, CaptureOptions(timeout=8))

    assert actions(result, "scrolled")[0]["stopped"] == "time limit"
    assert result.final_url == f"{site.url}/"


def test_a_page_that_goes_elsewhere_is_followed_and_both_are_recorded(tmp_path: Path) -> None:
    replies: dict[str, Reply] = {
        "/": page(script="setTimeout(() => location.href = '/second', 300)"),
        "/second": page("<h1>second</h1>"),
    }
    with RawSite(replies) as site:
        result = capture(f"{site.url}/", tmp_path)

    archive = read_archive(tmp_path / "capture.wacz")
    assert result.final_url == f"{site.url}/second"
    assert b"<h1>second</h1>" in (tmp_path / "dom.html").read_bytes()
    assert archive.one(f"{site.url}/").body
    assert archive.one("/second").body
    assert [found["url"] for found in actions(result, "page-navigated-itself")] == [f"{site.url}/second"]


def test_frames_and_workers_of_every_kind_are_recorded(tmp_path: Path) -> None:
    script = """
        new Worker('/worker.js');
        new SharedWorker('/shared.js');
        navigator.serviceWorker.register('/service.js');
        fetch('/blob').then(r => r.blob());
        fetch('/unread');
    """
    code = "text/javascript"
    with RawSite({}) as other:
        other.replies = {"/frame": page("<img src=/picture.png>"), "/picture.png": reply(PIXEL, "image/png")}
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        replies: dict[str, Reply] = {
            "/": page(f"<iframe src=/near></iframe><iframe src={elsewhere}/frame></iframe>", script),
            "/near": page("near"),
            "/worker.js": reply("fetch('/by-worker').then(r => r.text())", code),
            "/shared.js": reply("fetch('/by-shared').then(r => r.text())", code),
            "/service.js": reply("oninstall = e => e.waitUntil(fetch('/by-service').then(r => r.text()))", code),
            **{f"/by-{name}": reply(TEXT, "text/plain") for name in ("worker", "shared", "service")},
            "/blob": reply(PIXEL * 9, "image/png"),
            "/unread": reply(PIXEL * 5, "image/png"),
        }
        with RawSite(replies) as site:
            result = capture(f"{site.url}/", tmp_path)

    archive = read_archive(tmp_path / "capture.wacz")
    assert result.problems == ()
    for name in ("/worker.js", "/shared.js", "/service.js", "/near", "/frame"):
        assert archive.one(name).body, name
    for name in ("/by-worker", "/by-shared", "/by-service"):
        assert archive.one(name).body == TEXT.encode(), name
    assert archive.one("/picture.png").body == PIXEL
    assert archive.one("/blob").body == PIXEL * 9
    assert archive.one("/unread").body == PIXEL * 5


def test_a_high_page_is_stitched_without_seam_or_shift(tmp_path: Path) -> None:
    rows = "".join(f"<div style='height:100px;background:rgb({n % 250},{n // 250},77)'></div>" for n in range(200))
    with RawSite({"/": reply(f"<!doctype html><title>x</title><body style='margin:0'>{rows}")}) as site:
        capture(f"{site.url}/", tmp_path, CaptureOptions(timeout=120, scroll=False))

    with Image.open(tmp_path / "screenshot.png") as picture:
        assert picture.size == (1280, 20_000)
        colours = picture.convert("RGB")
    seen = [colours.getpixel((640, y)) for y in range(50, 20_000, 100)]
    assert seen == [(n % 250, n // 250, 77) for n in range(200)]


def test_time_zone_and_language_are_those_of_the_options(tmp_path: Path) -> None:
    script = "document.title = Intl.DateTimeFormat().resolvedOptions().timeZone + ' ' + navigator.language"
    with RawSite({"/": page(script=script)}) as site:
        result = capture(f"{site.url}/", tmp_path)

    assert result.page["title"] == "Asia/Ulaanbaatar mn-MN"
    assert b"Accept-Language: mn-MN" in site.requests[0]


def test_console_frames_and_certificates_are_kept_and_the_page_does_not_notice(tmp_path: Path) -> None:
    script = """
        let seen = 0;
        console.log(Object.defineProperty({}, 'id', {get() { seen++; return 1; }}));
        console.error('Буруу');
        setTimeout(() => { document.title = 'noticed ' + seen; }, 100);
        throw new Error('алдаа');
    """
    with RawSite({"/": page("<iframe src=/inside></iframe>", script), "/inside": page("in")}) as site:
        result = capture(f"{site.url}/", tmp_path)

    inventory = json.loads((tmp_path / "page.json").read_text(encoding="utf-8"))
    assert result.page["title"] == "noticed 0"
    assert {"Буруу"} <= {line["text"] for line in inventory["console"]}
    assert {f"{site.url}/", f"{site.url}/inside"} <= {frame["url"] for frame in inventory["frames"]}
