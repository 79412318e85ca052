"""Pseudonyms of those whom items concern."""

import pytest

from evidence_kit.custody.chain import LogFindings
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.subjects import attachment, detachment, read_subject, read_subjects, subjects_of
from evidence_kit.errors import FormatError
from tests.support.logs import log_of
from tests.support.people import practice_custodian

CUSTODIAN = practice_custodian()
START = Draft(type=EventType.CAPTURE_STARTED, item="EV-0001", detail={"url": "https://example.mn/"})


@pytest.mark.parametrize("text", ["Bat", "V-1", "v-01", "V-01 ", "X-01", "BAT-01", "V-٠١", "V-00001", ""])
def test_whatever_could_be_a_name_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="not a pseudonym"):
        read_subject(text)


def test_several_may_be_named_at_once_and_each_counts_once() -> None:
    assert read_subjects(["V-01, S-01", "V-01 W-0001"]) == ("V-01", "S-01", "W-0001")


def test_an_item_concerns_those_who_were_attached_and_not_detached_since() -> None:
    second = Draft(type=EventType.CAPTURE_STARTED, item="EV-0002", detail={"url": "https://example.mn/"})
    findings = _log(
        START,
        second,
        attachment("EV-0001", "V-02"),
        attachment("EV-0001", "V-01"),
        attachment("EV-0002", "V-01"),
        detachment("EV-0002", "V-01"),
        detachment("EV-0001", "V-02"),
        attachment("EV-0001", "V-02"),
    )

    assert findings.problems == []
    assert subjects_of(findings.full_events()) == {"EV-0001": ("V-01", "V-02")}


def test_an_item_that_was_not_begun_concerns_nobody() -> None:
    findings = _log(START, attachment("EV-0002", "V-01"))

    assert [(check.id, check.subject) for check in findings.problems] == [("custody.order", "event 3")]


@pytest.mark.parametrize(
    "draft",
    [
        attachment("EV-0001", "Bat"),
        Draft(type=EventType.SUBJECT_DETACHED, item=None, detail={"pseudonym": "V-01"}),
        Draft(type=EventType.SUBJECT_ATTACHED, item="EV-0001"),
    ],
)
def test_an_entry_that_names_no_item_or_no_pseudonym_is_not_signed(draft: Draft) -> None:
    with pytest.raises(FormatError, match=r"lacks: (item|detail\.pseudonym)"):
        _log(START, draft)


def _log(*drafts: Draft) -> LogFindings:
    return log_of(CUSTODIAN, *drafts).check()
