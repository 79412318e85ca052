"""Leave events out of a copy of the log so that its chain still holds, and open such lines again.

A withheld line keeps number, type, day, ground and who decided, and the digests of the event's line and signature, with
which the chain is counted. The salt in every event keeps a digest from being guessed (docs/evidence-format.md,
"Withheld event").

The **file of the withheld events** is for an independent person who may see them: canonical JSON lines, the first
``{"case", "events", "schema"}``, then for each withheld event in order ``{"event", "signature"}``: the event itself,
whose canonical form is its line, and its line of ``custody.sig``. It is made beside a bundle and never lies in one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.custody.events import HALVES, Event, WithheldEvent, read_line
from evidence_kit.custody.log import WITHHELD, Entry, Lines, decode_signature, split_lines
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest, utc_text
from evidence_kit.trust.digests import sha256_bytes

SCHEMA = "evidence-kit/withheld/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Why events are withheld, and by whose decision."""

    ground: str
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One withheld event as the file of them has it."""

    event: Event
    entry: Entry


def withhold(stored: tuple[bytes, bytes], hidden: AbstractSet[int], decision: Decision) -> tuple[bytes, bytes]:
    """Return log and signatures with the events numbered *hidden* withheld; raises `FormatError`."""
    log, signatures = [], []
    for number, entry in enumerate(_entries(stored), start=1):
        kept = _withheld(entry, decision) if number in hidden else entry
        log.append(kept.line)
        signatures.append(kept.signature_line)
    return b"".join(log), b"".join(signatures)


def write_withheld(stored: tuple[bytes, bytes], hidden: AbstractSet[int], case: str) -> bytes:
    """Return the file of the events numbered *hidden* of the log and signatures *stored*; raises `FormatError`."""
    head: dict[str, Json] = {"schema": SCHEMA, "case": case, "events": len(hidden)}
    lines = [canonical.dumps(head)]
    for number, entry in enumerate(_entries(stored), start=1):
        if number in hidden:
            signature = entry.signature_line.decode("ascii").removesuffix("\n")
            lines.append(canonical.dumps({"event": canonical.loads(entry.line[:-1]), "signature": signature}))
    return b"".join(line + b"\n" for line in lines)


def read_withheld(data: bytes) -> tuple[Opened, ...]:
    """Read a file of withheld events; raises `FormatError` naming the line."""
    lines = split_lines(data)
    match _line(lines[0], 1) if lines else None:
        case {"schema": schema, "case": str(), "events": int(count), **rest} if schema == SCHEMA and not rest:
            pass
        case _:
            message = f"its first line does not say {SCHEMA}"
            raise FormatError(message)
    if len(lines) != count + 1:
        message = f"its first line announces {count} events, and {len(lines) - 1} follow"
        raise FormatError(message)
    return tuple(_opened(line, number) for number, line in enumerate(lines[1:], start=2))


def open_withheld(stored: tuple[Lines, Lines], opened: Iterable[Opened]) -> tuple[Lines, Lines]:
    """Return log and signatures *stored* with the lines of the *opened* events in their places."""
    entries = {found.event.seq: found.entry for found in opened}
    log, signatures = stored
    return (
        replace(log, instead={seq: entry.line for seq, entry in entries.items()}),
        replace(signatures, instead={seq: entry.signature_line for seq, entry in entries.items()}),
    )


def contradictions(withheld: WithheldEvent, opened: Opened) -> Iterator[str]:
    """Yield how the *opened* event is another than the one *withheld*."""
    line, signature = sha256_bytes(opened.entry.line), sha256_bytes(decode_signature(opened.entry.signature_line))
    if line != withheld.line:
        yield f"the event has the digest {line}, the withheld one {withheld.line}"
    if signature != withheld.signature:
        yield f"its signature has the digest {signature}, the withheld one {withheld.signature}"
    if opened.event.type != withheld.type:
        yield f"the bundle calls it {withheld.type!r}, it is {opened.event.type!r}"
    if day_of(opened.event) != withheld.day:
        yield f"the bundle gives its day as {withheld.day}, it is {day_of(opened.event)}"


def lines_digest(lines: Iterable[bytes]) -> Digest:
    """Return the digest of withheld *lines*, in order, each with its line feed."""
    return sha256_bytes(b"".join(lines))


def withheld_lines(log: bytes | Lines) -> dict[int, tuple[WithheldEvent, bytes]]:
    """Return the withheld events of *log* with their lines, by number; what cannot be read is left to the checks."""
    found = {}
    for number, line in enumerate(Lines.of(log), start=1):
        if b'"withheld":' not in line:
            continue
        try:
            event = read_line(line)
        except FormatError:
            continue
        if isinstance(event, WithheldEvent):
            found[number] = event, line
    return found


def count_abandoned(types: Iterable[str]) -> int:
    """Return how many of the captures begun among events of these *types* were not ended."""
    count = Counter(types)
    return sum(count[begun] - count[ended] for begun, ended in HALVES.items())


def day_of(event: Event) -> str:
    """Return the day of *event* in UTC, ``YYYY-MM-DD``."""
    return utc_text(event.time)[:10]


def _entries(stored: tuple[bytes, bytes]) -> Iterator[Entry]:
    log, signatures = (split_lines(data) for data in stored)
    for line, signature_line in zip(log, signatures, strict=True):
        yield Entry(line=line, signature_line=signature_line)


def _withheld(entry: Entry, decision: Decision) -> Entry:
    event = _event(entry.line)
    value: dict[str, Json] = {
        "seq": event.seq,
        "withheld": str(sha256_bytes(entry.line)),
        "signature": str(sha256_bytes(decode_signature(entry.signature_line))),
        "type": event.type,
        "day": day_of(event),
        "ground": decision.ground,
        "decided_by": decision.decided_by,
    }
    return Entry(line=canonical.dumps(value) + b"\n", signature_line=WITHHELD)


def _event(line: bytes) -> Event:
    event = read_line(line)
    if isinstance(event, WithheldEvent):
        message = f"event {event.seq} is withheld already"
        raise FormatError(message)
    return event


def _line(line: bytes, number: int) -> Json:
    try:
        return canonical.loads(line.removesuffix(b"\n"))
    except FormatError as error:
        message = f"line {number}: {error}"
        raise FormatError(message) from error


def _opened(line: bytes, number: int) -> Opened:
    match _line(line, number):
        case {"event": dict(event), "signature": str(signature), **rest} if not rest and signature.isascii():
            pass
        case _:
            message = f"line {number} is not one event and its signature"
            raise FormatError(message)
    entry = Entry(line=canonical.dumps(event) + b"\n", signature_line=signature.encode("ascii") + b"\n")
    try:
        decode_signature(entry.signature_line)
        return Opened(event=_event(entry.line), entry=entry)
    except FormatError as error:
        message = f"line {number}: {error}"
        raise FormatError(message) from error
