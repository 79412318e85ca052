"""``subject add``, ``subject remove``, ``capture --subject``, and where subjects are shown."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import RunCommand


def test_subjects_are_attached_later_and_shown(officer: RunCommand, case: Path, with_item: Callable[..., str]) -> None:
    item = with_item()

    added = officer("subject", "add", item, "V-01", "S-01", "--note", "гомдлоор", "--case", case, "--json")
    removed = officer("subject", "remove", item, "S-01", "--case", case, "--json")
    listed = officer("list", "--case", case, "--json").json["items"][0]
    shown = officer("show", item, "--case", case)
    log = officer("custody", "log", "--case", case, "--json")

    assert added.json["schema"] == "evidence-kit/subject-add/1"
    assert added.json["subjects"] == ["S-01", "V-01"]
    assert removed.json["subjects"] == ["V-01"]
    assert listed["subjects"] == ["V-01"]
    assert "Concerns:" in shown.out
    assert "V-01" in officer("list", "--case", case).out
    assert [event["type"] for event in log.json["events"][3:]] == ["subject.attached"] * 2 + ["subject.detached"]
    assert log.code == 0
    assert "V-01" in officer("subject", "add", item, "V-02", "--case", case).out
    assert officer("verify", case).code == 0


@pytest.fixture
def concerned(officer: RunCommand, case: Path, with_item: Callable[..., str]) -> RunCommand:
    """Return the command line, with a case of one item that concerns V-01."""
    assert officer("subject", "add", with_item(), "V-01", "--case", case).code == 0
    return officer


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("add", "EV-0001", "Болд"), 2, "not a pseudonym"),
        (("add", "EV-0001", "V-01"), 2, "EV-0001 concerns V-01 already"),
        (("add", "EV-0001", ","), 2, "no subject is named"),
        (("remove", "EV-0001", "V-02"), 2, "EV-0001 does not concern V-02"),
        (("add", "EV-0009", "V-01"), 1, "the case has no item 'EV-0009'"),
    ],
)
def test_what_cannot_be_said_of_a_subject_is_refused(
    concerned: RunCommand, case: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    before = (case / "custody.jsonl").read_bytes()

    answer = concerned("subject", *arguments, "--case", case)

    assert answer.code == code
    assert told in answer.err
    assert (case / "custody.jsonl").read_bytes() == before


@pytest.mark.browser
@pytest.mark.network
def test_a_capture_names_its_subjects_before_it_begins(officer: RunCommand, case: Path) -> None:
    answer = officer("capture", "http://127.0.0.1:9/x", "--subject", "V-01,S-01", "--case", case, "--json")
    events = officer("custody", "log", "--case", case, "--json").json["events"]

    assert answer.json["items"][0]["subjects"] == ["V-01", "S-01"]
    assert [event["type"] for event in events[1:4]] == ["capture.started", "subject.attached", "subject.attached"]
    assert officer("capture", "http://127.0.0.1:9/x", "--subject", "Болд", "--case", case).code == 2
