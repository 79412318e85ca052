"""What is taken of a page, and when: the freeze before anything is done to it, and the rest at the end."""

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evidence_kit.capture import CaptureOptions, PageCapture
from evidence_kit.capture.result import Outside
from evidence_kit.errors import TimestampError
from evidence_kit.models import Status, parse_utc
from evidence_kit.trust.digests import sha256_bytes, sha256_file
from evidence_kit.trust.timestamps import stamp
from tests.support.capture_site import Archive, RawSite, read_archive, reply
from tests.support.captures import capture, codes
from tests.support.time_server import TimeServer, answer
from tests.support.tsa import OpensslTsa

pytestmark = pytest.mark.browser

INNER = '<!doctype html><meta charset="utf-8"><p>Доторх хүрээ</p>'
MANY = """<!doctype html><html lang="mn"><meta charset="utf-8"><title>Олон зүйл</title>
<style>.quote::before { content: "Эшлэл: " } .loud { text-transform: uppercase }</style>
<h1>Сайн <b>байна</b>   уу</h1><p class="quote">нэг<br>хоёр</p><p class="loud">том</p>
<div style="display: none">нуусан</div><div style="visibility: hidden">халхалсан</div>
<table><tr><td>зүүн</td><td>баруун</td></tr></table>
<input value="утга"><input type="password" value="abcd"><form name="title"></form>
<div id="open"></div><div id="closed"></div>
<iframe src="/inner"></iframe><iframe src="OTHER/inner"></iframe>
<p id="state">эхний байдал</p><div style="height: 3000px"></div><button aria-label="Мэдүүлэх &#x202e;">x</button>
<script>
document.getElementById('open').attachShadow({mode: 'open'}).innerHTML = '<p>нээлттэй сүүдэр</p>';
document.getElementById('closed').attachShadow({mode: 'closed'}).innerHTML = '<p>хаалттай сүүдэр</p>';
addEventListener('scroll', () => { document.getElementById('state').textContent = 'гүйлгэсэн байдал'; });
</script></html>"""
ROWS = 45_000
TALL = f"""<!doctype html><title>Tall</title><style>body {{ margin: 0 }} canvas {{ display: block }}</style><script>
for (let top = 0; top < {ROWS}; top += 1000) {{
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [64, 1000];
    const context = canvas.getContext('2d');
    for (let row = 0; row < 1000; row++) {{
        const y = top + row;
        context.fillStyle = `rgb(${{y >> 8}}, ${{y & 255}}, 77)`;
        context.fillRect(0, row, 64, 1);
    }}
    document.body ? document.body.append(canvas) : document.write('<body>') || document.body.append(canvas);
}}
</script>"""


def freeze_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "first" / "freeze.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("Анхны зураг")


@pytest.fixture(scope="module")
def many(folder: Path) -> PageCapture:
    with RawSite({"/inner": reply(INNER)}) as site:
        other = site.url.replace("127.0.0.1", "localhost")
        site.replies["/"] = reply(MANY.replace("OTHER", other))
        return capture(f"{site.url}/", folder, CaptureOptions(timeout=40))


@pytest.fixture(scope="module")
def archive(many: PageCapture, folder: Path) -> Archive:
    assert many.status is Status.COMPLETE, many.problems
    return read_archive(folder / "capture.wacz")


def test_the_first_pictures_are_taken_before_the_page_is_scrolled(many: PageCapture, folder: Path) -> None:
    first, last = ((folder / name).read_text(encoding="utf-8") for name in ("first/text.txt", "text.txt"))
    scrolled = next(action.time for action in many.actions if action.name == "scrolled")

    assert many.problems == ()
    assert "эхний байдал" in first
    assert "гүйлгэсэн байдал" in last
    assert "эхний байдал" in (folder / "first/dom.html").read_text(encoding="utf-8")
    assert parse_utc(freeze_of(folder)["time"]) < scrolled


def test_the_first_pictures_have_the_size_of_window_and_page(many: PageCapture, folder: Path) -> None:
    with Image.open(folder / "first/screenshot.png") as window, Image.open(folder / "first/full.png") as page:
        assert window.size == (1280, 900)
        assert page.width == 1280
        assert page.height > 3000
        assert many.page["screenshot"] == {"width": 1280, "height": page.height}


def test_the_statement_names_what_was_taken_by_digest(many: PageCapture, folder: Path) -> None:
    statement = freeze_of(folder)

    assert statement["schema"] == "evidence-kit/freeze/1"
    assert statement["url"] == many.final_url
    assert statement["sign"] in {"first-contentful-paint", "load"}
    assert sorted(statement["files"]) == ["first/dom.html", "first/screenshot.png", "first/text.txt"]
    assert all(str(sha256_file(folder / path)) == digest for path, digest in statement["files"].items())


