"""Conversations of Telegram Desktop's export in HTML.

A chat is a folder with ``messages.html``, ``messages2.html``…, about 1,000 messages each, oldest first. Each message is
a ``div`` of class ``message``: ``default`` with ``from_name`` (none if ``joined``: the sender of the message before
it), ``text``, ``media_wrap`` and ``date`` whose ``title`` is ``19.01.2024 06:52:31 UTC+08:00`` (the offset since 2021),
or ``service``, of which those with a negative number are dates between the messages and no messages. What was forwarded
lies in ``forwarded``. The exporting computer's clock and language stand in it. Seen in exports of 2019 to 2026; the
maker publishes no description.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import unquote

from evidence_kit.intake.chats.markup import Element, elements
from evidence_kit.intake.chats.models import Attachment, Conversation, Message, Reaction
from evidence_kit.intake.chats.notes import Notes
from evidence_kit.intake.chats.originals import Original, Originals
from evidence_kit.intake.chats.people import People
from evidence_kit.intake.chats.threads import threads
from evidence_kit.intake.findings import Source
from evidence_kit.models import utc_text

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of one page: 1,000 messages have less than 1 MB."""
_MOST_ANSWERS = 2_000_000
_DATE = re.compile(r"(\d\d)\.(\d\d)\.(\d{4}) (\d\d:\d\d:\d\d)(?: UTC([+-]\d\d:\d\d))?")
_IDENTITY = re.compile(r"message(-?\d{1,18})")
_COUNT = re.compile(r"[0-9]{1,9}")
_GOES_TO = re.compile(r"(?:messages\d*\.html)?#go_to_message(\d{1,18})")


def recognises(_name: str, beginning: bytes) -> bool:
    """Say whether a file that begins so is a page of such an export."""
    return b'class="page_body chat_page"' in beginning or (
        b'class="history"' in beginning and b'class="message ' in beginning
    )


def conversations(files: Sequence[Original], originals: Originals, numbers: Iterator[int]) -> Iterator[Conversation]:
    """Yield the conversation of each chat that the pages belong to."""
    for pages in threads(files):
        yield _Chat(pages, originals).conversation(next(numbers))


class _Chat:
    def __init__(self, pages: Sequence[Original], originals: Originals) -> None:
        self._pages = pages
        self._originals = originals
        self._notes = Notes()
        self._people = People(self._notes)
        self._sender: int | None = None
        self._numbers: dict[int, int] = {}
        self._count = 0

    def conversation(self, number: int) -> Conversation:
        """Return the conversation; its pages are read when its messages are asked for."""
        made = Conversation(
            number=number,
            platform="telegram",
            format="telegram-html",
            title="",
            participants=self._people.listed,
            notes=self._notes,
            files=tuple(dict.fromkeys(page.supplied.file for page in self._pages)),
            messages=iter(()),
        )
        made.messages = self._messages(made)
        return made

    def _messages(self, made: Conversation) -> Iterator[Message]:
        for page in self._pages:
            with page.open() as stream:
                data = stream.read(LARGEST_FILE + 1)
            if len(data) > LARGEST_FILE:
                detail = f"larger than {LARGEST_FILE} bytes, so not read"
                self._notes.add("chat.file.too.large", detail, page.source())
                continue
            index = 0
            for element in elements(data, _is_part):
                if element.has("page_header"):
                    title = element.first("text")
                    made.title = made.title or (title.text() if title else "")
                    continue
                index += 1
                source = page.source(f"element/{index}", element.start, element.end - element.start)
                if element.has("service"):
                    yield from self._notice(element, source)
                else:
                    yield self._message(element, page, source)

    def _notice(self, element: Element, source: Source) -> Iterator[Message]:
        """Yield what the program says, unless it is the date between two messages."""
        if _identity(element) >= 0:
            body = element.first("body")
            yield Message(
                number=self._next(element),
                sender=None,
                time=None,
                time_as_told="",
                zone="not-told",
                kind="system",
                text=body.text() if body else "",
                source=source,
            )

    def _message(self, element: Element, page: Original, source: Source) -> Message:
        if element.cut:
            self._notes.add("chat.text.cut", "more stands in it than what is kept", source)
        date = element.first("date", outside="forwarded")
        told = date.attributes.get("title", "") if date else ""
        moment, local = _read(told)
        if not local:
            self._notes.add("chat.time.unreadable", "a time cannot be read", source)
        name = element.first("from_name", outside="forwarded")
        if name:
            self._sender = self._people.index(name.text(), "", source)
        original = element.first("forwarded")
        origin = original.first("from_name") if original else None
        text = (original or element).first("text")
        return Message(
            number=self._next(element),
            sender=self._sender,
            time=moment,
            time_as_told=told,
            zone="told" if moment else "not-told",
            local=local,
            kind="call" if element.first("media_call") else "message",
            text=text.text() if text else "",
            attachments=tuple(self._attachments(element, page)),
            reactions=tuple(self._reactions(element, source)),
            reply_to=self._answered(element, source),
            forwarded=origin.text(without="span") if origin else "",
            source=source,
        )

    def _attachments(self, element: Element, page: Original) -> Iterator[Attachment]:
        for wrap in element.all("media_wrap"):
            links = [link.attributes.get("href", "") for link in wrap.tags("a")]
            paths = [unquote(link) for link in links if link and ":" not in link.partition("/")[0]]
            for path in paths:
                yield self._originals.attachment(page, path)
            title = wrap.first("title")
            if not paths and title and not wrap.first("media_call"):
                yield Attachment(name=title.text())

    def _reactions(self, element: Element, source: Source) -> Iterator[Reaction]:
        for one in element.all("reaction"):
            sign, count = one.first("emoji"), one.first("count")
            told = count.text() if count else ""
            told_by = [who.attributes["title"] for who in one.all("userpic") if "title" in who.attributes]
            for name in told_by:
                yield Reaction(text=sign.text() if sign else "", by=self._people.index(name, "", source))
            if not told_by:
                yield Reaction(text=sign.text() if sign else "", count=int(told) if _COUNT.fullmatch(told) else 1)

    def _answered(self, element: Element, source: Source) -> int | None:
        reply = element.first("reply_to")
        for link in reply.tags("a") if reply else ():
            told = _GOES_TO.fullmatch(link.attributes.get("href", ""))
            if told:
                found = self._numbers.get(int(told[1]))
                if found is None:
                    self._notes.add("chat.reply.unknown", "answers a message that is not in the export", source)
                return found
        return None

    def _next(self, element: Element) -> int:
        self._count += 1
        if len(self._numbers) < _MOST_ANSWERS:
            self._numbers.setdefault(_identity(element), self._count)
        return self._count


def _is_part(element: Element) -> bool:
    return element.tag == "div" and element.has("message", "page_header")


def _identity(element: Element) -> int:
    """Return the number in its id: negative for what is no message."""
    told = _IDENTITY.fullmatch(element.attributes.get("id", ""))
    return int(told[1]) if told else 0


def _read(told: str) -> tuple[str | None, str]:
    """Return the instant, if an offset is told, and what the clock showed."""
    match = _DATE.fullmatch(told)
    if not match:
        return None, ""
    day, month, year, clock, offset = match.groups()
    local = f"{year}-{month}-{day}T{clock}"
    try:
        moment = datetime.fromisoformat(f"{local}{offset or '+00:00'}")
        return (utc_text(moment) if offset else None), local
    except (ValueError, OverflowError):
        return None, ""
