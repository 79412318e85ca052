"""The files of an export, whether they lie on the disk or in a zip, and finding one by the path that another tells.

Nothing is unpacked: entries of a zip are read in place and never written, so their names lead nowhere. Zips inside zips
are not opened. A pointer into a zip begins with ``member/`` and the entry's name, in which ``~`` and ``/`` are written
``~0`` and ``~1`` as in RFC 6901; offsets behind it count in the inflated entry.
"""

import hashlib
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.errors import FormatError
from evidence_kit.intake.chats.models import Attachment, SuppliedFile
from evidence_kit.intake.chats.opened import OpenFiles, timed
from evidence_kit.intake.chats.repair import whole
from evidence_kit.intake.findings import Finding, Source
from evidence_kit.plain import open_plain

_PIECE = 1024 * 1024
_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_LARGEST_RATIO = 250
_HARMLESS = 100 * 1024 * 1024
"""Bytes that a zip may hold however small it is."""
_HONEST_RATIO = 30
"""To which exports of messages are packed at most; pictures and films hardly at all."""
_MOST_ENTRIES = 300_000
"""Entries of all zips: each takes more than half a kilobyte of memory."""
_MOST_FINDINGS = 1000
_LARGEST_DIRECTORY = 64 * 1024 * 1024
_END = struct.Struct("<4s4xHHIIH")
_END64 = struct.Struct("<4s36xQ8x")
_LOCATOR = 20
"""End of a zip, its ZIP64 form, and the size of what tells where that stands (APPNOTE 6.3.10, 4.3.14 to 4.3.16)."""
_LONGEST_COMMENT = 65_535
_DEEPEST = 60
"""Folders in a path that is looked for, and above it, together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """One file of an export."""

    name: str
    """Its name with its folders, ``/`` between them."""
    supplied: SuppliedFile
    member: str = ""
    """Its name in the zip that *supplied* is; "" for the supplied file itself."""
    archive: ZipReader | None = None
    room: int = 0
    """Bytes that reading it may count as: of a packed one no more than honest ones have."""

    @property
    def folder(self) -> str:
        """Its folder, "" for none."""
        return self.name.rpartition("/")[0]

    @property
    def base(self) -> str:
        """Its name without folders."""
        return self.name.rpartition("/")[2]

    @property
    def container(self) -> str:
        """The zip that it lies in, as a path in the item; "" on the disk."""
        return self.supplied.file if self.archive else ""

    @property
    def prefix(self) -> str:
        """What pointers into it begin with."""
        return f"member/{whole(self.member).replace('~', '~0').replace('/', '~1')}" if self.archive else ""

    def open(self) -> BinaryIO:
        """Open it; opening and reading raise `OSError` or `FormatError`."""
        stream = self.archive.open(self.member) if self.archive else open_plain(self.supplied.path)
        return timed(stream, self.room)

    def source(self, pointer: str = "", offset: int | None = None, length: int | None = None) -> Source:
        """Return where something in it stands."""
        if self.prefix and pointer:
            pointer = f"{self.prefix}/{pointer.removeprefix('/')}"
        return Source(file=self.supplied.file, pointer=pointer or self.prefix, offset=offset, length=length)


class Originals:
    """All files that were handed over together; a context manager, which keeps zips open."""

    def __init__(self, files: Iterable[SuppliedFile]) -> None:
        """Remember the files."""
        self._files = files
        self._open = OpenFiles()
        self._entries = 0
        self._by_name: dict[str, list[Original]] = {}
        self._digests: dict[tuple[str, str], tuple[str, int] | None] = {}
        self.findings: list[Finding] = []
        """What is wrong with zips."""

    def __enter__(self) -> Self:
        """Look into the zips; what is wrong with them becomes findings."""
        for supplied in self._files:
            for original in self._unfolded(supplied):
                self._by_name.setdefault(original.name, []).append(original)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the zips."""
        self._open.close()

    def __iter__(self) -> Iterator[Original]:
        """Yield every file, in the order in which they were supplied or stand in their zip."""
        for originals in self._by_name.values():
            yield from originals

    def beginning(self, original: Original, size: int) -> bytes:
        """Return the first *size* bytes of a file; b"" for one that cannot be read, which is a finding."""
        try:
            with original.open() as stream:
                return stream.read(size)
        except (OSError, FormatError) as error:
            self._note("chat.file.unreadable", original.name, _reason(error), original.source())
            return b""

    def find(self, near: Original, told: str) -> Original | None:
        """Return the file that the file *near* calls *told*, a relative path; None if it is not there.

        Exports tell paths from their own top, and people hand over parts of them: the path, then its end, is looked for
        in the folder of *near* and each folder above it. The same zip goes before other places.
        """
        parts = [part for part in told.replace("\\", "/").split("/") if part not in {"", "."}]
        above = near.folder.split("/") if near.folder else []
        if ".." in parts or ":" in told.partition("/")[0] or len(parts) + len(above) > _DEEPEST:
            return None
        for start in range(len(parts)):
            for depth in range(len(above), -1, -1):
                # A bare name may be any file's: only beside the one that tells it.
                if start and start == len(parts) - 1 and depth != len(above):
                    continue
                found = self._by_name.get("/".join(above[:depth] + parts[start:]))
                if found:
                    same = [one for one in found if one.container == near.container]
                    return (same or found)[0] if same or len(found) == 1 else None
        return None

    def attachment(self, near: Original, told: str, media_type: str = "") -> Attachment:
        """Return the attachment that the file *near* calls *told*, with its digest if the export holds it."""
        found = self.find(near, told)
        media_type = media_type or media_type_of(told)
        measured = self._measured(found) if found else None
        if not found or not measured:
            return Attachment(name=told, media_type=media_type)
        digest, size = measured
        return Attachment(
            name=told,
            file=found.supplied.file,
            pointer=found.prefix,
            sha256=digest,
            bytes=size,
            media_type=media_type,
        )

    def _measured(self, original: Original) -> tuple[str, int] | None:
        """Return digest and size, or None for a file that cannot be read, which is a finding."""
        key = original.supplied.file, original.member
        if key not in self._digests:
            try:
                self._digests[key] = _measure(original)
            except (OSError, FormatError):
                self._digests[key] = None
                self._note("chat.attachment.unreadable", original.name, "cannot be read whole", original.source())
        return self._digests[key]

    def _unfolded(self, supplied: SuppliedFile) -> Iterator[Original]:
        """Yield the file itself, or what a zip holds."""
        name = whole(supplied.name.replace("\\", "/").strip("/"))
        try:
            packed = supplied.path.stat().st_size
            archive = self._opened(supplied.path)
        except (OSError, FormatError) as error:
            self._note("chat.file.unreadable", name, _reason(error), Source(file=supplied.file))
            return
        if not archive:
            yield Original(name=name, supplied=supplied, room=packed)
            return
        for entry, problem in archive.problems:
            self._note("chat.zip.entry", entry, f"left out: {problem}", Source(file=supplied.file))
        names = archive.names()
        if sum(map(archive.size, names)) > max(_HARMLESS, _LARGEST_RATIO * packed):
            detail = f"{packed} bytes would inflate to {sum(map(archive.size, names))}: not looked into"
            self._note("chat.zip.bomb", name, detail, Source(file=supplied.file))
            return
        for entry in names:
            if entry.lower().endswith(".zip"):
                detail = "a zip inside a zip is not opened; supply it by itself"
                self._note("chat.zip.nested", entry, detail, Source(file=supplied.file))
            room = min(archive.size(entry), _HONEST_RATIO * packed)
            yield Original(name=whole(entry), supplied=supplied, member=entry, archive=archive, room=room)

    def _opened(self, path: Path) -> ZipReader | None:
        """Return a reader if the file at *path* is a zip; raises `FormatError` for one that is not read, `OSError`."""
        stream = self._open.stream(path)
        if stream.read(4) not in {_ZIP, _EMPTY_ZIP}:
            return None
        entries = _count_entries(stream)
        if self._entries + entries > _MOST_ENTRIES:
            raise FormatError(f"a zip of {entries} entries is not read; {_MOST_ENTRIES} are the most of all zips")
        self._entries += entries
        return ZipReader(stream)

    def _note(self, code: str, name: str, detail: str, source: Source) -> None:
        if len(self.findings) == _MOST_FINDINGS:
            cut = f"findings after the first {_MOST_FINDINGS} are left out"
            self.findings.append(Finding(code="chat.findings.cut", value=_MOST_FINDINGS, detail=cut, source=source))
        if len(self.findings) > _MOST_FINDINGS:
            return
        self.findings.append(Finding(code=code, value=whole(name), detail=detail, source=source))


