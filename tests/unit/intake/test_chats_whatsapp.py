"""WhatsApp's text export becomes a conversation; what it cannot tell is said."""

import hashlib
import io
from pathlib import Path

import pytest

from evidence_kit.intake.chats import Conversation, Message, read_exports
from evidence_kit.intake.chats.whatsapp_lines import LONGEST_TEXT, entries
from tests.support.chat_exports import PEOPLE, PICTURE, supplied, talk, whatsapp_android, whatsapp_ios, zipped


def read(folder: Path, text: str | bytes, name: str = "_chat.txt") -> tuple[Conversation, list[Message]]:
    (folder / name).write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    return again(folder)


def again(folder: Path) -> tuple[Conversation, list[Message]]:
    for one in read_exports(supplied(folder)):
        assert isinstance(one, Conversation)
        return one, list(one.messages)
    raise AssertionError("there is no conversation")


def codes(conversation: Conversation) -> set[str]:
    return {finding.code for finding in conversation.notes.findings()}


@pytest.mark.parametrize(
    ("beginning", "local"),
    [
        ("19/09/2026, 09:52 - ", "2026-09-19T09:52"),
        ("9/19/26, 9:52\u202fAM - ", "2026-09-19T09:52"),
        ("9/19/26, 12:05 PM - ", "2026-09-19T12:05"),
        ("19/09/26, 12:05 am - ", "2026-09-19T00:05"),
        ("19.09.26 09:52 - ", "2026-09-19T09:52"),
        ("19.09.2026, 09.52 - ", "2026-09-19T09:52"),
        ("2026.09.19, 09:52 - ", "2026-09-19T09:52"),
        ("2026-09-19 21:52 - ", "2026-09-19T21:52"),
        ("2026.09.19, 9:52 ү.х. - ", "2026-09-19T21:52"),
        ("[19.09.2026, 09:52:03] ", "2026-09-19T09:52:03"),
        ("\u200e[9/19/26, 9:52:03\u202fPM] ", "2026-09-19T21:52:03"),
        ("[19.9.2026 klo 9.52.03] ", "2026-09-19T09:52:03"),
    ],
)
def test_every_known_form_of_a_line_is_read(tmp_path: Path, beginning: str, local: str) -> None:
    conversation, (message,) = read(tmp_path, f"{beginning}{PEOPLE[0]}: Сайн уу\n")

    assert (message.text, message.local) == ("Сайн уу", local)
    assert message.time_as_told in beginning
    assert (message.time, message.zone) == (None, "not-told")
    assert conversation.participants[message.sender or 0].name == PEOPLE[0]


@pytest.mark.parametrize("text", [whatsapp_android(talk(13)), whatsapp_ios(talk(13))], ids=["Android", "iOS"])
def test_pointer_of_every_message_leads_to_its_text(tmp_path: Path, text: str) -> None:
    conversation, messages = read(tmp_path, text)

    data = (tmp_path / "_chat.txt").read_bytes()
    assert [message.text for message in messages[1:]] == [said.text for said in talk(13)]
    assert (messages[0].kind, messages[0].sender) == ("system", None)
    for message in messages:
        offset, length = message.source.offset or 0, message.source.length or 0
        here = data[offset : offset + length].decode("utf-8").replace("\r\n", "\n")
        assert message.text in here
        assert here.lstrip("[").startswith(message.time_as_told)
        line = int(message.source.pointer.removeprefix("line/"))
        assert data[:offset].count(b"\n") == line - 1
    assert sum(message.source.length or 0 for message in messages) == len(data)
    assert [one.name for one in conversation.participants] == list(PEOPLE)


def test_order_of_day_and_month_that_nothing_tells_is_said_and_not_guessed(tmp_path: Path) -> None:
    conversation, messages = read(tmp_path, "03/04/2026, 09:52 - A: one\n05/04/2026, 09:53 - A: two\n")

    assert [message.local for message in messages] == ["", ""]
    assert [message.time_as_told for message in messages] == ["03/04/2026, 09:52", "05/04/2026, 09:53"]
    assert "chat.date.order.unknown" in codes(conversation)


def test_one_date_tells_the_order_of_all(tmp_path: Path) -> None:
    _, messages = read(tmp_path, "03/04/2026, 09:52 - A: one\n13/04/2026, 09:53 - A: two\n")

    assert [message.local for message in messages] == ["2026-04-03T09:52", "2026-04-13T09:53"]


def test_contradictory_dates_are_not_read(tmp_path: Path) -> None:
    conversation, messages = read(tmp_path, "13/04/2026, 09:52 - A: one\n04/14/2026, 09:53 - A: two\n")

    assert [message.local for message in messages] == ["", ""]
    assert "chat.date.order.contradictory" in codes(conversation)


