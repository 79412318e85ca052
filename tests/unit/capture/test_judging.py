"""What may be clicked, decided from what is known of a control."""

import math
import tomllib
from importlib.resources import files

import pytest

from evidence_kit.capture.behaviours.judging import Control, Cover, Reason, choose, judge, turns, whole
from evidence_kit.capture.behaviours.words import Words, folded


@pytest.fixture(scope="module")
def words() -> Words:
    return Words.load()


def control(**known: object) -> Control:
    return Control.of({"index": 0, "tag": "button", **known})


@pytest.mark.parametrize(
    "text",
    [
        "See more",
        "View 12 more replies",
        "View all 1,234 comments",
        "Цааш үзэх",
        "Бусад 12 хариултыг үзэх",
        "Показать ещё 5",
        "展开全文",
        "もっと見る",
        "답글 3개 더 보기",
        "Afficher plus",
        "Ver más respuestas",
        "Weitere Antworten anzeigen",
        "Devamını gör",
        "Xem thêm",
    ],
)
def test_words_that_promise_more_are_a_reason_in_every_language(words: Words, text: str) -> None:
    assert judge(control(text=text), words) is Reason.MORE


@pytest.mark.parametrize(
    "text",
    [
        "Like",
        "👍 12 likes",
        "Share",
        "Follow to see more",
        "Log in to view more comments",
        "Show more or delete",
        "Reply",
        "Comment",
        "Show less",
        "Buy now",
        "Таалагдлаа",
        "Дагах",
        "Устгах",
        "Нэвтэрч цааш үзэх",
        "Хариулах",
        "Хураах",
        "Поделиться",
        "Удалить",
        "点赞",
        "举报",
        "フォローする",
        "Teilen",
        "Beğen",
        "Chia sẻ",
    ],
)
@pytest.mark.parametrize("known", [{}, {"expanded": "false"}, {"truncated": True, "plain": True}])
def test_what_could_act_is_refused_whatever_else_speaks_for_it(
    words: Words, text: str, known: dict[str, object]
) -> None:
    assert judge(control(text=text, **known), words) is Reason.REFUSED


@pytest.mark.parametrize(
    "known",
    [
        {"form": True},
        {"place": True},
        {"toggle": True},
        {"disabled": True},
        {"holds": True},
        {"link": "away"},
        {"popup": "menu"},
        {"role": "menuitem"},
        {"role": "tab"},
        {"tag": "input"},
        {"label": "Report"},
    ],
)
def test_structure_refuses_what_words_would_open(words: Words, known: dict[str, object]) -> None:
    assert judge(control(text="See more", **known), words) is Reason.REFUSED


def test_without_words_only_structure_is_a_reason(words: Words) -> None:
    assert judge(control(tag="summary", details=True, text="ᠪᠢᠴᠢᠭ"), words) is Reason.DETAILS
    assert judge(control(tag="summary", text="See more"), words) is Reason.NONE
    assert judge(control(text="ᠪᠢᠴᠢᠭ", expanded="false"), words) is Reason.EXPANDER
    assert judge(control(text="☰", expanded="false"), words) is Reason.NONE
    assert judge(control(text="ᠪᠢᠴᠢᠭ", truncated=True, plain=True), words) is Reason.CUT


@pytest.mark.parametrize("known", [{"text": "Delete everything"}, {"text": "See more", "label": "Устгах"}])
def test_a_summary_that_speaks_of_acting_is_refused(words: Words, known: dict[str, object]) -> None:
    assert judge(control(tag="summary", details=True, **known), words) is Reason.REFUSED


def test_in_doubt_nothing_is_clicked_but_counted(words: Words) -> None:
    assert judge(control(text="ᠪᠢᠴᠢᠭ", truncated=True), words) is Reason.UNSURE
    assert judge(control(text="ᠪᠢᠴᠢᠭ 12", list=True, plain=True), words) is Reason.UNSURE
    assert judge(control(text="ᠪᠢᠴᠢᠭ"), words) is Reason.NONE


