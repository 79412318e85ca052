"""The witness's own log: ``witness.jsonl`` and ``witness.sig`` (`evidence_kit.wire.witness.statements`).

Only ever appended to, each line on the disk before anybody is told of it. What a crash left of a line that was not yet
signed is moved aside, not deleted, when the log is opened again.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence_kit.canonical import Json, dumps
from evidence_kit.errors import CaseError, FormatError
from evidence_kit.models import Clock, Digest, utc_text
from evidence_kit.trust.cms import sign_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.keys import Signer
from evidence_kit.wire.witness.statements import (
    FIRST_LINK,
    LINES,
    SCHEMA,
    SIGNATURES,
    next_link,
    read_statements,
    signature_line,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where a statement stands in the two files."""

    line: tuple[int, int]
    """Offset and length."""
    signature: tuple[int, int]


class Journal:
    """The log in a folder, which one process holds at a time."""

    def __init__(self, folder: Path, signer: Signer, clock: Clock) -> None:
        """Open or begin the log; raises `CaseError` when it is damaged or cannot be written."""
        self._folder = folder
        self._signer = signer
        self._clock = clock
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name in (LINES, SIGNATURES):
                (folder / name).touch()
            self._seq, self.head = self._replay()
        except OSError as error:
            raise CaseError(f"the witness's log in {folder} cannot be written: {error.strerror}") from error
        except FormatError as error:
            hint = "keep it as it is, and begin a new one in another folder"
            raise CaseError(f"the witness's log in {folder} is damaged: {error}", hint=hint) from error

    @property
    def signer(self) -> Signer:
        """Who signs."""
        return self._signer

    def append(self, values: Mapping[str, Json]) -> Written:
        """Sign a line with *values* and put it on the disk; raises `OSError`, `SigningError`."""
        now = self._clock()
        common: dict[str, Json] = {"schema": SCHEMA, "seq": self._seq + 1, "previous": str(self.head)}
        line = dumps({**common, "time": utc_text(now), **values}) + b"\n"
        signature = sign_detached(sha256_bytes(line), self._signer, at=now, with_chain=False)
        written = self._write(line, signature_line(signature))
        self._seq, self.head = self._seq + 1, next_link(self.head, line, signature)
        return written

    def read(self, places: Sequence[Written]) -> list[tuple[bytes, bytes]]:
        """Return line and signature's line of each of *places*; raises `OSError`."""
        with (self._folder / LINES).open("rb") as lines, (self._folder / SIGNATURES).open("rb") as signatures:
            found = []
            for place in places:
                lines.seek(place.line[0])
                signatures.seek(place.signature[0])
                found.append((lines.read(place.line[1]), signatures.read(place.signature[1])))
            return found

    def link_of(self, place: Written) -> Digest:
        """Return the head of the log after the statement at *place*; raises `OSError`."""
        (pair,) = self.read([place])
        (statement,) = read_statements(*pair)
        return statement.link

    def _write(self, line: bytes, signature: bytes) -> Written:
        paths = (self._folder / LINES, self._folder / SIGNATURES)
        before = [path.stat().st_size for path in paths]
        try:
            for path, data in zip(paths, (line, signature), strict=True):
                with path.open("ab") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
        except OSError:
            # A full disk: nobody was told of this line, and the next one must not follow half of it.
            for path, size in zip(paths, before, strict=True):
                os.truncate(path, size)
            raise
        return Written(line=(before[0], len(line)), signature=(before[1], len(signature)))

    def _replay(self) -> tuple[int, Digest]:
        lines, signatures = ((self._folder / name).read_bytes() for name in (LINES, SIGNATURES))
        whole = min(lines.count(b"\n"), signatures.count(b"\n"))
        kept = self._settle(LINES, lines, whole), self._settle(SIGNATURES, signatures, whole)
        head = FIRST_LINK
        for seq, statement in enumerate(read_statements(*kept) if whole else (), start=1):
            if statement.value["seq"] != seq or Digest.parse(statement.value["previous"]) != head:
                raise FormatError(f"line {seq} does not follow the one before it")
            head = next_link(head, statement.line, statement.signature)
        return whole, head

    def _settle(self, name: str, data: bytes, whole: int) -> bytes:
        """Return the first *whole* lines of *data*, and move what follows them aside."""
        kept = b"".join(line + b"\n" for line in data.split(b"\n")[:whole])
        if rest := data[len(kept) :]:
            (self._folder / f"torn-{whole + 1:06d}-{name}").write_bytes(rest)
            os.truncate(self._folder / name, len(kept))
        return kept
