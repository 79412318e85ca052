"""Copy a file byte for byte, hashed where it lay, while it was copied, and where it lies now; sealed if wanted.

A copy is good only if all three agree: a source that somebody writes to meanwhile, or a disk that gives other bytes
each time, shows here (ISO/IEC 27037, 5.4.4: the copy is verified against its source).
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from evidence_kit.errors import EvidenceError, FormatError
from evidence_kit.models import Digest
from evidence_kit.plain import opener
from evidence_kit.trust.age import AgeWriter, Recipient
from evidence_kit.trust.digests import sha256_file, sha256_stream

OnBytes = Callable[[int], None]
"""Hears of bytes that were read, for a progress line."""

_PIECE = 1024 * 1024
_GROWN = 1024**3
"""Bytes more than twice what a file system tells of a file, which some do not know of every file."""


class CopyError(EvidenceError):
    """A file could not be copied as it is: *code* names why."""

    def __init__(self, code: str, detail: str) -> None:
        """Keep the code of the problem."""
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A copy that is byte for byte its source."""

    size: int
    source_sha256: Digest
    sha256: Digest
    modified: datetime | None
    created: datetime | None


def copy_exactly(source: Path, target: Path, *, on_bytes: OnBytes, seal_to: Sequence[Recipient] = ()) -> Copied:
    """Copy the plain file *source* to *target*, which must not be there; raises `CopyError`, and then leaves nothing.

    With *seal_to* the copy is an age file, encrypted as it is read, and the digests are those of the content. What is
    wrong with the disk of *target* passes through as `OSError`.
    """
    try:
        with open(source, "rb", buffering=0, opener=opener) as stream:  # only it takes an opener
            about = os.fstat(stream.fileno())
            most = 2 * about.st_size + _GROWN
            before = _hashed(_pieces(stream, most), on_bytes)
            stream.seek(0)
            size, passed, sealer = _written(_pieces(stream, most), target, on_bytes, seal_to)
    except _GrowthError as error:
        target.unlink(missing_ok=True)
        raise CopyError("file.changed", "it grows while it is being copied") from error
    except _ReadError as error:
        target.unlink(missing_ok=True)
        raise CopyError("file.unreadable", str(error)) from error
    except OSError as error:
        if error.filename is not None and Path(os.fsdecode(error.filename)) == source:
            raise CopyError("file.unreadable", error.strerror or str(error)) from error
        raise
    after = _read_back(target, sealer)
    on_bytes(size)
    if after is None or not before == passed == after:
        target.unlink()
        raise CopyError("file.changed", "it changed while it was being copied")
    modified, created = times_of(about)
    return Copied(size=size, source_sha256=before, sha256=after, modified=modified, created=created)


def times_of(about: os.stat_result) -> tuple[datetime | None, datetime | None]:
    """Return when a file was changed and made, by its file system; None where that does not tell."""
    return _moment(about.st_mtime_ns), _moment(getattr(about, "st_birthtime_ns", None) or _birth(about))


class _ReadError(Exception):
    """Reading the source failed, as bad sectors do; not writing the target."""


class _GrowthError(Exception):
    """The source goes on without end."""


def _hashed(pieces: Iterator[bytes], on_bytes: OnBytes) -> Digest:
    hasher = hashlib.sha256()
    for piece in pieces:
        hasher.update(piece)
        on_bytes(len(piece))
    return Digest(hasher.digest())


def _written(
    pieces: Iterator[bytes], target: Path, on_bytes: OnBytes, seal_to: Sequence[Recipient]
) -> tuple[int, Digest, AgeWriter | None]:
    hasher, size = hashlib.sha256(), 0
    with target.open("xb") as out:
        sealer = AgeWriter(out, seal_to) if seal_to else None
        write = sealer.write if sealer else out.write
        for piece in pieces:
            hasher.update(piece)
            write(piece)
            size += len(piece)
            on_bytes(len(piece))
        if sealer:
            sealer.close()
        out.flush()
        os.fsync(out.fileno())
    return size, Digest(hasher.digest()), sealer


def _read_back(target: Path, sealer: AgeWriter | None) -> Digest | None:
    """Return the digest of what was written; None for an age file that does not open."""
    if sealer is None:
        return sha256_file(target)
    try:
        with sealer.reopened(target.open("rb")) as reader:
            return sha256_stream(reader)
    except FormatError:
        return None


def _pieces(stream: BinaryIO, most: int) -> Iterator[bytes]:
    """Yield what *stream* has, of which a file that is written to meanwhile may have ever more."""
    read = 0
    while piece := _read(stream):
        read += len(piece)
        if read > most:
            raise _GrowthError
        yield piece


def _read(stream: BinaryIO) -> bytes:
    try:
        return stream.read(_PIECE)
    except OSError as error:
        raise _ReadError(error.strerror or str(error)) from error


def _birth(about: os.stat_result) -> int | None:
    seconds = getattr(about, "st_birthtime", None)
    return int(seconds * 1_000_000_000) if seconds else None


def _moment(nanoseconds: int | None) -> datetime | None:
    """Return a time of a file system, in whole milliseconds; None for none, or one beyond what a date can be."""
    if nanoseconds is None:
        return None
    with suppress(OverflowError, OSError, ValueError):
        moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, tz=UTC)
        return moment.replace(microsecond=nanoseconds % 1_000_000_000 // 1_000_000 * 1000)
    return None
