"""HTML of exports is read in one pass, with the bytes at which things stand, however hostile it is."""

from pathlib import Path

import pytest

from evidence_kit.errors import FormatError
from evidence_kit.intake.chats import Conversation, Message, markup, read_exports
from evidence_kit.intake.chats.markup import Element, elements
from tests.support.chat_exports import (
    PEOPLE,
    PICTURE,
    START,
    Said,
    facebook_block,
    facebook_html,
    facebook_page,
    supplied,
    talk,
)
from tests.support.hangs import no_hang


def read(folder: Path) -> list[tuple[Conversation, list[Message]]]:
    found = []
    for one in read_exports(supplied(folder)):
        assert isinstance(one, Conversation)
        found.append((one, list(one.messages)))
    return found


def blocks(text: str) -> list[Element]:
    return list(elements(text.encode(), lambda element: element.has("m")))


def test_facebook_pages_come_out_whole_and_every_pointer_leads_to_its_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "your_facebook_activity" / "messages" / "inbox" / "mod_1"
    folder.mkdir(parents=True)
    facebook_html(folder, 25, in_page=10)
    files = {file.file: file.path.read_bytes() for file in supplied(tmp_path)}

    ((conversation, messages),) = read(tmp_path)

    assert [message.text for message in messages] == [said.text for said in talk(25)]
    assert (conversation.platform, conversation.format, conversation.title) == ("facebook", "facebook-html", "Мод")
    assert [one.name for one in conversation.participants] == list(PEOPLE)
    assert (messages[0].time, messages[0].zone, messages[0].local) == (None, "not-told", "2026-03-14T07:05:09")
    assert messages[0].time_as_told == "Mar 14, 2026 07:05:09 am"
    for message in messages:
        offset, length = message.source.offset or 0, message.source.length or 0
        here = files[message.source.file][offset : offset + length].decode()
        assert here.startswith('<section class="_a6-g">')
        assert here.endswith("</section>")
        assert message.text.replace("\n", "<br />") in here


def test_instagram_and_older_classes_are_read_too(tmp_path: Path) -> None:
    old = (
        '<div class="pam _3-95 _2pi0 _2lej uiBoxWhite noborder"><div class="_3-96 _2pio _2lek _2lel">Болд</div>'
        '<div class="_3-96 _2let"><div><div></div><div>Хуучин</div></div></div><div class="_3-94 _2lem">{}</div></div>'
    )
    told = ["14 мар. 2026 г., 15:05", "2026 оны 3-р сарын 14 15:05", "le 14 mars"]
    folder = tmp_path / "your_instagram_activity" / "messages" / "inbox" / "a"
    folder.mkdir(parents=True)
    (folder / "message_1.html").write_text(facebook_page([old.format(one) for one in told]), encoding="utf-8")

    ((conversation, messages),) = read(tmp_path)

    assert conversation.platform == "instagram"
    assert [message.local for message in messages] == ["", "2026-03-14T15:05", "2026-03-14T15:05"]
    assert {message.text for message in messages} == {"Хуучин"}
    assert "chat.time.unreadable" in {finding.code for finding in conversation.notes.findings()}


def test_pictures_and_reactions_of_a_facebook_page_are_no_text(tmp_path: Path) -> None:
    folder = tmp_path / "messages" / "inbox" / "mod_1" / "photos"
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(PICTURE)
    path = "messages/inbox/mod_1/photos/1.jpg"
    inside = f'<div><a href="{path}"><img src="{path}" /></a></div><div><ul class="_a6-q"><li>❤Сараа</li></ul></div>'
    page = facebook_page([facebook_block(Said("Болд", START, "x"), inside)])
    (folder.parent / "message_1.html").write_text(page, encoding="utf-8")

    ((_, (message,)),) = read(tmp_path)

    assert message.text == "x"
    assert [one.file for one in message.attachments] == ["original/0002.jpg"]
    assert [one.text for one in message.reactions] == ["❤Сараа"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<div class="m">a &lt;b&gt; &#x4e9; &amp;amp;</div>', ["a <b> ө &amp;"]),
        ("<div class=m>a<br>b<br/>c</div>", ["a\nb\nc"]),
        ('<div class="m">a<!-- <div class="m"> -->b</div>', ["ab"]),
        ('<script>"<div class=m>x</div>"</script><div class="m">y</div>', ["y"]),
        ('<div class="m">one<div class="m">two</div></div>', ["one", "two"]),
        ('<div class="m"><p>one<div>two</div>', ["onetwo"]),
        ('<div class="m">a < b <3 </div>', ["a < b <3"]),
        ('<div title="<div class=m>" class="m">x</div>', ["x"]),
        ('<div class="m">&#xd800;</div>', ["\ufffd"]),
    ],
)
def test_text_is_what_a_browser_would_show(text: str, found: list[str]) -> None:
    assert [block.text() for block in blocks(text)] == found


def test_element_and_page_are_kept_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = blocks('<div class="m">' + "<b>x" * 50_000)
    assert block.cut
    assert len(block.text()) < 50_000

    monkeypatch.setattr(markup, "MOST_PIECES", 10)
    with pytest.raises(FormatError):
        blocks("<b>" * 11)


@pytest.mark.parametrize(
    "piece",
    [
        "<a ",
        "<a '",
        '<a "',
        "<!--",
        "<!--<",
        "<div class=m>",
        "<div>",
        "</div>",
        "&",
        "<script>",
        "<a b=",
        "<",
        "<a\"'<a'\"",
    ],
)
def test_cost_does_not_grow_as_the_square_of_a_page(piece: str) -> None:
    data = (piece * (800_000 // len(piece))).encode()

    with no_hang():
        for element in elements(b"<div class=m>" + data, lambda element: element.has("m")):
            element.text()
