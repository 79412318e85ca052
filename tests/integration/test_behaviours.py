"""What is done to a page so that it shows what it keeps back, and what is never done to one."""

import io
import re
import wave
from pathlib import Path

import pytest

from evidence_kit.canonical import Json
from evidence_kit.capture import CaptureOptions, PageCapture
from evidence_kit.capture.result import Budgets
from evidence_kit.models import Status
from evidence_kit.practice.server import PracticeServer
from tests.support.behaviour_pages import COVERED, FOLDED, MOVING
from tests.support.capture_site import RawSite, Reply, read_archive, reply
from tests.support.captures import capture, codes

pytestmark = pytest.mark.browser

EXPAND = CaptureOptions(timeout=40, expand=True)


def done(result: PageCapture, name: str) -> list[dict[str, Json]]:
    """Return what the actions called *name* say."""
    return [dict(action.detail) for action in result.actions if action.name == name]


def hits(folder: Path) -> list[str]:
    """Return the names that a page of the tests wrote down when something of it was clicked."""
    found = re.search(r'data-hits="([^"]*)"', (folder / "dom.html").read_text("utf-8"))
    return found[1].split() if found else []


def folded_site() -> RawSite:
    replies: dict[str, Reply] = {f"/more?{number}": reply("x", "text/plain") for number in range(3)}
    replies |= {"/": reply(FOLDED), "/elsewhere": reply("elsewhere"), "/popup": reply("<title>цонх</title>")}
    # Of a window that is refused the request may have passed before it was closed.
    replies["/refused"] = reply("<title>refused</title>")
    return RawSite(replies)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("Нээсэн")


@pytest.fixture(scope="module")
def opened(folder: Path) -> PageCapture:
    with folded_site() as site:
        options = CaptureOptions(timeout=40, expand=True, budgets=Budgets(popups=1))
        return capture(f"{site.url}/", folder, options)


def test_what_is_folded_is_opened(opened: PageCapture, folder: Path) -> None:
    text = (folder / "dom.html").read_text("utf-8")

    assert opened.status is Status.COMPLETE
    assert '<p class="cut open"' in text
    assert "Бүтэн бичвэр" in text
    assert re.search("<details[^>]* open", text)
    assert '<p id="panel">' in text
    assert {"see", "span", "expander", "shadow"} <= set(hits(folder))


def test_more_of_a_list_is_loaded_until_there_is_no_more(folder: Path, opened: PageCapture) -> None:
    assert codes(opened) == []
    assert hits(folder).count("load") == 3
    assert (folder / "dom.html").read_text("utf-8").count("<li>") == 3 + 3 * 12


def test_nothing_that_could_act_is_clicked(folder: Path, opened: PageCapture) -> None:
    assert codes(opened) == []
    assert {"like", "share", "follow", "report", "delete", "pressed", "submit", "far", "menu"}.isdisjoint(hits(folder))


def test_what_another_control_would_hear_of_is_left_and_counted(folder: Path, opened: PageCapture) -> None:
    assert {"like", "card", "slotted"}.isdisjoint(hits(folder))
    assert {"See more", "Load more", "View more"}.isdisjoint(found["text"] for found in done(opened, "clicked"))
    assert done(opened, "expanded")[0]["unsure"] == 3


def test_a_click_that_would_leave_the_page_is_held_back_or_undone(opened: PageCapture) -> None:
    results = {found["text"]: found["result"] for found in done(opened, "clicked")}

    assert results["Read more"] == "would have left the page, not allowed"
    assert results["Show full"] == "led to another page, gone back"
    assert opened.final_url.endswith("/")
    assert done(opened, "page-navigated-itself") == []


def test_a_window_is_recorded_told_of_and_closed(opened: PageCapture, folder: Path) -> None:
    assert [(found["title"], found["loaded"]) for found in done(opened, "popup-closed")] == [("цонх", True)]
    assert read_archive(folder / "capture.wacz").one("/popup").body


