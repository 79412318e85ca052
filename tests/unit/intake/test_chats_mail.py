"""E-mail and Viber's CSV become conversations; damaged and hostile ones too, as far as they can be read."""

import email
import hashlib
from email.message import EmailMessage
from pathlib import Path

import pytest

from evidence_kit.intake.chats import Conversation, Message, read_exports
from tests.support.chat_exports import ADDRESSES, LINES, PEOPLE, PICTURE, START, Said, mail, mbox, supplied, talk, viber


def read(folder: Path) -> list[tuple[Conversation, list[Message]]]:
    found = []
    for one in read_exports(supplied(folder)):
        assert isinstance(one, Conversation)
        found.append((one, list(one.messages)))
    return found


def codes(conversation: Conversation) -> set[str]:
    return {finding.code for finding in conversation.notes.findings()}


def test_mailbox_comes_out_whole_and_every_pointer_leads_to_its_message(tmp_path: Path) -> None:
    data = mbox(tmp_path, 13).read_bytes()

    ((conversation, messages),) = read(tmp_path)

    assert [message.text for message in messages] == [said.text for said in talk(13)]
    assert [(one.name, one.id) for one in conversation.participants] == list(zip(PEOPLE, ADDRESSES, strict=True))
    assert (messages[0].time, messages[0].zone) == ("2026-03-14T07:05:09.000Z", "told")
    assert messages[0].subject == "Мод суулгах өдөр"
    assert [message.reply_to for message in messages[:3]] == [None, 1, 2]
    for message in messages:
        offset, length = message.source.offset or 0, message.source.length or 0
        here = data[offset : offset + length].partition(b"\n")[2]
        payload = email.message_from_bytes(here).get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert payload.decode().replace("\r\n", "\n").rstrip("\n") == message.text
    assert sum(message.source.length or 0 for message in messages) == len(data)


def test_mails_of_a_folder_are_one_conversation_and_attachments_have_digests(tmp_path: Path) -> None:
    first, second = (mail(index, said) for index, said in enumerate(talk(2)))
    first.add_attachment(PICTURE, maintype="image", subtype="jpeg", filename="мод.jpg")
    inner = EmailMessage()
    inner["Subject"] = "дотор"
    second.add_attachment(inner)
    (tmp_path / "a.eml").write_bytes(first.as_bytes())
    (tmp_path / "b.eml").write_bytes(second.as_bytes())

    ((conversation, messages),) = read(tmp_path)

    (picture,) = messages[0].attachments
    assert (picture.name, picture.media_type, picture.bytes) == ("мод.jpg", "image/jpeg", len(PICTURE))
    assert picture.sha256 == hashlib.sha256(PICTURE).hexdigest()
    assert (picture.file, picture.pointer) == ("original/0001.eml", "message/1/part/2")
    (enclosed,) = messages[1].attachments
    assert (enclosed.media_type, enclosed.bytes) == ("message/rfc822", None)
    assert conversation.count == 2


def test_html_alone_gives_its_text_and_says_so(tmp_path: Path) -> None:
    message = mail(0, Said(PEOPLE[0], START, "x"))
    message.set_content("<style>p{}</style><p>Сайн &amp; уу<br>өө</p>", subtype="html")
    (tmp_path / "a.eml").write_bytes(message.as_bytes())

    ((conversation, (read_one,)),) = read(tmp_path)

    assert read_one.text == "Сайн & уу\nөө"
    assert "chat.mail.html" in codes(conversation)


