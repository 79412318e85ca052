"""How the practice network is served over real HTTP on the loopback interface: methods, connections, addresses."""

import http.client
import json
import re
import socket
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from evidence_kit.errors import UsageError
from evidence_kit.practice import PracticeServer, load
from tests.unit.practice.visitor import Client, raw

pytestmark = pytest.mark.network


def test_head_is_get_without_the_body(get: Client) -> None:
    full = get("/posts/1001")
    head = get("/posts/1001", method="HEAD")

    assert head.headers == full.headers
    assert head.body == b""


def test_one_connection_carries_many_requests(get: Client) -> None:
    get("/posts/1001")
    kept = get.connection.sock
    get("/nowhere")
    get("/outcomes/chunked")
    get("/api/seen", method="POST", body=b"{}")

    assert get.connection.sock is kept


def test_what_is_sent_is_counted_and_not_kept(get: Client) -> None:
    seen = get("/api/seen", method="POST", body="Ө₮".encode())
    liked = get("/api/posts/1001/reactions", method="POST", body=b"{}")

    assert json.loads(seen.body) == {"kept": False, "received_bytes": 5}
    assert json.loads(liked.body)["reactions"]["laugh"] == 87


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/posts/1001", "GET, HEAD"),
        ("DELETE", "/posts/1001", "GET, HEAD"),
        ("PUT", "/api/seen", "POST"),
        ("GET", "/api/seen", "POST"),
        ("OPTIONS", "/", "GET, HEAD"),
    ],
)
def test_other_methods_are_refused_with_those_allowed(get: Client, method: str, path: str, allowed: str) -> None:
    answer = get(path, method=method)

    assert (answer.status, answer.header("Allow")) == (405, allowed)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST /api/seen HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999", 413),
        ("POST /api/seen HTTP/1.1\r\nHost: x\r\nContent-Length: -5", 400),
        ("POST /api/seen HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked", 411),
        ("GET http://[x/ HTTP/1.1\r\nHost: x", 400),
    ],
)
def test_requests_that_cannot_be_read_are_answered_and_the_connection_closed(
    server: PracticeServer, head: str, status: int
) -> None:
    received = raw(server, f"{head}\r\n\r\n".encode())

    assert received.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\nConnection: close\r\n" in received


def test_requests_are_told_with_hostile_paths_made_visible(capfd: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    with PracticeServer(on_request=told.append) as server:
        raw(server, b"GET /posts/1001 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        raw(server, b"GET /\x1b[31m HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert told == ["GET /posts/1001 200", "GET /\\u{001B}[31m 404"]
    assert capfd.readouterr() == ("", "")


def test_leaving_ends_open_connections() -> None:
    with PracticeServer() as server:
        client = Client(server.url)
        client("/posts/1001")
        waiting = Client(server.url)
        waiting.connection.request("GET", "/outcomes/slow?seconds=30")
        endless = Client(server.url)
        endless.connection.request("GET", "/outcomes/endless")
        response = endless.connection.getresponse()

    response.close()
    for one in (client, waiting, endless):
        one.connection.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", client.port), timeout=5)


def test_a_visitor_who_leaves_in_the_middle_is_nothing_unusual(capfd: pytest.CaptureFixture[str]) -> None:
    with PracticeServer() as server:
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=5) as connection:
                connection.sendall(b"GET /outcomes/endless HTTP/1.1\r\nHost: x\r\n\r\n")
                connection.recv(10)
        raw(server, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "localhost", "", "example.org\x1b"])  # noqa: S104
def test_only_loopback_addresses_are_served(host: str) -> None:
    with pytest.raises(UsageError, match="loopback addresses only"):
        PracticeServer(host=host)


def test_the_other_loopback_address_is_served_too() -> None:
    try:
        server = PracticeServer(host="::1")
    except UsageError as error:
        pytest.skip(f"NOT TESTED: this computer has no IPv6: {error}")

    with server:
        assert re.fullmatch(r"http://\[::1\]:\d+", server.url)
        connection = http.client.HTTPConnection("::1", urlsplit(server.url).port or 0, timeout=5)
        connection.request("GET", "/news/501")
        assert connection.getresponse().status == 200
        connection.close()


def test_a_port_in_use_is_refused_with_advice() -> None:
    with PracticeServer() as server:
        port = urlsplit(server.url).port or 0
        with pytest.raises(UsageError, match=f"port {port} of 127.0.0.1 cannot be used") as caught:
            PracticeServer(port=port)

    assert "0 for any free one" in caught.value.hint


def test_a_port_that_cannot_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="port 70000"):
        PracticeServer(port=70000)


def test_content_may_be_given() -> None:
    content = load()
    other = replace(content, name="Өөр сүлжээ", posts={}, news={})

    with PracticeServer(content=other) as server:
        client = Client(server.url)
        pages = [client(path) for path in ("/", "/outcomes/", "/outcomes/frame", "/login-wall", "/people/sam")]
        client.connection.close()

    assert [page.status for page in pages] == [200] * 5
    assert all("Өөр сүлжээ" in page.text for page in pages)


def test_a_shared_post_that_is_deleted_says_so() -> None:
    content = load()
    posts = dict(content.posts) | {"1001": replace(content.posts["1001"], deleted=True)}

    with PracticeServer(content=replace(content, posts=posts)) as server:
        client = Client(server.url)
        page = client("/posts/1004").text
        client.connection.close()

    assert "Энэ нийтлэлийг устгасан" in page
    assert "ХӨӨРХИЙ" not in page