def test_the_visible_text_is_what_a_reader_sees(archive: Archive, folder: Path) -> None:
    text = (folder / "text.txt").read_text(encoding="utf-8")
    own, *frames = text.split("\n--- ")

    assert own.startswith(
        "Сайн байна уу\nЭшлэл: нэг\nхоёр\nТОМ\nзүүн\tбаруун\nутга ••••\nнээлттэй сүүдэр\nхаалттай сүүдэр\n"
    )
    assert "нуусан" not in text
    assert "халхалсан" not in text
    assert [frame.split("\n")[1] for frame in frames] == ["Доторх хүрээ", "Доторх хүрээ"]
    assert archive.resources[f"urn:textFinal:{many_url(archive)}"] == text.encode()


def many_url(archive: Archive) -> str:
    return next(exchange.url for exchange in archive.exchanges if b"<html lang" in exchange.body)


def test_the_rendered_dom_holds_shadow_trees(many: PageCapture, folder: Path) -> None:
    dom = (folder / "dom.html").read_text(encoding="utf-8")

    assert '<template shadowrootmode="closed"><p>хаалттай сүүдэр</p></template>' in dom
    assert many.page["title"] == "Олон зүйл"


def test_the_snapshot_of_the_layout_holds_the_frames_of_both_kinds(many: PageCapture, folder: Path) -> None:
    snapshot = json.loads((folder / "dom-snapshot.json").read_text(encoding="utf-8"))
    page, other = snapshot["frames"]

    assert [len(page["documents"]), len(other["documents"])] == [2, 1]
    assert "Доторх хүрээ" in page["strings"]
    assert "Доторх хүрээ" in other["strings"]
    assert many.final_url in page["strings"]


def test_the_accessibility_text_names_controls_and_escapes_what_deceives(many: PageCapture, folder: Path) -> None:
    assert many.files
    text = (folder / "accessibility.txt").read_text(encoding="utf-8")

    assert 'heading "Сайн байна уу"' in text
    assert 'button "Мэдүүлэх \\u{202E}"' in text
    assert text.count('StaticText "Доторх хүрээ"') == 2


def test_the_page_in_one_file_holds_page_and_frames(many: PageCapture, folder: Path) -> None:
    assert many.files
    data = (folder / "page.mhtml").read_bytes()

    assert data.startswith(b"From: <Saved by Blink>")
    assert data.count(b"Content-Type: text/html") == 3


def test_replay_programs_find_pictures_text_and_page_info(archive: Archive, folder: Path) -> None:
    url = many_url(archive)
    info = json.loads(archive.resources[f"urn:pageinfo:{url}"])

    assert archive.resources[f"urn:view:{url}"] == (folder / "first/screenshot.png").read_bytes()
    assert archive.resources[f"urn:fullPageFinal:{url}"] == (folder / "screenshot.png").read_bytes()
    assert info["urls"][url] == {"status": 200, "mime": "text/html", "type": "document"}


def test_the_environment_names_everything_but_machine_and_user(many: PageCapture, folder: Path) -> None:
    about = json.loads((folder / "environment.json").read_text(encoding="utf-8"))

    assert about["browser"]["product"] == many.environment["browser"]
    assert {"name": "127.0.0.1", "addresses": ["127.0.0.1"], "source": "recorder wire"} in about["network"]["names"]
    assert about["settings"]["timeout_ms"] == 40_000
    assert about["time"]["clock"]["state"] == "unverified"
    assert str(folder) not in json.dumps(about)


def test_the_clock_is_compared_with_the_time_server_that_is_named(tmp_path: Path) -> None:
    with (
        TimeServer(lambda request: [answer(request, ahead=120)]) as server,
        RawSite({"/": reply("<p>x")}) as site,
    ):
        result = capture(f"{site.url}/", tmp_path, CaptureOptions(timeout=16, time_servers=(server.address,)))

    clock = json.loads((tmp_path / "environment.json").read_text(encoding="utf-8"))["time"]["clock"]
    assert (clock["state"], clock["source"]) == ("measured", server.address)
    assert abs(clock["offset_ms"] - 120_000) < 1000
    assert server.address in str(result.environment["clock_offset"])


def test_the_token_over_the_first_pictures_verifies_with_openssl(
    tmp_path: Path, tsa: OpensslTsa, oracle: Callable[[str], Path]
) -> None:
    outside = Outside(stamp=lambda data: stamp(tsa.url, sha256_bytes(data)))
    with RawSite({"/": reply("<p>x")}) as site:
        result = capture(f"{site.url}/", tmp_path, outside=outside)

    command = ["ts", "-verify", "-in", "freeze.json.tsr", "-data", "freeze.json", "-CAfile", str(tsa.root_pem)]
    done = subprocess.run([oracle("openssl"), *command], cwd=tmp_path / "first", capture_output=True, check=False)
    assert result.problems == ()
    assert b"Verification: OK" in done.stdout, done.stderr
    assert read_archive(tmp_path / "capture.wacz").resources[f"urn:evidence-kit:freeze-token:{result.final_url}"]


