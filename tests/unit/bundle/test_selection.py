"""What goes into a bundle, and what is withheld."""

from datetime import UTC, datetime

import pytest

from evidence_kit.bundle.selection import OTHERS, Choice, Selection, select
from evidence_kit.case.items import Attempt
from evidence_kit.errors import UsageError

NOW = datetime.now(UTC)
TRIED = [
    Attempt(
        source="captured",
        item=f"EV-000{n}",
        started_seq=n,
        started=NOW,
        url="x",
        outcome="complete",
        finished_seq=n + 10,
    )
    for n in (1, 2, 3)
]
TRIED.append(Attempt(source="captured", item="EV-0004", started_seq=4, started=NOW, url="x", outcome="abandoned"))
SUBJECTS = {"EV-0001": ("V-01",), "EV-0002": ("V-01", "V-02"), "EV-0004": ("V-01",)}


@pytest.mark.parametrize(
    ("choice", "items", "withheld"),
    [
        (Choice(), "123", ""),
        (Choice(items=("EV-0002", "EV-0001")), "12", ""),
        (Choice(withhold=("EV-0002", "EV-0004")), "13", "24"),
        (Choice(items=("EV-0001",), withhold=("EV-0003",)), "1", "3"),
        (Choice(items=("EV-0001",), withhold=(OTHERS,)), "1", "234"),
        (Choice(subjects=("V-01",)), "12", "3"),
        (Choice(subjects=("V-02",)), "2", "134"),
        (Choice(subjects=("V-02", "V-01"), withhold=("EV-0002",)), "1", "23"),
    ],
)
def test_a_choice_means_one_thing(choice: Choice, items: str, withheld: str) -> None:
    expected = Selection(items=tuple(f"EV-000{n}" for n in items), withheld=frozenset(f"EV-000{n}" for n in withheld))

    assert select(TRIED, SUBJECTS, choice) == expected


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (Choice(items=("EV-0009",)), "the case has no item 'EV-0009'"),
        (Choice(items=("EV-0004",)), "the case has no item 'EV-0004'"),
        (Choice(withhold=("EV-0009",)), "the case has no item 'EV-0009'"),
        (Choice(items=("EV-0001",), withhold=("EV-0001",)), "to be put in and to be withheld"),
        (Choice(items=("EV-0001",), subjects=("V-01",)), "both say what to put in"),
        (Choice(withhold=(OTHERS,)), "needs to know what is put in"),
        (Choice(withhold=("EV-0001", "EV-0002", "EV-0003")), "nothing would be left"),
        (Choice(subjects=("V-03",)), "nothing would be left"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(choice: Choice, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        select(TRIED, SUBJECTS, choice)
