"""Every page and every outcome of the practice network, over real HTTP on the loopback interface."""

import gzip
import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest

from evidence_kit.errors import UsageError
from evidence_kit.practice import PracticeServer, load
from evidence_kit.practice.outcomes import OUTCOMES
from evidence_kit.resources import sample

pytestmark = pytest.mark.network

BANNER = "СУРГАЛТ — зохиомол сүлжээ, зохиомол хүмүүс · TRAINING — fictional network, fictional people"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Client:
    """One keep-alive connection."""

    def __init__(self, url: str) -> None:
        """Prepare to connect."""
        self.port = urlsplit(url).port or 0
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def __call__(self, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        self.connection.request(method, path, body=body, headers=headers)
        response = self.connection.getresponse()
        return Answer(status=response.status, headers=response.getheaders(), body=response.read())


@pytest.fixture(scope="module")
def server() -> Iterator[PracticeServer]:
    with PracticeServer(endless_seconds=1.0) as running:
        yield running


@pytest.fixture
def get(server: PracticeServer) -> Iterator[Client]:
    client = Client(server.url)
    yield client
    client.connection.close()


def raw(server: PracticeServer, request: bytes) -> bytes:
    """Send bytes as they are and return everything until the server closes."""
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=20) as connection:
        connection.sendall(request)
        received = b""
        while data := connection.recv(65536):
            received += data
        return received


@pytest.mark.parametrize(
    "path",
    ["/", "/posts/1001", "/posts/1003?lang=en", "/people/odder", "/news/501", "/login-wall", "/outcomes/", "/nowhere"],
)
def test_every_page_carries_the_training_banner(get: Client, path: str) -> None:
    answer = get(path)

    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    assert BANNER in answer.text


def test_the_same_content_gives_the_same_bytes(get: Client) -> None:
    first = get("/posts/1001")

    with PracticeServer() as other:
        client = Client(other.url)
        second = client("/posts/1001")
        client.connection.close()

    assert first == second


def test_the_page_of_the_exercise_hides_the_number_until_asked(get: Client) -> None:
    page = get("/posts/1001").text
    document = json.loads(get("/api/posts/1001").body)

    assert "0000-1234" not in page
    assert "Цааш үзэх" in page
    assert document["text"] == load().posts["1001"].text
    assert document["created_time"] == "2026-10-05T10:14:00Z"


def test_the_interface_speaks_both_languages(get: Client) -> None:
    assert "2026 оны 10-р сарын 5, 18:14" in get("/posts/1001").text
    assert "5 October 2026, 18:14" in get("/posts/1001?lang=en").text
    assert "See more" in get("/posts/1001?lang=en").text


def test_comments_come_in_four_pages_of_six(get: Client) -> None:
    path: str | None = "/api/posts/1001/comments?after=0"
    pages = []
    while path:
        pages.append(json.loads(get(path).body))
        path = pages[-1]["paging"]["next"]

    assert [len(page["data"]) for page in pages] == [6, 6, 6, 6]
    assert [comment["id"] for page in pages for comment in page["data"]] == [f"1001-{n}" for n in range(1, 25)]
    assert pages[-1]["paging"] == {"after": "24", "has_next_page": False, "next": None}
    assert pages[0]["total_count"] == 24


def test_a_comment_has_author_time_text_and_its_first_replies(get: Client) -> None:
    comment = json.loads(get("/api/posts/1001/comments").body)["data"][4]

    assert comment["author"]["name"] == "Загварын Билгүүн"
    assert comment["created_time"] == "2026-10-05T10:40:00Z"
    assert comment["shown_time"] == "2026 оны 10-р сарын 5, 18:40"
    assert comment["reply_count"] == 5
    assert [reply["id"] for reply in comment["replies"]] == ["1001-5-1", "1001-5-2"]


