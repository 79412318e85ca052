"""Conversations of Facebook's, Messenger's and Instagram's "Download your information" in HTML.

A thread is a folder as in `facebook_json`, its files ``message_1.html`` and so on, newest message first. Each message
is an element of class ``_a6-g`` (since 2021; ``_2lej`` before) in which ``_a6-h`` (``_2lel``) is who wrote, ``_a6-p``
(``_2let``) what, and ``_a6-o`` (``_2lem``) when: a date in the language of the account, on a clock whose zone is not
told. Other pages of the download are made of the same classes; they are told apart by their names. The text is not
broken as that of the JSON is.
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import count
from urllib.parse import unquote

from evidence_kit.intake.chats.markup import Element, elements
from evidence_kit.intake.chats.models import Attachment, Conversation, Message, Reaction
from evidence_kit.intake.chats.notes import Notes
from evidence_kit.intake.chats.originals import Original, Originals
from evidence_kit.intake.chats.people import People
from evidence_kit.intake.chats.threads import threads
from evidence_kit.intake.chats.times import from_words

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of one page: 10,000 messages have about 10 MB."""
_HEAD = 64 * 1024
"""Bytes in which the title stands."""
_NAME = re.compile(r"message_\d{1,6}\.html", re.IGNORECASE)
_BLOCK = ("_a6-g", "_2lej")
_SENDER = ("_a6-h", "_2lel")
_BODY = ("_a6-p", "_2let")
_TIME = ("_a6-o", "_2lem")
_SOURCES = ("img", "video", "audio", "source")


def recognises(name: str, beginning: bytes) -> bool:
    """Say whether a file of this name that begins so is a page of a thread."""
    marks = (b"_a6-g", b"_2lej", b"_a705", b"_a706", b"_3-95", b"_3-96")
    return bool(_NAME.fullmatch(name.rpartition("/")[2])) and any(mark in beginning for mark in marks)


def conversations(files: Sequence[Original], originals: Originals, numbers: Iterator[int]) -> Iterator[Conversation]:
    """Yield the conversation of each thread that the pages belong to."""
    for pages in threads(files):
        yield _Thread(pages, originals).conversation(next(numbers))


class _Thread:
    def __init__(self, pages: Sequence[Original], originals: Originals) -> None:
        self._pages = pages
        self._originals = originals
        self._notes = Notes()
        self._people = People(self._notes)

    def conversation(self, number: int) -> Conversation:
        """Return the conversation; its pages are read when its messages are asked for."""
        path = "/".join(page.name for page in self._pages).lower()
        made = Conversation(
            number=number,
            platform="instagram" if "instagram" in path else "facebook",
            format="instagram-html" if "instagram" in path else "facebook-html",
            title="",
            participants=self._people.listed,
            notes=self._notes,
            files=tuple(dict.fromkeys(page.supplied.file for page in self._pages)),
            messages=iter(()),
        )
        made.messages = self._messages(made)
        return made

    def _messages(self, made: Conversation) -> Iterator[Message]:
        numbers = count(1)
        # The last page holds the oldest messages.
        for page in reversed(self._pages):
            with page.open() as stream:
                data = stream.read(LARGEST_FILE + 1)
            if len(data) > LARGEST_FILE:
                detail = f"larger than {LARGEST_FILE} bytes, so not read"
                self._notes.add("chat.file.too.large", detail, page.source())
                continue
            spans = array("Q")
            for element in elements(data, _is_block, empty=True):
                spans.extend((element.start, element.end))
            title = next(elements(data[:_HEAD], _is_title), None)
            made.title = made.title or (title.text() if title else "")
            for index in range(len(spans) // 2 - 1, -1, -1):
                start, end = spans[2 * index], spans[2 * index + 1]
                yield from self._message(data[start:end], start, f"element/{index + 1}", page, numbers)

    def _message(
        self, data: bytes, start: int, pointer: str, page: Original, numbers: Iterator[int]
    ) -> Iterator[Message]:
        """Yield the message that a block is, if it is one."""
        element = next(elements(data, _is_block))
        source = page.source(pointer, start, len(data))
        sender, body, time = (element.first(*classes) for classes in (_SENDER, _BODY, _TIME))
        if not time:
            self._notes.add("chat.block.other", "a block without a time, which is no message, is left out", source)
            return
        if element.cut:
            self._notes.add("chat.text.cut", "more stands in it than what is kept", source)
        told = time.text()
        local = from_words(told)
        if not local:
            self._notes.add("chat.time.unreadable", "a time is told in words that are not known here", source)
        yield Message(
            number=next(numbers),
            sender=self._people.index(sender.text(), "", source) if sender else None,
            time=None,
            time_as_told=told,
            zone="not-told",
            local=local,
            kind="message" if sender else "system",
            text=_body_text(body) if body else "",
            attachments=tuple(self._attachments(body, page)) if body else (),
            reactions=tuple(Reaction(text=one.text()) for one in body.tags("li")) if body else (),
            source=source,
        )

    def _attachments(self, body: Element, page: Original) -> Iterator[Attachment]:
        told: dict[str, None] = {}
        for tag in _SOURCES:
            told |= dict.fromkeys(one.attributes.get("src", "") for one in body.tags(tag))
        told |= dict.fromkeys(one.attributes.get("href", "") for one in body.tags("a"))
        for path in filter(None, told):
            if ":" in path.partition("/")[0]:
                yield Attachment(name=path, media_type="text/uri-list")
            else:
                yield self._originals.attachment(page, unquote(path))


def _is_block(element: Element) -> bool:
    return element.has(*_BLOCK)


def _is_title(element: Element) -> bool:
    return element.tag == "h1"


def _body_text(body: Element) -> str:
    """Return what was written: each ``div`` that holds text itself is a part; a list holds reactions."""
    parts = [part for part in _parts(body) if part]
    return "\n".join(parts)


def _parts(element: Element) -> Iterator[str]:
    inner = [child for child in element.children if isinstance(child, Element) and child.tag in {"div", "ul"}]
    if not inner:
        yield element.text()
    for child in inner:
        if child.tag == "div":
            yield from _parts(child)
