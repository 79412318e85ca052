"""The numbers in an anchor list are counts: another number is refused when the list is read."""

from datetime import UTC, datetime

import pytest

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.case.anchors import SCHEMA, parse_anchor
from evidence_kit.errors import FormatError
from evidence_kit.models import utc_text

_HEAD = f"sha256:{'0' * 64}"


def _list(*, events: Json = 1, entries: Json = 1, unreadable: Json = 0, authorities: Json = 0) -> bytes:
    vault: Json = {
        "register": {"first": _HEAD, "entries": entries, "head": _HEAD},
        "cases": [{"number": "2026-0001", "events": events, "head": _HEAD}],
        "missing": [],
        "unreadable": unreadable,
    }
    return canonical.pretty(
        {
            "schema": SCHEMA,
            "made": utc_text(datetime(2026, 11, 22, tzinfo=UTC)),
            "agency": "Сургалт",
            "practice": True,
            "authorities": authorities,
            "vaults": [vault],
        }
    )


def test_a_list_with_counts_is_read() -> None:
    assert parse_anchor(_list(events=5, entries=3)).vaults[0].cases[0].events == 5


@pytest.mark.parametrize("name", ["events", "entries", "unreadable", "authorities"])
@pytest.mark.parametrize("value", [-1, -5000])
def test_a_list_with_a_negative_count_is_refused(name: str, value: int) -> None:
    with pytest.raises(FormatError, match=f"{value} is no number"):
        parse_anchor(_list(**{name: value}))


def test_a_register_without_entries_has_no_head_and_is_refused() -> None:
    with pytest.raises(FormatError, match="0 is no number"):
        parse_anchor(_list(entries=0))
