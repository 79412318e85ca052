"""Facebook's, Messenger's and Instagram's JSON becomes conversations, its broken encoding mended and said so."""

import hashlib
import json
from pathlib import Path

import pytest

from evidence_kit.intake.chats import Conversation, Message, read_exports
from tests.support.chat_exports import (
    LINES,
    PEOPLE,
    PICTURE,
    START,
    Said,
    broken,
    facebook,
    facebook_file,
    facebook_message,
    supplied,
    talk,
    zipped,
)


def read(folder: Path) -> list[tuple[Conversation, list[Message]]]:
    found = []
    for one in read_exports(supplied(folder)):
        assert isinstance(one, Conversation)
        found.append((one, list(one.messages)))
    return found


def codes(conversation: Conversation) -> dict[str, int]:
    found: dict[str, int] = {}
    for finding in conversation.notes.findings():
        found[finding.code] = found.get(finding.code, 0) + int(str(finding.value))
    return found


def thread(folder: Path, messages: list[str], name: str = "message_1.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(facebook_file(messages, "Мод", "inbox/mod_1"), encoding="utf-8")
    return path


def test_split_thread_comes_out_whole_in_order_and_with_mongolian_letters(tmp_path: Path) -> None:
    facebook(tmp_path, 25, in_file=10)

    ((conversation, messages),) = read(tmp_path)

    assert [message.text for message in messages] == [said.text for said in talk(25)]
    assert [message.number for message in messages] == list(range(1, 26))
    assert [conversation.participants[message.sender or 0].name for message in messages[:2]] == list(PEOPLE)
    assert messages[0].time == "2026-03-14T07:05:09.000Z"
    assert messages[0].time_as_told == "1773471909000"
    assert {message.zone for message in messages} == {"utc"}
    assert (conversation.platform, conversation.format) == ("facebook", "facebook-json")
    assert conversation.title == PEOPLE[1]
    assert conversation.files == ("original/0001.json", "original/0002.json", "original/0003.json")
    assert conversation.count == 25
    assert codes(conversation).keys() == {"chat.encoding.repaired"}


def test_pointer_of_every_message_leads_to_its_bytes(tmp_path: Path) -> None:
    facebook(tmp_path, 25, in_file=10)
    files = {file.file: file.path.read_bytes() for file in supplied(tmp_path)}

    ((_, messages),) = read(tmp_path)

    for message in messages:
        data = files[message.source.file]
        assert message.source.offset is not None
        assert message.source.length is not None
        here = json.loads(data[message.source.offset : message.source.offset + message.source.length])
        assert here["content"].encode("latin-1").decode("utf-8") == message.text
        there = json.loads(data)["messages"][int(message.source.pointer.removeprefix("/messages/"))]
        assert there == here


def test_only_texts_that_are_that_mistake_are_mended(tmp_path: Path) -> None:
    legitimate = r'{"sender_name": "A", "timestamp_ms": 3, "content": "caf\u00e9"}'
    not_escaped = '{"sender_name": "A", "timestamp_ms": 2, "content": "Ã©"}'
    mixed = r'{"sender_name": "A", "timestamp_ms": 1, "content": "\u0401 \u00d3\u00a9"}'
    thread(tmp_path, [legitimate, not_escaped, mixed, facebook_message(Said("A", START, "ө"))])

    ((conversation, messages),) = read(tmp_path)

    assert [(message.text, message.repaired) for message in messages] == [
        ("café", False),
        ("Ã©", False),
        ("Ё Ó©", False),
        ("ө", True),
    ]
    doubtful = [one for one in conversation.notes.findings() if one.code == "chat.encoding.doubtful"]
    assert sum(int(str(one.value)) for one in doubtful) == 2


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (broken("😀"), "😀"),
        (broken("\ud83d\ude00"), "😀"),
        (r'"\ud83d\ude00"', "😀"),
        (r'"x \ud83d y"', "x \ufffd y"),
        (broken("x \ud83d y"), "x í\xa0½ y"),
    ],
    ids=["four bytes", "two surrogates of three bytes", "plain JSON", "half", "half of three bytes"],
)
def test_emoji_come_out_whole_and_halves_are_replaced(tmp_path: Path, literal: str, text: str) -> None:
    thread(tmp_path, [f'{{"sender_name": "A", "timestamp_ms": 1, "content": {literal}}}'])

    ((_, (message,)),) = read(tmp_path)

    assert message.text == text


def test_attachments_are_found_by_their_path_from_the_top_of_the_export_with_digest(tmp_path: Path) -> None:
    folder = facebook(tmp_path, 1, root="your_facebook_activity/messages")
    (folder / "photos").mkdir()
    (folder / "photos" / "1.jpg").write_bytes(PICTURE)
    path = "your_facebook_activity/messages/inbox/saraa_1/photos"
    extra = f'"photos": [{{"uri": "{path}/1.jpg"}}, {{"uri": "{path}/2.jpg"}}], "share": {{"link": "https://mod.example/"}},'
    thread(folder, [facebook_message(Said("A", START, "x"), extra)])

    ((conversation, (message,)),) = read(tmp_path)

    held, missing, link = message.attachments
    assert (held.file, held.sha256) == ("original/0002.jpg", hashlib.sha256(PICTURE).hexdigest())
    assert (held.bytes, held.media_type) == (len(PICTURE), "image/jpeg")
    assert (missing.name, missing.file, missing.bytes) == (f"{path}/2.jpg", "", None)
    assert (link.name, link.media_type) == ("https://mod.example/", "text/uri-list")
    assert (conversation.attachments, conversation.held) == (3, 1)