@pytest.mark.parametrize(
    ("field", "time", "zone", "local"),
    [
        ("Sat, 14 Mar 2026 15:05:09 +0800", "2026-03-14T07:05:09.000Z", "told", "2026-03-14T15:05:09"),
        ("Sat, 14 Mar 2026 15:05:09 -0000", None, "not-told", "2026-03-14T15:05:09"),
        ("yesterday", None, "not-told", ""),
        ("Sat, 14 Mar 99999999999 15:05:09 +0800", None, "not-told", ""),
    ],
)
def test_time_is_read_only_as_far_as_it_is_told(
    tmp_path: Path, field: str, time: str | None, zone: str, local: str
) -> None:
    (tmp_path / "a.eml").write_text(f"From: a@mod.example\nSubject: x\nDate: {field}\n\ntext", encoding="utf-8")

    ((_, (message,)),) = read(tmp_path)

    assert (message.time, message.zone, message.local) == (time, zone, local)
    assert message.time_as_told == field


@pytest.mark.parametrize(
    "body",
    [
        "Content-Type: text/plain; charset=no-such\n\nтекст",
        "Content-Type: text/plain; charset=\x00\n\nтекст",
        "Content-Type: text/plain; charset*=x''%ff\n\nтекст",
        "Content-Transfer-Encoding: base64\n\nтекст!",
        "Content-Type: multipart/mixed\n\nтекст",
        'Content-Type: multipart/mixed; boundary="x"\n\n--x\n\nтекст\n--x',
        "Content-Disposition: attachment; filename*=x'y'%e4%bd; filename*1*=z\n\nтекст",
        "To: =?utf-8?b?!!!?= <a@b>, =?x?q?=ff?= <<<>>\n\nтекст",
        "Content-Type: message/rfc822\n\nтекст",
        "Message-ID: <" + "<" * 70_000 + "\n\nтекст",
        'Content-Type: multipart/mixed; boundary="x"\n\n'
        + '--x\nContent-Type: multipart/mixed; boundary="x"\n\n' * 3000,
    ],
)
def test_damaged_mails_give_what_can_be_read(tmp_path: Path, body: str) -> None:
    (tmp_path / "a.eml").write_text(f"From: a@mod.example\nSubject: x\n{body}", encoding="utf-8")

    ((conversation, (message,)),) = read(tmp_path)

    assert conversation.participants[message.sender or 0].id == "a@mod.example"


def test_viber_comes_out_whole_and_every_pointer_leads_to_its_record(tmp_path: Path) -> None:
    data = viber(tmp_path, 13).read_bytes()

    ((conversation, messages),) = read(tmp_path)

    assert [message.text for message in messages] == [said.text for said in talk(13)]
    assert (conversation.platform, conversation.title) == ("viber", "Сараа")
    assert [(one.name, one.id) for one in conversation.participants] == [("Me", ""), (PEOPLE[1], "+97600000000")]
    assert (messages[0].local, messages[0].time_as_told) == ("2026-03-14T07:05:09", "14/03/2026 07:05:09")
    for message in messages:
        offset, length = message.source.offset or 0, message.source.length or 0
        assert message.text in data[offset : offset + length].decode().replace("\r\n", "\n")
        assert data[:offset].count(b"\n") == int(message.source.pointer.removeprefix("line/")) - 1


def test_viber_with_names_of_columns_and_bad_records_is_read(tmp_path: Path) -> None:
    text = "Date;Name;Number;Text\n14.03.2026 07:05;Болд;+97600000000;нэг\nx;y\n14.03.2026 07:06;Болд;;хоёр;гурав\n"
    text += '14.03.2026 07:07;Болд;+97600000000;"' + "дөрөв" * 300_000
    (tmp_path / "a.csv").write_text(text.replace("x;y\n", "14.03.2026 07:06;Болд;;тав\nx;y\n"), encoding="utf-8")

    ((conversation, messages),) = read(tmp_path)

    assert [message.text for message in messages] == ["нэг", "тав"]
    assert "chat.message.unreadable" in codes(conversation)


@pytest.mark.parametrize("text", ["a,b,c,d,e\n1,2,3,4,5\n", "2026-03-14,1,2,3,4\n", LINES[0], "Note: x\nTo do: y\n"])
def test_other_texts_are_no_exports(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")

    assert read(tmp_path) == []
