"""``custody add``: what people note, and corrections that change nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.custody.requirements import BY_HAND
from tests.cli.running import RunCommand

EVERYTHING = (
    *("--purpose", "Хянах", "--authority", "прокурорын зөвшөөрөл", "--place", "Агуулах 2", "--note", "Тэмдэглэл"),
    *("--from", "Агуулах 1", "--party", "Шинжээч", "--witness", "Гэрч", "--condition", "бүтэн"),
    *("--seal-number", "A-17", "--method", "cp 9.4", "--change", "none"),
    *("--address", "https://example.mn/p/1", "--seen", "2026-11-21T14:05:00+08:00"),
)


def test_each_kind_that_is_noted_by_hand_is_one_signed_event_about_the_item(
    officer: RunCommand, case: Path, with_item: Callable[[], str]
) -> None:
    item = with_item()

    for kind in (kind for kind in BY_HAND if kind != "corrected"):
        answer = officer("custody", "add", kind, item, *EVERYTHING, "--case", case, "--json")

        (event,) = answer.json["events"]
        assert answer.code == 0
        assert (event["type"], event["item"], event["purpose"], event["place"]) == (kind, item, "Хянах", "Агуулах 2")
        assert event["detail"]["seal_number"] == "A-17"
        assert list(event["digests"]) == [f"items/{item}/manifest-sha256.txt"]
    assert officer("verify", case).code == 0


def test_several_items_are_one_event_each(officer: RunCommand, case: Path, with_item: Callable[[], str]) -> None:
    items = [with_item(), with_item()]

    answer = officer("custody", "add", "viewed", *items, "--purpose", "Хянах", "--case", case, "--json")

    assert [event["item"] for event in answer.json["events"]] == items


def test_the_legal_basis_of_the_case_is_the_authority_unless_another_is_named(
    officer: RunCommand, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    officer("case", "new", case, "--number", "1", "--title", "T", "--legal-basis", "гомдол 17")

    officer("custody", "add", "noted", "--note", "x", "--case", case)
    officer("custody", "add", "noted", "--note", "x", "--authority", "тогтоол", "--case", case)

    events = officer("custody", "log", "--case", case, "--json").json["events"]
    assert [event["authority"] for event in events] == ["гомдол 17", "гомдол 17", "тогтоол"]


def test_what_an_event_of_the_kind_must_say_is_asked_for(
    officer: RunCommand, case: Path, with_item: Callable[[], str]
) -> None:
    item = with_item()

    answer = officer("custody", "add", "moved", item, "--case", case)

    assert answer.code == 2
    assert "lacks: place, from" in answer.err
    assert officer("custody", "add", "captured", item, "--case", case).code == 2
    assert officer("custody", "add", "viewed", "EV-0009", "--purpose", "x", "--case", case).code == 2


def test_a_correction_stands_beside_the_event_it_corrects_which_stays_as_it_was(
    officer: RunCommand, case: Path, with_item: Callable[[], str]
) -> None:
    item = with_item()
    officer("custody", "add", "moved", item, "--from", "А", "--place", "Б", "--case", case)
    before = (case / "custody.jsonl").read_bytes()

    corrected = officer("custody", "add", "--corrects", "4", "--note", "В өрөө байсан", "--case", case, "--json")

    shown = officer("custody", "log", "--case", case)
    (event,) = corrected.json["events"]
    assert (event["type"], event["item"], event["detail"]["corrects"]) == ("corrected", item, 4)
    assert (case / "custody.jsonl").read_bytes().startswith(before)
    assert "corrected by event 5: В өрөө байсан" in shown.out
    assert "corrects event 4" in shown.out
    document = officer("custody", "log", "--case", case, "--json").json
    assert document["corrections"] == [{"event": 4, "by": 5}]
    assert officer("verify", case).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--corrects", "9", "--note", "x"),
        ("--corrects", "1"),
        ("corrected", "--note", "x"),
        ("viewed", "--corrects", "1", "--purpose", "x"),
        (),
    ],
)
def test_a_correction_of_nothing_or_without_a_word_is_wrong_usage(
    officer: RunCommand, case: Path, arguments: tuple[str, ...]
) -> None:
    before = (case / "custody.jsonl").read_bytes()

    assert officer("custody", "add", *arguments, "--case", case).code == 2
    assert (case / "custody.jsonl").read_bytes() == before


def test_a_check_that_failed_is_an_event_that_names_what_failed(
    officer: RunCommand, case: Path, with_item: Callable[[], str]
) -> None:
    item = with_item()
    officer("verify", case, "--record")
    path = case / "items" / item / "capture.wacz"
    path.write_bytes(path.read_bytes()[:-1])

    answer = officer("verify", case, "--record", "--purpose", "Ээлжит шалгалт", "--json")

    events = officer("custody", "log", "--case", case, "--json").json["events"]
    assert answer.code == 3
    assert [event["outcome"] for event in events[-2:]] == ["pass", "fail"]
    assert events[-1]["purpose"] == "Ээлжит шалгалт"
    assert events[-1]["detail"]["verdict"] == "altered"
    subjects = [found["subject"] for found in events[-1]["detail"]["failed"] if found["check"] == "item.manifest"]
    assert subjects == [f"items/{item}/capture.wacz"]


def test_a_location_is_noted_as_text_with_who_saw_it_and_when(officer: RunCommand, case: Path) -> None:
    said = ("--address", "http://127.0.0.1:9/p\u202e1", "--seen", "2026-11-21T14:05:00+08:00", "--party", "V-01")

    answer = officer("custody", "add", "location.noted", *said, "--case", case, "--json")

    (event,) = answer.json["events"]
    seen = "2026-11-21T06:05:00.000Z"
    assert answer.code == 0
    assert event["detail"] == {"address": "http://127.0.0.1:9/p\u202e1", "seen": seen, "party": "V-01"}
    assert officer("verify", case).code == 0


@pytest.mark.parametrize("left_out", ["--address", "--seen", "--party"])
def test_a_location_lacks_nothing_of_what_the_police_need(officer: RunCommand, case: Path, left_out: str) -> None:
    said = {"--address": "https://example.mn/p/1", "--seen": "2026-11-21", "--party": "V-01"}
    rest = [word for option, value in said.items() if option != left_out for word in (option, value)]

    assert officer("custody", "add", "location.noted", *rest, "--case", case).code == 2


def test_nothing_is_seen_in_the_future(officer: RunCommand, case: Path) -> None:
    said = ("--address", "x", "--seen", "2999-01-01", "--party", "V-01")

    answer = officer("custody", "add", "location.noted", *said, "--case", case)

    assert answer.code == 2
    assert "--seen" in answer.err
