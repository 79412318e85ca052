"""Conversations of a supplied item are read back for the report: only what is wanted, and only in its form."""

import json
from pathlib import Path

import pytest

from evidence_kit import canonical
from evidence_kit.bundle import transcripts
from evidence_kit.bundle.exhibit_parts import ItemFile
from evidence_kit.bundle.transcript_parts import Transcript
from evidence_kit.bundle.transcript_plan import PlannedTranscript, Range
from evidence_kit.bundle.transcripts import read_conversations
from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError, UsageError
from evidence_kit.intake.chats import write_conversations
from tests.support.chat_exports import LINES, PEOPLE, facebook, supplied, talk, whatsapp_android
from tests.support.report_cases import digest_of


def files_of(folder: Path) -> list[ItemFile]:
    roles = {".json": "conversations", ".jsonl": "messages"}
    return [
        ItemFile(path=path.name, role=roles[path.suffix], sha256=digest_of(path.name), size=path.stat().st_size)
        for path in sorted(folder.iterdir())
    ]


def planned(*ranges: tuple[int, int], conversation: int = 1, context: int = 0) -> PlannedTranscript:
    messages = tuple(Range(first=first, last=last) for first, last in ranges)
    return PlannedTranscript(conversation=conversation, messages=messages, context=context)


def transcript(folder: Path, asked: PlannedTranscript) -> Transcript:
    found = read_conversations(folder, files_of(folder), [asked])
    assert found is not None
    return found.transcripts[0]


@pytest.fixture
def item(tmp_path: Path) -> Path:
    """Return the folder of an item with a conversation of 60 messages and one of 5."""
    facebook(tmp_path / "in", 60)
    (tmp_path / "in" / "_chat.txt").write_text(whatsapp_android(talk(4)), encoding="utf-8")
    folder = tmp_path / "item"
    folder.mkdir()
    write_conversations(supplied(tmp_path / "in"), folder)
    return folder


def change(folder: Path, line: int, **members: Json) -> None:
    """Give message *line* of the first conversation other *members*."""
    path = folder / "messages-01.jsonl"
    lines = path.read_bytes().splitlines()
    value = canonical.loads(lines[line - 1])
    assert isinstance(value, dict)
    lines[line - 1] = canonical.dumps({**value, **members})
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def test_every_conversation_is_told_and_no_message(item: Path) -> None:
    found = read_conversations(item, files_of(item))

    assert found is not None
    assert found.transcripts == ()
    first, second = found.listed
    assert (first.platform, first.format, first.title, first.people) == ("facebook", "facebook-json", PEOPLE[1], PEOPLE)
    assert (first.messages, first.first, first.last) == (60, "2026-03-14T07:05:09.000Z", "2026-03-14T07:44:29.000Z")
    assert (first.attachments, first.held, first.file) == (0, 0, "messages-01.jsonl")
    assert [(each.code, each.file) for each in first.findings] == [("chat.encoding.repaired", "original/0002.json")]
    assert (second.platform, second.messages, second.first) == ("whatsapp", 5, "2026-03-14T07:05")


def test_an_item_without_conversations_tells_none(tmp_path: Path) -> None:
    assert read_conversations(tmp_path, []) is None
    with pytest.raises(UsageError, match="has no conversations"):
        read_conversations(tmp_path, [], [planned((1, 1))])


def test_chosen_messages_and_those_around_them_are_told_apart_and_gaps_counted(item: Path) -> None:
    found = transcript(item, planned((5, 6), (9, 9), (20, 20), context=2))

    assert [message.number for message in found.messages] == [*range(3, 12), *range(18, 23)]
    assert [message.number for message in found.messages if message.chosen] == [5, 6, 9, 20]
    assert {message.number: message.left_out for message in found.messages if message.left_out} == {3: 2, 18: 6}
    assert (found.left_out, found.chosen_count, found.context_count) == (38, 4, 10)
    assert found.chosen == "5-6, 9, 20"
    first = found.messages[0]
    assert (first.text, first.sender, first.repaired) == (f"{LINES[2]} #2", PEOPLE[0], True)
    assert (first.utc, first.local, first.zone) == ("2026-03-14T07:06:29.000Z", "2026-03-14 15:06:29", "utc")
    assert (first.file, first.pointer) == ("original/0002.json", "/messages/57")


def test_context_ends_with_the_conversation(item: Path) -> None:
    found = transcript(item, planned((1, 1), (60, 60), context=100))

    assert [message.number for message in found.messages] == [*range(1, 61)]
    assert found.left_out == 0
    assert {message.left_out for message in found.messages} == {0}


def test_a_time_without_zone_has_no_instant(item: Path) -> None:
    message = transcript(item, planned((2, 2), conversation=2)).messages[0]

    assert (message.told, message.clock, message.zone) == ("14/03/2026, 07:05", "2026-03-14T07:05", "not-told")
    assert (message.utc, message.local) == ("", "")


