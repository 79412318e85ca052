"""The page of ``view`` in a real browser, as a person uses it, and with recorded pages that mean harm."""

import asyncio
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from evidence_kit.browser.cdp import Connection, Fields, open_connection
from evidence_kit.browser.launch import Chromium
from evidence_kit.case.folder import CaseFolder
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Event, EventType
from evidence_kit.errors import CaseError
from evidence_kit.models import Verdict
from evidence_kit.replay.viewer import _until_closed, enclosed
from evidence_kit.replay.viewer_reveals import Part
from evidence_kit.texts import Language
from evidence_kit.verify import verify_path
from tests.replay.conftest import PAGE
from tests.support.cases import open_case
from tests.support.people import practice_custodian, roots_of
from tests.support.viewing import SECRET, Looking, Trap, commit_viewed, hostile_page, in_window, served
from tests.support.web_page import HOSTILE, chromium
from tests.support.whole_way import WholeWay, go, the_browser

pytestmark = [pytest.mark.browser, pytest.mark.network]

OUTWARD = {
    *("img", "fetch", "xhr", "beacon", "websocket", "eventsource", "script", "frame", "style", "background"),
    *("form", "blob-worker", "raw-fetch", "raw-socket", "raw-image", "packet"),
    *(f"{kind}-{what}" for kind in ("data", "blob") for what in ("fetch", "socket", "image")),
}
"""What the hostile page reaches when nothing holds it."""
NOT_HELD = {"packet", "connection"}
"""What rules of a page do not keep from a browser of one's own: WebRTC."""
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> WholeWay:
    """Return a case with a post of the practice network, whose server is gone."""
    return go(tmp_path_factory.mktemp("view") / "хэрэг", practice_custodian(), "/posts/1001")


