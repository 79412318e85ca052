"""Read the conversations of a supplied item from its own files, and the messages that are to be printed.

``conversations.json`` has a header for each, ``messages-NN.jsonl`` a line of canonical JSON for each message, so that
line *n* is message *n* (docs/evidence-format.md, 3.9). Of the lines only the wanted ones are taken apart, and never
more than one is held. Names and texts are kept a little longer than they are printed, so that it is seen that they are
cut (`report_json`). Raises `FormatError` for files of another form, `OSError`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from evidence_kit import canonical
from evidence_kit.bundle.exhibit_parts import ItemFile
from evidence_kit.bundle.mongolian_dates import local_stamp
from evidence_kit.bundle.report_json import LONGEST_ENTRY, LONGEST_PROSE
from evidence_kit.bundle.transcript_parts import (
    Attached,
    ChatFinding,
    ConversationHead,
    Conversations,
    PrintedMessage,
    Reacted,
    Transcript,
)
from evidence_kit.bundle.transcript_plan import PlannedTranscript
from evidence_kit.canonical import Json
from evidence_kit.case.supply import LARGEST
from evidence_kit.errors import FormatError, UsageError
from evidence_kit.models import Digest, parse_utc
from evidence_kit.plain import open_plain, read_plain

MOST_MESSAGES = 2000
"""Printed of one exhibit, those around the chosen ones included."""

MOST_CHARACTERS = 1_000_000
"""Printed of the messages of one exhibit, a line counted as 60 at least: about 300 pages."""

_LONGEST_LINE = 64 * 1024 * 1024
_MOST_LISTED = 100
"""Conversations; ``conversations.json`` has all."""
_MOST_PARTS = 20
"""Participants, files and findings of a conversation, attachments and reactions of a message."""


def read_conversations(
    folder: Path, files: Sequence[ItemFile], planned: Sequence[PlannedTranscript] = ()
) -> Conversations | None:
    """Return what the item in *folder*, which has *files*, tells of conversations, and the *planned* transcripts.

    None for an item without any. Raises `UsageError` for messages that are not there or are too many.
    """
    name = next((file.path for file in files if file.role == "conversations"), None)
    if name is None:
        if planned:
            raise UsageError("the item has no conversations", hint="take [[exhibit.transcript]] out of this exhibit")
        return None
    document = _object(canonical.parse(read_plain(folder / name, LARGEST)))
    headers = [_object(each) for each in _list(document["conversations"])]
    messages = {file.path for file in files if file.role == "messages"}
    return Conversations(
        listed=tuple(_head(header, messages) for header in headers[:_MOST_LISTED]),
        unlisted=max(0, len(headers) - _MOST_LISTED),
        findings=tuple(_findings(document)),
        transcripts=tuple(_transcripts(folder, headers, messages, planned)),
    )


def _head(header: dict[str, Json], messages: set[str]) -> ConversationHead:
    people, files = _list(header["participants"]), _list(header["files"])
    attachments = _object(header["attachments"])
    file = _text(header["file"])
    if file not in messages:
        raise FormatError(f"the messages of conversation {header['number']} are not in the item")
    return ConversationHead(
        number=_number(header["number"]),
        platform=_text(header["platform"]),
        format=_text(header["format"]),
        title=_text(header["title"]),
        people=tuple(_name(person) for person in people[:_MOST_PARTS]),
        unlisted_people=max(0, len(people) - _MOST_PARTS),
        files=tuple(_text(each) for each in files[:_MOST_PARTS]),
        unlisted_files=max(0, len(files) - _MOST_PARTS),
        messages=_number(header["messages"]),
        first=_text(header["first"] or ""),
        last=_text(header["last"] or ""),
        attachments=_number(attachments["told"]),
        held=_number(attachments["held"]),
        findings=tuple(_findings(header)),
        file=file,
    )


def _findings(value: dict[str, Json]) -> Iterator[ChatFinding]:
    for each in _list(value["findings"])[:_MOST_PARTS]:
        finding = _object(each)
        source = _object(finding["source"])
        yield ChatFinding(
            code=_text(finding["code"]),
            value=_text(str(finding["value"])),
            detail=_text(finding.get("detail", "")),
            file=_text(source["file"]),
            pointer=_text(source.get("pointer", "")),
        )


def _transcripts(
    folder: Path, headers: Sequence[dict[str, Json]], messages: set[str], planned: Sequence[PlannedTranscript]
) -> Iterator[Transcript]:
    by_number = {_number(header["number"]): header for header in headers}
    printed = characters = 0
    for each in planned:
        header = by_number.get(each.conversation)
        if header is None:
            fact = f"there is no conversation {each.conversation}: the item has {len(headers)}"
            raise UsageError(fact, hint="conversations.json of the item lists them, and so does a plan written anew")
        wanted = _Wanted.of(each, _number(header["messages"]), room=MOST_MESSAGES - printed)
        found = _transcript(folder, header, messages, wanted)
        printed += len(found.messages)
        characters += sum(message.size for message in found.messages)
        if characters > MOST_CHARACTERS:
            fact = f"the chosen messages have more than {MOST_CHARACTERS} characters"
            raise UsageError(fact, hint="choose fewer messages, or less context")
        yield found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which messages are printed of a conversation."""

    planned: PlannedTranscript
    printed: tuple[range, ...]
    """Numbers, ascending, without overlap."""

    @classmethod
    def of(cls, planned: PlannedTranscript, there: int, *, room: int) -> "_Wanted":
        """Add the context; raises `UsageError` for what is not among the messages *there*, or more than has *room*."""
        last = planned.messages[-1].last
        if last > there:
            fact = f"message {last} of conversation {planned.conversation} is not there: it has {there}"
            raise UsageError(fact, hint=f"choose messages from 1 to {there}" if there else "it has none to choose")
        printed: list[range] = []
        for each in planned.messages:
            start = max(each.first - planned.context, 1)
            end = min(each.last + planned.context, there) + 1
            if printed and start <= printed[-1].stop:
                start = printed.pop().start
            printed.append(range(start, end))
        if sum(map(len, printed)) > room:
            fact = f"more than {MOST_MESSAGES} messages of the item are to be printed, with those around them"
            raise UsageError(fact, hint="choose fewer messages, or less context")
        return cls(planned=planned, printed=tuple(printed))

    def chosen(self, number: int) -> bool:
        return any(each.first <= number <= each.last for each in self.planned.messages)


