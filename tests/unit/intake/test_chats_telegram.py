"""Telegram Desktop's JSON and HTML become conversations, in one forward pass."""

import hashlib
import json
from pathlib import Path

from evidence_kit.intake.chats import Conversation, Message, read_exports
from evidence_kit.intake.findings import Finding
from tests.support.chat_exports import (
    PEOPLE,
    PICTURE,
    START,
    Said,
    supplied,
    talk,
    telegram,
    telegram_block,
    telegram_chat,
    telegram_html,
    telegram_message,
    telegram_page,
)


def read(folder: Path) -> list[tuple[Conversation, list[Message]]]:
    found = []
    for one in read_exports(supplied(folder)):
        assert isinstance(one, Conversation)
        found.append((one, list(one.messages)))
    return found


def codes(conversation: Conversation) -> set[str]:
    return {finding.code for finding in conversation.notes.findings()}


def written(folder: Path, value: object) -> None:
    (folder / "result.json").write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def test_chat_comes_out_whole_and_every_pointer_leads_to_its_bytes(tmp_path: Path) -> None:
    data = telegram(tmp_path, 25).read_bytes()

    ((conversation, messages),) = read(tmp_path)

    assert [message.text for message in messages] == [said.text for said in talk(25)]
    assert (conversation.platform, conversation.format, conversation.title) == ("telegram", "telegram-json", "Мод")
    assert [(one.name, one.id) for one in conversation.participants] == [(PEOPLE[0], "user70"), (PEOPLE[1], "user71")]
    assert messages[0].time == "2026-03-14T07:05:09.000Z"
    assert (messages[0].time_as_told, messages[0].zone, messages[0].local) == (
        "1773471909",
        "utc",
        "2026-03-14T15:05:09",
    )
    for message in messages:
        offset, length = message.source.offset or 0, message.source.length or 0
        here = json.loads(data[offset : offset + length])
        assert here == json.loads(data)["messages"][int(message.source.pointer.removeprefix("/messages/"))]
        assert here["text_entities"][0]["text"] == message.text
    assert codes(conversation) == set()


def test_account_gives_each_chat_with_its_own_pointers(tmp_path: Path) -> None:
    chats = {"about": "…", "list": [telegram_chat(talk(3), "Нэг"), telegram_chat(talk(2), "Хоёр")]}
    left = {"about": "…", "list": [telegram_chat(talk(1), "Гурав")]}
    written(tmp_path, {"about": "…", "personal_information": {"user_id": 1}, "chats": chats, "left_chats": left})

    found = read(tmp_path)

    assert [(one.number, one.title, one.count) for one, _ in found] == [(1, "Нэг", 3), (2, "Хоёр", 2), (3, "Гурав", 1)]
    assert found[1][1][1].source.pointer == "/chats/list/1/messages/1"
    assert found[2][1][0].source.pointer == "/left_chats/list/0/messages/0"


def test_messages_that_are_not_asked_for_are_passed_over(tmp_path: Path) -> None:
    chats = [telegram_chat(talk(3), "Нэг"), telegram_chat(talk(2), "Хоёр")]
    written(tmp_path, {"about": "…", "chats": {"list": chats}})

    found = [one for one in read_exports(supplied(tmp_path)) if isinstance(one, Conversation)]

    assert [(one.title, one.count) for one in found] == [("Нэг", 3), ("Хоёр", 2)]


def test_what_a_message_tells_besides_its_text_is_kept(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "photo_1@14-03-2026.jpg").write_bytes(PICTURE)
    first, second, third, fourth, fifth, sixth = (telegram_message(*pair) for pair in enumerate(talk(6)))
    second |= {"reply_to_message_id": first["id"], "edited": "2026-03-14T16:00:00", "edited_unixtime": "1773475200"}
    third |= {"photo": "photos/photo_1@14-03-2026.jpg", "forwarded_from": "Цэцэг"}
    missing = "(File not included. Change data exporting settings to download.)"
    fourth |= {"file": missing, "file_name": "төлөвлөгөө.pdf", "mime_type": "application/pdf"}
    recent = [{"from": PEOPLE[1], "from_id": "user71", "date": "2026-03-14T16:00:00"}]
    fifth |= {"reactions": [{"type": "emoji", "count": 3, "emoji": "👍", "recent": recent}], "reply_to_message_id": 5}
    sixth |= {"type": "service", "actor": PEOPLE[0], "actor_id": "user70", "action": "phone_call", "text": ""}
    written(tmp_path, telegram_chat([]) | {"messages": [first, second, third, fourth, fifth, sixth]})

    ((conversation, messages),) = read(tmp_path)

    assert (messages[1].reply_to, messages[1].edited) == (1, "1773475200")
    (photo,) = messages[2].attachments
    assert (photo.file, photo.sha256) == ("original/0001.jpg", hashlib.sha256(PICTURE).hexdigest())
    assert messages[2].forwarded == "Цэцэг"
    (absent,) = messages[3].attachments
    assert (absent.name, absent.file, absent.media_type) == ("төлөвлөгөө.pdf", "", "application/pdf")
    assert [(one.text, one.by, one.count) for one in messages[4].reactions] == [("👍", 1, 1), ("👍", None, 2)]
    assert messages[4].reply_to is None
    assert (messages[5].kind, messages[5].text, messages[5].sender) == ("call", "phone_call", 0)
    assert codes(conversation) == {"chat.reply.unknown"}


