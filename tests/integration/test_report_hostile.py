"""Whatever stands in a page, log or plan: the report keeps its margins, is of bounded size, and tells the truth.

Each hostile text stands in every field that comes from outside, 100,000 characters long.
"""

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evidence_kit.bundle.exhibit_parts import Redirect, Wording
from evidence_kit.bundle.report import RenderedReport, render_report
from evidence_kit.bundle.report_model import Exhibit, Language, ReportData
from tests.support.report_cases import MOMENT, exhibit_of, report_of
from tests.support.transcript_cases import conversations_of, message_of

Oracle = Callable[[str], Path]

LONG = 100_000
MARKUP = '#panic("x") $x^2$ *b* `r` <label> @ref \\\\input{x} <script>alert(1)</script> &lt; */ // #{ ]] '
HOSTILE = {
    "markup": MARKUP,
    "name": "N",
    "word": "\u04e8",
    "bidi": "\u202egnp.exe \u2066ab\u2069\u200f ",
    "zero-width": "a\u200b\u200c\u200d\u2060\ufeff\u00ad",
    "marks": "e" + "\u0301" * 40,
    "control": "\x1b[31m\x07\x00\x9b\u2028",
    "address": "https://xn--80ak6aa92e.example/%D3%A8?a=1&",
    "emoji": "\U0001f469\u200d\U0001f467\U0001f1f2\U0001f1f3 ",
    "right-to-left": "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd ",
    "wide": "\u4e2d\u6587\u5b57",
    "lines": "\n",
}
LEFT, RIGHT = 62.3, 595.3 - 51 + 0.1
"""A4 in points, with margins of 22 and 18 mm."""
TOP, BOTTOM = 25, 842 - 25
MOST_PAGES = 120


def exhibit_with(text: str) -> Exhibit:
    """Return an exhibit with *text* also where only some captures and plans have any."""
    wording = Wording(label=text[:60], title=text[:200], why=text[:2000])
    exhibit = exhibit_of(1, text=text)
    return replace(exhibit, url=text, identity=text, server=text, server_date=text, label=text, planned=wording)


def exhibit_of_messages(text: str) -> Exhibit:
    """Return an exhibit with conversations, *text* in every place of them, and little else."""
    messages = (message_of(1, text=text), message_of(2, text=text, chosen=False, left_out=7))
    return replace(exhibit_of(1), conversations=conversations_of(text, messages=messages))


def render(data: ReportData, folder: Path, language: Language) -> RenderedReport:
    return render_report(
        data, folder / "report.pdf", language=language, attachments={}, timestamp=MOMENT, font_folders=()
    )


def outside(made: RenderedReport, pdftotext: Path) -> list[str]:
    """Return the words that do not stand within the margins."""
    told = subprocess.run([pdftotext, "-bbox", made.path, "-"], check=True, capture_output=True, timeout=120).stdout
    box = re.compile(r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">')
    words = [(*(float(edge) for edge in found.groups()[:4]),) for found in box.finditer(told.decode("utf-8"))]
    assert len(words) > 1000
    within = [left >= LEFT and right <= RIGHT and top >= TOP and bottom <= BOTTOM for left, top, right, bottom in words]
    return [str(word) for word, fits in zip(words, within, strict=True) if not fits]


def text_of(made: RenderedReport, pdftotext: Path) -> str:
    told = subprocess.run([pdftotext, "-raw", made.path, "-"], check=True, capture_output=True, timeout=120).stdout
    return re.sub(r"\s", "", told.decode("utf-8"))


def judge(made: RenderedReport, oracle: Oracle) -> str:
    """Assert what holds for every report, and return its text."""
    assert made.warnings == ()
    assert made.pages <= MOST_PAGES
    assert outside(made, oracle("pdftotext")) == []
    text = text_of(made, oracle("pdftotext"))
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff\x1b\x07\x00\x9b]", text)
    return text


@pytest.mark.parametrize("language", [*Language])
def test_hostile_text_of_all_kinds_stays_within_the_page_and_is_shown_as_it_is(
    language: Language, tmp_path: Path, oracle: Oracle
) -> None:
    every = " ".join(part * (1 + 60 // len(part)) for part in HOSTILE.values())

    exhibits = exhibit_with(every), replace(exhibit_of_messages(every), number=2, item="EV-0002")
    text = judge(render(report_of(*exhibits, text=every), tmp_path, language), oracle)

    for shown in (re.sub(r"\s", "", MARKUP), "\\u{202E}gnp.exe\\u{2066}ab\\u{2069}\\u{200F}", "a\\u{200B}\\u{200C}"):
        assert shown in text
    assert "\\u{001B}[31m\\u{0007}\\u{0000}\\u{009B}\\u{2028}" in text
    assert "e\u0301" in text or "\u00e9" in text
    assert "\\u{0301}\\u{0301}" in text


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_messages_of_any_length_stay_within_the_page_and_are_cut_where_it_is_said(
    kind: str, tmp_path: Path, oracle: Oracle
) -> None:
    long = HOSTILE[kind] * (LONG // len(HOSTILE[kind]))

    text = judge(render(report_of(exhibit_of_messages(long)), tmp_path, Language.BOTH), oracle)

    assert f"{len(long):,}".replace(",", "") in text.replace("\u00a0", "")
    assert "[\u2026]" in text


@pytest.mark.slow
@pytest.mark.parametrize("language", [*Language])
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_text_of_any_length_is_cut_where_it_is_said(
    kind: str, language: Language, tmp_path: Path, oracle: Oracle
) -> None:
    long = HOSTILE[kind] * (LONG // len(HOSTILE[kind]))

    text = judge(render(report_of(exhibit_with(long), text=long), tmp_path, language), oracle)

    assert "[\u2026]" in text


@pytest.mark.slow
def test_100_000_events_and_1_000_redirects_leave_a_report_that_can_be_read(tmp_path: Path, oracle: Oracle) -> None:
    event = report_of().custody[0]
    hop = Redirect(status=302, source="https://a.example/" + "x" * 2000, target="https://b.example/" + "y" * 2000)
    exhibit = replace(exhibit_of(1), redirects=(hop,) * 1000)
    log = tuple(replace(event, seq=seq) for seq in range(1, LONG + 1))

    made = render(replace(report_of(exhibit), custody=log), tmp_path, Language.BOTH)

    assert made.pages < 500
    assert outside(made, oracle("pdftotext")) == []
    text = text_of(made, oracle("pdftotext"))
    assert "Redirectsprinted:100/1\u00a0000".replace("\u00a0", "") in text.replace("\u00a0", "")
    assert "data/custody.jsonl" in text
    assert "data/items/EV-0001/" in text