@pytest.mark.parametrize(
    ("text", "kind", "edited"),
    [
        ("You deleted this message", "deleted", None),
        ("This message was deleted.", "deleted", None),
        ("\u200eЭто сообщение удалено", "deleted", None),
        ("Та энэ мессежийг устгасан", "deleted", None),
        ("Missed voice call", "call", None),
        ("\u200eVideo call. 5 min", "call", None),
        ("Пропущенный видеозвонок", "call", None),
        ("Хоёрт <This message was edited>", "message", "<This message was edited>"),
        ("Хоёрт \u200e<Сообщение изменено>", "message", "<Сообщение изменено>"),
        ("I said: You deleted this message", "message", None),
    ],
)
def test_what_the_program_says_in_place_of_a_text_is_recognised(
    tmp_path: Path, text: str, kind: str, edited: str | None
) -> None:
    _, (message,) = read(tmp_path, f"13/04/2026, 09:52 - A: {text}\n")

    assert (message.kind, message.edited) == (kind, edited)
    assert message.text in text


@pytest.mark.parametrize(
    "told",
    [
        "IMG-20260413-WA0001.jpg (file attached)",
        "\u200eIMG-20260413-WA0001.jpg (файл добавлен)",
        "IMG-20260413-WA0001.jpg (soubor byl přiložen)",
        "\u200e<attached: IMG-20260413-WA0001.jpg>",
        "\u200e<Вложение: \u200eIMG-20260413-WA0001.jpg>",
        "IMG-20260413-WA0001.jpg (file attached)\nЗураг",
    ],
)
def test_attached_file_is_found_beside_the_text(tmp_path: Path, told: str) -> None:
    (tmp_path / "IMG-20260413-WA0001.jpg").write_bytes(PICTURE)

    _, (message,) = read(tmp_path, f"13/04/2026, 09:52 - A: {told}\n", "a.txt")

    (attachment,) = message.attachments
    assert attachment.file == "original/0001.jpg"
    assert attachment.sha256 == hashlib.sha256(PICTURE).hexdigest()


def test_attached_file_in_the_zip_is_found_and_one_elsewhere_is_not(tmp_path: Path) -> None:
    text = b"13/04/2026, 09:52 - A: a.jpg (file attached)\n13/04/2026, 09:53 - A: b.jpg (file attached)\n"
    (tmp_path / "WhatsApp Chat with Сараа.zip").write_bytes(zipped([("_chat.txt", text), ("a.jpg", PICTURE)]))
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "b.jpg").write_bytes(PICTURE)

    conversation, (first, second) = again(tmp_path)

    assert first.attachments[0].file == "original/0001.zip"
    assert first.attachments[0].pointer == "member/a.jpg"
    assert (second.attachments[0].name, second.attachments[0].file) == ("b.jpg", "")
    assert conversation.title == "Сараа"


@pytest.mark.parametrize("told", ["<Media omitted>", "\u200eimage omitted", "<Без медиафайлов>", "<Медиа оруулаагүй>"])
def test_omitted_file_is_an_attachment_that_is_not_held(tmp_path: Path, told: str) -> None:
    _, (message,) = read(tmp_path, f"13/04/2026, 09:52 - A: {told}\n")

    assert [attachment.file for attachment in message.attachments] == [""]


def test_line_that_imitates_a_message_is_taken_for_one_and_the_finding_says_so(tmp_path: Path) -> None:
    conversation, messages = read(tmp_path, "13/04/2026, 09:52 - A: one\n13/04/2026, 09:51 - B: I owe you\n")

    assert [conversation.participants[message.sender or 0].name for message in messages] == ["A", "B"]
    assert {"chat.whatsapp.unescaped", "chat.order"} <= codes(conversation)


def test_notice_with_a_colon_in_quotes_has_no_sender(tmp_path: Path) -> None:
    _, (message,) = read(tmp_path, '13/04/2026, 09:52 - A changed the subject from "Мод: хавар" to "Мод: намар"\n')

    assert (message.kind, message.sender) == ("system", None)


def test_long_line_is_kept_up_to_a_bound_and_pointed_at_whole(tmp_path: Path) -> None:
    conversation, (message,) = read(tmp_path, "13/04/2026, 09:52 - A: " + "ө" * 5_000_000 + "\n")

    assert len(message.text) <= LONGEST_TEXT
    assert message.source.length == (tmp_path / "_chat.txt").stat().st_size
    assert "chat.text.cut" in codes(conversation)


def test_bytes_that_are_not_utf_8_and_names_that_deceive_are_kept_and_said(tmp_path: Path) -> None:
    conversation, (message,) = read(tmp_path, b"13/04/2026, 09:52 - \xe2\x80\xaeevil\xe2\x80\xac: a\xffb\n")

    assert message.text == "a\ufffdb"
    assert "chat.text.damaged" in codes(conversation)
    assert conversation.participants[0].name == "\u202eevil"


def test_entry_keeps_count_of_every_byte() -> None:
    data = ("\ufeff" + whatsapp_ios(talk(7)) + "the end without a line feed").encode()

    found = list(entries(io.BytesIO(data)))

    assert sum(entry.length for entry in found) == len(data)
    assert found[-1].body.endswith("the end without a line feed")