@pytest.mark.parametrize(
    "known", [{"text": "See more"}, {"text": "ᠪᠢᠴᠢᠭ", "expanded": "false"}, {"tag": "summary", "details": True}]
)
def test_what_stands_inside_another_control_is_in_doubt(words: Words, known: dict[str, object]) -> None:
    assert judge(control(**known), words).opens
    assert judge(control(inside=True, **known), words) is Reason.UNSURE


def test_what_another_control_would_hear_of_neither_closes_nor_turns(words: Words) -> None:
    inner = {"index": 0, "tag": "button", "text": "Close", "inside": True}

    assert choose(cover(controls=[inner], share=40), words) is None
    assert not turns(control(text="Next", inside=True), words)


def cover(*texts: str, says: str = "We use cookies", **known: object) -> Cover:
    controls = [{"index": number, "tag": "button", "text": text} for number, text in enumerate(texts)]
    told: dict[str, object] = {"index": 0, "share": 20, "dialog": False, "password": False, "content": False}
    return Cover.of({**told, "text": says, "selector": "", "box": {}, "controls": controls, **known})


@pytest.mark.parametrize(
    "text",
    ["Reject all", "Only necessary cookies", "Accept only essential? No: essential only", "Бүгдээс татгалзах"],
)
def test_a_banner_is_declined(words: Words, text: str) -> None:
    found = choose(cover("Accept all", "Settings", text), words)

    assert found is not None
    assert (found[0].text, found[1]) == (text, "declined")


@pytest.mark.parametrize(
    "text", ["Accept", "OK", "Зөвшөөрөх", "Accept or reject later", "Close and accept", "Settings"]
)
def test_a_banner_is_never_accepted(words: Words, text: str) -> None:
    assert choose(cover(text), words) is None


def test_a_dialogue_is_closed_and_nothing_is_refused_in_it(words: Words) -> None:
    friend = cover("Reject", "✕", says="Friend request", dialog=True)

    found = choose(friend, words)

    assert found is not None
    assert (found[0].text, found[1]) == ("✕", "closed")


def test_a_button_of_a_form_closes_nothing(words: Words) -> None:
    controls = [{"index": 0, "tag": "button", "text": "Close", "form": True}]

    assert choose(cover(controls=controls, dialog=True, says=""), words) is None


def test_what_hides_little_is_no_overlay(words: Words) -> None:
    assert cover(says="Header", share=12).kind(words) == ""
    assert cover(says="Header", share=12, dialog=True).kind(words) == "dialogue"
    assert cover(says="", share=12, password=True).kind(words) == "login"
    assert cover(says="Cookies", share=5).kind(words) == "consent"


def test_only_the_next_slide_is_turned_to(words: Words) -> None:
    assert turns(control(text="›", label="Дараагийн зураг"), words)
    assert not turns(control(text="Next", link="away"), words)
    assert not turns(control(text="Next", form=True), words)
    assert not turns(control(text="Order next day"), words)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(12.6, 13), (math.nan, 0), (None, 0), ("9", 0), (math.inf, 10_000_000), (-1e300, -10_000_000)],
)
def test_layout_values_become_whole_numbers_whatever_they_are(value: object, expected: int) -> None:
    assert whole(value) == expected


def test_words_are_compared_without_case_signs_and_numbers() -> None:
    assert folded("  View 1,234 MORE… replies›") == "view more replies"
    assert folded("İNDİR") == "indir"


def test_every_meaning_has_words_in_every_language() -> None:

    meanings = tomllib.loads(files("evidence_kit.capture.behaviours").joinpath("words.toml").read_text("utf-8"))

    languages = set(meanings["more"])
    assert {"en", "mn", "ru", "kk", "zh"} <= languages
    assert all(set(entries) == languages for entries in meanings.values())
