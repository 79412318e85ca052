"""verify.html as people meet it: its first words, both languages, by keyboard, on paper, with hostile evidence."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from evidence_kit.bundle.court_kit import ChosenRoots, page_with_roots
from evidence_kit.canonical import Json
from tests.support.pki import Authority
from tests.support.web_page import (
    FACTS,
    HOSTILE,
    ROOT,
    WEB,
    OpenPage,
    check_of,
    hostile,
    open_page,
    opened,
    report_of,
)

pytestmark = pytest.mark.browser

LANGUAGES = ("mn", "en")
FAILED = check_of("warc.records", "failed", "data/items/EV-0001/capture.wacz#0", "its digest differs")
REPORTS = {
    "unchanged": report_of("unchanged", [check_of("signer.trust", "not-checked")], trust="claimed"),
    "altered": report_of("altered", [FAILED], trust="claimed"),
    "cannot-verify": {**report_of("cannot-verify", [check_of("subject.kind", "failed")]), "kind": "unknown"},
    "verified": report_of("verified"),
}
WORD = {
    "verified": ("Баталгаажсан", "Verified"),
    "unchanged": ("Өөрчлөгдөөгүй", "Unchanged"),
    "altered": ("Өөрчлөгдсөн", "Altered"),
    "cannot-verify": ("Шалгах боломжгүй", "Cannot be verified"),
}


@pytest.fixture(scope="module")
def kit_file(plain_file: Path, authority: Authority) -> Path:
    """Return the page as a court has it."""
    roots = ChosenRoots(officers=(authority.certificate,))
    path = plain_file.with_name("court.html")
    path.write_bytes(page_with_roots(plain_file.read_bytes(), roots, made=datetime(2026, 11, 22, tzinfo=UTC)))
    return path


@pytest.fixture
def court(browser: Browser, kit_file: Path) -> Iterator[OpenPage]:
    yield from opened(browser, kit_file)


def test_the_first_line_says_that_the_page_came_with_the_evidence(page: OpenPage) -> None:
    assert page.text("body").splitlines()[0] == "Энэ хуудас нотлох баримтын хамт ирсэн."

    page.speak("en")

    assert page.text("body").splitlines()[0] == "This page came with the evidence."


def test_the_first_line_of_a_courts_copy_says_that_it_is_one(court: OpenPage) -> None:
    court.speak("en")

    assert court.text("body").splitlines()[0] == "This is a court's own copy of this page."
    assert "2026-11-22T00:00:00Z" in court.text("header")
    court.page.click("#court-officers summary")
    assert "Зохиомол үндсэн" in court.text("#court-officers")


def test_the_policy_stands_before_everything_else(plain_file: Path, kit_file: Path) -> None:
    for file in (plain_file, kit_file):
        head = file.read_text(encoding="utf-8").partition("<head>")[2].lstrip()
        assert head.startswith('<meta http-equiv="Content-Security-Policy" content="default-src \'none\';')


@pytest.mark.parametrize("verdict", ["unchanged", "altered", "cannot-verify"])
def test_the_answer_comes_first_with_a_sign_and_a_word_in_both_languages(page: OpenPage, verdict: str) -> None:
    page.check(REPORTS[verdict])

    for language, word in zip(LANGUAGES, WORD[verdict], strict=True):
        page.speak(language)
        assert page.page.locator("main > *").first.get_attribute("id") == "answer"
        assert page.text("#result-heading").endswith(word)
        assert page.page.locator(f"#result-heading svg.{verdict} path").count() > 0
        assert page.page.evaluate("document.documentElement.lang") == language
    assert page.verdict() == verdict


def test_only_a_courts_copy_says_verified(page: OpenPage, court: OpenPage) -> None:
    page.check(REPORTS["verified"])
    court.check(REPORTS["verified"])

    assert (page.verdict(), court.verdict()) == ("unchanged", "verified")
    assert page.page.locator("svg.verified").count() == 0
    assert court.text("#result-heading").endswith(WORD["verified"][0])
    page.speak("en")
    assert "this page came with the evidence" in page.text("#answer")


def test_practice_is_called_that(court: OpenPage) -> None:
    court.check(report_of("verified", trust="practice"))

    assert "СУРГАЛТ" in court.text("#answer")


def test_what_when_by_whom_who_held_it_and_what_is_missing_are_told(page: OpenPage) -> None:
    page.speak("en")

    page.check(REPORTS["altered"])

    facts = page.text(".facts")
    for told in (
        *(
            "evidence bundle",
            "EV-0001, EV-0002",
            "21 November 2026, 14:05 (Ulaanbaatar, UTC+8)",
            "2026-11-21T06:05:09Z",
        ),
        *("claimed: nothing outside", "Зохиомол Болор, прокурор, Сургалт", "complete: both signed", "Хувийн нууц"),
        *("Captures that are incomplete", "whether the last custody events were removed cannot be told"),
    ):
        assert told in facts
    assert page.page.locator("#step-7").get_attribute("open") is not None
    assert "data/items/EV-0001/capture.wacz#0" in page.text("#step-7")


def test_everything_can_be_done_by_keyboard(page: OpenPage, tmp_path: Path) -> None:
    keyboard = page.page.keyboard
    # Playwright must be told long before the key is pressed that it is to answer for the person.
    page.page.on("filechooser", lambda chooser: chooser.set_files(tmp_path / "багц.json"))
    (tmp_path / "багц.json").write_text(json.dumps(REPORTS["unchanged"]), encoding="utf-8")
    reached = []
    outline = "[document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]"
    page.page.bring_to_front()
    page.page.wait_for_function("document.hasFocus()")
    keyboard.press("Tab")
    if not page.page.evaluate("document.activeElement.id"):
        keyboard.press("Tab")  # a key that comes before the window has the keyboard is lost
    for _ in range(6):
        reached.append(page.page.evaluate(outline))
        keyboard.press("Tab")
    assert {style for _, style in reached} == {"solid"}, reached
    assert [name for name, _ in reached] == [
        "speak-mn",
        "speak-en",
        "choose-file",
        "choose-folder",
        "choose-several",
        "add-root",
    ]

    page.page.focus("#choose-file")
    keyboard.press("Enter")
    page.wait()
    assert page.page.evaluate("document.activeElement.id") == "result-heading"
    assert page.text("#status") == "Шалгаж дууслаа. Үр дүн: Өөрчлөгдөөгүй"

    page.page.focus("#root-typed")
    keyboard.type(ROOT.upper())
    keyboard.press("Enter")
    assert "64 тэмдэгт бүгд таарч байна" in page.text("#root-compared")
    assert page.page.evaluate("document.activeElement.id") == "root-typed"
    page.page.focus("#step-6 summary")
    keyboard.press("Space")
    assert page.page.locator("#step-6").get_attribute("open") is not None


def test_a_value_on_paper_that_differs_is_told_by_its_first_group(page: OpenPage) -> None:
    page.speak("en")
    page.check(REPORTS["unchanged"])
    page.page.fill("#root-typed", ROOT.removeprefix("sha256:").replace("3f9a", "3F9A", 1).replace("e5d0", "e5d1", 1))

    page.page.click("#root-compare")

    assert "The first group that differs: 4" in page.text("#root-compared")
    assert page.text("#status").startswith("Not the same")


def test_switching_the_language_keeps_what_was_typed_and_opened(page: OpenPage) -> None:
    page.check(REPORTS["unchanged"])
    page.page.fill("#root-typed", "3f9a")
    page.page.click("#step-5 summary")

    page.speak("en")

    assert page.page.input_value("#root-typed") == "3f9a"
    assert page.page.locator("#step-5").get_attribute("open") is not None
    assert page.page.evaluate("document.activeElement.id") == "speak-en"


def test_nothing_is_remembered_when_the_page_is_opened_again(page: OpenPage) -> None:
    page.speak("en")
    page.check(REPORTS["unchanged"])

    page.page.reload()

    assert page.page.evaluate("document.documentElement.lang") == "mn"
    assert page.page.evaluate("window.evidenceKitReport") is None
    kept = "[document.cookie, (() => { try { return localStorage.length } catch { return 0 } })()]"
    assert page.page.evaluate(kept) == ["", 0]
    assert page.page.context.service_workers == []


def test_axe_finds_nothing_to_complain_of(page: OpenPage, court: OpenPage) -> None:
    court.speak("en")
    found = [*complaints(page), *complaints(court)]
    for each, report in ((page, REPORTS["altered"]), (court, REPORTS["verified"])):
        each.check(report)
        each.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        found += complaints(each)

    assert found == []


def complaints(page: OpenPage) -> list[Any]:
    page.page.evaluate((WEB / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.page.evaluate("tags => axe.run({runOnly: tags})", tags)
    return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found["violations"]]


def test_targets_are_large_and_nothing_is_cut_off_on_a_narrow_screen(page: OpenPage) -> None:
    page.page.set_viewport_size({"width": 320, "height": 640})
    for report in REPORTS.values():
        page.check(report)
        sizes = page.page.evaluate(
            "[...document.querySelectorAll('button, summary')].map(e => e.getBoundingClientRect())"
            ".filter(box => box.width > 0).map(box => Math.min(box.width, box.height))"
        )
        assert min(sizes) >= 44
        assert page.page.evaluate("document.documentElement.scrollWidth") == 320
        page.page.click("#another")


@pytest.mark.parametrize("width", [320, 390, 1100])
def test_what_a_check_found_is_said_in_the_language_and_broken_to_the_width(page: OpenPage, width: int) -> None:
    page.page.set_viewport_size({"width": width, "height": 640})
    found = f"its digest is {ROOT}, the list says {ROOT}"
    page.check(report_of("altered", [check_of("bag.payload", "failed", "data/items/EV-0001/first/a.png", found)]))

    assert f"хэш утга нь {ROOT}, жагсаалтад: {ROOT}" in page.text("#step-2")
    assert found not in page.text("#step-2")
    assert page.page.evaluate("document.documentElement.scrollWidth") == width
    page.speak("en")
    assert found in page.text("#step-2")


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_prints_as_one_page_with_the_root_value(page: OpenPage, tmp_path: Path, language: str) -> None:
    page.speak(language)
    long: dict[str, Json] = {**FACTS, "items": [f"EV-{n:04}" for n in range(500)], "purpose": "Ж" * 3000}
    many = [
        check_of(f"{name}", "failed", "ө" * 500, "д" * 500) for name in ("bag.payload", "warc.records", "item.seal")
    ]
    wordy = report_of("altered", many * 300, name="Ү" * 900, facts=long)
    wordy["signers"] = [{"name": "Ү" * 900, "certificate_sha256": f"{n:064x}", "trust": "claimed"} for n in range(40)]
    for number, report in enumerate((REPORTS["unchanged"], wordy)):
        page.check(report)
        file = tmp_path / f"{number}.pdf"
        page.page.pdf(path=file, prefer_css_page_size=True)
        page.page.click("#another")

        told = subprocess.run(["pdfinfo", str(file)], capture_output=True, encoding="utf-8", check=True).stdout
        text = subprocess.run(["pdftotext", str(file), "-"], capture_output=True, check=True).stdout.decode()
        assert re.search(r"Pages:\s+1\n", told)
        assert ROOT.removeprefix("sha256:") in re.sub(r"\s", "", text)
        assert ("гарын үсэг)" if language == "mn" else "signature)") in text


def test_hostile_text_in_every_field_runs_nothing_and_is_shown_as_it_is(page: OpenPage) -> None:
    checks: list[Json] = [
        check_of("warc.records", "failed", HOSTILE, HOSTILE),
        check_of("bag.stray", "failed", "a\u202eb"),
    ]
    report = report_of("altered", checks, name=HOSTILE, facts={})
    odd: list[Json] = [
        hostile(FACTS),
        dict.fromkeys(FACTS, HOSTILE),
        {key: [[], {}, None, 10**15, -1] for key in FACTS},
    ]
    for facts in odd:
        for language in LANGUAGES:
            page.speak(language)
            page.check({**report, "facts": facts, "subject": HOSTILE}, name=f"{'../' * 3}<svg onload=hit=1>.json")
            page.page.fill("#root-typed", HOSTILE)
            page.page.click("#root-compare")
            shown = page.text()
            assert "<img src=x onerror=window.hit=1>" in shown
            assert "\u202e" not in shown
            assert "a\\u{202E}b" in shown
            assert page.page.locator("#app img, #app script, #app iframe, #app [onerror], #app [onload]").count() == 0
            assert page.page.evaluate("window.hit") is None
            page.page.click("#another")


def test_a_report_of_very_many_checks_stays_usable(page: OpenPage) -> None:
    many: list[Json] = [check_of("warc.records", "failed", f"record {n}", "it differs") for n in range(5_000)]
    page.speak("en")

    page.check(report_of("altered", many))

    assert page.page.locator("#step-7 .rows > li").count() == 50
    assert "Not shown here: 4,952" in page.text("#step-7")
    page.page.click("#more-7")
    assert page.page.locator("#step-7 .rows > li").count() == 100
    assert page.page.locator("#app *").count() < 3000


def test_an_error_of_the_page_is_told_as_one_and_not_as_a_verdict(browser: Browser, plain_file: Path) -> None:
    context = browser.new_context()
    page = open_page(context, plain_file)
    page.speak("en")

    page.page.set_input_files("#pick-file", {"name": "a.json", "mimeType": "", "buffer": b"{"})

    page.page.wait_for_selector("#broken-heading")
    assert "it says nothing about the evidence" in page.text("main")
    assert page.page.evaluate("window.evidenceKitReport") is None
    context.close()
