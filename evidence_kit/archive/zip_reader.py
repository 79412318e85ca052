"""Read zips that anybody made, without unpacking them and without trusting their headers.

Entries are stored or deflated, never encrypted; what cannot be read safely is left out and listed in `problems`.
Stored entries are windows on the file, so archives inside archives can be read in place. Checksums of stored entries
are not compared here: whoever reads them has digests, and `zips.check_canonical` counts checksums.
"""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self, TypeVar

from evidence_kit.display import shorten
from evidence_kit.errors import FormatError

_LOCAL_HEADER = 30
_SUSPICIOUS_SIZE = 100 * 1024 * 1024
_SUSPICIOUS_RATIO = 250
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED, _SIZES_FOLLOW, _UTF8 = 0x1, 0x8, 0x800
_READ = _ENCRYPTED | _UTF8
"""Flags that say how an entry, or its name, is to be read."""
_LOCAL = struct.Struct("<4xHHHHHIIIHH")
_FULL = 0xFFFFFFFF
"""In place of a size that stands in a ZIP64 field."""
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    IndexError,
    # NotImplementedError for features, OSError for offsets before the file's first byte, RuntimeError for passwords.
    RuntimeError,
    OSError,
)

_Result = TypeVar("_Result")


class ZipReader:
    """The entries of a zip, by name; a context manager. Folders are no entries."""

    def __init__(self, source: Path | BinaryIO) -> None:
        """Read the central directory; raises `FormatError` when there is none to read, `OSError` when no file."""
        self._owned = isinstance(source, Path)
        self._file = source.open("rb") if isinstance(source, Path) else source
        self.problems: list[tuple[str, str]] = []
        """Entries that are left out, or doubtful: name, English sentence."""
        self._size = self._file.seek(0, os.SEEK_END)
        try:
            self._zip = _translated(lambda: zipfile.ZipFile(self._file), "not a zip")
            self._entries = self._readable()
        except FormatError:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file if it was opened here."""
        self.close()

    def close(self) -> None:
        """Close the file if it was opened here."""
        if self._owned:
            self._file.close()

    def names(self) -> list[str]:
        """Return the names of the entries that can be read, in the zip's own order."""
        return list(self._entries)

    def size(self, name: str) -> int:
        """Return the size of an entry in bytes, as its header claims."""
        return self._entry(name).file_size

    def open(self, name: str) -> BinaryIO:
        """Open an entry for reading; reading raises `FormatError` where it is damaged.

        Entries of one reader share one file: read one at a time, or seek.
        """
        entry = self._entry(name)
        if entry.compress_type == zipfile.ZIP_STORED:
            return window(self._file, self._data_offset(entry), entry.file_size)
        return io.BufferedReader(_Checked(_translated(lambda: self._zip.open(entry), f"entry {shorten(name)}"), name))

    def offset(self, name: str) -> int | None:
        """Return the byte of the file at which a stored entry's data begins; raises `FormatError`."""
        entry = self._entry(name)
        return self._data_offset(entry) if entry.compress_type == zipfile.ZIP_STORED else None

    def read(self, name: str, limit: int) -> bytes:
        """Return an entry of at most *limit* bytes; raises `FormatError` when it is larger or damaged."""
        with self.open(name) as stream:
            # Python sets memory aside for as much as is asked for.
            data = stream.read(min(limit, self.size(name)) + 1)
        if len(data) > limit:
            raise FormatError(f"entry {shorten(name)} is larger than {limit} bytes")
        return data

    def _entry(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._entries[name]
        except KeyError:
            raise FormatError(f"there is no entry {shorten(name)} in the zip") from None

    def _readable(self) -> dict[str, zipfile.ZipInfo]:
        found: dict[str, zipfile.ZipInfo] = {}
        end_of_last = 0
        for entry in sorted(self._zip.infolist(), key=lambda entry: entry.header_offset):
            name = entry.filename
            # Not `entry.is_dir()`, which fails on an empty name.
            if name.endswith("/") and not entry.file_size:
                continue
            problem = _problem(entry) or ("it stands twice" if name in found else "")
            if problem:
                self.problems.append((name, problem))
                continue
            if entry.header_offset < end_of_last:
                self.problems.append((name, "it overlaps the entry before it"))
                continue
            try:
                end_of_last = self._end_of(entry)
            except FormatError as error:
                self.problems.append((name, str(error)))
                continue
            found[name] = entry
        return found

    def _end_of(self, entry: zipfile.ZipInfo) -> int:
        """Return the byte after an entry's data; raises `FormatError` when its own header contradicts the directory's.

        Programs differ in which of the two headers they believe: what may be read as two things is not read.
        """
        self._file.seek(max(0, entry.header_offset))
        header = self._file.read(_LOCAL_HEADER)
        if entry.header_offset < 0 or len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
            raise FormatError("there is no header of its own where the directory says")
        _, flags, method, *_, packed, size, name_length, extra_length = _LOCAL.unpack(header)
        name = self._file.read(name_length)
        sizes = {(entry.compress_size, entry.file_size), (_FULL, _FULL)}
        contradicts = name != _stored_name(entry) or method != entry.compress_type or (flags ^ entry.flag_bits) & _READ
        if contradicts or (not flags & _SIZES_FOLLOW and (packed, size) not in sizes):
            raise FormatError("its own header says something else than the directory")
        end: int = entry.header_offset + _LOCAL_HEADER + name_length + extra_length + entry.compress_size
        if end > self._zip.start_dir:
            raise FormatError("it reaches into the directory")
        return end

    def _data_offset(self, entry: zipfile.ZipInfo) -> int:
        self._file.seek(entry.header_offset)
        header = self._file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
            raise FormatError(f"entry {shorten(entry.filename)}: there is no header at byte {entry.header_offset}")
        name_length, extra_length = struct.unpack("<HH", header[26:])
        offset: int = entry.header_offset + _LOCAL_HEADER + name_length + extra_length
        if offset + entry.file_size > self._size:
            raise FormatError(f"entry {shorten(entry.filename)} would reach beyond the end of the file")
        return offset


def _stored_name(entry: zipfile.ZipInfo) -> bytes:
    """Return the bytes of an entry's name as they stand in the directory (APPNOTE 6.3.10, D)."""
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF8 else "cp437")