def test_what_stands_beside_the_text_is_told(item: Path) -> None:
    digest = "ab" * 32
    change(
        item,
        7,
        attachments=[{"name": "a.jpg", "file": "original/0003.jpg", "sha256": digest, "bytes": 9}] * 25,
        reactions=[{"text": "\U0001f44d", "by": 1, "count": 2}],
        edited="Edited",
        forwarded="Somebody",
        subject="Trees",
        reply_to=3,
        kind="deleted",
        sender=None,
    )

    message = transcript(item, planned((7, 7))).messages[0]

    assert message.attachments[0].sha256 is not None
    assert (message.attachments[0].sha256.hex, len(message.attachments), message.unlisted) == (digest, 20, 5)
    assert (message.reactions[0].by, message.reactions[0].count) == (PEOPLE[1], 2)
    assert (message.edited, message.forwarded, message.answers) == ("Edited", "Somebody", 3)
    assert (message.kind, message.sender, message.subject) == ("deleted", "", "Trees")


def test_a_time_that_ulaanbaatar_never_reaches_is_told_in_utc(item: Path) -> None:
    change(item, 1, time="9999-12-31T23:00:00.000Z")

    message = transcript(item, planned((1, 1))).messages[0]

    assert (message.utc, message.local) == ("9999-12-31T23:00:00.000Z", "")


def test_of_a_long_text_a_little_more_is_kept_than_is_printed(item: Path) -> None:
    change(item, 1, text="x" * 100_000)

    message = transcript(item, planned((1, 1))).messages[0]

    assert (len(message.text), message.characters) == (5001, 100_000)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (planned((61, 61)), "message 61 of conversation 1 is not there: it has 60"),
        (planned((1, 1), conversation=3), "there is no conversation 3: the item has 2"),
    ],
)
def test_what_is_not_there_cannot_be_chosen(item: Path, asked: PlannedTranscript, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        transcript(item, asked)

    assert caught.value.hint


def test_more_than_can_be_read_on_paper_is_not_printed(item: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcripts, "MOST_MESSAGES", 20)

    with pytest.raises(UsageError, match="more than 20 messages"):
        read_conversations(
            item, files_of(item), [planned((1, 15)), planned((1, 2), context=2, conversation=2), planned((1, 9))]
        )
    with pytest.raises(UsageError, match="more than 20 messages"):
        transcript(item, planned((11, 11), context=10))
    monkeypatch.setattr(transcripts, "MOST_CHARACTERS", 100)
    with pytest.raises(UsageError, match="more than 100 characters"):
        transcript(item, planned((1, 9)))


@pytest.mark.parametrize(
    "members",
    [
        {"number": 8},
        {"sender": 2},
        {"sender": -1},
        {"text": 5},
        {"time": "yesterday"},
        {"attachments": [{"name": "x", "sha256": "ab"}]},
        {"reactions": "x"},
        {"source": None},
    ],
)
def test_a_message_in_another_form_is_refused(item: Path, members: dict[str, Json]) -> None:
    change(item, 7, **members)

    with pytest.raises(FormatError):
        transcript(item, planned((7, 7)))
    transcript(item, planned((6, 6), (8, 8)))


@pytest.mark.parametrize(
    ("old", "new"), [(b'"kind":"message"', b'"kind": "message"'), (b"\n", b""), (b'{"kind"', b'["kind"')]
)
def test_lines_in_another_form_are_refused(item: Path, old: bytes, new: bytes) -> None:
    path = item / "messages-01.jsonl"
    path.write_bytes(path.read_bytes().replace(old, new))

    with pytest.raises(FormatError):
        transcript(item, planned((7, 7)))


def test_a_file_that_ends_too_early_is_refused(item: Path) -> None:
    path = item / "messages-01.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:30]))

    with pytest.raises(FormatError, match="ends before line 31"):
        transcript(item, planned((29, 35)))


@pytest.mark.parametrize(
    ("key", "value"),
    [("file", "../../secret.jsonl"), ("file", "messages-09.jsonl"), ("participants", None), ("messages", True)],
)
def test_headers_in_another_form_are_refused(item: Path, key: str, value: Json) -> None:
    path = item / "conversations.json"
    document = json.loads(path.read_bytes())
    document["conversations"][0][key] = value
    path.write_bytes(canonical.pretty(document))

    with pytest.raises(FormatError):
        read_conversations(item, files_of(item))


def test_of_thousands_of_conversations_the_first_are_listed_and_any_can_be_chosen(item: Path) -> None:
    path = item / "conversations.json"
    document = json.loads(path.read_bytes())
    first = document["conversations"][0]
    document["conversations"] = [{**first, "number": number} for number in range(1, 2001)]
    path.write_bytes(canonical.pretty(document))

    found = read_conversations(item, files_of(item), [planned((1, 2), conversation=1999)])

    assert found is not None
    assert (len(found.listed), found.unlisted) == (100, 1900)
    assert found.transcripts[0].head.number == 1999
