"""Zip files whose every byte is fixed by their contents (APPNOTE.TXT 6.3.10), and their checking.

A canonical zip holds stored entries only, one after another from byte 0: local header, data, and at the end the central
directory and its end record. Names are UTF-8 with flag bit 11, the time is 1980-01-01 00:00:00, made by Unix 2.0 (4.5
with ZIP64), mode 0100644, no comments, no data descriptors, no extra fields but ZIP64 where a size or offset needs it.
So `check_canonical` can make every header byte anew from names, sizes and checksums, and any other byte is a finding.
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from evidence_kit.display import shorten
from evidence_kit.errors import FormatError, IntegrityError
from evidence_kit.models import Digest

_PIECE = 256 * 1024
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR = struct.Struct("<4sIQI")
_NO_TIME, _FIRST_DAY = 0, 0x0021
_UTF8 = 0x0800
_UNIX = 3 << 8
_REGULAR_FILE = 0o100644 << 16
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ZIP64_EXTRA = 20
"""Bytes of the ZIP64 field of a local header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipEntry:
    """One stored entry: all that its headers are made of."""

    name: str
    size: int
    crc32: int
    offset: int
    """Byte at which its local header begins."""


class CanonicalZip:
    """A canonical zip being written, in one pass and constant memory; a context manager.

    The file must not exist yet. After the context, `sha256` and `size` are those of the finished file.
    """

    def __init__(self, path: Path) -> None:
        """Remember where to write."""
        self._path = path
        self._entries: list[ZipEntry] = []
        self._names: set[str] = set()
        self._hasher = hashlib.sha256()
        self.size = 0

    def __enter__(self) -> Self:
        """Create the file; raises `FileExistsError`."""
        self._file = self._path.open("xb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the central directory unless something failed; bring everything to the disk, and close."""
        with self._file:
            if kind is None:
                self._put(_tail(self._entries, self.size))
            self._file.flush()
            os.fsync(self._file.fileno())

    @property
    def sha256(self) -> Digest:
        """The digest of everything written so far."""
        return Digest(self._hasher.digest())

    def add(self, name: str, body: bytes | Path) -> Digest:
        """Append an entry and return the digest of *body*.

        Raises `FormatError` for a name that is unsafe or taken, `IntegrityError` when a file changes meanwhile.
        """
        _check_name(name)
        if name.casefold() in self._names:
            raise FormatError(f"a zip holds {shorten(name)} twice, or another name that differs only in case")
        size, crc32, digest = _measure(body)
        entry = ZipEntry(name=name, size=size, crc32=crc32, offset=self.size)
        self._put(_local_header(entry))
        before, copied = self.size, 0
        for piece in _pieces(body):
            copied = zlib.crc32(piece, copied)
            self._put(piece)
        if (self.size - before, copied) != (size, crc32):
            raise IntegrityError(f"a file changed while it was being copied into a zip: {shorten(name)}")
        self._entries.append(entry)
        self._names.add(name.casefold())
        return digest

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._hasher.update(data)
        self.size += len(data)


def check_canonical(source: Path | BinaryIO) -> list[str]:
    """Return what is wrong with a zip that ought to be canonical, naming the entry; empty when nothing is.

    Raises `OSError` only.
    """
    with _opened(source) as stream:
        total = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        entries: list[ZipEntry] = []
        findings: list[str] = []
        names: set[str] = set()
        while stream.tell() < total:
            signature = stream.read(4)
            stream.seek(-len(signature), os.SEEK_CUR)
            if signature != b"PK\x03\x04":
                break
            try:
                entry = _read_entry(stream, total)
                if entry.name.casefold() in names:
                    findings.append(f"entry {shorten(entry.name)} stands twice")
                names.add(entry.name.casefold())
                findings += _check_data(stream, entry)
            except FormatError as error:
                return [*findings, str(error)]
            entries.append(entry)
        return findings + _check_tail(stream, entries, total)


def _measure(body: bytes | Path) -> tuple[int, int, Digest]:
    size, crc32, hasher = 0, 0, hashlib.sha256()
    for piece in _pieces(body):
        size += len(piece)
        crc32 = zlib.crc32(piece, crc32)
        hasher.update(piece)
    return size, crc32, Digest(hasher.digest())


def _pieces(body: bytes | Path) -> Iterator[bytes]:
    with _opened(body) as stream:
        while piece := stream.read(_PIECE):
            yield piece


@contextmanager
def _opened(body: bytes | Path | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(body, bytes):
        yield BytesIO(body)
    elif isinstance(body, Path):
        with body.open("rb") as stream:
            yield stream
    else:
        yield body


def _check_name(name: str) -> None:
    """Refuse names that some unzip program would write elsewhere than into its target folder."""
    parts = name.split("/")
    encodable = name.isprintable() and len(name.encode("utf-8", "replace")) <= _FULL16
    if not encodable or "\\" in name or ":" in name or {"", ".", ".."} & set(parts):
        raise FormatError(f"not a safe name for a file in a zip: {shorten(name)}")


def _version(*, large: bool) -> int:
    return 45 if large else 20


def _local_header(entry: ZipEntry) -> bytes:
    name = entry.name.encode("utf-8")
    large = entry.size >= _FULL32
    size = _FULL32 if large else entry.size
    extra = struct.pack("<HHQQ", 1, 16, entry.size, entry.size) if large else b""
    fixed = (_version(large=large), _UTF8, 0, _NO_TIME, _FIRST_DAY, entry.crc32, size, size, len(name), len(extra))
    return _LOCAL.pack(b"PK\x03\x04", *fixed) + name + extra


def _central_header(entry: ZipEntry) -> bytes:
    name = entry.name.encode("utf-8")
    numbers = [number for number in (entry.size, entry.size, entry.offset) if number >= _FULL32]
    extra = struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""
    version = _version(large=bool(numbers))
    size, offset = min(entry.size, _FULL32), min(entry.offset, _FULL32)
    fixed = (_UNIX | version, version, _UTF8, 0, _NO_TIME, _FIRST_DAY, entry.crc32, size, size)
    rest = (len(name), len(extra), 0, 0, 0, _REGULAR_FILE, offset)
    return _CENTRAL.pack(b"PK\x01\x02", *fixed, *rest) + name + extra


def _end_records(count: int, size: int, offset: int) -> bytes:
    """Return the end of the central directory, which has *count* entries and *size* bytes and begins at *offset*."""
    records = b""
    if count >= _FULL16 or size >= _FULL32 or offset >= _FULL32:
        records += _END64.pack(b"PK\x06\x06", 44, _UNIX | 45, 45, 0, 0, count, count, size, offset)
        records += _LOCATOR.pack(b"PK\x06\x07", 0, offset + size, 1)
    shown = min(count, _FULL16)
    return records + _END.pack(b"PK\x05\x06", 0, 0, shown, shown, min(size, _FULL32), min(offset, _FULL32), 0)


def _tail(entries: Sequence[ZipEntry], offset: int) -> bytes:
    directory = b"".join(_central_header(entry) for entry in entries)
    return directory + _end_records(len(entries), len(directory), offset)


def _read_entry(stream: BinaryIO, total: int) -> ZipEntry:
    """Read a local header that must be exactly what `_local_header` writes; raises `FormatError`."""
    offset = stream.tell()
    fixed = stream.read(_LOCAL.size)
    if len(fixed) < _LOCAL.size:
        raise FormatError(f"the file ends inside the entry header at byte {offset}")
    *_, crc32, _packed, size, name_length, extra_length = _LOCAL.unpack(fixed)
    raw_name, extra = stream.read(name_length), stream.read(extra_length)
    if size == _FULL32 and len(extra) == _ZIP64_EXTRA:
        size = int.from_bytes(extra[4:12], "little")
    try:
        entry = ZipEntry(name=raw_name.decode("utf-8"), size=size, crc32=crc32, offset=offset)
        _check_name(entry.name)
    except (UnicodeDecodeError, FormatError) as error:
        raise FormatError(f"the entry at byte {offset} has a name that a canonical zip cannot hold") from error
    if _local_header(entry) != fixed + raw_name + extra:
        raise FormatError(f"entry {shorten(entry.name)}: its header at byte {offset} is not the canonical one")
    if stream.tell() + entry.size > total:
        raise FormatError(f"entry {shorten(entry.name)}: its data would reach beyond the end of the file")
    return entry


def _check_data(stream: BinaryIO, entry: ZipEntry) -> list[str]:
    left, crc32 = entry.size, 0
    while left:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            return [f"entry {shorten(entry.name)}: the file became shorter while it was read"]
        crc32 = zlib.crc32(piece, crc32)
        left -= len(piece)
    if crc32 != entry.crc32:
        return [f"entry {shorten(entry.name)}: data does not match its checksum {entry.crc32:08x}"]
    return []


def _check_tail(stream: BinaryIO, entries: Sequence[ZipEntry], total: int) -> list[str]:
    """Compare everything after the last entry's data with the central directory that the entries call for."""
    offset = stream.tell()
    for entry in entries:
        expected = _central_header(entry)
        if stream.read(len(expected)) != expected:
            return [f"entry {shorten(entry.name)}: the central directory differs from the canonical one for this entry"]
    directory = stream.tell() - offset
    expected = _end_records(len(entries), directory, offset)
    if stream.read(len(expected)) != expected:
        return ["the end record of the zip is not the canonical one, or an entry's header was overwritten"]
    after = total - stream.tell()
    return [f"{after} bytes after the end of the zip"] if after else []
