"""What there is to take: the files that were named, and those in the folders that were named, in a fixed order.

Links are not followed, and what is neither a file nor a folder is not opened; both are told, not taken in silence. A
link that was itself named is what the officer meant, and is followed.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from evidence_kit.canonical import Json, dumps
from evidence_kit.case.supply import LeftOut
from evidence_kit.errors import UsageError
from evidence_kit.intake.naming import clean_name
from evidence_kit.models import Digest, Problem

MOST_FILES = 20_000
"""Files of one item, and what is left out of it; each has its place in several lists."""
_MOST_NAMES = 32 * 1024 * 1024
"""Bytes of all their names as ``supply.json`` holds them, which has as much again for the rest."""
_DEEPEST = 100
_JUNCTION = 0xA0000003
"""IO_REPARSE_TAG_MOUNT_POINT: what Windows calls a junction is a folder to `stat`, and leads elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file to be taken: where it lies, and what it is called from where it was handed over."""

    path: Path
    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """What the log says of a list in which files were looked up."""

    sha256: Digest
    """Of the list itself: its name might say more than is for the log."""
    entries: int
    pdq: int | None
    """Pictures it was compared with; None where that was not asked for."""
    hits: int | None
    """Files of the item that are on it; None where they were yet to come."""

    def to_json(self) -> dict[str, Json]:
        """Return its members."""
        return {"list": str(self.sha256), "entries": self.entries, "pdq": self.pdq, "hits": self.hits}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What becomes one item."""

    given: tuple[Path, ...]
    """The files and folders that were named, absolute."""
    files: tuple[SourceFile, ...]
    left_out: tuple[LeftOut, ...]
    consulted: tuple[Consultation, ...] = ()
    """Lists of hash values in which the files were looked up (hash_lists.py)."""

    @property
    def size(self) -> int:
        """Bytes of all files, as the file system tells."""
        return sum(file.size for file in self.files)


def find_sources(given: Sequence[Path], *, case: Path) -> Sources:
    """Return what is to be taken of *given*, none of which may lie in *case*, nor hold it.

    Raises `UsageError` for a path that is not there, for too many files, and for nothing to take.
    """
    files: list[SourceFile] = []
    left_out: list[LeftOut] = []
    names = 0
    for path in given:
        _refuse_case(path, case)
        for found in _found(path):
            (files if isinstance(found, SourceFile) else left_out).append(found)  # type: ignore[arg-type]
            names += _length(found.name)
            if len(files) + len(left_out) > MOST_FILES:
                raise _too_many(path)
            if names > _MOST_NAMES:
                message = f"the names of the files in {path} are too long to be kept together"
                raise UsageError(message, hint="take in its folders one by one: each becomes an item")
    if not files and not left_out:
        raise UsageError("there is nothing to take: the folder is empty", hint="name files, or a folder that has some")
    return Sources(given=tuple(path.absolute() for path in given), files=tuple(files), left_out=tuple(left_out))


def _length(name: str) -> int:
    """Return how many bytes *name* takes in JSON."""
    text, digits = clean_name(name)
    return len(dumps(text)) + len(digits)


def _too_many(folder: Path) -> UsageError:
    message = f"{folder} holds more than {MOST_FILES} files"
    return UsageError(message, hint="take in its folders one by one: each becomes an item")


def _refuse_case(path: Path, case: Path) -> None:
    inner, outer = path.resolve(), case.resolve()
    if outer == inner or outer in inner.parents:
        message = f"{path} lies in the case itself"
        raise UsageError(message, hint="name what was handed over, outside of the case")
    if inner in outer.parents and path.is_dir():
        message = f"{path} holds the case itself"
        raise UsageError(message, hint="name only the folder that was handed over")


def _found(path: Path) -> Iterator[SourceFile | LeftOut]:
    """Yield the file at *path*, or what lies in the folder there."""
    try:
        about = path.stat()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise UsageError(message, hint="check the path; put a name with spaces between quotation marks") from error
    if stat.S_ISREG(about.st_mode):
        yield SourceFile(path=path.resolve(), name=path.name, size=about.st_size)
    elif stat.S_ISDIR(about.st_mode):
        yield from _inside(path, f"{path.resolve().name}/", 0)
    else:
        message = f"{path} is neither a file nor a folder"
        raise UsageError(message, hint="name a file or a folder")


def _inside(folder: Path, prefix: str, depth: int) -> Iterator[SourceFile | LeftOut]:
    """Yield what lies in *folder*, sorted by name, *prefix* being the folder's own."""
    if depth > _DEEPEST:
        yield _left(prefix, "file.too-deep", f"more than {_DEEPEST} folders inside each other")
        return
    try:
        with os.scandir(folder) as listed:
            entries = sorted(islice(listed, MOST_FILES + 1), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        yield _left(prefix, "file.unreadable", error.strerror or str(error))
        return
    if len(entries) > MOST_FILES:
        raise _too_many(folder)
    for entry in entries:
        yield from _of_entry(entry, prefix, depth)


def _of_entry(entry: os.DirEntry[str], prefix: str, depth: int) -> Iterator[SourceFile | LeftOut]:
    name = prefix + entry.name
    try:
        about = entry.stat(follow_symlinks=False)
    except OSError as error:
        yield _left(name, "file.unreadable", error.strerror or str(error))
        return
    if stat.S_ISLNK(about.st_mode) or getattr(about, "st_reparse_tag", 0) == _JUNCTION:
        yield _left(name, "file.link", "a link, which is not followed")
    elif stat.S_ISREG(about.st_mode):
        yield SourceFile(path=Path(entry.path), name=name, size=about.st_size)
    elif stat.S_ISDIR(about.st_mode):
        yield from _inside(Path(entry.path), f"{name}/", depth + 1)
    else:
        yield _left(name, "file.special", "neither a file nor a folder")


def _left(name: str, code: str, detail: str) -> LeftOut:
    return LeftOut(name=name, problem=Problem(code=code, detail=detail))
