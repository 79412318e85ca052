"""What the practice network shows: pages, comments, data, pictures."""

import json
import re

import pytest

from evidence_kit.practice import PracticeServer, load
from evidence_kit.resources import sample
from tests.unit.practice.visitor import BANNER, Client

pytestmark = pytest.mark.network


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