_MEDIA_TYPES = {
    "aac": "audio/aac",
    "amr": "audio/amr",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "gif": "image/gif",
    "heic": "image/heic",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "m4a": "audio/mp4",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "tgs": "application/x-tgsticker",
    "txt": "text/plain",
    "vcf": "text/vcard",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


def media_type_of(name: str) -> str:
    """Return the media type that the ending of *name* stands for, "" if it is not known."""
    return _MEDIA_TYPES.get(name.rpartition(".")[2].lower(), "") if "." in name else ""


def _count_entries(stream: BinaryIO) -> int:
    """Return how many entries a zip has; raises `FormatError` for more than memory is given for.

    What is no zip is left to who reads it.
    """
    size = stream.seek(0, os.SEEK_END)
    start = max(0, size - _END.size - _LONGEST_COMMENT)
    stream.seek(start)
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        return 0
    length, above = _END.unpack_from(tail, at)[3], start + at
    if tail[max(0, at - _LOCATOR) : at].startswith(b"PK\x06\x07"):
        # As the standard library does: right before its locator, wherever that says.
        above -= _LOCATOR + _END64.size
        stream.seek(max(0, above))
        length = _END64.unpack(stream.read(_END64.size))[1]
    if length > _LARGEST_DIRECTORY:
        raise FormatError(f"a zip whose directory has {length} bytes is not read")
    stream.seek(max(0, above - length))
    return stream.read(length).count(b"PK\x01\x02")


def _measure(original: Original) -> tuple[str, int]:
    hasher, size = hashlib.sha256(), 0
    with original.open() as stream:
        if original.supplied.sha256 and not original.archive:
            return original.supplied.sha256, stream.seek(0, 2)
        while piece := stream.read(_PIECE):
            hasher.update(piece)
            size += len(piece)
    return hasher.hexdigest(), size


def _reason(error: OSError | FormatError) -> str:
    return (error.strerror or "cannot be read") if isinstance(error, OSError) else str(error)
