"""Every event that would give away a withheld item is found."""

from dataclasses import replace
from typing import Any

import pytest

from evidence_kit.bundle.naming import hidden_events, names_of, refuse_naming
from evidence_kit.custody.events import Draft, Event, EventType
from evidence_kit.custody.subjects import attachment, detachment
from evidence_kit.errors import UsageError
from evidence_kit.trust.digests import sha256_bytes
from tests.support.logs import log_of
from tests.support.people import practice_custodian

CUSTODIAN = practice_custodian()
SHOWN, SECRET, MANIFEST = "https://example.mn/post/1", "https://www.Example.mn/post/2", sha256_bytes(b"manifest")
WITHHELD = frozenset({"EV-0002"})


def _item(item: str, url: str, note: str = "") -> tuple[Draft, Draft]:
    return (
        Draft(type=EventType.CAPTURE_STARTED, item=item, detail={"url": url}, note=note),
        Draft(
            type=EventType.CAPTURED,
            item=item,
            detail={"url": url, "final_url": url, "http_status": None, "recorder": "browser"},
            outcome="complete",
            digests={
                f"items/{item}/manifest-sha256.txt": MANIFEST if item == "EV-0002" else sha256_bytes(b"1"),
                f"seals/{item}/manifest-sha256.txt.p7s": sha256_bytes(item.encode()),
            },
            note=note,
        ),
    )


FIRST = (*_item("EV-0001", SHOWN), *_item("EV-0002", SECRET))
"""Events 2 to 5; 4 and 5 are those of the withheld item."""


def _note(text: str) -> Draft:
    return Draft(type=EventType.NOTED, note=text)


def _noted(**fields: Any) -> Draft:  # noqa: ANN401  # fields of a draft
    return replace(_note("something"), **fields)


def _correction(of: int) -> Draft:
    return Draft(type=EventType.CORRECTED, note="something", detail={"corrects": of})


def _hidden(*drafts: Draft) -> list[int]:
    """Return the numbers of the events after `FIRST`, from 1, that are withheld."""
    events = _events(*FIRST, *drafts)
    hidden = hidden_events(events, WITHHELD, names_of(events, WITHHELD))
    assert {4, 5} <= hidden
    return sorted(seq - 5 for seq in hidden - {4, 5})


def _events(*drafts: Draft) -> list[Event]:
    return log_of(CUSTODIAN, *drafts).check().full_events()


@pytest.mark.parametrize(
    "draft",
    [
        _note("see EV-0002"),
        _note("see ev-0002."),
        _note("looked at example.mn/post/2, and it was gone"),
        _note("http://example.mn/post/2/"),
        _note("https://m.example.mn/post/2?from=x"),
        _note("example.mn/%70ost/2"),
        _note("https://example.mn/post/2/comments"),
        _noted(purpose="about EV-0002"),
        _noted(authority="EV-0002"),
        _noted(place="EV-0002"),
        _noted(digests={"items/EV-0002/capture.wacz": sha256_bytes(b"x")}),
        _noted(digests={"copy": MANIFEST}),
        _noted(detail={"failed": [{"subject": "items/EV-0002/dom.html"}]}),
        _noted(detail={"deep": {"EV-0002": None}}),
        _noted(detail={"what": f"file {MANIFEST}"}),
        _correction(5),
        Draft(type=EventType.BUNDLED, item="EV-0002", digests={"items/EV-0002/manifest-sha256.txt": MANIFEST}),
        attachment("EV-0002", "V-02"),
        attachment("EV-0001", "S-01", note="as in EV-0002"),
    ],
)
def test_an_event_that_names_a_withheld_item_is_withheld(draft: Draft) -> None:
    assert _hidden(draft) == [1]


@pytest.mark.parametrize(
    "draft",
    [
        _note("see EV-0001, EV-00021 and XEV-0002"),
        _note("https://example.mn/post/1 and example.mn/post/21 and example.mn/post/2-b"),
        _note("dinner at two"),
        _noted(digests={"copy": sha256_bytes(b"other")}),
        _correction(3),
        attachment("EV-0001", "V-01"),
    ],
)
def test_an_event_that_names_none_is_shown(draft: Draft) -> None:
    assert _hidden(draft) == []


def test_a_correction_of_a_correction_is_withheld_with_it() -> None:
    assert _hidden(_correction(4), _correction(6)) == [1, 2]


def test_a_subject_of_withheld_items_only_is_named_nowhere() -> None:
    drafts = [attachment("EV-0002", "V-02"), attachment("EV-0001", "V-02"), detachment("EV-0001", "V-02")]

    assert _hidden(*drafts, _note("talked to V-02")) == [1, 2, 3, 4]


def test_a_subject_of_an_item_that_is_shown_may_be_named() -> None:
    drafts = [attachment("EV-0002", "V-02"), attachment("EV-0001", "V-02")]

    assert _hidden(*drafts, _note("talked to V-02")) == [1]


def test_the_address_of_an_item_that_is_shown_is_no_secret() -> None:
    assert _hidden(*_item("EV-0003", SECRET), _note(SECRET)) == []


def test_an_item_below_a_withheld_address_keeps_its_own() -> None:
    assert _hidden(*_item("EV-0003", SECRET + "/comments/7")) == []


def test_a_page_of_a_server_does_not_give_away_its_front_page() -> None:
    events = _events(
        *_item("EV-0001", SHOWN), *_item("EV-0002", "https://example.mn/"), _note(SHOWN), _note("example.mn!")
    )

    assert hidden_events(events, WITHHELD, names_of(events, WITHHELD)) == {4, 5, 7}


@pytest.mark.parametrize(
    "drafts",
    [
        (*_item("EV-0001", SHOWN, note="belongs to EV-0002"), *_item("EV-0002", SECRET)),
        (*_item("EV-0001", SHOWN), *_item("EV-0002", SECRET), *_item("EV-0003", SHOWN, note=SECRET)),
    ],
)
def test_an_event_that_has_to_stay_and_names_a_withheld_item_is_refused(drafts: tuple[Draft, ...]) -> None:
    events = _events(*drafts)

    with pytest.raises(UsageError, match="has to stay in the bundle and names what is to be withheld"):
        hidden_events(events, WITHHELD, names_of(events, WITHHELD))


def test_texts_of_the_bundle_itself_that_name_a_withheld_item_are_refused() -> None:
    events = _events(*FIRST)
    names = names_of(events, WITHHELD)

    refuse_naming(names, [("--purpose", "for the lawyer of V-01")])
    with pytest.raises(UsageError, match="--ground stands in the bundle and names what is to be withheld: ev-0002"):
        refuse_naming(names, [("--purpose", "for the lawyer"), ("--ground", "EV-0002 is private")])
