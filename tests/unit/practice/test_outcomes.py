"""Links of the practice network that end in another way than a page does."""

import gzip
import http.client
import re
import socket
import time

import pytest

from evidence_kit.practice import PracticeServer
from evidence_kit.practice.outcomes import OUTCOMES
from tests.unit.practice.visitor import BANNER, Client, raw

pytestmark = pytest.mark.network


def test_a_slow_page_takes_the_time_it_was_asked_to_take(get: Client) -> None:
    before = time.monotonic()
    answer = get("/outcomes/slow?seconds=0.3")

    assert answer.status == 200
    assert time.monotonic() - before >= 0.3


def test_an_endless_page_sends_chunks_and_breaks_off_at_its_limit(get: Client) -> None:
    with pytest.raises(http.client.IncompleteRead) as caught:
        get("/outcomes/endless")

    assert "… 2</p>".encode() in caught.value.partial


def test_a_truncated_page_promises_more_than_it_sends(get: Client) -> None:
    with pytest.raises(http.client.IncompleteRead) as caught:
        get("/outcomes/truncated")

    assert caught.value.expected == 1000
    assert caught.value.partial.endswith(b"</html>\n")


def test_a_reset_connection_ends_without_an_answer(get: Client) -> None:
    with pytest.raises(ConnectionResetError):
        get("/outcomes/reset")


def test_no_content_has_neither_body_nor_length(get: Client) -> None:
    answer = get("/outcomes/empty")

    assert (answer.status, answer.body, answer.header("Content-Length")) == (204, b"", None)


def test_a_compressed_page_unpacks_to_a_page(get: Client) -> None:
    answer = get("/outcomes/gzip")

    assert answer.header("Content-Encoding") == "gzip"
    assert BANNER.encode() in gzip.decompress(answer.body)


def test_a_chunked_page_comes_in_several_chunks(server: PracticeServer, get: Client) -> None:
    received = raw(server, b"GET /outcomes/chunked HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = get("/outcomes/chunked")

    assert b"\r\n2bc\r\n" in received
    assert received.endswith(b"\r\n0\r\n\r\n")
    assert answer.text.endswith("</html>\n")
    assert answer.header("Content-Length") is None


def test_cookies_are_set_twice(get: Client) -> None:
    cookies = [value for name, value in get("/outcomes/cookies").headers if name == "Set-Cookie"]

    assert [cookie.split("=")[0] for cookie in cookies] == ["visitor", "theme"]


def test_a_header_value_is_sent_as_utf8(server: PracticeServer) -> None:
    received = raw(server, b"GET /outcomes/header HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert "X-Note: Сургалт Өө Үү ₮\r\n".encode() in received


def test_an_old_page_says_its_encoding(get: Client) -> None:
    answer = get("/outcomes/old-encoding")

    assert answer.header("Content-Type") == "text/html; charset=windows-1251"
    assert "СУРГАЛТ" in answer.body.decode("cp1251")


def test_a_page_with_broken_parts_names_a_missing_picture_and_a_refusing_port(get: Client) -> None:
    page = get("/outcomes/broken-parts")
    found = re.search(r'src="http://127\.0\.0\.1:(\d+)/', page.text)

    assert found
    assert get("/pictures/gone.jpg").status == 404
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(found[1])), timeout=5)


def test_a_redirect_to_nowhere_leads_to_the_refusing_port(get: Client) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/posts/1001", get("/outcomes/lost").header("Location") or "")


def test_a_circle_of_redirects_leads_to_itself(get: Client) -> None:
    assert get("/outcomes/loop").header("Location") == "/outcomes/loop"


def test_pages_with_frames_and_beacons_are_pages(get: Client) -> None:
    assert '<iframe src="/news/501"' in get("/outcomes/frame").text
    assert 'src="/static/beacon.js"' in get("/outcomes/beacon").text


def test_the_list_of_outcomes_names_them_all(get: Client) -> None:
    page = get("/outcomes/").text

    assert all(f'href="/outcomes/{name}"' in page for name in OUTCOMES)
    assert all(outcome.about.mn in page for outcome in OUTCOMES.values())
