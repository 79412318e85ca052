"""Pages that make recording hard, sent byte for byte by a server of the test's own."""

import gzip
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from evidence_kit.capture import CaptureOptions
from evidence_kit.models import RecorderKind, Status
from tests.support.capture_site import RawSite, Reply, read_archive, read_ledger, reply, reset
from tests.support.captures import capture, codes, recorder

pytestmark = pytest.mark.browser

TEXT = "Өвлийн Үдэш, өдөр шөнө, үнэ 50 000 ₮ 😀👩‍👩‍👧 ᠮᠣᠩᠭᠣᠯ"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000100ffff03000006000557bfabd40000000049454e44ae426082"
)


WIRE, BROWSER = RecorderKind.WIRE, RecorderKind.BROWSER


@pytest.fixture(params=[WIRE, pytest.param(BROWSER, marks=pytest.mark.slow)], ids=str, autouse=True)
def kind(request: pytest.FixtureRequest) -> Iterator[RecorderKind]:
    """Both recorders, one after the other; the fidelity suite has the browser recorder in every run."""
    chosen: RecorderKind = request.param
    before = recorder.set(chosen)
    yield chosen
    recorder.reset(before)


def page(body: str = "", script: str = "") -> bytes:
    """Return a page."""
    return reply(
        f"<!doctype html><meta charset=utf-8><title>{TEXT}</title><p>{TEXT}</p>{body}<script>{script}</script>"
    )


def zstd(data: bytes) -> bytes:
    """Return *data* as a zstd frame of one raw block (RFC 8878, 3.1.1)."""
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(data)]) + (len(data) << 3 | 1).to_bytes(3, "little") + data


def actions(result: object, name: str) -> list[dict[str, object]]:
    """Return the details of the actions called *name*."""
    return [dict(action.detail) for action in result.actions if action.name == name]  # type: ignore[attr-defined]


def test_headers_come_out_byte_for_byte(tmp_path: Path) -> None:
    head = (
        "X-Utf: Өү ₮\r\n".encode()
        + b"X-Latin: \xe9\xff\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nSet-Cookie: c=3\r\nx-Case:  two  \r\n"
    )
    with RawSite({"/": reply(TEXT, status="200 Very Fine", head=head)}) as site:
        capture(f"{site.url}/", tmp_path)

    stored = read_archive(tmp_path / "capture.wacz").one(f"{site.url}/")
    assert stored.response.startswith(b"HTTP/1.1 200 Very Fine\r\n")
    assert head in stored.response
    assert stored.body == TEXT.encode()


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", gzip.compress(TEXT.encode())), ("br", b"\x0b\x02\x80hello\x03"), ("zstd", zstd(TEXT.encode()))],
)
def test_a_content_coding_is_kept_or_what_the_browser_took_off_is_marked_so(
    tmp_path: Path, kind: RecorderKind, coding: str, body: bytes
) -> None:
    coded = reply(body, "text/plain; charset=utf-8", head=f"Content-Encoding: {coding}\r\n".encode())
    with RawSite({"/": page(script="fetch('/coded').then(r => r.text())"), "/coded": coded}) as site:
        result = capture(f"{site.url}/", tmp_path)

    stored = read_archive(tmp_path / "capture.wacz").one("/coded")
    plain = b"hello" if coding == "br" else TEXT.encode()
    assert result.status is Status.COMPLETE
    if kind is WIRE:
        assert stored.response == coded
        return
    assert stored.body == plain
    assert f"X-Archive-Orig-Content-Encoding: {coding}".encode() in stored.head
    assert f"X-Archive-Orig-Content-Length: {len(body)}".encode() in stored.head
    assert f"\nContent-Length: {len(plain)}".encode() in stored.head


