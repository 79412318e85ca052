"""verify.html lets helpers work through large files, in both browsers, and reports what one alone finds."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from evidence_kit.bundle.court_kit import ChosenRoots, make_court_kit
from evidence_kit.canonical import Json
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.trust.judging import TrustedRoots
from tests.support import firefox
from tests.support.cases import commit_small_item, open_case
from tests.support.people import OFFICER, ULAANBAATAR, SetClock
from tests.support.pki import Authority
from tests.support.second import SecondVerifier, running
from tests.support.web_page import chromium, open_page
from tests.support.whole_way import WholeWay

pytestmark = pytest.mark.browser
_SIZES = (33_000_000, 2_000_000, 600_000, 1_000)
"""One archive that no helper holds as a whole, two that one does, and one that none is asked about."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A bundle with large files."""

    way: WholeWay
    packed: Path
    page: Path
    """The court's own copy of verify.html."""

    def altered(self, folder: Path) -> Path:
        """Return a copy in which one bit of every archive is another, and one of the bundle's own zip."""
        data = bytearray(self.packed.read_bytes())
        for number in range(1, len(_SIZES) + 1):
            data[data.index(b"EV-%04d/capture.wacz" % number) + 700] ^= 1
        data[len(data) - 3000] ^= 1
        (folder / "altered.zip").write_bytes(data)
        return folder / "altered.zip"

    def alone(self, path: Path, second: SecondVerifier) -> dict[str, Json]:
        """Return what Node reports, where there are no helpers."""
        return second.verify(path, self.way.roots, datetime.now(UTC))


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    folder = tmp_path_factory.mktemp("large")
    clock = SetClock(datetime.now(UTC))
    agency = Authority("Зохиомол газар", clock=clock)
    officer = Custodian(officer=OFFICER, signer=agency.issue("Зохиомол Дорж"), clock=clock, zone=ULAANBAATAR)
    case = open_case(folder / "case", officer)
    chance = random.Random(1)  # noqa: S311  # the same every time, on purpose
    for size in _SIZES:
        commit_small_item(case, officer, body=chance.randbytes(size))
    way = WholeWay(
        case=case, custodian=officer, roots=TrustedRoots(established=(agency.certificate,)), stamping=Stamping()
    )
    make_court_kit(folder / "kit", ChosenRoots(officers=(agency.certificate,)), made=clock())
    packed = way.bundle(folder / "bundle.zip", as_zip=True).path
    return Evidence(way=way, packed=packed, page=folder / "kit" / "verify.html")


@pytest.fixture(scope="module")
def second() -> Iterator[SecondVerifier]:
    with running() as verifier:
        yield verifier


@pytest.fixture(scope="module")
def browser(evidence: Evidence) -> Iterator[Browser]:  # noqa: ARG001  # signing must end before Playwright's loop begins
    with chromium() as running:
        yield running


def test_helpers_find_what_one_alone_finds(
    evidence: Evidence, second: SecondVerifier, browser: Browser, tmp_path: Path
) -> None:
    context = browser.new_context()
    page = open_page(context, evidence.page)
    helpers: list[str] = []
    page.page.on("worker", lambda worker: helpers.append(worker.url))

    for path, verdict in ((evidence.packed, "verified"), (evidence.altered(tmp_path), "altered")):
        helpers.clear()
        page.page.set_input_files("#pick-file", path)
        page.page.wait_for_selector("#answer", timeout=120_000)
        found = page.page.evaluate("window.evidenceKitReport")

        assert helpers != []
        assert found["verdict"] == verdict
        assert found == evidence.alone(path, second)
        page.page.click("#another")

    assert (page.errors, page.asked) == ([], [])
    context.close()


def test_helpers_that_never_say_a_word_are_done_without(
    evidence: Evidence, second: SecondVerifier, browser: Browser
) -> None:
    context = browser.new_context()
    context.add_init_script("globalThis.Worker = class { postMessage() {} terminate() {} };")
    page = open_page(context, evidence.page)
    page.page.clock.install()

    page.page.set_input_files("#pick-file", evidence.packed)
    page.page.wait_for_timeout(500)
    page.page.clock.fast_forward(130_000)
    page.page.wait_for_selector("#answer", timeout=120_000)

    assert page.page.evaluate("window.evidenceKitReport") == evidence.alone(evidence.packed, second)
    context.close()


@pytest.mark.skipif(firefox.PROGRAM is None, reason="NOT TESTED: no Firefox; on Debian: apt-get install firefox-esr")
def test_helpers_work_in_firefox_too(evidence: Evidence, second: SecondVerifier, tmp_path: Path) -> None:
    with firefox.running(tmp_path / "profile") as running_firefox:
        running_firefox.ask("WebDriver:Navigate", url=evidence.page.as_uri())
        running_firefox.run(
            "window.helpers = 0; const Known = Worker;"
            "window.Worker = class extends Known { constructor(...given) { super(...given);"
            "this.addEventListener('message', (event) => { window.helpers += 'answer' in event.data ? 1 : 0 }) } }"
        )
        running_firefox.choose("#pick-file", evidence.packed)
        running_firefox.wait("document.getElementById('answer')")

        assert running_firefox.run("return window.helpers") > 0
        assert running_firefox.run("return window.evidenceKitReport") == evidence.alone(evidence.packed, second)
