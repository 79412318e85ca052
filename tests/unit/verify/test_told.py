"""What is kept of a log while it is checked does not grow with what its events tell."""

from evidence_kit.canonical import Json
from evidence_kit.custody.events import Draft, Event, EventType, read_line
from evidence_kit.custody.log import FIRST_LINK
from evidence_kit.verify.told import Told
from tests.support.people import practice_custodian


def test_of_a_captured_item_only_what_is_compared_is_kept() -> None:
    detail: dict[str, Json] = {"url": "https://example.mn/", "recorder": "browser", "more": [{}, {}]}
    draft = Draft(type=EventType.CAPTURE_STARTED, item="EV-0001", note="x" * 1000, detail=detail)
    entry = practice_custodian().sign_event(draft, seq=1, previous=FIRST_LINK, case="2026-001")
    event = read_line(entry.line)
    assert isinstance(event, Event)
    told = Told()

    told.hear(event)

    (kept,) = told.halves
    assert (kept.seq, kept.item, kept.time) == (1, "EV-0001", event.time)
    assert (kept.detail, kept.note) == ({"url": "https://example.mn/", "recorder": "browser"}, "")


def test_a_name_with_more_digits_than_a_number_may_have_is_no_time_stamp_over_a_head() -> None:
    name = f"seals/heads/{'1' * 5000}.tsr"
    draft = Draft(type=EventType.NOTED, note="Тэмдэглэл", digests={name: FIRST_LINK})
    event = read_line(practice_custodian().sign_event(draft, seq=1, previous=FIRST_LINK, case="2026-001").line)
    told = Told()

    told.hear(event)

    assert told.tokens == {}