def test_request_bodies_are_kept_text_binary_and_files(tmp_path: Path) -> None:
    script = f"""
        fetch('/text', {{method: 'POST', body: '{TEXT}'}});
        fetch('/binary', {{method: 'POST', body: new Uint8Array([0, 255, 200, 10])}});
        const form = new FormData();
        form.append('file', new Blob([new Uint8Array([0, 254, 1])]), 'x.bin');
        fetch('/form', {{method: 'POST', body: form}});
        navigator.sendBeacon('/beacon', '{TEXT}');
    """
    ok = reply("ok", "text/plain")
    replies: dict[str, Reply] = {"/": page(script=script), "/text": ok, "/binary": ok, "/form": ok, "/beacon": ok}
    with RawSite(replies) as site:
        capture(f"{site.url}/", tmp_path)

    archive = read_archive(tmp_path / "capture.wacz")
    bodies = {
        path: archive.one(path).request.partition(b"\r\n\r\n")[2] for path in ("/text", "/binary", "/form", "/beacon")
    }
    assert bodies["/text"] == TEXT.encode()
    assert bodies["/binary"] == bytes([0, 255, 200, 10])
    assert b"\x00\xfe\x01" in bodies["/form"]
    assert bodies["/beacon"] == TEXT.encode()


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
        result = capture(f"{site.url}/", tmp_path, CaptureOptions(timeout=20))

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


