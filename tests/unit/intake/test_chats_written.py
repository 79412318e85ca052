"""Conversations become files of an item, and a range of messages is read back from them."""

import hashlib
import json
from pathlib import Path

import pytest

from evidence_kit import canonical
from evidence_kit.errors import FormatError
from evidence_kit.intake.chats import read_messages, write_conversations
from tests.support.chat_exports import PEOPLE, facebook, supplied, talk, whatsapp_android


@pytest.fixture
def item(tmp_path: Path) -> Path:
    facebook(tmp_path / "in", 25, in_file=10)
    (tmp_path / "in" / "_chat.txt").write_text(whatsapp_android(talk(4)), encoding="utf-8")
    (tmp_path / "item").mkdir()
    return tmp_path / "item"


def test_headers_tell_counts_times_and_the_digest_of_the_messages(item: Path) -> None:
    written = write_conversations(supplied(item.parent / "in"), item)

    assert written.files == ("conversations.json", "messages-01.jsonl", "messages-02.jsonl")
    document = json.loads((item / "conversations.json").read_bytes())
    assert document["schema"] == "evidence-kit/conversations/1"
    facebook_header, whatsapp_header = document["conversations"]
    assert facebook_header["messages"] == 25
    assert facebook_header["first"] == "2026-03-14T07:05:09.000Z"
    assert facebook_header["last"] == "2026-03-14T07:21:09.000Z"
    assert facebook_header["participants"] == [{"name": name, "id": ""} for name in PEOPLE]
    assert whatsapp_header["first"] == "2026-03-14T07:05"
    for header in document["conversations"]:
        data = (item / header["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == header["sha256"]
        assert [canonical.loads(line) for line in data.splitlines()]
    assert [one.count for one in written.conversations] == [25, 5]


def test_range_is_read_back_as_it_was_read_from_the_export(item: Path) -> None:
    write_conversations(supplied(item.parent / "in"), item)

    messages = list(read_messages(item / "messages-01.jsonl", 7, 9))

    assert [message.number for message in messages] == [7, 8, 9]
    assert [message.text for message in messages] == [said.text for said in list(talk(9))[6:]]
    assert len(list(read_messages(item / "messages-01.jsonl"))) == 25
    assert list(read_messages(item / "messages-01.jsonl", 26, 30)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"number":2', b'"number":3'),
        (b'"kind":"message"', b'"kind":7'),
        (b'"kind":"message"', b'"kind": "message"'),
        (b'"kind":"message"', b'"extra":1,"kind":"message"'),
        (b"\n", b""),
    ],
)
def test_file_that_was_changed_is_refused(item: Path, old: bytes, new: bytes) -> None:
    write_conversations(supplied(item.parent / "in"), item)
    path = item / "messages-01.jsonl"
    path.write_bytes(path.read_bytes().replace(old, new))

    with pytest.raises(FormatError):
        list(read_messages(path))


def test_nothing_is_written_where_nothing_was_found(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "note.txt").write_text("Мод суулгах", encoding="utf-8")

    written = write_conversations(supplied(tmp_path / "in"), tmp_path)

    assert written.files == ()
    assert not (tmp_path / "conversations.json").exists()
