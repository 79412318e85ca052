"""Documents that the browser would save: held and read, but not while a page is loading."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_kit.models import RecorderKind, Status
from tests.support.capture_site import RawSite, read_archive, read_ledger, reply
from tests.support.captures import capture, codes, recorder

pytestmark = pytest.mark.browser

DATA = os.urandom(3_000_000)
SAVED = reply(DATA, "application/zip", head=b"Content-Disposition: attachment; filename=x.zip\r\n")


@pytest.fixture(params=[RecorderKind.WIRE, RecorderKind.BROWSER], ids=str, autouse=True)
def kind(request: pytest.FixtureRequest) -> Iterator[RecorderKind]:
    """Both recorders, one after the other."""
    before = recorder.set(request.param)
    yield request.param
    recorder.reset(before)


def page(script: str) -> bytes:
    """Return a page that loads as long as its picture does."""
    return reply(f"<!doctype html><title>page</title><p>text<img src=/slow><script>{script}</script>")


PICTURE = reply(b"", "image/png")


ADD = "const f = document.createElement('iframe'); f.src = '/x.zip'; document.body.append(f);"


def test_a_download_in_a_frame_after_loading_is_read_whole(tmp_path: Path) -> None:
    with RawSite(
        {"/": page(f"onload = () => setTimeout(() => {{ {ADD} }}, 300)"), "/slow": PICTURE, "/x.zip": SAVED}
    ) as s:
        capture(f"{s.url}/", tmp_path)

    assert read_archive(tmp_path / "capture.wacz").one("/x.zip").body == DATA


def test_a_download_in_a_frame_while_loading_is_refused_and_said(tmp_path: Path) -> None:
    refused = threading.Event()

    def endless(connection: socket.socket, _request: bytes) -> None:
        try:
            connection.sendall(SAVED.replace(b"Content-Length: 3000000", b"Content-Length: 900000000"))
            while True:
                connection.sendall(DATA)
        finally:
            refused.set()

    def slow(connection: socket.socket, _request: bytes) -> None:
        assert refused.wait(20)
        connection.sendall(PICTURE)

    with RawSite({"/": page(ADD), "/slow": slow, "/x.zip": endless}) as site:
        result = capture(f"{site.url}/", tmp_path)

    [line] = [line for line in read_ledger(tmp_path) if line["url"].endswith("/x.zip")]
    assert (line["outcome"], line["reason"].split(":")[0]) == (
        "truncated",
        "a file to be saved, which began while its page was loading",
    )
    assert codes(result) == ["response.truncated"]
    assert result.status is Status.INCOMPLETE


def test_the_page_s_own_document_is_held_again_for_its_next_visit(tmp_path: Path) -> None:
    leave = page("onload = () => setTimeout(() => { location = '/x.zip'; }, 300)")
    with RawSite({"/": leave, "/slow": PICTURE, "/x.zip": SAVED}) as site:
        capture(f"{site.url}/", tmp_path)

    assert read_archive(tmp_path / "capture.wacz").one("/x.zip").body == DATA
