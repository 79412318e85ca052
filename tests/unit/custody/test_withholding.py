"""Events that a copy of the log leaves out, and the file of them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.custody.events import Draft, EventType, WithheldEvent, read_line
from evidence_kit.custody.log import Lines, split_lines
from evidence_kit.custody.withholding import (
    Decision,
    contradictions,
    count_abandoned,
    open_withheld,
    read_withheld,
    withheld_lines,
    withhold,
    write_withheld,
)
from evidence_kit.errors import FormatError
from evidence_kit.models import utc_text
from tests.support.logs import CASE, log_of
from tests.support.people import practice_custodian

LOG = log_of(
    practice_custodian(),
    *(
        Draft(type=EventType.CAPTURE_STARTED, item=f"EV-000{n}", detail={"url": f"https://example.mn/{n}"})
        for n in (1, 2, 3)
    ),
)
DECISION = Decision(ground="өөр хохирогчийн хувийн нууц", decided_by="Дорж (0001)")


def _line() -> bytes:
    """Return a withheld line without its line feed."""
    return split_lines(withhold(LOG.stored, {3}, DECISION)[0])[2][:-1]


NUMBERS = st.frozensets(st.integers(2, 4))


@given(hidden=NUMBERS)
def test_the_chain_holds_whatever_is_withheld_and_the_file_brings_everything_back(hidden: frozenset[int]) -> None:
    whole = LOG.check()
    copy = withhold(LOG.stored, hidden, DECISION)
    findings = replace(LOG, stored=copy).check(withholding=True)
    opened = read_withheld(write_withheld(LOG.stored, hidden, CASE))

    assert findings.problems == []
    assert findings.links == whole.links
    assert {e.seq for e in findings.events if isinstance(e, WithheldEvent)} == hidden == withheld_lines(copy[0]).keys()
    back = open_withheld((Lines.of(copy[0]), Lines.of(copy[1])), opened)
    assert tuple(b"".join(lines) for lines in back) == LOG.stored
    assert not [why for found in opened for why in contradictions(withheld_lines(copy[0])[found.event.seq][0], found)]


def test_a_withheld_line_tells_number_type_day_ground_and_who_decided_and_nothing_else() -> None:
    log, signatures = withhold(LOG.stored, {3}, DECISION)
    value = canonical.loads(split_lines(log)[2][:-1])

    assert isinstance(value, dict)
    assert value.pop("withheld") != value.pop("signature")
    assert value == {
        "seq": 3,
        "type": "capture.started",
        "day": utc_text(LOG.custodian.clock())[:10],
        "ground": "өөр хохирогчийн хувийн нууц",
        "decided_by": "Дорж (0001)",
    }
    assert split_lines(signatures)[2] == b"-\n"


def test_a_withheld_line_with_another_field_is_called_that() -> None:
    with pytest.raises(FormatError, match=r"fields missing or not known: item$"):
        read_line(_changed(item="EV-0002"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"type": "captured"}, "the bundle calls it 'captured', it is 'capture.started'"),
        ({"day": "2020-01-01"}, "the bundle gives its day as 2020-01-01"),
        ({"withheld": "sha256:" + "1" * 64}, "the event has the digest"),
        ({"signature": "sha256:" + "1" * 64}, "its signature has the digest"),
    ],
)
def test_a_withheld_line_that_contradicts_its_event_is_found(change: dict[str, Json], told: str) -> None:
    withheld = read_line(_changed(**change))
    (opened,) = read_withheld(write_withheld(LOG.stored, {3}, CASE))

    assert isinstance(withheld, WithheldEvent)
    assert [why for why in contradictions(withheld, opened) if told in why]


def _broken(lines: list[bytes]) -> dict[str, tuple[list[bytes], str]]:
    """Return files that are none, each with what is said of it."""
    head, first, second = lines
    return {
        "empty": ([], "its first line"),
        "without its head": ([first, second], "its first line"),
        "with less than announced": ([head, first], "announces 2 events, and 1 follow"),
        "with more than announced": ([*lines, second], "announces 2 events, and 3 follow"),
        "with something else": ([head, first, b"{}\n"], "line 3 is not one event"),
        "with a field of another name": ([head, first, second.replace(b'"seq"', b'"sex"')], "line 3: "),
        "with a space in a signature": ([head, first, second.replace(b'ture":"', b'ture":" ')], "line 3: "),
        "with a space in a line": ([head, b" " + first, second], "line 2: JSON is not in canonical form"),
        "not UTF-8": ([head, b"\xff" + first, second], "line 2: JSON is not UTF-8"),
        "of lines still withheld": (
            [head, first, b'{"event":' + _line() + b',"signature":"AA=="}\n'],
            "withheld already",
        ),
    }


BROKEN = _broken(split_lines(write_withheld(LOG.stored, {2, 3}, CASE)))


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_not_one_of_withheld_events_is_refused(name: str) -> None:
    lines, told = BROKEN[name]

    with pytest.raises(FormatError, match=told):
        read_withheld(b"".join(lines))


@given(data=st.binary(max_size=200))
def test_rubbish_is_refused_and_never_anything_else(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_withheld(data)


def test_what_is_withheld_already_is_not_withheld_again() -> None:
    copy = withhold(LOG.stored, {3}, DECISION)

    with pytest.raises(FormatError, match="event 3 is withheld already"):
        withhold(copy, {3}, DECISION)


def test_captures_without_an_end_are_counted_as_abandoned() -> None:
    assert count_abandoned(["capture.started", "captured", "verified", "capture.started", "capture.started"]) == 2


def _changed(**change: Json) -> bytes:
    value = canonical.loads(_line())
    assert isinstance(value, dict)
    return canonical.dumps({**value, **change}) + b"\n"