@pytest.fixture
def harmful(tmp_path: Path, custodian: Custodian, trap: Trap) -> CaseFolder:
    """Return a case with a page that wants out, and that lies wherever it can."""
    case = open_case(tmp_path / "case", custodian)
    commit_viewed(case, custodian, html=hostile_page(trap), title=HOSTILE, text=HOSTILE, reason=HOSTILE)
    return case


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Return a browser as people have it: nothing holds it."""
    with chromium() as running:
        yield running


def test_a_recorded_page_is_shown_blurred_then_revealed_and_hidden_again(way: WholeWay) -> None:
    with served(way.case.path, "case", custodian=way.custodian) as view, in_window(view.server) as person:
        person.open(view.server.url)
        page = person.page
        page.wait_for_function("() => document.images.length && [...document.images].every(i => i.complete)")
        before = page.content()
        page.click("#reveal")
        page.wait_for_function("() => document.querySelector('#trouble').textContent")
        refused = len(events(way))
        person.reveal("replay", "Сургалт: үзэх")
        replayed = person.replayed("article").inner_text()
        person.reveal("pictures")
        page.wait_for_function("() => document.images.length && [...document.images].every(i => i.naturalWidth > 500)")
        person.reveal("ledger")
        page.wait_for_selector("tbody tr")
        person.reveal("text")
        page.wait_for_function("() => document.querySelector('pre').textContent")
        page.click("#hide")
        page.wait_for_selector("#purpose")
        after = page.content()

    assert "Сарнай" in replayed
    assert "Сарнай" not in before + after
    assert "127.0.0.1" not in before
    assert refused == 0
    assert [(event.purpose, event.detail["revealed"]) for event in events(way)] == [
        ("Сургалт: үзэх", "replay"),
        *(("Сургалт", part) for part in ("pictures", "ledger", "text")),
    ]
    assert person.errors == []
    assert outside(view.server.wall.hosts) == []
    report = verify_path(way.case.path, roots=roots_of(way.custodian.signer), clock=way.custodian.clock)
    assert report.verdict is Verdict.VERIFIED


def test_nothing_gets_out_of_a_recorded_page_and_it_reveals_nothing(
    harmful: CaseFolder, custodian: Custodian, trap: Trap
) -> None:
    with served(harmful.path, "case", custodian=custodian) as view, in_window(view.server) as person:
        person.open(view.server.url)
        person.reveal("replay")
        tried, seen = outcome(person)
        token, where = view.server.token, person.page.url
        person.reveal("text")
        person.page.wait_for_function("() => document.querySelector('pre').textContent")
        shown = person.page.inner_text("pre")
        person.reveal("ledger")
        person.page.wait_for_selector("tbody tr")
        hit = person.page.evaluate("window.hit")

    assert {"img", "raw-socket", "stun", "data", "blob"} <= set(tried)
    assert trap.heard == []
    assert token not in json.dumps(seen)
    assert where == view.server.url
    assert [event.detail["revealed"] for event in harmful.log().full_events() if event.type == EventType.VIEWED] == [
        "replay",
        "text",
        "ledger",
    ]
    assert hit is None
    assert "\\u{202E}" in shown
    assert person.errors == []


def test_the_hostile_page_reaches_out_where_nothing_holds_it(browser: Browser, trap: Trap) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{trap.port}/page")
    deadline = time.monotonic() + 20
    while not set(trap.heard) >= OUTWARD and time.monotonic() < deadline:
        page.wait_for_timeout(200)

    assert set(trap.heard) >= OUTWARD


def test_in_a_browser_of_ones_own_the_rules_hold_what_they_can(
    harmful: CaseFolder, custodian: Custodian, browser: Browser, trap: Trap
) -> None:
    with served(harmful.path, "case", custodian=custodian) as view:
        person = Looking(page=browser.new_page())
        person.open(view.server.url)
        warned = person.page.is_visible("#open")
        person.reveal("replay")
        tried, seen = outcome(person)
        led = lead_away(person, trap)

    assert warned
    assert led.startswith("chrome-error:")
    assert "raw-socket" in tried
    assert set(trap.heard) <= NOT_HELD
    assert view.server.token not in json.dumps(seen)


@pytest.mark.slow
def test_an_item_that_was_changed_is_shown_with_a_warning(way: WholeWay, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(way.case.path / "items" / "EV-0001", alone)
    manifest = alone / "manifest-sha256.txt"
    manifest.chmod(0o644)
    manifest.write_bytes(manifest.read_bytes().replace(b"a", b"b"))
    with served(alone, "item") as view, in_window(view.server) as person:
        person.open(view.server.url)
        told = person.page.inner_text("#rule")
        person.reveal("replay")
        warned = person.page.inner_text("#differs")
        replayed = person.replayed("article").inner_text()

    assert "nothing is logged" in told
    assert warned.startswith("✗ WARNING")
    assert "Сарнай" in replayed


@pytest.mark.parametrize("language", ["mn", pytest.param("en", marks=pytest.mark.slow)])
def test_the_page_is_for_everybody(harmful: CaseFolder, custodian: Custodian, language: str, browser: Browser) -> None:
    if not AXE.is_file():
        pytest.skip("NOT TESTED: no axe-core; scripts/bootstrap.sh test installs it")
    with served(harmful.path, "case", custodian=custodian) as view:
        person = Looking(page=browser.new_page(bypass_csp=True))
        person.open(view.server.url)
        person.page.click(f"#speak-{language}")
        found = violations(person.page)
        person.page.focus("#tab-replay")
        for _ in range(3):
            person.page.keyboard.press("ArrowRight")
        assert person.page.evaluate("document.activeElement.id") == "tab-ledger"
        person.page.fill("#purpose", "Сургалт")
        person.page.keyboard.press("Enter")
        person.page.wait_for_selector("tbody tr")
        found += violations(person.page)

    assert found == []
    assert person.errors == []


@pytest.fixture
def lengthy(tmp_path: Path, custodian: Custodian) -> CaseFolder:
    """Return a case with an item of which everything is long."""
    case = open_case(tmp_path / "case", custodian)
    url = f"http://site.example/page?{'a' * 20_000}"
    commit_viewed(case, custodian, html=PAGE, url=url, title="Ө" * 9_000, text="w" * 100_000, reason="r " * 9_000)
    return case


def test_a_long_link_does_not_push_away_what_is_looked_at(
    lengthy: CaseFolder, custodian: Custodian, browser: Browser
) -> None:
    with served(lengthy.path, "case", custodian=custodian) as view:
        person = Looking(page=browser.new_page(bypass_csp=True))
        person.open(view.server.url)
        heights = []
        for part, seen in {"replay": "#replay", "ledger": "tbody tr"}.items():
            person.reveal(part)
            heights.append(person.page.locator(seen).first.evaluate("shown => shown.getBoundingClientRect()"))
        wide = person.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        found = violations(person.page)

    assert heights[0]["top"] < 1000
    assert heights[1]["height"] < 300
    assert not wide
    assert found == [] or not AXE.is_file()


def test_what_was_typed_and_where_one_was_outlasts_a_refusal(viewed: CaseFolder, browser: Browser) -> None:
    def full(_item: str, _part: Part, _purpose: str) -> int:
        raise CaseError("the disk is full", hint="make room")

    with served(viewed.path, "case", note=full) as view:
        person = Looking(page=browser.new_page())
        person.open(view.server.url)
        person.page.fill("#purpose", "Сургалт")
        person.page.focus("#reveal")
        person.page.keyboard.press("Space")
        person.page.wait_for_function("() => document.querySelector('#trouble').textContent")
        person.page.wait_for_function("() => document.activeElement.id === 'reveal'")
        told = person.page.inner_text("#trouble")
        person.page.fill("#purpose", "Өөр")
        person.page.click("#speak-mn")
        typed = person.page.input_value("#purpose")

    assert "the disk is full" in told
    assert typed == "Өөр"


def test_a_window_without_a_page_is_given_one(viewed: CaseFolder) -> None:
    async def shown_and_closed(chromium: Chromium, url: str) -> list[str]:
        async with open_connection(chromium.address, lambda _event: None) as connection:
            for target in await pages(connection):
                await connection.send("Target.closeTarget", {"targetId": target["targetId"]})
            async with asyncio.timeout(30):
                while await pages(connection):  # noqa: ASYNC110  # one that is being closed stands there for a moment
                    await asyncio.sleep(0.1)
            showing = asyncio.create_task(_until_closed(chromium, url))
            async with asyncio.timeout(30):
                while not (found := [each for each in await pages(connection) if each["url"] == url]):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                await connection.send("Target.closeTarget", {"targetId": found[0]["targetId"]})
                await showing
            return [each["url"] for each in found]

    async def pages(connection: Connection) -> list[Fields]:
        found = await connection.send("Target.getTargets")
        return [each for each in found["targetInfos"] if each["type"] == "page"]

    with (
        served(viewed.path, "case") as view,
        enclosed(the_browser(), view.server, Language.ENGLISH, window=False) as chromium,
    ):
        found = asyncio.run(shown_and_closed(chromium, view.server.url))

    assert len(found) == 1


def test_what_page_is_replayed_is_said_where_the_item_names_another(
    viewed: CaseFolder, tmp_path: Path, browser: Browser
) -> None:
    alone = Path(shutil.copytree(viewed.path / "items" / "EV-0001", tmp_path / "alone"))
    record = (alone / "item.json").read_bytes()
    (alone / "item.json").chmod(0o644)
    (alone / "item.json").write_bytes(record.replace(b"site.example/page", b"site.example/elsewhere"))
    with served(alone, "item") as view:
        person = Looking(page=browser.new_page())
        person.open(view.server.url)
        person.reveal("replay")
        shown = person.page.inner_text("#pages")

    assert "http://site.example/page" in shown


def violations(page: Page) -> list[str]:
    """Return what axe-core finds against WCAG 2.2 AA."""
    page.add_script_tag(path=AXE)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", tags)
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found["violations"]]


def outcome(person: Looking) -> tuple[list[str], list[str]]:
    """Return what the hostile page tried, and what it saw."""
    person.replayed("html[data-tried]")
    frame = next(frame for frame in person.page.frames if frame.url.endswith("mp_/http://site.example/page"))
    tried, seen = frame.evaluate("[document.documentElement.dataset.tried, document.documentElement.dataset.seen]")
    assert SECRET in frame.inner_text("p")
    person.page.wait_for_timeout(500)
    return str(tried).split(), list(json.loads(seen))


def lead_away(person: Looking, trap: Trap) -> str:
    """Let what holds the recorded page, and is of its origin, go elsewhere; return where it then is."""
    holder = next(frame for frame in person.page.frames if frame.url.endswith("?0") and "/frame/" not in frame.url)
    link = "link => document.body.appendChild(Object.assign(document.createElement('a'), {href: link})).click()"
    holder.evaluate(link, f"http://127.0.0.1:{trap.port}/holder")
    person.page.wait_for_timeout(1500)
    return holder.url


def outside(hosts: object) -> list[str]:
    """Return the refused hosts that are not those which Chromium itself asks for."""
    assert isinstance(hosts, dict)
    return [host for host in hosts if not host.partition(":")[0].endswith((".google.com", ".googleapis.com"))]


def events(way: WholeWay) -> list[Event]:
    """Return the events of reveals."""
    return [event for event in way.case.log().full_events() if event.type == EventType.VIEWED]