def test_windows_above_the_limit_are_refused_and_counted(opened: PageCapture) -> None:
    assert done(opened, "popups-refused") == [{"count": 1, "allowed": 1}]


def test_a_control_that_folds_again_is_left_open(opened: PageCapture, folder: Path) -> None:
    turned = [found["result"] for found in done(opened, "clicked") if found["text"] == "Show all replies"]

    assert turned == ["changed", "folded again", "changed"]
    assert '<p id="turned">' in (folder / "dom.html").read_text("utf-8")


def test_every_click_says_where_it_was_and_what_came_of_it(opened: PageCapture) -> None:
    clicked = done(opened, "clicked")

    assert [(found["what"], found["text"], found["result"]) for found in clicked if found["selector"] == "#load"] == [
        ("open (words)", "View 12 more replies", "changed")
    ] * 3
    assert all(set(found["box"]) == {"x", "y", "width", "height"} for found in clicked)  # type: ignore[arg-type]


def test_the_sum_says_what_was_opened_and_left(opened: PageCapture) -> None:
    (summary,) = done(opened, "expanded")

    assert summary["clicked"] == len(done(opened, "clicked"))
    assert (summary["left"], summary["stopped"], summary["page_searched"]) == (0, "nothing more to open", "whole")
    assert summary["elements_after"] - summary["elements_before"] >= 36 - 3  # type: ignore[operator]


def test_banners_are_declined_walls_closed_and_the_rest_left(tmp_path: Path) -> None:
    with RawSite({"/": reply(COVERED)}) as site:
        result = capture(f"{site.url}/", tmp_path, EXPAND)

    assert sorted(hits(tmp_path)) == ["closed", "declined"]
    assert done(result, "clicked")[-1]["result"] == "covered by something else"
    assert done(result, "expanded")[0]["left"] == 1
    removed = done(result, "overlay-removed")
    assert {found["kind"]: found["selector"] for found in removed} == {"consent": "#banner", "login": "#wall"}
    left = done(result, "overlay-left")
    assert [(found["selector"], found["why"]) for found in left] == [
        ("#more", "no control that declines or closes it was recognised")
    ]
    (wall,) = (found for found in removed if found["kind"] == "login")
    assert (wall["scrolling_locked_before"], wall["scrolling_locked_after"]) == (True, False)


def test_without_expand_nothing_is_clicked_and_what_is_in_the_way_is_told(tmp_path: Path) -> None:
    with RawSite({"/": reply(COVERED)}) as site:
        result = capture(f"{site.url}/", tmp_path)

    assert (hits(tmp_path), done(result, "clicked")) == ([], [])
    assert {found["why"] for found in done(result, "overlay-left")} == {"clicking was not asked for"}
    assert [found["stopped"] for found in done(result, "scrolled")] == ["end of the page"]


def test_slides_are_turned_sounds_played_and_boxes_scrolled(tmp_path: Path) -> None:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(8000))
    picture = reply('<svg xmlns="http://www.w3.org/2000/svg" width="300" height="80"/>', "image/svg+xml")
    replies: dict[str, Reply] = {f"/{number}.svg": picture for number in (1, 2, 3)}
    replies |= {f"/part?{number}": reply(f"Хэсэг {number}", "text/plain; charset=utf-8") for number in (1, 2, 3)}
    replies |= {"/": reply(MOVING), "/sound.wav": reply(sound.getvalue(), "audio/wav"), "/frame": reply("frame")}
    with RawSite(replies) as site:
        result = capture(f"{site.url}/", tmp_path, EXPAND)

    text = (tmp_path / "dom.html").read_text("utf-8")
    assert "Хэсэг 3" in text
    (inside,) = done(result, "scrolled-inside")[:1]
    assert (inside["selector"], inside["stopped"]) == ("#feed", "end of the page")
    turned = {found["selector"]: (found["turned"], found["stopped"]) for found in done(result, "carousel-turned")}
    assert turned == {"#row": (3, "end of the row"), "#frame": (2, "it began again")}
    returned = {found["selector"]: found["first_shown_again"] for found in done(result, "carousel-turned")}
    assert returned == {"#row": True, "#frame": True}
    (played,) = done(result, "media-played")
    assert played["result"] == "ended"
    assert played["milliseconds"] == played["duration_milliseconds"] == 1000
    assert read_archive(tmp_path / "capture.wacz").one("/sound.wav").body == sound.getvalue()
    assert done(result, "frames-not-entered") == [{"count": 1}]


