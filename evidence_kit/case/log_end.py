"""The end of the custody log: all that the next event needs, at the same cost after ten events and after 100,000.

The last line names its number and the link before it, so that with its signature it gives the head (`read_end`); that
the signature is about that very line shows that the two files end together. Where the lines about keys stand, which
only the whole log can tell, is noted beside it in ``.staging/log-notes.json``
(`read_notes`). Notes are believed only if the line behind what they cover follows their link; old ones are brought up
to date from there, wrong or lost ones made anew. They save time and decide nothing: the verifier reads the log.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.case.staging import STAGING
from evidence_kit.custody.events import WithheldEvent, read_line
from evidence_kit.custody.log import FIRST_LINK, Lines, decode_signature, next_link
from evidence_kit.custody.register import tells_of_keys
from evidence_kit.errors import CaseError, FormatError
from evidence_kit.models import Digest
from evidence_kit.plain import open_plain, read_plain, write_anew
from evidence_kit.trust.digests import sha256_bytes

LOG, SIGNATURES = "custody.jsonl", "custody.sig"
NOTES = "log-notes.json"

_ITEM_OF_EVENT = re.compile(rb'"item":"EV-([0-9]{4,18})"')
"""As it stands in a line of the log; inside a text the quotation marks would be escaped."""
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEnd:
    """Where the next event goes."""

    count: int
    """Events in the log: the number of the last one."""
    head: Digest
    sizes: tuple[int, int]
    """Bytes of the log and of its signatures: where the next lines begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNotes:
    """What was read of the first *count* events, at whose end the link is *head*."""

    count: int = 0
    sizes: tuple[int, int] = (0, 0)
    """Bytes that they take in the log and among the signatures."""
    head: Digest = FIRST_LINK
    keys: tuple[tuple[int, int], ...] = ()
    """Begin and length of the lines that the register of keys is made of, in order."""


def read_end(case: Path) -> LogEnd:
    """Return the end of the log of *case*.

    Raises `FormatError` when it does not end with a whole line, an event, and the signature of that very line;
    `CaseError` when it cannot be read.
    """
    try:
        (size, line), (signed, signature_line) = _last_line(case / LOG), _last_line(case / SIGNATURES)
    except OSError as error:
        message = f"the custody log of {case} cannot be read: {error.strerror}"
        raise CaseError(message) from error
    if not line and not signature_line:
        return LogEnd(count=0, head=FIRST_LINK, sizes=(0, 0))
    event, signature = read_line(line), decode_signature(signature_line)
    digest = sha256_bytes(line)
    # A CMS signature holds the digest of what it signs (RFC 5652, 11.2).
    if isinstance(event, WithheldEvent) or digest.value not in signature:
        message = "custody.jsonl and custody.sig do not end with one event and its signature"
        raise FormatError(message)
    head = next_link(event.previous, digest, sha256_bytes(signature))
    return LogEnd(count=event.seq, head=head, sizes=(size, signed))


def read_notes(case: Path, end: LogEnd) -> LogNotes:
    """Return what the log of *case* says up to its *end*, and note it for the next time; call it under the lock.

    Raises `CaseError` when the log cannot be read, `FormatError` when log and signatures have not as many lines as the
    last event says.
    """
    path = case / STAGING / NOTES
    try:
        with open_plain(case / LOG) as log, open_plain(case / SIGNATURES) as signatures:
            for known in (_stored_notes(path), LogNotes()):
                log.seek(known.sizes[0])
                if not _covers_a_beginning(known, log.readline(), end):
                    continue
                notes, signed = _grown(known, log, end), known.count + _lines_from(known.sizes[1], signatures)
                if notes.count == signed == end.count:
                    break
            else:
                message = "custody.jsonl and custody.sig do not hold as many whole lines as the last event says"
                raise FormatError(message)
            if notes != known:
                _store(path, notes)
    except OSError as error:
        message = f"the custody log of {case} cannot be read: {error.strerror}"
        raise CaseError(message) from error
    return notes


