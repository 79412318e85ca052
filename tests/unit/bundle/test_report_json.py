"""What the template reads: harmless text, moments and numbers in both languages, and page 1 never silent."""

import json
from dataclasses import replace

import pytest

from evidence_kit.bundle.fonts import choose_fonts
from evidence_kit.bundle.register_parts import LeftOut
from evidence_kit.bundle.report_json import LONGEST_LINES, LONGEST_PROSE, make_showable, report_json, strings
from evidence_kit.bundle.report_model import AttemptOutcome, Language, TimeStampState
from evidence_kit.canonical import Json
from evidence_kit.models import Problem, Trust
from tests.support.report_cases import MOMENT, digest_of, exhibit_of, report_of


def gap_codes(document: dict[str, Json]) -> list[Json]:
    gaps = document["gaps"]
    assert isinstance(gaps, list)
    return [gap["code"] for gap in gaps if isinstance(gap, dict)]


def test_text_that_could_mislead_is_escaped_everywhere() -> None:
    document = report_json(
        report_of(exhibit_of(1, text="a\u202egnp.exe\x1b[31m"), text="\u2066x"), language=Language.BOTH
    )

    for text in strings(document):
        assert not set(text) & {"\u202e", "\x1b", "\u2066"}
    assert "a\\u{202E}gnp.exe\\u{001B}[31m" in list(strings(document))


def test_the_document_is_json_that_any_reader_takes() -> None:
    document = report_json(report_of(exhibit_of(1, text="\ud800 half")), language=Language.ENGLISH)

    assert json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8")) == document


def test_moments_and_numbers_stand_in_both_languages() -> None:
    document = report_json(report_of(), language=Language.MONGOLIAN)

    assert document["languages"] == ["mn"]
    assert document["prepared_at"] == {
        "utc": "2026-11-22T06:05:07.123Z",
        "local": "2026-11-22 14:05:07",
        "en": "22 November 2026, 14:05 (Ulaanbaatar, UTC+8)",
        "mn": "2026 оны 11 дүгээр сарын 22-ны өдөр 14 цаг 05 минут (Улаанбаатар, UTC+8)",
    }
    holdings = document["holdings"]
    assert isinstance(holdings, dict)
    assert holdings["size"] == {"value": 2_793_770, "en": "2,793,770", "mn": "2\u00a0793\u00a0770"}


def test_the_root_value_is_cut_into_blocks_of_four() -> None:
    document = report_json(report_of(), language=Language.BOTH)

    root = document["root"]
    assert isinstance(root, list)
    assert [len(str(block)) for block in root] == [4] * 16
    assert "".join(map(str, root)) == digest_of("root").hex


def test_page_1_owns_up_to_everything_that_is_incomplete() -> None:
    data = replace(report_of(exhibit_of(1)), gaps=(Problem(code="session-data-withheld", detail="EV-0001"),))

    document = report_json(data, language=Language.BOTH)

    assert gap_codes(document) == [
        "capture-incomplete",
        "capture-failed",
        "capture-abandoned",
        "items-withheld",
        "events-withheld",
        "item-time-stamp-pending",
        "no-time-stamp",
        "signer-practice",
        "session-data-withheld",
    ]


def test_what_was_not_chosen_is_told_apart_from_what_is_withheld() -> None:
    """An item that the log of the bundle names is not withheld, and page 2 and the registers say so."""
    data = report_of()
    left = LeftOut(item="EV-0002", outcome="complete", kind="captured", manifest_sha256=None)
    data = replace(data, left_out=(left, left), holdings=replace(data.holdings, withheld_items=2))

    codes = gap_codes(report_json(data, language=Language.BOTH))
    with_others = replace(data, holdings=replace(data.holdings, withheld_items=3))

    assert "items-left-out" in codes
    assert "items-withheld" not in codes
    assert {"items-left-out", "items-withheld"} <= set(gap_codes(report_json(with_others, language=Language.BOTH)))


@pytest.mark.parametrize(
    ("trust", "state", "expected"),
    [
        (Trust.CLAIMED, TimeStampState.PENDING, ["time-stamp-pending", "signer-claimed"]),
        (Trust.ESTABLISHED, TimeStampState.APPLIED, []),
    ],
)
def test_trust_and_time_stamp_are_told_as_they_are(trust: Trust, state: TimeStampState, expected: list[str]) -> None:
    data = report_of()
    data = replace(
        data,
        signature=replace(data.signature, trust=trust, time_stamp=state),
        holdings=replace(data.holdings, withheld_items=0, withheld_events=0),
        attempts=(),
    )

    assert gap_codes(report_json(data, language=Language.BOTH)) == expected


def test_a_character_that_no_font_shows_is_counted_on_page_1() -> None:
    document = report_json(report_of(exhibit_of(1, text="\U0001f600 \U0001f600")), language=Language.BOTH)
    choice = choose_fonts(strings(document), system=())

    shown, missing = make_showable(document, choice, base_only=False)

    assert missing == {"\U0001f600"}
    assert {"code": "missing-glyphs", "detail": "1"} in list(shown["gaps"] if isinstance(shown["gaps"], list) else [])
    assert "\\u{1F600} \\u{1F600}" in list(strings(shown))


@pytest.mark.parametrize("text", ["x" * (LONGEST_PROSE + 1), "\n" * (LONGEST_LINES + 1)])
def test_a_text_too_long_to_print_is_cut_and_marked(text: str) -> None:
    document = report_json(report_of(text=text), language=Language.BOTH)

    assert str(document["purpose"]).endswith(" […]")
    assert len(str(document["purpose"])) <= LONGEST_PROSE + 4
    assert "texts-cut" in gap_codes(document)


def test_attempts_are_counted_by_how_they_ended() -> None:
    data = report_of(exhibit_of(1), exhibit_of(2))

    assert [data.count(outcome) for outcome in AttemptOutcome] == [1, 1, 1, 1]
    assert data.attempts[0].time > MOMENT


@pytest.mark.parametrize("flood", ["\u200b", "\u202e", "\x1b", "\ue000"])
def test_a_flood_of_invisible_characters_is_no_longer_on_paper_than_any_text_and_ends_with_a_whole_escape(
    flood: str,
) -> None:
    document = report_json(report_of(text=flood * 1_000_000), language=Language.ENGLISH)

    purpose = str(document["purpose"])
    escape = f"\\u{{{ord(flood):04X}}}"
    assert purpose == escape * (LONGEST_PROSE // len(escape)) + " […]"


def test_a_flood_of_characters_that_no_font_shows_does_not_grow_into_a_book() -> None:
    document = report_json(report_of(text="\u4e2d" * 1000), language=Language.ENGLISH)

    shown, _ = make_showable(document, choose_fonts(strings(document), system=()), base_only=False)

    assert shown["purpose"] == "\\u{4E2D}" * (2000 // 8) + " […]"