def _transcript(folder: Path, header: dict[str, Json], files: set[str], wanted: _Wanted) -> Transcript:
    head = _head(header, files)
    people = _list(header["participants"])
    messages = []
    before = 0
    for number, line in _lines(folder / head.file, wanted.printed):
        message = _message(number, _object(canonical.loads(line)), people, chosen=wanted.chosen(number))
        messages.append(replace(message, left_out=number - before - 1))
        before = number
    chosen = sum(message.chosen for message in messages)
    return Transcript(
        head=head,
        chosen=", ".join(map(str, wanted.planned.messages)),
        context=wanted.planned.context,
        chosen_count=chosen,
        context_count=len(messages) - chosen,
        left_out=head.messages - before,
        messages=tuple(messages),
    )


def _lines(path: Path, ranges: Sequence[range]) -> Iterator[tuple[int, bytes]]:
    """Yield each line whose number is in *ranges*, and that number; the others are passed over."""
    with open_plain(path) as stream:
        lines, at = _each_line(stream), 1
        for numbers in ranges:
            found = islice(lines, numbers.start - at, None)
            for number in numbers:
                line = next(found, None)
                if line is None:
                    raise FormatError(f"{path.name} ends before line {number}")
                yield number, line
            at = numbers.stop


def _each_line(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(_LONGEST_LINE + 1):
        if not line.endswith(b"\n"):
            raise FormatError("a line of a messages file is too long or cut")
        yield line[:-1]


def _message(number: int, value: dict[str, Json], people: Sequence[Json], *, chosen: bool) -> PrintedMessage:
    if value["number"] != number:
        raise FormatError(f"line {number} of a messages file is message {value['number']}")
    attachments, reactions = _list(value.get("attachments", [])), _list(value.get("reactions", []))
    source, text = _object(value["source"]), _whole_text(value["text"])
    utc = _text(value["time"] or "")
    return PrintedMessage(
        number=number,
        chosen=chosen,
        left_out=0,
        sender=_sender(value["sender"], people),
        told=_text(value["time_as_told"]),
        utc=utc,
        local=_local(utc),
        clock=_text(value.get("local", "")),
        zone=_text(value["zone"]),
        kind=_text(value["kind"]),
        subject=_text(value.get("subject", "")),
        text=text[: LONGEST_PROSE + 1],
        characters=len(text),
        forwarded=_text(value.get("forwarded", "")),
        edited=_text(value.get("edited", "")),
        answers=_maybe_number(value.get("reply_to")),
        attachments=tuple(_attached(_object(each)) for each in attachments[:_MOST_PARTS]),
        reactions=tuple(_reacted(_object(each), people) for each in reactions[:_MOST_PARTS]),
        unlisted=max(0, len(attachments) - _MOST_PARTS) + max(0, len(reactions) - _MOST_PARTS),
        repaired=value.get("repaired") is True,
        file=_text(source["file"]),
        pointer=_text(source.get("pointer", "")),
        offset=_maybe_number(source.get("offset")),
    )


def _attached(value: dict[str, Json]) -> Attached:
    digest = _text(value.get("sha256", ""))
    return Attached(
        name=_text(value["name"]),
        file=_text(value.get("file", "")),
        pointer=_text(value.get("pointer", "")),
        sha256=Digest.parse(f"sha256:{digest}") if digest else None,
        size=_maybe_number(value.get("bytes")),
        media_type=_text(value.get("media_type", "")),
    )


def _reacted(value: dict[str, Json], people: Sequence[Json]) -> Reacted:
    return Reacted(text=_text(value["text"]), by=_sender(value["by"], people), count=_number(value["count"]))


def _sender(index: Json, people: Sequence[Json]) -> str:
    """Return who *people* has at *index*, empty for nobody."""
    if index is None:
        return ""
    if not 0 <= _number(index) < len(people):
        raise FormatError("a message is of a participant who is not listed")
    return _name(people[_number(index)])


def _name(person: Json) -> str:
    """Return the name of *person* as told, with the id if there is one: two people may be called the same."""
    told = _object(person)
    name, identity = _text(told["name"]), _text(told["id"])
    return f"{name} ({identity})" if name and identity else name or identity


def _local(utc: str) -> str:
    """Return the time *utc* in Ulaanbaatar; empty where there is none, or no calendar has it."""
    try:
        return local_stamp(parse_utc(utc)) if utc else ""
    except OverflowError:
        return ""


def _object(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise FormatError("the conversations of an item are not in their form")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise FormatError("the conversations of an item are not in their form")
    return value


def _text(value: Json) -> str:
    """Return a name, or whatever else has one line only."""
    return _whole_text(value)[: LONGEST_ENTRY + 1].replace("\n", "\\u{000A}")


def _whole_text(value: Json) -> str:
    if not isinstance(value, str):
        raise FormatError("the conversations of an item are not in their form")
    return value


def _number(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise FormatError("the conversations of an item are not in their form")
    return value


def _maybe_number(value: Json) -> int | None:
    return None if value is None else _number(value)