def test_old_export_without_seconds_since_1970_tells_no_instant(tmp_path: Path) -> None:
    message = telegram_message(0, Said(PEOPLE[0], START, "x"))
    del message["date_unixtime"]
    written(tmp_path, telegram_chat([]) | {"messages": [message | {"from_id": 70}]})

    ((conversation, (read_one,)),) = read(tmp_path)

    assert (read_one.time, read_one.zone, read_one.local) == (None, "not-told", "2026-03-14T15:05:09")
    assert conversation.participants[0].id == "70"


def test_cut_file_gives_what_is_whole_and_says_so(tmp_path: Path) -> None:
    path = telegram(tmp_path, 10)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])

    found = list(read_exports(supplied(tmp_path)))

    conversation, cut = found
    assert isinstance(conversation, Conversation)
    assert 0 < conversation.count < 10
    assert isinstance(cut, Finding)
    assert cut.code == "chat.file.cut"


def test_strange_values_do_no_harm(tmp_path: Path) -> None:
    values: list[object] = [
        1,
        None,
        [],
        {},
        {"id": "x", "from": 7, "text": {"a": 1}, "reactions": [1, {"recent": 5, "count": 1e400}]},
    ]
    values += [{"id": 10**30, "date_unixtime": "9" * 30, "reply_to_message_id": 10**30, "text": [[], {"text": 1}]}]
    chat = telegram_chat([]) | {"messages": values}
    written(tmp_path, chat)

    ((conversation, messages),) = read(tmp_path)

    assert [message.text for message in messages] == ["", "", ""]
    assert {"chat.message.unreadable", "chat.time.unreadable"} <= codes(conversation)


def test_pages_come_out_whole_and_every_pointer_leads_to_its_bytes(tmp_path: Path) -> None:
    telegram_html(tmp_path, 25, in_page=10)
    files = {file.file: file.path.read_bytes() for file in supplied(tmp_path)}

    ((conversation, messages),) = read(tmp_path)

    assert [message.text for message in messages] == [said.text for said in talk(25)]
    assert (conversation.format, conversation.title, conversation.count) == ("telegram-html", "Мод", 25)
    assert [one.name for one in conversation.participants] == list(PEOPLE)
    assert messages[0].time == "2026-03-14T07:05:09.000Z"
    assert (messages[0].zone, messages[0].local) == ("told", "2026-03-14T15:05:09")
    assert messages[0].time_as_told == "14.03.2026 15:05:09 UTC+08:00"
    for message in messages:
        offset, length = message.source.offset or 0, message.source.length or 0
        here = files[message.source.file][offset : offset + length].decode()
        assert here.startswith('<div class="message default')
        assert here.endswith("</div>")
        assert message.text.replace("\n", "<br>") in here
    assert codes(conversation) == set()


def test_page_tells_joined_answered_forwarded_and_attached_messages(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a b.pdf").write_bytes(PICTURE)
    said = Said(PEOPLE[0], START, "x")
    reply = '<div class="reply_to details">In reply to <a href="#go_to_message7">this message</a></div>'
    media = '<div class="media_wrap clearfix"><a class="media block_link media_file" href="files/a%20b.pdf"></a></div>'
    absent = '<div class="media_wrap"><div class="media media_photo"><div class="title bold">Photo</div></div></div>'
    forwarded = (
        '<div class="forwarded body"><div class="from_name">Цэцэг '
        '<span class="date details" title="01.01.2020 00:00:00">'
        ' 01.01.2020</span></div><div class="text">inner</div></div>'
    )
    sign = '<span class="reactions"><span class="reaction"><span class="emoji">👍</span>'
    sign += '<span class="userpics"><div class="userpic" title="Цэцэг"></div></span></span></span>'
    notice = (
        '<div class="message service" id="message12"><div class="body details">Болд pinned this message</div></div>'
    )
    blocks = [
        telegram_block(7, said),
        telegram_block(8, said, joined=True, inside=reply),
        telegram_block(9, said, inside=media, zone=""),
        telegram_block(10, said, inside=absent + sign),
        telegram_block(11, said, inside=forwarded),
        notice,
    ]
    (tmp_path / "messages.html").write_text(telegram_page(blocks), encoding="utf-8")

    ((conversation, messages),) = read(tmp_path)

    assert [message.sender for message in messages] == [0, 0, 0, 0, 0, None]
    assert messages[1].reply_to == 1
    assert messages[2].attachments[0].file == "original/0001.pdf"
    assert (messages[2].time, messages[2].zone) == (None, "not-told")
    assert [one.name for one in messages[3].attachments] == ["Photo"]
    assert conversation.participants[messages[3].reactions[0].by or 0].name == "Цэцэг"
    assert (messages[4].forwarded, messages[4].text) == ("Цэцэг", "inner")
    assert (messages[5].kind, messages[5].text) == ("system", "Болд pinned this message")
