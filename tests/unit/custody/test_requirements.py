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
