"""Which of the files that were handed over are exports, and their conversations one by one.

A file is recognised by how it begins; its name only helps to put the parts of a thread in order. What is no export is
passed over: it may be an attachment of one.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Protocol

from evidence_kit.errors import FormatError
from evidence_kit.intake.chats import facebook_html, facebook_json, mail, telegram_html, telegram_json, viber, whatsapp
from evidence_kit.intake.chats.models import Conversation, Message, SuppliedFile
from evidence_kit.intake.chats.originals import Original, Originals
from evidence_kit.intake.findings import Finding, Source

MOST_MESSAGES = 2_000_000
"""Messages of one conversation."""
MOST_CONVERSATIONS = 20_000
_BEGINNING = 64 * 1024


_Found = Iterator[Conversation | Finding]


class _Format(Protocol):
    """What a module of one format offers."""

    def recognises(self, name: str, beginning: bytes) -> bool:
        """Say whether a file of this name that begins so is of this format."""

    def conversations(self, files: Sequence[Original], originals: Originals, numbers: Iterator[int]) -> _Found:
        """Yield the conversations in all files of this format, numbered by *numbers*, and findings about files."""


_FORMATS: tuple[_Format, ...] = (facebook_json, facebook_html, telegram_json, telegram_html, mail, viber, whatsapp)


def read_exports(files: Iterable[SuppliedFile]) -> Iterator[Conversation | Finding]:
    """Yield the conversations in *files*, and findings about files that none of them holds.

    Nothing in the files makes it raise. A conversation's messages have to be read before the next one is asked for;
    what is left of them is passed over then.
    """
    with Originals(files) as originals:
        by_format = _sorted_out(originals)
        numbers = count(1)
        for form, its_files in zip(_FORMATS, by_format, strict=True):
            for found in form.conversations(its_files, originals, numbers):
                if isinstance(found, Finding):
                    yield found
                    continue
                if found.number > MOST_CONVERSATIONS:
                    detail = f"conversations after the first {MOST_CONVERSATIONS} are left out"
                    yield Finding(
                        code="chat.conversations.cut", value=found.number, detail=detail, source=Source(file="")
                    )
                    return
                found.messages = _guarded(found, found.messages)
                yield found
                for _ in found.messages:
                    pass
        yield from originals.findings


def _sorted_out(originals: Originals) -> list[list[Original]]:
    """Return the files of each format."""
    found: list[list[Original]] = [[] for _ in _FORMATS]
    for original in originals:
        beginning = originals.beginning(original, _BEGINNING)
        for form, files in zip(_FORMATS, found, strict=True):
            if form.recognises(original.name, beginning):
                files.append(original)
                break
    return found


def _guarded(conversation: Conversation, messages: Iterator[Message]) -> Iterator[Message]:
    """Yield the messages as far as they can be read, and take account of them."""
    source = Source(file=conversation.files[0])
    latest = ""
    try:
        for message in messages:
            conversation.count_in(message)
            moment = message.time or message.local
            if moment < latest:
                conversation.notes.add("chat.order", "a time is earlier than that of a message before", message.source)
            latest = max(latest, moment)
            yield message
            if conversation.count == MOST_MESSAGES:
                detail = f"messages after the first {MOST_MESSAGES} are left out"
                conversation.notes.add("chat.messages.cut", detail, message.source)
                return
    except FormatError as error:
        conversation.notes.add("chat.file.cut", f"read as far as it goes: {error}", source)
    except OSError:
        conversation.notes.add("chat.file.unreadable", "the file cannot be read", source)
