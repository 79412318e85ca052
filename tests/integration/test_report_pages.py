"""What the report says, page by page: every sentence stands in each language, and no value goes missing."""

import re
import subprocess
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evidence_kit.bundle.exhibit_parts import Attempted, AttemptState, ContextShot, Fact
from evidence_kit.bundle.mongolian_dates import local_stamp
from evidence_kit.bundle.register_parts import LeftOut, SealedItem, SelfTest, SignatureLine
from evidence_kit.bundle.report import SLICE_HEIGHT, SLICE_WIDTH, render_report
from evidence_kit.bundle.report_model import AttemptOutcome, Language, ReportData
from evidence_kit.models import Problem, Trust, utc_text
from evidence_kit.pictures.viewing_copy import ViewingCopy, make_slices
from evidence_kit.resources import template
from tests.support.report_cases import MOMENT, digest_of, exhibit_of, report_of
from tests.support.transcript_cases import conversations_of, message_of

Oracle = Callable[[str], Path]
Pages = Mapping[Language, str]
SECTIONS = (
    "record",
    "form",
    "certificate",
    "account",
    "signatures",
    "categories",
    "self_test",
    "self_test_page",
    "transcript",
)
"""Every sentence of these stands in every report."""
NOTED = (Problem(code="freeze.failed", detail="no response had come when the capture ended"),)
SENTENCES = (
    "exhibit/attempted",
    "exhibit/identity_none",
    "exhibit/identity_by_hand",
    "exhibit/links",
    "exhibit/links_unlisted",
    "exhibit/requests",
    "exhibit/requests_missing",
    "exhibit/context_shots",
    "picture/context_intro",
    "picture/taken_between",
    "picture/taken",
    "attempted/expand",
    "attempt_states/partly",
    "attempt_states/not-attempted",
    "attempt_states/not-established",
    "requests/failed",
    "signature_purposes/custody",
    "signature_purposes/time-stamp",
    "licensed/not-established",
    "licensed/no",
    "certificate_kinds/practice",
    "certificate_kinds/self-made",
    "trust_short/claimed",
    "registers/sealed_intro",
    "registers/withheld_intro",
    "registers/left_out_intro",
    "tried/abandoned_reason",
    "tried/no_item",
    "tried/left_out",
    "tried/error_answer",
    "tried/noted",
    "tried/details_note",
    "values/no response had come when the capture ended",
    "tried/withheld_items",
    "method/templates",
    "method/vocabulary",
    "method/licences",
    "verify/stock_heading",
    "values/unverified",
    "incomplete/self-test-failed",
    "platforms/facebook",
    "message_kinds/system",
    "message_kinds/call",
    "time_zones/not-told",
    "chat_findings/chat.encoding.repaired",
)


def texts(language: Language) -> dict[str, Any]:
    return tomllib.loads(template(f"report/{language}.toml").read_text(encoding="utf-8"))


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def line(purpose: str, kind: str, licensed: str) -> SignatureLine:
    return SignatureLine(
        purpose=purpose,
        subject=f"Subject {kind}",
        issuer=f"Issuer {kind}",
        certificate_sha256=digest_of(kind),
        count=3,
        kind=kind,
        trust=Trust.CLAIMED,
        licensed=licensed,
    )


