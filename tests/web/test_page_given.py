"""What verify.html is given: root certificates, folders, and a folder with nothing in it."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.pki import Authority
from tests.support.web_page import OpenPage
from tests.web.test_page import REPORTS

pytestmark = pytest.mark.browser


def test_a_root_certificate_can_be_added_and_taken_away(page: OpenPage, authority: Authority, tmp_path: Path) -> None:
    page.speak("en")
    root = authority.certificate
    (tmp_path / "root.der").write_bytes(root.der)
    (tmp_path / "other.pem").write_bytes(b"no certificate")

    page.page.set_input_files("#pick-root", [tmp_path / "root.der", tmp_path / "other.pem"])

    expect(page.page.locator("#status")).to_have_text("Added: Зохиомол үндсэн This is no certificate: other.pem")
    grouped = [root.fingerprint[at : at + 4] for at in range(0, 64, 4)]
    assert page.text("#roots .value").split() == grouped
    page.check(REPORTS["verified"])
    assert page.verdict() == "unchanged"
    page.page.click(f"#remove-{root.fingerprint}")
    assert page.page.locator("#roots .certificate").count() == 0


def test_roots_that_came_with_the_evidence_count_only_when_their_fingerprint_came_otherwise(
    page: OpenPage, authority: Authority, tmp_path: Path
) -> None:
    page.speak("en")
    bundle = tmp_path / "багц"
    (bundle / "data" / "trust").mkdir(parents=True)
    (bundle / "data" / "trust" / "chain.pem").write_bytes(authority.certificate.pem())
    (bundle / "report.json").write_text(json.dumps(REPORTS["unchanged"]), encoding="utf-8")

    page.page.set_input_files("#pick-folder", bundle)
    page.wait()

    assert "only claimed by the evidence" in page.text("#claimed")
    page.page.fill("#print-typed", "0" * 64)
    page.page.click("#print-compare")
    assert "None of them has this fingerprint" in page.text("#claimed")
    page.page.fill("#print-typed", authority.certificate.fingerprint.upper())
    page.page.click("#print-compare")
    assert "The fingerprint agrees" in page.text("#roots")
    assert page.page.locator("#claimed").count() == 0
    assert page.page.evaluate("document.activeElement.id") == "again"
    page.page.click("#again")
    page.wait()
    assert page.text("#result-heading").endswith("Unchanged")


@pytest.mark.parametrize("files", [0, pytest.param(10_000, marks=pytest.mark.slow)])
def test_a_folder_can_be_dropped(page: OpenPage, tmp_path: Path, files: int) -> None:
    bundle = tmp_path / "багц 2"
    (bundle / "data" / "empty").mkdir(parents=True)
    for number in range(files):
        (bundle / str(number // 100)).mkdir(exist_ok=True)
        (bundle / str(number // 100) / f"{number}.txt").touch()
    (bundle / "report.json").write_text(json.dumps(REPORTS["altered"]), encoding="utf-8")

    page.drop(bundle)
    page.wait()

    assert page.verdict() == "altered"


def test_an_empty_folder_is_told_as_one(page: OpenPage, tmp_path: Path) -> None:
    page.speak("en")

    page.page.set_input_files("#pick-folder", tmp_path)

    page.page.wait_for_selector("#choose .problem")
    assert "A folder in which nothing lies is no evidence" in page.text("#choose")
