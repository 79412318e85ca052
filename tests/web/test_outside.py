"""What reached the judge from outside is held against the evidence by the page as by `verify` with the same options."""

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from evidence_kit.bundle.court_kit import ChosenRoots, make_court_kit
from evidence_kit.bundle.issuing import issue_receipt
from evidence_kit.bundle.make import BundleOptions
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.selection import Choice
from evidence_kit.case.anchoring import make_anchor
from evidence_kit.case.anchors import read_anchor
from evidence_kit.case.stamping import Stamping
from evidence_kit.cli.receipt import given_receipt
from evidence_kit.errors import EvidenceError
from evidence_kit.models import VerificationReport
from evidence_kit.verify import verify_path
from evidence_kit.verify.outside import Outside
from tests.support.disclosures import GROUND, World, make_world
from tests.support.second import differences
from tests.support.tsa import OpensslTsa
from tests.support.web_page import OpenPage, chromium, opened

pytestmark = [pytest.mark.browser, pytest.mark.network]
_ABOUT = re.compile(r"custody\.(receipt|anchor|disclosed|withheld)|anchor\..*")


@dataclass(frozen=True, kw_only=True)
class Given:
    """A bundle, and what was given out beside it."""

    world: World
    bundle: Path
    receipt: Path
    rows: str
    """The same receipt as it is typed from paper."""
    anchor: tuple[Path, ...]
    """A list, its signature and its time stamp."""
    withheld: Path
    page: Path


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory, tsa: OpensslTsa) -> Given:
    folder = tmp_path_factory.mktemp("гаднаас")
    world = make_world(folder / "vault", tsa)
    stamping = Stamping(tsa=(tsa.url,), roots=world.roots.established)
    issued = issue_receipt(
        world.case, "EV-0001", custodian=world.custodian, stamping=Stamping(), output=folder / "receipt.pdf"
    )
    made = make_anchor([folder / "vault"], folder / "lists", custodian=world.custodian, stamping=stamping)
    options = BundleOptions(
        language=Language.BOTH,
        purpose="шүүх",
        zip=True,
        choice=Choice(subjects=("V-01",)),
        ground=GROUND,
        withheld_to=folder / "withheld.jsonl",
    )
    bundle = world.bundle(folder / "bundle.zip", options).path
    roots = (*world.roots.established, *world.roots.practice)
    make_court_kit(folder / "kit", ChosenRoots(officers=roots), made=world.custodian.clock())
    return Given(
        world=world,
        bundle=bundle,
        receipt=folder / "receipt.pdf",
        rows="\n".join(line for line in issued.text.splitlines() if re.match(r"\s*[HD][1-4]\b", line)),
        anchor=tuple(sorted(made.path.parent.iterdir())),
        withheld=folder / "withheld.jsonl",
        page=folder / "kit" / "verify.html",
    )


@pytest.fixture(scope="module")
def browser(given: Given) -> Iterator[Browser]:  # noqa: ARG001  # signing must end before Playwright's loop begins
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser, given: Given) -> Iterator[OpenPage]:
    for found in opened(browser, given.page):
        found.speak("en")
        found.page.click("#outside summary")
        yield found


def ours(given: Given, receipts: Sequence[str], anchors: Sequence[Path], withheld: Path | None) -> VerificationReport:
    """Return what `verify` reports with these options."""
    lists, broken = [], []
    for path in anchors:
        try:
            lists.append(read_anchor(path))
        except EvidenceError as error:
            broken.append(("anchor.signature", path.name, str(error)))
    outside = Outside(receipts=tuple(map(given_receipt, receipts)), anchors=tuple(lists), broken=tuple(broken))
    return verify_path(
        given.bundle,
        roots=given.world.roots,
        clock=given.world.custodian.clock,
        outside=outside,
        withheld=withheld.read_bytes() if withheld else None,
    )


def apart(page: OpenPage, report: VerificationReport) -> list[str]:
    """Return in what the page's report differs from *report*."""
    theirs = page.page.evaluate("window.evidenceKitReport")
    found = {(c["id"], c["subject"], c["outcome"]) for c in theirs["checks"] if _ABOUT.fullmatch(c["id"])}
    wanted = {(c.id, c.subject, str(c.outcome)) for c in report.checks if _ABOUT.fullmatch(c.id)}
    facts = [
        name
        for name in ("outside_anchors", "opened", "withheld")
        if theirs["facts"].get(name) != report.facts.get(name)
    ]
    return [*differences(report, theirs), *map(str, found ^ wanted), *facts]