def test_an_authority_that_does_not_stamp_is_said_and_changes_nothing_else(tmp_path: Path) -> None:
    def refuse(_: bytes) -> bytes:
        raise TimestampError("the authority is asleep")

    with RawSite({"/": reply("<p>x")}) as site:
        result = capture(f"{site.url}/", tmp_path, outside=Outside(stamp=refuse))

    assert [(problem.code, problem.detail) for problem in result.problems] == [
        ("freeze.unstamped", "the authority is asleep")
    ]
    assert result.status is Status.COMPLETE
    assert not (tmp_path / "first/freeze.json.tsr").exists()


@pytest.mark.parametrize("waiting_for", ["<img src='/never'>", "<script src='/never'></script>"])
def test_a_page_that_never_loads_is_frozen_within_ten_seconds_all_the_same(tmp_path: Path, waiting_for: str) -> None:
    def never(connection: Any, _: bytes) -> None:  # noqa: ANN401
        connection.recv(1)

    with RawSite({"/": reply(f"<h1>Энд байна</h1>{waiting_for}"), "/never": never}) as site:
        # Of twelve seconds loading may take more than the five in which something to be seen is waited for.
        result = capture(f"{site.url}/", tmp_path, CaptureOptions(timeout=12))

    statement = freeze_of(tmp_path)
    spent = parse_utc(statement["time"]) - parse_utc(statement["navigated"])
    assert "page.timeout" in codes(result)
    assert (tmp_path / "first/text.txt").read_text(encoding="utf-8").startswith("Энд байна")
    assert sorted(statement["files"]) == ["first/dom.html", "first/screenshot.png", "first/text.txt"]
    assert spent < timedelta(seconds=10)


def test_a_page_that_goes_elsewhere_after_the_freeze_is_said_to(tmp_path: Path) -> None:
    script = "<script>addEventListener('scroll', () => location.replace('/second'))</script>"
    go = f"<p>first{script}<div style='height: 4000px'>"
    with RawSite({"/": reply(go), "/second": reply("<p>second")}) as site:
        result = capture(f"{site.url}/", tmp_path)

        assert result.final_url == f"{site.url}/second"
    assert freeze_of(tmp_path)["url"] == f"{site.url}/"
    assert "freeze.other-page" in codes(result)


@pytest.mark.slow
def test_a_picture_of_45_000_rows_is_right_in_every_row(tmp_path: Path) -> None:
    with RawSite({"/": reply(TALL)}) as site:
        result = capture(f"{site.url}/", tmp_path, CaptureOptions(timeout=60, scroll=False))

    assert "screenshot.failed" not in codes(result)
    with Image.open(tmp_path / "screenshot.png") as picture:
        assert picture.size == (1280, ROWS)
        found = [picture.getpixel((32, row)) for row in range(ROWS)]
    assert [row for row in range(ROWS) if found[row] != (row >> 8, row & 255, 77)] == []
    # Before scrolling a page of this height would keep everybody waiting.
    assert [problem.code for problem in result.problems] == ["freeze.failed"]
    assert not (tmp_path / "first/full.png").exists()


@pytest.mark.slow
def test_a_page_with_more_elements_than_can_be_kept_is_pictured_and_the_rest_is_said(tmp_path: Path) -> None:
    many = "<body><script>document.body.innerHTML = '<i></i>'.repeat(250000) + '<p>here'</script>"
    with RawSite({"/": reply(many)}) as site:
        result = capture(f"{site.url}/", tmp_path, CaptureOptions(timeout=30, scroll=False))

    assert (tmp_path / "screenshot.png").exists()
    for role in ("dom", "text", "mhtml", "dom-snapshot", "accessibility"):
        assert f"{role}.failed" in codes(result)
    assert result.status is Status.INCOMPLETE


def test_a_page_that_never_rests_ends_within_its_time(tmp_path: Path) -> None:
    script = "<script>addEventListener('scroll', () => { for (;;); })</script>"
    with RawSite({"/": reply(f"<p>x{script}<div style='height: 4000px'>")}) as site:
        result = capture(f"{site.url}/", tmp_path, CaptureOptions(timeout=8))

    asked, ended = result.actions[0].time, result.finished
    assert "page.unresponsive" in codes(result)
    assert freeze_of(tmp_path)["files"]
    # The share for the last snapshots, and after them what is still arriving, and the writing.
    assert ended - asked < timedelta(seconds=8 + 16)