def test_a_download_is_recorded_and_said_to_be_no_page(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    head = b"Content-Disposition: attachment; filename=x.zip\r\n"
    with RawSite({"/x.zip": reply(data, "application/zip", head=head)}) as site:
        result = capture(f"{site.url}/x.zip", tmp_path)

    assert (result.status, codes(result)) == (Status.INCOMPLETE, ["document.download"])
    assert read_archive(tmp_path / "capture.wacz").one("/x.zip").body == data
    assert not (tmp_path / "screenshot.png").exists()


def test_a_download_that_breaks_off_is_marked_truncated(tmp_path: Path) -> None:
    cut = reply(b"x" * 5000, "application/octet-stream").replace(b"Content-Length: 5000", b"Content-Length: 90000")
    with RawSite({"/x.bin": cut}) as site:
        result = capture(f"{site.url}/x.bin", tmp_path)

    stored = read_archive(tmp_path / "capture.wacz").one("/x.bin")
    assert codes(result) == ["document.download", "response.truncated"]
    assert stored.fields["WARC-Truncated"] == "disconnect"
    assert len(stored.body) <= 5000
    assert b"Content-Length: 90000" in stored.head


def test_parts_that_break_off_are_kept_as_far_as_they_came(tmp_path: Path) -> None:
    cut = reply("y" * 500, "text/plain").replace(b"Content-Length: 500", b"Content-Length: 1000")
    chunked = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    script = "for (const path of ['/cut', '/chunked', '/reset']) fetch(path).then(r => r.text()).catch(() => 0)"
    with RawSite({"/": page(script=script), "/cut": cut, "/chunked": chunked, "/reset": reset}) as site:
        result = capture(f"{site.url}/", tmp_path)

    archive = read_archive(tmp_path / "capture.wacz")
    assert sorted(codes(result)) == ["resource.failed", "response.truncated", "response.truncated"]
    assert archive.one("/cut").body == b"y" * 500
    assert archive.one("/chunked").body == b"hello"
    assert archive.one("/cut").fields["WARC-Truncated"] == "disconnect"
    assert archive.one("/reset").response == b""
    assert result.status is Status.INCOMPLETE


def test_an_event_stream_is_kept_until_the_end_of_the_capture(tmp_path: Path) -> None:
    def stream(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number in range(600):
            connection.sendall(f"data: {number}\n\n".encode())
            time.sleep(0.1)

    with RawSite({"/": page(script="new EventSource('/events')"), "/events": stream}) as site:
        result = capture(f"{site.url}/", tmp_path)

    stored = read_archive(tmp_path / "capture.wacz").one("/events")
    assert b"data: 599" not in stored.body
    assert (result.status, codes(result)) == (Status.COMPLETE, ["response.without-end"])
    assert stored.fields["WARC-Truncated"] == "time"
    assert stored.body.startswith(b"data: 0\n\ndata: 1\n\n")


def test_a_websocket_that_is_refused_is_recorded_as_what_was_answered(tmp_path: Path, kind: RecorderKind) -> None:
    with RawSite({"/": page(script="new WebSocket(location.href.replace('http', 'ws') + 'socket')")}) as site:
        result = capture(f"{site.url}/", tmp_path)

    if kind is WIRE:
        assert (result.status, codes(result)) == (Status.COMPLETE, [])
        assert b"404" in read_archive(tmp_path / "capture.wacz").one("/socket").head
        return
    assert (result.status, codes(result)) == (Status.INCOMPLETE, ["websocket.not-recorded"])
    assert [entry["outcome"] for entry in read_ledger(tmp_path) if entry["type"] == "WebSocket"] == ["not-recorded"]


def test_the_size_limit_cuts_bodies_and_says_so(tmp_path: Path) -> None:
    script = "fetch('/large').then(r => r.text())"
    with RawSite({"/": page(script=script), "/large": reply(b"z" * 400_000, "text/plain")}) as site:
        result = capture(f"{site.url}/", tmp_path, CaptureOptions(timeout=16, max_bytes=100_000))

    stored = read_archive(tmp_path / "capture.wacz").one("/large")
    assert "response.truncated" in codes(result)
    assert stored.fields["WARC-Truncated"] == "length"
    # Which was there first, page or large body, is left to the machine.
    assert len(stored.body) <= 100_000


def test_a_name_that_does_not_resolve_is_a_failed_capture(tmp_path: Path, kind: RecorderKind) -> None:
    away = () if kind is WIRE else (("nowhere.invalid", "~NOTFOUND"),)

    result = capture("http://nowhere.invalid/Өдөр", tmp_path, CaptureOptions(timeout=16, connect_to=away))

    assert (result.status, codes(result)) == (Status.FAILED, ["page.name-not-resolved", "resource.failed"])
    (entry,) = read_ledger(tmp_path)
    assert entry["outcome"] == "failed"
    assert "ERR_NAME_NOT_RESOLVED" in entry["reason"]


def test_connect_to_goes_where_it_is_told(tmp_path: Path) -> None:
    with RawSite({"/": page()}) as site:
        options = CaptureOptions(timeout=16, connect_to=(("toirog.example", site.url.removeprefix("http://")),))
        result = capture("http://toirog.example/", tmp_path, options)

    assert result.status is Status.COMPLETE
    assert b"Host: toirog.example" in site.requests[0]


@pytest.mark.parametrize("insecure", [False, True])
def test_an_invalid_certificate_is_a_failed_capture_unless_it_is_accepted(
    tmp_path: Path, oracle: Callable[[str], Path], insecure: bool
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    subprocess.run([oracle("openssl"), *request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with RawSite({"/": page()}, tls) as site:
        result = capture(f"{site.url}/", tmp_path / "out", CaptureOptions(timeout=16, insecure=insecure))

    everything = read_archive(tmp_path / "out" / "capture.wacz").exchanges
    exchanges = [exchange for exchange in everything if exchange.url == f"{site.url}/"]
    assert result.status is (Status.COMPLETE if insecure else Status.FAILED)
    assert codes(result) == (["certificate.invalid"] if insecure else ["page.certificate", "resource.failed"])
    assert result.environment["certificate_errors_ignored"] is insecure
    # Nothing was sent over a connection whose certificate was refused: there is no exchange on the wire.
    assert len(exchanges) == insecure
    assert any(exchange.response for exchange in exchanges) is insecure


def test_a_high_page_is_stitched_without_seam_or_shift(tmp_path: Path) -> None:
    rows = "".join(f"<div style='height:100px;background:rgb({n % 250},{n // 250},77)'></div>" for n in range(200))
    with RawSite({"/": reply(f"<!doctype html><title>x</title><body style='margin:0'>{rows}")}) as site:
        capture(f"{site.url}/", tmp_path)

    with Image.open(tmp_path / "screenshot.png") as picture:
        assert picture.size == (1280, 20_000)
        seen = [picture.convert("RGB").getpixel((640, y)) for y in range(50, 20_000, 100)]
    assert seen == [(n % 250, n // 250, 77) for n in range(200)]


def test_time_zone_and_language_are_those_of_the_options(tmp_path: Path) -> None:
    script = "document.title = Intl.DateTimeFormat().resolvedOptions().timeZone + ' ' + navigator.language"
    with RawSite({"/": page(script=script)}) as site:
        result = capture(f"{site.url}/", tmp_path)

    assert result.page["title"] == "Asia/Ulaanbaatar mn-MN"
    assert b"Accept-Language: mn-MN" in site.requests[0]


@pytest.mark.skipif(sys.platform == "win32", reason="finds the browser's process with pgrep")
def test_a_browser_that_dies_leaves_what_was_recorded(tmp_path: Path) -> None:
    def kill(step: str) -> None:
        if step == "scrolling":
            for child in subprocess.check_output(["pgrep", "-P", str(os.getpid()), "chrom"]).split():
                os.kill(int(child), signal.SIGKILL)

    with RawSite({"/": page()}) as site:
        result = capture(f"{site.url}/", tmp_path, on_step=kill)

    assert (result.status, codes(result)[0]) == (Status.FAILED, "page.crashed")
    assert TEXT.encode() in read_archive(tmp_path / "capture.wacz").one(f"{site.url}/").body


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_the_browser_and_removes_its_profile(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from tests.support.captures import capture\n"
        "capture(sys.argv[1], pathlib.Path(sys.argv[2]), on_step=lambda step: print(step, flush=True))"
    )
    # A short path: Chromium keeps a socket in the temporary folder, whose path has at most 107 bytes.
    profiles = Path(tempfile.mkdtemp(prefix="k-"))
    with RawSite({"/": page("<div style='height:90000px'></div>")}) as site:
        process = subprocess.Popen(
            [sys.executable, "-c", program, site.url, str(tmp_path / "out")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "TMPDIR": str(profiles)},
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        while "scrolling" not in process.stdout.readline():
            assert process.poll() is None
        assert any(profiles.iterdir())
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        assert process.wait(20) != 0

    assert list(profiles.iterdir()) == []
    profiles.rmdir()


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


@pytest.mark.skipif(sys.platform != "linux", reason="finds the browser's network process with pgrep")
def test_a_network_process_that_dies_makes_the_item_incomplete(tmp_path: Path) -> None:
    def kill(step: str) -> None:
        if step == "scrolling":
            ours = subprocess.check_output(["pgrep", "-P", str(os.getpid()), "chrom"]).split()
            for parent in ours:
                found = subprocess.check_output(["pgrep", "-P", parent.decode(), "-f", "NetworkService"]).split()
                for child in found:
                    os.kill(int(child), signal.SIGKILL)

    with RawSite({"/": page("<div style='height:9000px'></div>")}) as site:
        result = capture(f"{site.url}/", tmp_path, on_step=kill)

    assert "browser.process-ended" in codes(result)
    assert result.status is Status.INCOMPLETE


def test_a_limit_of_size_is_said_of_every_request_that_it_refused(tmp_path: Path, kind: RecorderKind) -> None:
    if kind is BROWSER:
        pytest.skip("the browser recorder lets requests pass and cuts bodies")
    script = "fetch('/large', {method: 'POST', body: 'z'.repeat(400_000)}).catch(() => fetch('/after')).catch(() => 0)"
    with RawSite({"/": page(script=script), "/large": reply("x"), "/after": reply("x")}) as site:
        result = capture(f"{site.url}/", tmp_path, CaptureOptions(timeout=16, max_bytes=100_000))

    lines = [line for line in read_ledger(tmp_path) if line["url"].endswith(("/large", "/after"))]
    assert result.status is Status.INCOMPLETE
    assert lines
    assert all(line["outcome"] == "not-recorded" and "size limit" in line["reason"] for line in lines), lines


def test_of_two_equal_requests_the_one_the_page_gave_up_is_not_taken_for_the_other(tmp_path: Path) -> None:
    answers = iter((b"first", b"second"))

    def answer(connection: socket.socket, _request: bytes) -> None:
        body = next(answers)
        connection.sendall(reply(body, "text/plain"))

    script = """
        const stop = new AbortController();
        fetch('/twice', {signal: stop.signal, cache: 'no-store'}).then(() => stop.abort()).catch(() => 0)
          .then(() => new Promise(go => setTimeout(go, 300)))
          .then(() => fetch('/twice', {cache: 'no-store'})).then(r => r.text()).then(t => fetch('/said?' + t));
    """
    replies: dict[str, Reply] = {"/": page(script=script), "/twice": answer, "/said?second": reply("x")}
    with RawSite(replies) as site:
        capture(f"{site.url}/", tmp_path)

    lines = [line for line in read_ledger(tmp_path) if line["url"].endswith("/twice")]
    bodies = {entry.fields["WARC-Record-ID"]: entry.body for entry in read_archive(tmp_path / "capture.wacz").exchanges}
    last = max(lines, key=lambda line: line["n"])
    assert len(lines) == 2
    assert bodies[f"<{last['record']}>"] == b"second"
