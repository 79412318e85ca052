"""Check every record of a WARC against its own digests, whoever wrote it.

Block and payload are reported apart: a block digest covers the bytes as they lie there, while tools disagree about what
a payload is (chunked or not), so a payload that differs in a foreign archive is not by itself tampering. No finding is
ever raised; a record that no digest covers says so. Bytes of WARC headers are covered by no digest in the file, so a
changed header is found only where it breaks the form: the file's own digest must be checked elsewhere.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from evidence_kit.archive.digest_labels import Dechunker, DigestCheck, DigestOutcome
from evidence_kit.archive.gzip_members import MemberStream
from evidence_kit.archive.warc_records import PIECE, WarcRecord, another, begin, opened, read_warc, record_at
from evidence_kit.display import shorten

__all__ = ["DigestOutcome", "RecordFinding", "WarcRecord", "check_warc", "read_warc", "record_at"]

_WRONG = (DigestOutcome.MISMATCH, DigestOutcome.MALFORMED)
_CHUNKED = re.compile(rb"\n(?:x-archive-orig-|x-orig-)?transfer-encoding:[^\n]*chunked", re.IGNORECASE)


class RecordFinding(NamedTuple):
    """What checking one record gave; damage between records is a finding without type and id."""

    offset: int
    """Byte at which the record, or its gzip member, begins."""
    record_id: str = ""
    type: str = ""
    url: str = ""
    block: DigestOutcome = DigestOutcome.ABSENT
    payload: DigestOutcome = DigestOutcome.ABSENT
    problems: tuple[str, ...] = ()
    """Departures from the form of a WARC, damage among them."""
    notes: tuple[str, ...] = ()
    """What else there is to say about the digests."""
    record: WarcRecord | None = None
    """The record itself, read to its end."""

    @property
    def failed(self) -> bool:
        """Whether anything is wrong; a digest that is absent or of an unknown algorithm is not."""
        return bool(self.problems) or self.block in _WRONG or self.payload in _WRONG

    @property
    def detail(self) -> str:
        """Problems and notes as one English text."""
        return "; ".join(self.problems + self.notes)


def check_warc(source: Path | BinaryIO, *, end: int = sys.maxsize) -> Iterator[RecordFinding]:
    """Yield a finding for every record, in order, and one for every damaged stretch in or between them.

    Of gzip members, only until a record ends at byte *end* or behind it. Raises `FormatError` when the first bytes are
    no WARC, and `OSError`.
    """
    with opened(source) as raw:
        yield from _findings(begin(raw), 0, end)


def check_from(raw: BinaryIO, offset: int, *, end: int = sys.maxsize) -> Iterator[RecordFinding]:
    """Yield what `check_warc` yields from the gzip member on that begins where *raw* stands, byte *offset* of a WARC.

    Raises `OSError`.
    """
    stream = MemberStream(raw, offset)
    following = another(stream)
    yield from _damage(stream, 0)
    if following:
        yield from _findings(stream, len(stream.problems), end)


def _findings(stream: MemberStream, reported: int, end: int) -> Iterator[RecordFinding]:
    following = True
    while following:
        record = WarcRecord(stream, check=True)
        finding, following = _check_record(record)
        following = following and record.offset + record.length < end
        yield finding
        if len(stream.problems) > reported:
            yield from _damage(stream, reported)
            reported = len(stream.problems)


def _damage(stream: MemberStream, reported: int) -> Iterator[RecordFinding]:
    for offset, problem in stream.problems[reported:]:
        yield RecordFinding(offset=offset, problems=(problem,))


def _check_record(record: WarcRecord) -> tuple[RecordFinding, bool]:
    """Read the whole *record*; return its finding and whether another can follow."""
    notes: list[str] = []
    text = record.header("warc-payload-digest")
    if text is not None and (elsewhere := _payload_is_elsewhere(record)):
        notes.append(f"its payload digest is that of {elsewhere}, which is not compared")
        text = None
    dechunker = Dechunker() if text is not None and _CHUNKED.search(record.http_head) else None
    stored = DigestCheck(text)
    bare = _pour_chunks(record, stored, dechunker) if dechunker is not None else stored
    record.pour(*stored.takers)
    following = record.finish()
    block, payload = record.block_digest.outcome(), stored.outcome()
    if payload is DigestOutcome.MISMATCH and dechunker is not None and dechunker.valid:
        payload = bare.outcome()
        notes += ["its payload digest is that of the body without chunks"] * (payload is DigestOutcome.OK)
    if block is not DigestOutcome.OK or payload is not DigestOutcome.OK:
        notes += _differences(record.block_digest, block, "block") + _differences(stored, payload, "payload")
    # In their order: by name it takes twice as long.
    facts = (record.offset, record.record_id, record.type, record.url)
    return RecordFinding(*facts, block, payload, tuple(record.problems), tuple(notes), record), following


def _pour_chunks(record: WarcRecord, stored: DigestCheck, dechunker: Dechunker) -> DigestCheck:
    """Give the rest of *record* to *stored*, and what it holds without chunks to the digest that is returned."""
    bare = DigestCheck(stored.text)
    while piece := record.read(PIECE):
        stored.update(piece)
        bare.update(dechunker.feed(piece))
    return bare


def _payload_is_elsewhere(record: WarcRecord) -> str:
    if record.type == "revisit":
        return "the record it revisits"
    if record.type == "continuation" or record.header("warc-segment-number") is not None:
        return "all its segments together"
    return ""


def _differences(digest: DigestCheck, outcome: DigestOutcome, what: str) -> list[str]:
    """Say what a digest that is not right ought to be."""
    if digest.text is None or outcome is DigestOutcome.OK:
        return []
    found = f", found {digest.found()}" if digest.found() else ""
    return [f"{what} digest {outcome}: {shorten(digest.text, 120)}{found}"]
