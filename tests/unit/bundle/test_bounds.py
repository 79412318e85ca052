"""A report stays of a size that people read: what is cut is told, and what matters most is never cut."""

from dataclasses import replace

from evidence_kit.bundle.bounds import MOST_ATTEMPTS, MOST_ENTRIES, MOST_EVENTS, bounded
from evidence_kit.bundle.exhibit_parts import Fact, Redirect
from evidence_kit.bundle.report_json import report_json
from evidence_kit.bundle.report_model import AttemptOutcome, Cut, Language
from evidence_kit.models import Problem
from tests.support.report_cases import exhibit_of, report_of


def test_what_is_of_ordinary_size_is_printed_whole() -> None:
    data = report_of(exhibit_of(1))

    assert bounded(data) == data


def test_of_a_log_of_100_000_events_the_first_the_last_and_what_must_be_seen_are_printed() -> None:
    event = report_of().custody[0]
    log = [replace(event, seq=seq) for seq in range(1, 100_001)]
    log[50_000] = replace(log[50_000], hand_over="open")
    log[60_000] = replace(log[60_000], facts=(Fact(name="corrected_by", value="60002: x"),))
    log[70_000] = replace(log[70_000], hand_over="accepted")

    cut = bounded(replace(report_of(), custody=tuple(log)))

    printed = [entry.seq for entry in cut.custody]
    assert len(printed) == MOST_EVENTS
    assert printed == sorted(set(printed))
    assert {1, 400, 50_001, 60_001, 99_000, 100_000} <= set(printed)
    assert 70_001 not in printed
    assert cut.cuts == (Cut(name="custody", printed=MOST_EVENTS, whole=100_000, place="data/custody.jsonl"),)


def test_a_flood_of_open_hand_overs_does_not_crowd_out_beginning_and_end() -> None:
    event = report_of().custody[0]
    log = tuple(replace(event, seq=seq, hand_over="open" if 10 < seq < 9_990 else "") for seq in range(1, 10_001))

    printed = [entry.seq for entry in bounded(replace(report_of(), custody=log)).custody]

    assert len(printed) == MOST_EVENTS
    assert {1, 11, 10_000} <= set(printed)


def test_captures_that_came_to_nothing_stay_in_the_list_of_everything_tried() -> None:
    attempt = report_of(exhibit_of(2)).attempts[0]
    tried = [replace(attempt, seq=seq) for seq in range(10_000)]
    tried[5000] = replace(attempt, seq=5000, outcome=AttemptOutcome.FAILED)
    data = replace(report_of(), attempts=tuple(tried))

    cut = bounded(data)

    assert len(cut.attempts) == MOST_ATTEMPTS
    assert 5000 in {each.seq for each in cut.attempts}
    counts = report_json(data, language=Language.ENGLISH)["counts"]
    assert isinstance(counts, dict)
    complete = counts["complete"]
    assert isinstance(complete, dict)
    assert complete["value"] == 9_999


def test_every_list_of_an_exhibit_is_bounded_and_says_where_the_whole_stands() -> None:
    hop = Redirect(status=302, source="a", target="b")
    exhibit = replace(exhibit_of(1), redirects=(hop,) * 1000, flags=(Problem(code="x", detail=""),) * 101)

    (cut,) = bounded(report_of(exhibit)).exhibits

    assert len(cut.redirects) == len(cut.flags) == MOST_ENTRIES
    assert {(each.name, each.whole, each.place) for each in cut.cuts} == {
        ("redirects", 1000, "data/items/EV-0001/"),
        ("flags", 101, "data/items/EV-0001/"),
    }
    gaps = report_json(report_of(exhibit), language=Language.ENGLISH)["gaps"]
    assert isinstance(gaps, list)
    assert {"code": "lists-cut", "detail": "2"} in gaps
