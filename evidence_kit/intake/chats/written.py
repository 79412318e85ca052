"""The conversations of an item as its files, and reading a range of messages back.

``conversations.json`` holds a header for each conversation; ``messages-01.jsonl`` and so on hold their messages, one
line of canonical JSON each, so that line *n* is message *n* (docs/evidence-format.md, 3.9).
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError
from evidence_kit.intake.chats.exports import read_exports
from evidence_kit.intake.chats.lines import parse_message
from evidence_kit.intake.chats.models import Conversation, Message, SuppliedFile
from evidence_kit.intake.findings import Finding, Source
from evidence_kit.models import Digest
from evidence_kit.plain import open_plain

SCHEMA = "evidence-kit/conversations/1"
HEADERS_NAME = "conversations.json"
_ROOM = 32 * 1024 * 1024
"""Bytes of all headers; below what readers take (`evidence_kit.case.supply.LARGEST`)."""
LONGEST_LINE = 64 * 1024 * 1024
"""Bytes of one message's line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of the files that were looked into."""

    conversations: tuple[Conversation, ...]
    """Read to the end."""
    findings: tuple[Finding, ...]
    """About files that no conversation holds, such as a zip that cannot be read."""
    files: tuple[str, ...]
    """The names of the files written; none if nothing was found."""


def write_conversations(files: Iterable[SuppliedFile], target_folder: Path) -> Written:
    """Write the conversations in *files* as files in *target_folder*, which exists and holds none of them.

    Raises `OSError` where the folder cannot be written; nothing in the files makes it raise.
    """
    conversations: list[Conversation] = []
    findings: list[Finding] = []
    headers: list[Json] = []
    room = _ROOM
    for found in read_exports(files):
        if isinstance(found, Finding):
            findings.append(found)
            continue
        if room < 0:
            continue
        name = f"messages-{found.number:02d}.jsonl"
        digest = _write_messages(found, target_folder / name)
        header: dict[str, Json] = {**found.to_json(), "file": name, "sha256": digest.hex}
        room -= _length(header)
        if room < 0:
            (target_folder / name).unlink()
            findings.append(_no_room(found.number))
            continue
        headers.append(header)
        conversations.append(found)
    if not headers and not findings:
        return Written(conversations=(), findings=(), files=())
    document: Json = {
        "schema": SCHEMA,
        "conversations": headers,
        "findings": [finding.to_json() for finding in findings],
    }
    with (target_folder / HEADERS_NAME).open("xb") as stream:
        stream.write(canonical.pretty(document))
    names = (HEADERS_NAME, *(f"messages-{one.number:02d}.jsonl" for one in conversations))
    return Written(conversations=tuple(conversations), findings=tuple(findings), files=names)


def read_messages(path: Path, first: int = 1, last: int | None = None) -> Iterator[Message]:
    """Yield messages *first* to *last* (both included; to the end if None) of a messages file, one line in memory.

    Raises `FormatError` for a file that is not in the form that `write_conversations` writes, `OSError`.
    """
    with open_plain(path) as stream:
        number = first
        for line in islice(_lines(stream), first - 1, last):
            message = parse_message(line)
            if message.number != number:
                raise FormatError(f"line {number} of a messages file is message {message.number}")
            number += 1
            yield message


def _length(header: Json) -> int:
    """Return about how many bytes *header* takes in the file, where it is indented once more."""
    data = canonical.pretty(header)
    return len(data) + 4 * data.count(b"\n")


def _no_room(number: int) -> Finding:
    detail = "this and later conversations are left out: titles and participants are too many"
    return Finding(code="chat.conversations.cut", value=number, detail=detail, source=Source(file=""))


def _write_messages(conversation: Conversation, path: Path) -> Digest:
    hasher = hashlib.sha256()
    with path.open("xb") as stream:
        for message in conversation.messages:
            line = canonical.dumps(message.to_json()) + b"\n"
            hasher.update(line)
            stream.write(line)
    return Digest(hasher.digest())


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield each line without its line feed."""
    while line := stream.readline(LONGEST_LINE + 1):
        if not line.endswith(b"\n"):
            raise FormatError("a line of a messages file is too long or cut")
        yield line[:-1]