def highest_item(case: Path) -> int:
    """Return the highest item number that an event names, 0 for none; raises `CaseError`.

    The whole log is read, as only captures ask for it: a number from notes that anybody can write might be given twice.
    """
    try:
        found = (number for line in Lines.at(case / LOG) for number in _ITEM_OF_EVENT.findall(line))
        return max(map(int, found), default=0)
    except OSError as error:
        message = f"the custody log of {case} cannot be read: {error.strerror}"
        raise CaseError(message) from error


def lines_about_keys(case: Path, notes: LogNotes) -> bytes:
    """Return the lines of the log that the register of keys is made of; raises `CaseError`."""
    try:
        with open_plain(case / LOG) as log:
            return b"".join(_cut(log, begin, length) for begin, length in notes.keys)
    except OSError as error:
        message = f"the custody log of {case} cannot be read: {error.strerror}"
        raise CaseError(message) from error


def _last_line(path: Path) -> tuple[int, bytes]:
    """Return the size of the file at *path* and its last line; raises `FormatError` if that does not end."""
    with open_plain(path) as stream:
        size = stream.seek(0, os.SEEK_END)
        tail = b""
        while len(tail) < size and tail.count(b"\n", 0, -1) == 0:
            # Twice as much each time: a line may be long.
            wanted = min(size, max(_PIECE, 2 * len(tail)))
            stream.seek(size - wanted)
            tail = stream.read(wanted)
    if tail and not tail.endswith(b"\n"):
        message = f"{path.name} does not end with a whole line"
        raise FormatError(message)
    return size, tail[tail.rfind(b"\n", 0, -1) + 1 :]


def _covers_a_beginning(notes: LogNotes, following: bytes, end: LogEnd) -> bool:
    """Whether the log up to *end* begins with what *notes* cover: the line *following* it, or the head, says so."""
    if notes.count in {0, end.count}:
        return notes.head == (end.head if notes.count else FIRST_LINK)
    try:
        event = read_line(following)
    except FormatError:
        return False
    return not isinstance(event, WithheldEvent) and event.previous == notes.head


def _grown(notes: LogNotes, log: BinaryIO, end: LogEnd) -> LogNotes:
    """Return *notes* with what the rest of the *log* adds."""
    size, count, keys = notes.sizes[0], notes.count, list(notes.keys)
    log.seek(size)
    for line in log:
        if count == 0 or tells_of_keys(line):
            keys.append((size, len(line)))
        size, count = size + len(line), count + 1
    return LogNotes(count=count, sizes=end.sizes, head=end.head, keys=tuple(keys))


def _lines_from(begin: int, stream: BinaryIO) -> int:
    stream.seek(begin)
    return sum(1 for _ in stream)


def _stored_notes(path: Path) -> LogNotes:
    """Return the notes at *path*, empty ones if there are none or they are not in the form of `_store`."""
    try:
        match canonical.parse(read_plain(path)):
            case {"count": int(count), "sizes": sizes, "head": str(head), "keys": list(keys)}:
                return LogNotes(
                    count=count,
                    sizes=_two(sizes),
                    head=Digest.parse(head),
                    keys=tuple(_two(place) for place in keys),
                )
    except (OSError, FormatError):
        pass
    return LogNotes()


def _two(value: Json) -> tuple[int, int]:
    match value:
        case [int(one), int(other)] if one >= 0 and other >= 0:
            return one, other
    message = "not two sizes"
    raise FormatError(message)


def _store(path: Path, notes: LogNotes) -> None:
    value: dict[str, Json] = {
        "count": notes.count,
        "sizes": [*notes.sizes],
        "head": str(notes.head),
        "keys": [[*place] for place in notes.keys],
    }
    # Torn notes are read as none.
    with suppress(OSError):
        write_anew(path, canonical.dumps(value))


def _cut(log: BinaryIO, begin: int, length: int) -> bytes:
    log.seek(begin)
    return log.read(length)
