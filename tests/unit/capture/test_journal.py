"""What is written down while a capture runs."""

import json
from datetime import UTC, datetime
from pathlib import Path

from evidence_kit.browser.cdp import Event
from evidence_kit.capture.journal import Journal, read_journal

_NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def message(**params: object) -> str:
    value = {"method": "Network.dataReceived", "params": params, "sessionId": "AB12"}
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def journal_of(path: Path, *texts: str) -> list[Event | None]:
    with Journal(path, lambda: _NOON) as journal:
        for text in texts:
            event = Event.of_traffic(text)
            assert event is not None
            journal.event(event)
    return [line.event for line in read_journal(path)]


def test_a_message_is_kept_as_it_came_and_read_back(tmp_path: Path) -> None:
    texts = [message(requestId="1", note="Монгол 😀"), message(requestId="2")]

    events = journal_of(tmp_path / "journal", *texts)

    assert [event and (event.method, event.session, event.params) for event in events] == [
        ("Network.dataReceived", "AB12", {"requestId": "1", "note": "Монгол 😀"}),
        ("Network.dataReceived", "AB12", {"requestId": "2"}),
    ]
    assert texts[0] in (tmp_path / "journal").read_text("utf-8")


def test_the_bytes_of_bodies_are_not_repeated(tmp_path: Path) -> None:
    events = journal_of(tmp_path / "journal", message(requestId="1", data="QUFBQUFB"))

    assert [event and event.params for event in events] == [{"requestId": "1"}]
    assert "QUFBQUFB" not in (tmp_path / "journal").read_text("utf-8")


def test_a_torn_last_line_ends_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal_of(path, message(requestId="1"), message(requestId="2"))
    path.write_bytes(path.read_bytes()[:-10])

    assert [line.event and line.event.params for line in read_journal(path)] == [{"requestId": "1"}]
