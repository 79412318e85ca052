"""verify.html as it is handed out, with real evidence: the court's copy and the bundle's own, in both browsers."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from evidence_kit.bundle.court_kit import ChosenRoots, make_court_kit
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.trust.judging import TrustedRoots
from tests.support import firefox
from tests.support.cases import commit_small_item, open_case
from tests.support.people import OFFICER, ULAANBAATAR, SetClock
from tests.support.pki import Authority
from tests.support.web_page import OpenPage, chromium, open_page
from tests.support.whole_way import WholeWay

pytestmark = pytest.mark.browser


@dataclass(frozen=True, kw_only=True)
class Court:
    """What lies before a court."""

    bundle: Path
    """A zip."""
    altered: Path
    """The same with one bit changed."""
    folder: Path
    """The bundle unpacked."""
    kit: Path


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Court:
    folder = tmp_path_factory.mktemp("шүүх 1")
    clock = SetClock(datetime.now(UTC))
    agency = Authority("Зохиомол газар", clock=clock)
    officer = Custodian(officer=OFFICER, signer=agency.issue("Зохиомол Дорж"), clock=clock, zone=ULAANBAATAR)
    case = open_case(folder / "case", officer)
    commit_small_item(case, officer)
    roots = TrustedRoots(established=(agency.certificate,))
    way = WholeWay(case=case, custodian=officer, roots=roots, stamping=Stamping())
    bundle = way.bundle(folder / "bundle.zip", as_zip=True).path
    assert way.verify(bundle).verdict == "verified"
    data = bytearray(bundle.read_bytes())
    data[data.index(b"EV-0001/capture.wacz") + 2000] ^= 1
    (folder / "altered.zip").write_bytes(data)
    with zipfile.ZipFile(bundle) as packed:
        packed.extractall(folder / "unpacked")
    make_court_kit(folder / "kit", ChosenRoots(officers=(agency.certificate,)), made=clock())
    (unpacked,) = (folder / "unpacked").iterdir()
    return Court(bundle=bundle, altered=folder / "altered.zip", folder=unpacked, kit=folder / "kit")


@pytest.fixture(scope="module")
def browser(court: Court) -> Iterator[Browser]:  # noqa: ARG001  # signing must end before Playwright's loop begins
    with chromium() as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context()
    yield found
    found.close()


def verdict(page: OpenPage, file: Path, button: str = "#pick-file") -> object:
    page.page.set_input_files(button, file)
    page.page.wait_for_selector("#answer", timeout=60_000)
    found = page.verdict()
    page.page.click("#another")
    return found


def test_a_courts_copy_verifies_and_finds_what_was_altered(context: BrowserContext, court: Court) -> None:
    page = open_page(context, court.kit / "verify.html")

    assert verdict(page, court.bundle) == "verified"
    assert verdict(page, court.folder, "#pick-folder") == "verified"
    assert verdict(page, court.altered) == "altered"
    assert verdict(page, court.folder / "data" / "report.pdf") == "verified"

    assert page.errors == []
    assert page.asked == []


def test_the_copy_in_the_bundle_says_no_more_than_unchanged(context: BrowserContext, court: Court) -> None:
    page = open_page(context, court.folder / "verify.html")

    page.page.set_input_files("#pick-root", next((court.kit / "roots").iterdir()))
    page.page.wait_for_selector("#roots .certificate")

    assert verdict(page, court.bundle) == "unchanged"
    assert verdict(page, court.altered) == "altered"
    assert page.errors == []
    assert page.asked == []


def test_every_fact_that_is_named_has_a_value(context: BrowserContext, court: Court) -> None:
    page = open_page(context, court.kit / "verify.html")
    page.page.set_input_files("#pick-file", court.bundle)
    page.page.wait_for_selector("#answer", timeout=60_000)

    rows: list[list[str]] = page.page.eval_on_selector_all(
        ".facts dl > div",
        "rows => rows.map(row => [row.firstChild.innerText, row.querySelector('dd')?.innerText ?? ''])",
    )
    assert [name for name, value in rows if not value.strip()] == []
    assert ["Энэ хэрэгт гаргаж өгсөн", "байхгүй"] in rows


@pytest.mark.skipif(firefox.PROGRAM is None, reason="NOT TESTED: no Firefox; on Debian: apt-get install firefox-esr")
def test_firefox_comes_to_the_same_verdict(court: Court, tmp_path: Path) -> None:
    with firefox.running(tmp_path / "profile") as running:
        running.ask("WebDriver:Navigate", url=(court.kit / "verify.html").as_uri())
        found = []
        for file in (court.bundle, court.altered):
            running.choose("#pick-file", file)
            running.wait("document.getElementById('answer')")
            found.append(running.run("return window.evidenceKitReport.verdict"))
            running.run("document.getElementById('another').click()")

        # Of all that the page is made of, and does, nothing came from anywhere else.
        loaded = running.run("return performance.getEntriesByType('resource').map(each => each.name)")

    assert found == ["verified", "altered"]
    assert [name for name in loaded if not name.startswith(("data:", "blob:"))] == []