def check(page: OpenPage, path: Path) -> None:
    """Have *path* checked."""
    page.page.set_input_files("#pick-file", path)
    page.wait()


def test_all_of_it_is_held_against_the_bundle(page: OpenPage, given: Given) -> None:
    page.page.set_input_files("#pick-receipts", given.receipt)
    page.page.set_input_files("#pick-anchors", given.anchor)
    page.page.set_input_files("#pick-withheld", given.withheld)
    page.page.locator("#outside .certificate").nth(2).wait_for()
    check(page, given.bundle)

    report = ours(given, [str(given.receipt)], given.anchor[:1], given.withheld)
    assert {check.id for check in report.checks} >= {"custody.receipt", "custody.anchor", "custody.disclosed"}
    assert report.facts["opened"]
    assert apart(page, report) == []


def test_rows_typed_from_paper_are_a_receipt(page: OpenPage, given: Given) -> None:
    page.page.fill("#receipt-typed", given.rows.replace("H1", "H9", 1))
    page.page.click("#add-typed")
    assert "the receipt lacks rows: H1" in page.text("#outside")
    page.page.fill("#receipt-typed", given.rows)
    page.page.click("#add-typed")
    assert "Added" in page.text("#outside")
    check(page, given.bundle)

    assert apart(page, ours(given, [given.rows], [], None)) == []


def test_what_does_not_fit_is_told_alike(page: OpenPage, given: Given, tmp_path: Path) -> None:
    for path in given.anchor:
        shutil.copy(path, tmp_path)
    broken = tmp_path / given.anchor[0].name
    broken.write_bytes(broken.read_bytes().replace(b'"events": ', b'"events":  '))
    code = re.sub(r"(EVIDENCE-KIT-RECEIPT:1:[^:]*:[^:]*:).{8}", r"\g<1>00000000", _code(given.receipt))
    page.page.set_input_files("#pick-anchors", [tmp_path / path.name for path in given.anchor])
    page.page.fill("#receipt-typed", code)
    page.page.click("#add-typed")
    page.page.locator("#outside .certificate").nth(1).wait_for()
    check(page, given.bundle)

    report = ours(given, [code], [broken], None)
    assert report.verdict == "altered"
    assert apart(page, report) == []


def test_of_two_receipts_of_one_name_each_counts(page: OpenPage, given: Given, tmp_path: Path) -> None:
    honest = _code(given.receipt)
    codes = [re.sub(r"(EVIDENCE-KIT-RECEIPT:1:[^:]*:[^:]*:).{8}", r"\g<1>00000000", honest), honest]
    for number, code in enumerate(codes):
        path = tmp_path / str(number) / "receipt.txt"
        path.parent.mkdir()
        path.write_text(code, encoding="utf-8")
        page.page.set_input_files("#pick-receipts", path)
        page.page.locator("#outside .certificate").nth(number).wait_for()
    check(page, given.bundle)

    report = ours(given, codes, [], None)
    assert report.verdict == "altered"
    assert apart(page, report) == []


def test_what_is_none_of_it_is_refused_and_what_was_given_can_be_taken_back(page: OpenPage, given: Given) -> None:
    page.page.set_input_files("#pick-receipts", given.withheld)
    page.page.wait_for_selector("#outside .said")
    assert "Not added: withheld.jsonl. What is wrong: not a receipt" in page.text("#outside")
    page.page.set_input_files("#pick-anchors", [given.receipt, given.anchor[1]])
    page.page.locator("#outside .said", has_text="receipt.pdf").wait_for()
    assert "it is neither an anchor list nor the seal of one of them: receipt.pdf" in page.text("#outside")
    page.page.set_input_files("#pick-receipts", given.receipt)
    page.page.wait_for_selector("#outside .certificate")

    page.page.click("#outside .certificate button")

    assert "Removed: receipt.pdf" in page.text("#outside")
    assert page.page.locator("#outside .certificate").count() == 0


def test_a_file_of_withheld_events_is_for_a_bundle(page: OpenPage, given: Given, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("none", encoding="utf-8")
    page.page.set_input_files("#pick-withheld", given.withheld)
    page.page.wait_for_selector("#outside .certificate")

    check(page, tmp_path / "note.txt")

    assert "it is for a bundle" in page.text("#outside")


def _code(receipt: Path) -> str:
    found = re.search(rb"EVIDENCE-KIT-RECEIPT:1:[0-9A-Z:-]+", receipt.read_bytes())
    assert found is not None
    return found.group().decode("ascii")