def test_all_replies_come_when_asked(get: Client) -> None:
    assert len(json.loads(get("/api/comments/1001-5/replies").body)["data"]) == 5


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/posts/1001/comments?after=x", 400),
        ("/api/posts/1001/comments?after=-1", 400),
        ("/api/posts/1001/comments?after=9999999999", 400),
        ("/api/posts/0", 404),
        ("/api/posts/1009", 404),
        ("/api/posts/1001/nothing", 404),
        ("/api/comments/1001-99/replies", 404),
        ("/api/", 404),
        ("/outcomes/slow?seconds=x", 400),
        ("/outcomes/slow?seconds=31", 400),
        ("/outcomes/slow?seconds=nan", 400),
        ("/outcomes/slow?seconds=-1", 400),
        ("/posts/0", 404),
        ("/posts/", 404),
        ("/pictures/../people.yaml", 404),
        ("/pictures/%2e%2e/people.yaml", 404),
        ("/pictures/..%2fpeople.yaml", 404),
        ("/static/..%5cpost.html", 404),
        ("/%ff%00", 404),
        ("/posts/1009", 410),
        ("/outcomes/error", 500),
    ],
)
def test_what_is_not_there_or_not_understood_has_its_status(get: Client, path: str, status: int) -> None:
    assert get(path).status == status


def test_a_comment_page_beyond_the_end_is_empty(get: Client) -> None:
    page = json.loads(get("/api/posts/1001/comments?after=600").body)

    assert page["data"] == []
    assert page["paging"]["next"] is None


def test_hostile_text_is_text_in_the_page(get: Client) -> None:
    page = get("/posts/1003").text

    assert re.findall(r"<script[^>]*>", page) == [
        '<script type="application/json" id="post-data">',
        '<script src="/static/network.js" defer>',
    ]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "onerror=&#34;alert(2)&#34;" in page
    assert "{{ 7*7 }}" in page
    assert "\x1b[31m" in page
    assert "\u202e" in page


def test_the_data_in_the_page_is_the_same_as_the_text(get: Client) -> None:
    page = get("/posts/1003").text
    found = re.search(r'id="post-data">(.*?)</script>', page)

    assert found
    document = json.loads(found[1])
    assert document["text_preview"] == load().posts["1003"].text
    assert document["author"]["name"] == load().people["odd"].name
    assert document["text_complete"] is True


def test_the_data_in_a_folded_page_says_that_there_is_more(get: Client) -> None:
    found = re.search(r'id="post-data">(.*?)</script>', get("/posts/1001").text)

    assert found
    assert json.loads(found[1])["text_complete"] is False


def test_the_news_page_has_no_scripts(get: Client) -> None:
    assert "<script" not in get("/news/501").text


def test_the_login_wall_is_not_a_post(get: Client) -> None:
    page = get("/login-wall").text

    assert "data-post" not in page
    assert 'type="password"' in page


def test_a_short_link_moves_twice(get: Client) -> None:
    first = get("/go/1001")
    second = get(first.header("Location") or "")

    assert (first.status, second.status) == (302, 301)
    assert second.header("Location") == "/posts/1001"


def test_a_post_for_friends_leads_to_the_login_wall(get: Client) -> None:
    answer = get("/friends/1001")

    assert (answer.status, answer.header("Location")) == (302, "/login-wall")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/pictures/poster.jpg", "image/jpeg"),
        ("/pictures/conversation.png", "image/png"),
        ("/files/letter.pdf", "application/pdf"),
        ("/files/letter.txt", "text/plain; charset=utf-8"),
    ],
)
def test_pictures_and_files_are_served_byte_for_byte(get: Client, path: str, kind: str) -> None:
    answer = get(path)

    assert answer.body == sample(f"practice_network{path}").read_bytes()
    assert answer.header("Content-Type") == kind
    assert answer.header("Content-Length") == str(len(answer.body))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/static/network.css", "text/css; charset=utf-8"),
        ("/static/network.js", "text/javascript; charset=utf-8"),
        ("/static/icon.svg", "image/svg+xml"),
        ("/favicon.ico", "image/svg+xml"),
    ],
)
def test_what_pages_are_made_of_is_served(get: Client, path: str, kind: str) -> None:
    answer = get(path)

    assert (answer.status, answer.header("Content-Type")) == (200, kind)


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


def test_leaving_ends_open_connections_at_once() -> None:
    with PracticeServer() as server:
        client = Client(server.url)
        client("/posts/1001")
        waiting = Client(server.url)
        waiting.connection.request("GET", "/outcomes/slow?seconds=30")
        endless = Client(server.url)
        endless.connection.request("GET", "/outcomes/endless")
        response = endless.connection.getresponse()
        before = time.monotonic()
    assert time.monotonic() - before < 5

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
