"""What an event of a type must carry, and what it carries only in some cases."""

import pytest

from evidence_kit.canonical import Json
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.requirements import REQUIREMENTS, wanting

ODD: list[Json] = [None, True, 0, -1, "", " ", "x", [], {}, [1, {"a": None}], {"seq": True}]


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


@pytest.mark.parametrize("kind", [EventType(kind) for kind in REQUIREMENTS])
def test_members_of_any_kind_are_answered_and_never_crash(kind: EventType) -> None:
    """What stands in a log is somebody else's: lists and objects too, where a word belongs."""
    members = [*REQUIREMENTS[kind].detail, *REQUIREMENTS[kind].optional]
    for value in ODD:
        found = wanting(Draft(type=kind, detail=dict.fromkeys(members, value)))

        assert {name for name in found if name.startswith("detail.")} <= {f"detail.{name}" for name in members}


@pytest.mark.parametrize("use", [*ODD, {"content": 1}, ["seal"]])
@pytest.mark.parametrize("kind", [EventType.RECIPIENT_ADDED, EventType.RECIPIENT_REMOVED])
def test_the_use_of_a_recipient_is_one_of_two_words(kind: EventType, use: Json) -> None:
    detail: dict[str, Json] = {"recipient": f"age1{'q' * 58}", "pseudonym": None}

    assert wanting(Draft(type=kind, detail={**detail, "use": use})) == ["detail.use"]
    assert wanting(Draft(type=kind, detail={**detail, "use": "seal"})) == []
