"""The practice network in a real browser: scrolling loads every comment, and hostile text stays text."""

import os
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Error, Page, sync_playwright

from evidence_kit.browser.find import find_browser
from evidence_kit.practice import PracticeServer, load

pytestmark = [pytest.mark.browser, pytest.mark.network]

MAX_SCROLLS = 200


@pytest.fixture(scope="module")
def heard() -> list[str]:
    return []


@pytest.fixture(scope="module")
def server(heard: list[str]) -> Iterator[PracticeServer]:
    with PracticeServer(on_request=heard.append) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = find_browser(os.environ)
    if found is None:
        pytest.fail("no browser of the Chromium family was found")
    # Chromium refuses to run as root inside its own sandbox.
    root = sys.platform != "win32" and os.geteuid() == 0
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found.path, args=["--no-sandbox"] if root else [])
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, heard: list[str]) -> Iterator[Page]:
    heard.clear()
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    yield opened
    opened.close()


def scroll_through(page: Page) -> None:
    """Turn the wheel until the page says that every comment is there."""
    for _ in range(MAX_SCROLLS):
        if page.locator(".comments[data-complete]").count():
            return
        page.mouse.wheel(0, 300)
        page.wait_for_timeout(30)
    pytest.fail("the comments did not end")


def test_scrolling_loads_every_comment(server: PracticeServer, page: Page, heard: list[str]) -> None:
    page.goto(f"{server.url}/posts/1001")
    before = page.locator(".comments > ol > .comment").count()

    scroll_through(page)

    expected = [comment.text for comment in load().posts["1001"].comments]
    shown = page.locator(".comments > ol > .comment > div > .bubble > .said")
    assert before < 24
    assert [text or "" for text in shown.all_text_contents()] == expected
    assert [line for line in heard if "comments?" in line] == [
        f"GET /api/posts/1001/comments?after={after} 200" for after in (0, 6, 12, 18)
    ]


def test_a_picture_in_a_comment_comes_only_when_scrolled_to(
    server: PracticeServer, page: Page, heard: list[str]
) -> None:
    page.goto(f"{server.url}/posts/1001")
    before = [line for line in heard if "respect.jpg" in line]

    scroll_through(page)

    assert before == []
    assert "GET /pictures/respect.jpg 200" in heard


def test_see_more_brings_the_whole_text(server: PracticeServer, page: Page, heard: list[str]) -> None:
    page.goto(f"{server.url}/posts/1001")
    assert "0000-1234" not in page.content()

    page.get_by_role("button", name="Цааш үзэх").first.click()
    page.locator("#post-1001 > .text > .more").wait_for(state="detached")

    assert page.locator("#post-1001 > .text").text_content() == load().posts["1001"].text
    assert "GET /api/posts/1001 200" in heard


def test_more_replies_come_when_asked(server: PracticeServer, page: Page) -> None:
    page.goto(f"{server.url}/posts/1001")
    scroll_through(page)
    replies = page.locator("#comment-1001-5 .replies > .comment")
    assert replies.count() == 2

    page.locator("#comment-1001-5 > div > .more-replies").click()
    page.locator("#comment-1001-5-5").wait_for()

    assert replies.count() == 5


def test_a_long_comment_is_in_the_page_before_it_is_unfolded(server: PracticeServer, page: Page) -> None:
    page.goto(f"{server.url}/posts/1001")
    scroll_through(page)
    said = page.locator("#comment-1001-9 .said")
    folded = (said.bounding_box() or {"height": 0})["height"]

    page.locator("#comment-1001-9 .unfold").click()

    assert said.text_content() == load().posts["1001"].comments[8].text
    assert (said.bounding_box() or {"height": 0})["height"] > folded


def test_the_header_and_its_banner_stay_in_sight(server: PracticeServer, page: Page) -> None:
    page.goto(f"{server.url}/posts/1001")

    page.mouse.wheel(0, 500)
    page.locator("#comment-1001-6").wait_for()

    assert page.evaluate("window.scrollY") > 0
    assert (page.locator(".training").bounding_box() or {"y": -1})["y"] == 0


def test_hostile_text_is_shown_and_never_run(server: PracticeServer, page: Page) -> None:
    troubles: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        troubles.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text))

    page.goto(f"{server.url}/posts/1003")
    scroll_through(page)

    post = load().posts["1003"]
    assert troubles == []
    assert page.locator("#post-1003 > .text").text_content() == post.text
    assert page.locator("#comment-1003-1 > div > .bubble > .said").text_content() == post.comments[0].text
    assert page.locator("#comment-1003-1 > div > .bubble > .name").text_content() == post.comments[0].author.name


def test_pages_that_send_data_have_their_bodies_read(server: PracticeServer, page: Page, heard: list[str]) -> None:
    page.goto(f"{server.url}/outcomes/beacon")
    page.get_by_text('"received_bytes":').wait_for()
    page.wait_for_load_state("networkidle")

    assert [line for line in heard if "/api/seen" in line] == ["POST /api/seen 200"] * 2


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("reset", "ERR_CONNECTION_RESET"),
        ("loop", "ERR_TOO_MANY_REDIRECTS"),
        ("lost", "ERR_CONNECTION_REFUSED"),
        ("empty", "ERR_ABORTED"),
    ],
)
def test_pages_that_cannot_be_shown_fail_as_real_ones_do(
    server: PracticeServer, page: Page, name: str, error: str
) -> None:
    with pytest.raises(Error, match=error):
        page.goto(f"{server.url}/outcomes/{name}")


def test_a_truncated_page_is_shown_and_reported_as_failed(server: PracticeServer, page: Page) -> None:
    # Chromium paints what came but never fires the load event.
    with page.expect_event("requestfailed") as failed:
        page.goto(f"{server.url}/outcomes/truncated", wait_until="commit")

    assert failed.value.failure == "net::ERR_CONTENT_LENGTH_MISMATCH"
    assert "Тасарсан хуудас" in page.inner_text("h1")