def test_an_endless_list_ends_by_its_budget_and_says_what_is_left(tmp_path: Path) -> None:
    page = """<!doctype html><meta charset=utf-8><title>x</title><ol id=list><li>1</ol>
        <button onclick="for (let i = 0; i < 5; i++) list.append(document.createElement('li'))">Load more</button>"""
    options = CaptureOptions(timeout=40, expand=True, budgets=Budgets(clicks=4))
    with RawSite({"/": reply(page)}) as site:
        result = capture(f"{site.url}/", tmp_path, options)

    (summary,) = done(result, "expanded")
    assert (summary["clicked"], summary["left"], summary["stopped"]) == (4, 1, "click limit")


def test_a_page_that_lies_and_moves_is_neither_believed_nor_clicked(tmp_path: Path) -> None:
    page = """<!doctype html><meta charset=utf-8><title>x</title><body>
        <form><input name=parentNode><input name=shadowRoot><input name=getAttribute></form>
        <img name=body><img name=querySelectorAll><div style="width:1e9px;height:1px;overflow:hidden"></div>
        <button id=run style="position:fixed">Show more</button><p>a</p><button>Read more</button>
        <button onmouseover="this.textContent = 'Delete it'"
        onclick="document.documentElement.dataset.hits = 'deleted'">Continue reading</button>
        <script>
        Element.prototype.getBoundingClientRect = () => ({ x: NaN, y: NaN, width: 1e9, height: NaN });
        Document.prototype.elementFromPoint = () => null;
        setInterval(() => { run.style.left = Math.random() * 800 + 'px' }, 10);
        </script>"""
    with RawSite({"/": reply(page)}) as site:
        result = capture(f"{site.url}/", tmp_path, EXPAND)

    clicked = {found["text"]: found["result"] for found in done(result, "clicked")}
    assert clicked == {
        "Show more": "does not stand still",
        "Read more": "nothing changed",
        "Continue reading": "became something else under the pointer",
    }
    assert hits(tmp_path) == []
    assert (done(result, "expanded")[0]["left"], done(result, "expanded")[0]["clicked"]) == (2, 1)
    assert done(result, "behaviour-broken-off") == []


def test_a_page_that_hangs_is_left_in_time(tmp_path: Path) -> None:
    script = "const end = Date.now() + 4500; while (Date.now() < end);"
    page = f"<!doctype html><meta charset=utf-8><title>x</title><button onclick='{script}'>Show more</button>"
    with RawSite({"/": reply(page)}) as site:
        result = capture(f"{site.url}/", tmp_path, CaptureOptions(timeout=6, expand=True))

    assert "expanding" in {found["behaviour"] for found in done(result, "behaviour-broken-off")}
    assert done(result, "expanded")[0]["stopped"] == "the page did not answer"


def test_a_post_of_the_practice_network_shows_its_whole_text_and_all_replies(tmp_path: Path) -> None:
    with PracticeServer() as server:
        result = capture(f"{server.url}/posts/1001", tmp_path, CaptureOptions(timeout=60, expand=True))

    text = (tmp_path / "dom.html").read_text("utf-8")
    shown = text[: text.index("<template")] + text[text.index("</template>") :]
    assert codes(result) == []
    assert not re.search(r'class="more-replies"(?! hidden)', shown)
    assert not re.search(r'class="unfold"(?! hidden)', shown)
    assert done(result, "expanded")[0]["stopped"] == "nothing more to open"