def data_of(shot: ViewingCopy) -> ReportData:
    first = replace(
        exhibit_of(1, screenshot=shot),
        context_shots=(
            ContextShot(path="window.png", role="window", taken=None, copy=shot),
            ContextShot(path="first/screenshot.png", role="first-screenshot", taken=MOMENT, copy=shot),
        ),
        attempted=(
            Attempted(code="screenshot", state=AttemptState.PARTLY),
            Attempted(code="expand", state=AttemptState.NOT_ATTEMPTED),
            Attempted(code="all-comments", state=AttemptState.NOT_ESTABLISHED),
        ),
        unlisted_links=7,
        captured_by="Зохиомол Дорж",
        place="Улаанбаатар",
    )
    facts = tuple(replace(fact, name="clock_state", value="unverified") for fact in first.environment[:1])
    messages = (message_of(4, left_out=3), message_of(5, text="Т" * 6000, chosen=False), message_of(6))
    conversations = conversations_of(messages=messages)
    amount = replace(facts[0], name="max_bytes", value="536870912")
    build = replace(facts[0], name="browser_revision", value="4321765")
    second = replace(exhibit_of(2), by_hand=True, environment=(*facts, amount, build), conversations=conversations)
    data = report_of(first, second, text="Т")
    return replace(
        data,
        attempts=(
            *data.attempts,
            replace(data.attempts[0], http_status=404),
            replace(data.attempts[0], outcome=AttemptOutcome.COMPLETE, problems=NOTED),
            replace(data.attempts[0], handed_over=3, exhibit=None),
            replace(data.attempts[0], handed_over=2, sealed=True, exhibit=None),
            replace(data.attempts[0], made_of=("EV-0001", "EV-0002"), exhibit=None),
        ),
        participants=(data.prepared_by,),
        custody=(*data.custody, replace(data.custody[0], facts=(Fact(name="method", value="corroborate"),))),
        signatures=(
            line("report", "practice", "no"),
            line("custody", "self-made", "no"),
            line("time-stamp", "issued", "not-established"),
        ),
        sealed=(SealedItem(item="EV-0009", manifest_sha256=digest_of("9"), seal_number="Л-17", seq=8, place=""),),
        left_out=(LeftOut(item="EV-0008", outcome="failed", manifest_sha256=digest_of("8")),),
        self_test=tuple(
            SelfTest(code=code, passed=code != "signature")
            for code in ("sha256", "canonical-json", "signature", "custody-chain", "web-archive")
        ),
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[Language, Path]:
    """A report of everything, in each language and in both."""
    folder = tmp_path_factory.mktemp("pages")
    Image.linear_gradient("L").resize((1280, 900)).convert("RGB").save(folder / "shot.png")
    shot = make_slices(folder / "shot.png", folder, slice_height_px=1464, blur=False)
    made = {}
    for language in Language:
        target = folder / f"{language}.pdf"
        done = render_report(
            data_of(shot), target, language=language, attachments={}, timestamp=MOMENT, font_folders=()
        )
        assert done.warnings == ()
        made[language] = target
    return made


@pytest.fixture(scope="module")
def spoken(pages: dict[Language, Path], oracle: Oracle) -> dict[Language, str]:
    """The text of each report, without white space."""
    return {
        language: squeezed(
            subprocess.run(
                [oracle("pdftotext"), "-raw", path, "-"], check=True, capture_output=True, timeout=60
            ).stdout.decode()
        )
        for language, path in pages.items()
    }


@pytest.mark.parametrize("path", [*SENTENCES, *SECTIONS])
def test_every_sentence_stands_in_both_languages(path: str, spoken: dict[Language, str]) -> None:
    for language in (Language.ENGLISH, Language.MONGOLIAN):
        found: Any = texts(language)
        for step in path.split("/"):
            found = found[step]
        wanted = found.values() if isinstance(found, dict) else [found]
        for sentence in wanted:
            for part in sentence if isinstance(sentence, list) else [sentence]:
                if language is Language.ENGLISH and part == texts(language)["categories"]["mark"]:
                    continue
                assert squeezed(part) in spoken[language], (language, part)


def test_every_value_of_the_new_pages_is_printed(spoken: dict[Language, str]) -> None:
    for text in spoken.values():
        assert "Л-17" in text
        assert "EV-0008" in text
        for value in (digest_of("8"), digest_of("9"), digest_of("issued"), digest_of("root")):
            assert value.hex in text
        assert "ЗохиомолДорж" in text
        assert "first/screenshot.png" in text


def test_a_page_that_was_answered_with_an_error_is_said_to_be_so(spoken: dict[Language, str]) -> None:
    """It is recorded without gaps, and a list that says only that would mislead."""
    for language in (Language.ENGLISH, Language.MONGOLIAN):
        assert squeezed(texts(language)["tried"]["error_answer"] + ": HTTP 404") in spoken[language]


def test_the_method_of_an_event_is_a_word_and_no_code(spoken: dict[Language, str]) -> None:
    for language in (Language.ENGLISH, Language.MONGOLIAN):
        told = texts(language)
        assert squeezed(f"{told['custody_facts']['method']}: {told['values']['corroborate']}") in spoken[language]


def test_the_time_of_a_picture_stands_in_ulaanbaatar_and_in_utc(spoken: dict[Language, str]) -> None:
    wanted = squeezed(f"{local_stamp(MOMENT)} = {utc_text(MOMENT)}")
    for text in spoken.values():
        assert wanted in text


def test_an_amount_has_its_thousands_apart_and_a_number_that_is_a_name_has_not(spoken: dict[Language, str]) -> None:
    for language, written in ((Language.ENGLISH, "536,870,912"), (Language.MONGOLIAN, "536870912")):
        assert written in spoken[language]  # a space is squeezed out
        assert "4321765" in spoken[language]


def test_the_record_of_capture_stands_before_the_certificate(spoken: dict[Language, str]) -> None:
    for language in (Language.ENGLISH, Language.MONGOLIAN):
        heading = {name: squeezed(texts(language)[name]["heading"]) for name in ("record", "certificate", "account")}
        places = {name: spoken[language].index(text) for name, text in heading.items()}
        assert places["record"] < places["certificate"]


def test_no_word_leaves_the_page(pages: dict[Language, Path], oracle: Oracle) -> None:
    for path in pages.values():
        boxes = subprocess.run([oracle("pdftotext"), "-bbox", path, "-"], check=True, capture_output=True, timeout=60)
        text = boxes.stdout.decode()
        # A4 is 595.28 by 841.89 points, with margins of 22, 18 and 22 mm at the left, right and foot.
        assert max(float(x) for x in re.findall(r'xMax="([\d.]+)"', text)) <= 595.3 - 51 + 1
        assert min(float(x) for x in re.findall(r'xMin="([\d.]+)"', text)) >= 62 - 1
        assert max(float(y) for y in re.findall(r'yMax="([\d.]+)"', text)) <= 841.9 - 30


def test_page_2_says_of_many_problems_the_first_of_each_kind_and_how_many_more(tmp_path: Path, oracle: Oracle) -> None:
    data = report_of(exhibit_of(1))
    problem = data.attempts[0].problems or exhibit_of(1).problems
    tried = replace(data.attempts[0], problems=problem * 90)

    path = tmp_path / "report.pdf"
    data = replace(data, attempts=(tried,))
    render_report(data, path, language=Language.ENGLISH, attachments={}, timestamp=MOMENT, font_folders=())

    first = subprocess.run([oracle("pdftotext"), "-l", "2", path, "-"], check=True, capture_output=True, timeout=60)
    assert squeezed("Further reasons, not printed here: 89") in squeezed(first.stdout.decode())


@pytest.mark.parametrize("language", [*Language])
def test_the_heading_of_further_pictures_stands_on_the_page_of_the_first_of_them(
    language: Language, tmp_path: Path, oracle: Oracle
) -> None:
    """Wherever the screenshot before it ends."""
    Image.new("RGB", (1280, 1464), "white").save(tmp_path / "shot.png")
    whole = make_slices(
        tmp_path / "shot.png", tmp_path, page_width_px=SLICE_WIDTH, slice_height_px=SLICE_HEIGHT, blur=False
    )
    (page,) = whole.slices
    further = ContextShot(path="window.png", role="window", taken=None, copy=whole)
    exhibits = []
    for number, height in enumerate(range(100, 1464, 100), start=1):
        shot = replace(whole, slices=(replace(page, height=height, bottom=height),))
        exhibits.append(replace(exhibit_of(number, screenshot=shot), context_shots=(further,)))

    path = tmp_path / "report.pdf"
    data = report_of(*exhibits)
    render_report(data, path, language=language, attachments={}, timestamp=MOMENT, font_folders=())

    told = subprocess.run([oracle("pdftotext"), path, "-"], check=True, capture_output=True, timeout=60).stdout
    heading = texts(Language.MONGOLIAN if language is Language.BOTH else language)["exhibit"]["context_shots"]
    headed = [text for text in told.decode("utf-8").split("\f") if squeezed(heading) in squeezed(text)]
    assert len(headed) == len(exhibits)
    assert all("window.png" in text for text in headed)
