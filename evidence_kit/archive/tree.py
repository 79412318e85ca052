"""A tree of files to be checked, whether it lies in a folder or in a zip with one top folder.

Paths are relative, with ``/``. Links are never followed, devices never opened, and whatever could mean two files on
some system (names that differ only in case or Unicode composition) is a problem: one tree must mean one thing.
"""

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.display import shorten
from evidence_kit.errors import FormatError
from evidence_kit.plain import open_plain

_DEEPEST = 100
"""Folders inside each other: nothing of ours has ten, and what is deeper could not be listed everywhere."""
_REPARSE_POINT = 0x400
"""FILE_ATTRIBUTE_REPARSE_POINT: junctions and links on Windows."""


class Tree(Protocol):
    """Files by relative path."""

    @property
    def problems(self) -> tuple[tuple[str, str], ...]:
        """What is there beside plain files: path, English sentence."""

    def names(self) -> list[str]:
        """Return the paths of all files, sorted by code point."""

    def size(self, name: str) -> int:
        """Return a file's size in bytes; raises `FormatError` when there is none."""

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading; raises `FormatError` when there is none."""

    def read(self, name: str, limit: int) -> bytes:
        """Return a file of at most *limit* bytes; raises `FormatError` when there is none or it is larger."""


class FolderTree:
    """The files under a folder."""

    def __init__(self, root: Path, *, unlisted: str = "") -> None:
        """List the folder, but nothing below its folder *unlisted*; raises `FormatError` if it is none, `OSError`."""
        if not root.is_dir():
            raise FormatError(f"not a folder: {shorten(str(root))}")
        self._root = root
        problems: list[tuple[str, str]] = []
        self.empty_folders: list[str] = []
        """Folders in which nothing lies: no list of files can name them."""
        self._sizes = dict(sorted(_files(root, "", problems, self.empty_folders, unlisted)))
        self._elsewhere: dict[str, Path] = {}
        self.problems: tuple[tuple[str, str], ...] = (*problems, *_collisions(self._sizes))

    def drop(self, prefix: str) -> None:
        """List nothing of what lies at *prefix*, a folder's name with its slash."""
        self._sizes = {name: size for name, size in self._sizes.items() if not name.startswith(prefix)}
        self.empty_folders[:] = [name for name in self.empty_folders if not name.startswith(prefix)]

    def lay_over(self, prefix: str, folder: Path) -> None:
        """List what lies in *folder* as though it lay at *prefix*, where nothing lies yet; raises `OSError`."""
        problems: list[tuple[str, str]] = []
        for name, size in _files(folder, prefix, problems, self.empty_folders):
            self._sizes[name], self._elsewhere[name] = size, folder.joinpath(*name.removeprefix(prefix).split("/"))
        self._sizes = dict(sorted(self._sizes.items()))
        self.problems += tuple(problems)

    def lay_file_over(self, name: str, file: Path) -> None:
        """List the plain *file* as though it lay at *name*; raises `OSError`."""
        self._sizes[name], self._elsewhere[name] = file.lstat().st_size, file
        self._sizes = dict(sorted(self._sizes.items()))

    def names(self) -> list[str]:
        """Return the paths of all files, sorted by code point."""
        return list(self._sizes)

    def size(self, name: str) -> int:
        """Return a file's size in bytes; raises `FormatError` when there is none."""
        self._known(name)
        return self._sizes[name]

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading; raises `FormatError` when there is none, `OSError`."""
        return open_plain(self.path(name))

    def path(self, name: str) -> Path:
        """Return where a file lies; raises `FormatError` when there is none. Open it with `open_plain`."""
        self._known(name)
        return self._elsewhere.get(name) or self._root.joinpath(*name.split("/"))

    def read(self, name: str, limit: int) -> bytes:
        """Return a file of at most *limit* bytes; raises `FormatError` when there is none or it is larger."""
        return _limited(self, name, limit)

    def _known(self, name: str) -> None:
        if name not in self._sizes:
            raise FormatError(f"there is no file {shorten(name)}")


class ZipTree:
    """The files of a zip that holds one top folder, read in place; a context manager would add nothing: `close` it."""

    def __init__(self, source: Path | BinaryIO) -> None:
        """List the zip; raises `FormatError` if it is none or has not exactly one top folder, `OSError`."""
        self._zip = ZipReader(source)
        tops = {name.partition("/")[0] for name in self._zip.names()}
        if len(tops) != 1 or not all("/" in name for name in self._zip.names()):
            self._zip.close()
            raise FormatError(f"the zip has {len(tops)} names at its top instead of one folder")
        self.top = tops.pop()
        """Name of the top folder."""
        self._names = sorted(name.removeprefix(f"{self.top}/") for name in self._zip.names())
        self.problems: tuple[tuple[str, str], ...] = (*self._zip.problems, *_collisions(self._names))

    def close(self) -> None:
        """Close the zip."""
        self._zip.close()

    def names(self) -> list[str]:
        """Return the paths of all files below the top folder, sorted by code point."""
        return list(self._names)

    def size(self, name: str) -> int:
        """Return a file's size in bytes; raises `FormatError` when there is none."""
        return self._zip.size(f"{self.top}/{name}")

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading; raises `FormatError` when there is none, and while reading where it is damaged."""
        return self._zip.open(f"{self.top}/{name}")

    def read(self, name: str, limit: int) -> bytes:
        """Return a file of at most *limit* bytes; raises `FormatError` when there is none or it is larger."""
        return _limited(self, name, limit)


def _limited(tree: Tree, name: str, limit: int) -> bytes:
    size = min(limit, tree.size(name))
    with tree.open(name) as stream:
        # Python sets memory aside for as much as is asked for; a file may have grown meanwhile.
        data = stream.read(size + 1)
        if len(data) > size:
            data += stream.read(limit + 1 - len(data))
    if len(data) > limit:
        raise FormatError(f"{shorten(name)} is larger than {limit} bytes")
    return data


def _files(
    folder: Path, prefix: str, problems: list[tuple[str, str]], empty: list[str], unlisted: str = ""
) -> Iterator[tuple[str, int]]:
    """Yield path and size of every plain file below *folder*."""
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    if not listed and prefix:
        empty.append(prefix)
    for entry in listed:
        name = prefix + entry.name
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode) or getattr(status, "st_file_attributes", 0) & _REPARSE_POINT:
            problems.append((name, "it is a link"))
        elif stat.S_ISDIR(status.st_mode) and name.count("/") >= _DEEPEST:
            problems.append((name, f"it lies deeper than {_DEEPEST} folders"))
        elif stat.S_ISDIR(status.st_mode) and entry.name == unlisted:
            continue
        elif stat.S_ISDIR(status.st_mode):
            yield from _files(Path(entry.path), f"{name}/", problems, empty)
        elif not stat.S_ISREG(status.st_mode):
            problems.append((name, "it is neither a file nor a folder"))
        elif "\\" in entry.name or not _encodable(entry.name):
            problems.append((name, "its name cannot be written in a manifest"))
        else:
            yield name, status.st_size


def _encodable(name: str) -> bool:
    """Return whether *name* is Unicode text: on Linux, undecodable bytes arrive as lone surrogates."""
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in name)  # noqa: PLR2004  # the surrogates


def _collisions(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield names that some file system could not hold beside another one of them."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()), name)
        if other != name:
            yield name, f"some systems cannot tell it from {shorten(other)}"