def _problem(entry: zipfile.ZipInfo) -> str:
    """Say why an entry cannot be read safely, if so."""
    parts = entry.filename.split("/")
    if "\\" in entry.filename or "\0" in entry.orig_filename or {"", ".", ".."} & set(parts) or ":" in parts[0]:
        return "its name could lead out of a folder"
    if entry.flag_bits & _ENCRYPTED:
        return "it is encrypted"
    if entry.compress_type not in _METHODS:
        return f"it is compressed by method {entry.compress_type}, which is not read here"
    if entry.compress_type == zipfile.ZIP_STORED and entry.compress_size != entry.file_size:
        return "its two sizes differ although it is not compressed"
    if entry.file_size > max(_SUSPICIOUS_SIZE, _SUSPICIOUS_RATIO * entry.compress_size):
        return f"it would inflate {entry.compress_size} bytes to {entry.file_size}"
    return ""


def _translated(action: Callable[[], _Result], what: str) -> _Result:
    """Do something with the standard library's zip reader, whose errors are many, and raise only `FormatError`."""
    try:
        return action()
    except _ZIP_ERRORS as error:
        raise FormatError(f"{what}: {shorten(str(error)) or type(error).__name__}") from error


def window(file: BinaryIO, offset: int, size: int) -> BinaryIO:
    """Return the *size* bytes of *file* from byte *offset* on, as a file of its own."""
    return io.BufferedReader(_Window(file, offset, size))


class _Window(io.RawIOBase):
    """Part of a file, as a file of its own."""

    def __init__(self, file: BinaryIO, offset: int, size: int) -> None:
        self._whole = file
        self._offset = offset
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"a position before the first byte: {base + offset}")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer of bytes, always
        wanted = max(0, min(len(buffer), self._size - self._at))
        self._whole.seek(self._offset + self._at)
        # It may be a bytearray, whose slices are copies.
        count: int = self._whole.readinto(memoryview(buffer)[:wanted])  # type: ignore[attr-defined]  # all have it
        self._at += count
        return count


class _Checked(io.RawIOBase):
    """A deflated entry, whose reading raises `FormatError` only."""

    def __init__(self, inner: IO[bytes], name: str) -> None:
        self._inner = inner
        self._name = name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte of the entry: backwards by inflating it again from its beginning."""
        return _translated(lambda: self._inner.seek(offset, whence), f"entry {shorten(self._name)}")

    def tell(self) -> int:
        return self._inner.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer of bytes, always
        piece = _translated(lambda: self._inner.read(len(buffer)), f"entry {shorten(self._name)}")
        buffer[: len(piece)] = piece
        return len(piece)
