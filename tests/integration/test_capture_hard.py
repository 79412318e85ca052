"""Answers and requests that make recording hard, sent byte for byte by a server of the test's own."""

import gzip
import os
import socket
import time
from pathlib import Path

import pytest

from evidence_kit.capture import CaptureOptions
from evidence_kit.models import RecorderKind, Status
from tests.support.capture_site import TEXT, RawSite, Reply, page, read_archive, read_ledger, reply, reset
from tests.support.captures import capture, codes

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("kind")]

WIRE, BROWSER = RecorderKind.WIRE, RecorderKind.BROWSER


def zstd(data: bytes) -> bytes:
    """Return *data* as a zstd frame of one raw block (RFC 8878, 3.1.1)."""
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(data)]) + (len(data) << 3 | 1).to_bytes(3, "little") + data


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
