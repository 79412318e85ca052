"""Invented conversations for reports: everything that can be told of a message, with any text in every place."""

from evidence_kit.bundle.transcript_parts import (
    Attached,
    ChatFinding,
    ConversationHead,
    Conversations,
    PrintedMessage,
    Reacted,
    Transcript,
)
from tests.support.report_cases import TITLE, digest_of


def message_of(number: int, *, text: str = TITLE, chosen: bool = True, left_out: int = 0) -> PrintedMessage:
    """Return a message with *text* wherever an export may have put it; those with an even number tell no instant."""
    instant = bool(number % 2)
    name = _name(text)
    return PrintedMessage(
        number=number,
        chosen=chosen,
        left_out=left_out,
        sender=name if instant else "",
        told=name if number % 4 else "",
        utc="2026-03-14T07:05:09.000Z" if instant else "",
        local="2026-03-14 15:05:09" if instant else "",
        clock="" if instant else "2026-03-14T07:05",
        zone="utc" if instant else "not-told",
        kind=("system", "message", "call", "deleted")[number % 4],
        subject=name,
        text=text,
        characters=len(text),
        forwarded=name,
        edited=name,
        answers=1,
        attachments=(
            Attached(name=name, file="", pointer="", sha256=None, size=None, media_type=name),
            Attached(
                name=name,
                file="original/0002.zip",
                pointer=name,
                sha256=digest_of("a"),
                size=1834,
                media_type="image/jpeg",
            ),
        ),
        reactions=(Reacted(text=name, by=name, count=3),),
        unlisted=4,
        repaired=True,
        file="original/0001.json",
        pointer=name,
        offset=1_834_211,
    )


def _name(text: str) -> str:
    """Return *text* as what has one line only is read."""
    return text.replace("\n", "\\u{000A}")[:801]


def conversations_of(text: str = TITLE, *, messages: tuple[PrintedMessage, ...] = ()) -> Conversations:
    """Return two conversations, and of the first a transcript of *messages*: eight unless they are given."""
    name = _name(text)
    findings = (
        ChatFinding(code="chat.encoding.repaired", value="113", detail="", file="original/0001.json", pointer=name),
        ChatFinding(code="chat.unheard-of", value=name, detail=name, file="", pointer=""),
    )
    head = ConversationHead(
        number=1,
        platform="facebook",
        format="facebook-json",
        title=name,
        people=(name, "Сараа"),
        unlisted_people=3,
        files=("original/0001.json",),
        unlisted_files=2,
        messages=100_000,
        first="2026-03-14T07:05",
        last="2026-03-15T07:05:09.000Z",
        attachments=21,
        held=20,
        findings=findings,
        file="messages-01.jsonl",
    )
    eight = tuple(
        message_of(number, text=text, chosen=number != 3, left_out=1 if number == 2 else 0) for number in range(2, 10)
    )
    printed = messages or eight
    chosen = sum(each.chosen for each in printed)
    transcript = Transcript(
        head=head,
        chosen="2, 4-9",
        context=1,
        chosen_count=chosen,
        context_count=len(printed) - chosen,
        left_out=99_991,
        messages=printed,
    )
    return Conversations(listed=(head, head), unlisted=5, findings=findings, transcripts=(transcript,))
