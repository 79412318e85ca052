"""What an event of a type must carry, and what it carries only in some cases."""

import pytest

from evidence_kit.canonical import Json
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.requirements import wanting


@pytest.mark.parametrize(
    ("detail", "missing"),
    [
        ({"format": 1}, []),
        ({"format": 1, "synced": "OneDrive"}, []),
        ({"format": 1, "synced": " "}, ["detail.synced"]),
        ({"format": 1, "synced": None}, ["detail.synced"]),
        ({"synced": "OneDrive"}, ["detail.format"]),
    ],
)
def test_what_need_not_be_there_must_be_of_its_kind_where_it_is(detail: dict[str, Json], missing: list[str]) -> None:
    assert wanting(Draft(type=EventType.CASE_OPENED, detail=detail)) == missing


CONSULTED: dict[str, Json] = {"list": f"sha256:{'0' * 64}", "entries": 3, "pdq": None, "hits": 0}


@pytest.mark.parametrize(
    ("lists", "right"),
    [
        ([], True),
        ([CONSULTED, {**CONSULTED, "pdq": 2, "hits": None, "more": "x"}], True),
        ({}, False),
        ([None], False),
        ([{**CONSULTED, "list": "0" * 64}], False),
        ([{**CONSULTED, "entries": None}], False),
        ([{**CONSULTED, "hits": "0"}], False),
        ([{**CONSULTED, "pdq": True}], False),
        ([{name: value for name, value in CONSULTED.items() if name != "hits"}], False),
        ([{name: value for name, value in CONSULTED.items() if name != "pdq"}], False),
    ],
)
def test_what_is_said_of_hash_lists_is_said_in_whole(lists: Json, right: bool) -> None:
    start = Draft(type=EventType.IMPORT_STARTED, item="EV-0001", detail={"asked": {}, "hash_lists": lists})

    assert wanting(start) == ([] if right else ["detail.hash_lists"])