def test_kinds_and_reactions_are_told(tmp_path: Path) -> None:
    reaction = f'"reactions": [{{"reaction": {broken("❤")}, "actor": {broken(PEOPLE[1])}}}],'
    thread(
        tmp_path,
        [
            facebook_message(Said("A", START, "x"), '"is_unsent": true,'),
            facebook_message(Said("A", START, "x"), '"call_duration": 61,'),
            facebook_message(Said("A", START, "x"), '"type": "Subscribe",'),
            facebook_message(Said("A", START, "x"), reaction),
        ],
    )

    ((conversation, messages),) = read(tmp_path)

    assert [message.kind for message in messages] == ["deleted", "call", "system", "message"]
    assert messages[0].deleted
    (told,) = messages[3].reactions
    assert told.text == "❤"
    assert conversation.participants[told.by or 0].name == PEOPLE[1]


def test_secure_storage_of_messenger_is_read_too(tmp_path: Path) -> None:
    said = {"senderName": PEOPLE[0], "timestamp": 1773471909000, "text": "Өө", "isUnsent": False, "media": []}
    value = {"participants": list(PEOPLE), "threadName": "Сараа_7", "messages": [said]}
    (tmp_path / "Saraa_7.json").write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")

    ((conversation, (message,)),) = read(tmp_path)

    assert (conversation.platform, conversation.format) == ("messenger", "messenger-json")
    assert (message.text, message.time, message.repaired) == ("Өө", "2026-03-14T07:05:09.000Z", False)


def test_two_exports_in_one_folder_stay_apart(tmp_path: Path) -> None:
    facebook(tmp_path / "one", 3)
    facebook(tmp_path / "two", 4, root="your_instagram_activity/messages")

    found = read(tmp_path)

    assert [(one.platform, one.count) for one, _ in found] == [("facebook", 3), ("instagram", 4)]


def test_thread_split_over_two_zips_is_one_and_the_same_export_twice_is_two(tmp_path: Path) -> None:
    folder = facebook(tmp_path / "made", 20, in_file=10)
    parts = [(f"messages/inbox/a/message_{n}.json", (folder / f"message_{n}.json").read_bytes()) for n in (1, 2)]
    (tmp_path / "split").mkdir()
    (tmp_path / "twice").mkdir()
    for number, part in enumerate(parts):
        (tmp_path / "split" / f"{number}.zip").write_bytes(zipped([part]))
        (tmp_path / "twice" / f"{number}.zip").write_bytes(zipped(parts))

    assert [len(messages) for _, messages in read(tmp_path / "split")] == [20]
    assert [len(messages) for _, messages in read(tmp_path / "twice")] == [20, 20]


def test_pointer_into_a_zip_names_the_member(tmp_path: Path) -> None:
    folder = facebook(tmp_path / "made", 1)
    (tmp_path / "zip").mkdir()
    entry = ("messages/inbox/a~b/message_1.json", (folder / "message_1.json").read_bytes())
    (tmp_path / "zip" / "x.zip").write_bytes(zipped([entry]))

    ((_, (message,)),) = read(tmp_path / "zip")

    assert message.source.file == "original/0001.zip"
    assert message.source.pointer == "member/messages~1inbox~1a~0b~1message_1.json/messages/0"
    assert message.source.offset is not None
    assert entry[1][message.source.offset :].startswith(b"{")


def test_truncated_file_gives_what_is_whole_and_a_finding(tmp_path: Path) -> None:
    whole = facebook(tmp_path, 10) / "message_1.json"
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) // 2])

    ((conversation, messages),) = read(tmp_path)

    assert 0 < len(messages) < 10
    assert "chat.file.cut" in codes(conversation)


def test_bad_entries_are_findings_and_the_rest_is_read(tmp_path: Path) -> None:
    good = facebook_message(Said("A", START, LINES[0]))
    deep = '{"content": ' + "[" * 100_000 + "]" * 100_000 + "}"
    doubled = '{"sender_name": "A", "timestamp_ms": 1, "content": "one", "content": "two"}'
    strange = '{"sender_name": 7, "timestamp_ms": 1e9, "content": {"a": 1}, "photos": [3, {"uri": 4}]}'
    thread(tmp_path, [good, "17", '{"a": nothing}', deep, doubled, strange, good])

    ((conversation, messages),) = read(tmp_path)

    assert [message.text for message in messages] == [LINES[0], "two", "", LINES[0]]
    found = codes(conversation)
    assert found["chat.message.unreadable"] == 3
    assert found["chat.json.key.twice"] == 1
    assert found["chat.time.unreadable"] == 1
