"""Read encrypted items with a key: as a tree in which they are in plain, or as folders where files must be files.

Nothing of it is written into the case. A folder in plain lies in memory where the system has a place for that
(memory.py), else in a private folder among its temporary files; it is removed when the work is done.
"""

import io
import shutil
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import BinaryIO, Self, cast

from evidence_kit import canonical
from evidence_kit.archive.manifests import manifest_bytes
from evidence_kit.archive.tree import FolderTree, Tree
from evidence_kit.canonical import Json
from evidence_kit.case.encrypted import AGE, Content, contents_of
from evidence_kit.case.items import parse_item
from evidence_kit.case.manifest import NAME, read_manifest
from evidence_kit.case.memory import folder_in_memory, memory
from evidence_kit.case.supply import ORIGINAL
from evidence_kit.errors import CaseError, FormatError
from evidence_kit.models import Digest
from evidence_kit.trust.age import Identity, open_age
from evidence_kit.trust.digests import sha256_file

_BUFFER = 256 * 1024
_LARGEST = 64 * 1024 * 1024
_SPARE = 4
"""How many times as much as an item takes must be free in memory, so that others are left some."""
_FILM = "original: no picture"
_UNREAD = frozenset({_FILM, "accessibility", "connections", "dom-snapshot", "mhtml", "session-data", "wacz"})
"""Roles of what is large, and is read from a stream or not at all."""
_HINT = "give the key of a recipient: --key FILE, or its path in EVIDENCE_KIT_KEY"


class OpenedTree:
    """A tree in which age files are what they hold, under their names in plain; some files may be replaced."""

    def __init__(
        self, tree: Tree, opened: Collection[str], identities: Sequence[Identity], replaced: dict[str, bytes]
    ) -> None:
        """Take the names in plain of the age files in *tree* that *identities* open."""
        self._tree = tree
        self._opened = frozenset(opened)
        self._identities = identities
        self._replaced = replaced
        self.problems = tree.problems

    def names(self) -> list[str]:
        """Return the paths of all files, sorted by code point."""
        stored = {f"{name}{AGE}" for name in self._opened}
        return sorted(name.removesuffix(AGE) if name in stored else name for name in self._tree.names())

    def size(self, name: str) -> int:
        """Return a file's size in bytes; raises `FormatError` when there is none, `OSError`."""
        if name in self._replaced:
            return len(self._replaced[name])
        if name not in self._opened:
            return self._tree.size(name)
        with self.open(name) as stream:
            return stream.seek(0, io.SEEK_END)

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading; raises `FormatError` when there is none, and where it was altered, `OSError`."""
        if name in self._replaced:
            return io.BytesIO(self._replaced[name])
        if name not in self._opened:
            return self._tree.open(name)
        reader = open_age(self._tree.open(f"{name}{AGE}"), self._identities)
        if reader is None:
            raise FormatError("none of the keys given opens it")
        return io.BufferedReader(reader, _BUFFER)

    def read(self, name: str, limit: int) -> bytes:
        """Return a file of at most *limit* bytes; raises `FormatError` when there is none or it is larger."""
        with self.open(name) as stream:
            data = stream.read(min(limit, self.size(name)) + 1)
        if len(data) > limit:
            raise FormatError(f"{name} is larger than {limit} bytes")
        return data


def open_tree(tree: Tree, folders: Iterable[str], identities: Sequence[Identity]) -> Tree:
    """Return *tree* with the items in *folders* (each with ``/`` at the end, or empty) as though they were in plain.

    Their ``item.json`` and manifest too are as they would be then. What *identities* do not open stays as it is; what
    a bundle holds opened needs none.
    """
    there = frozenset(tree.names())
    opened: set[str] = set()
    replaced: dict[str, bytes] = {}
    for folder in folders:
        try:
            record = parse_item(tree.read(f"{folder}item.json", _LARGEST))
            age = contents_of(record)
            found = _readable(tree, folder, age, there, identities)
            manifest = read_manifest(tree.read(folder + NAME, _LARGEST)) if found else {}
        except (FormatError, OSError):
            continue  # said by `verify`
        opened.update(folder + name for name in found if folder + name not in there)
        if found:
            replaced[f"{folder}item.json"] = canonical.pretty(plain_record(record, found))
            replaced[folder + NAME] = manifest_bytes(_plain_manifest(manifest, found))
    return cast("Tree", OpenedTree(tree, opened, identities, replaced)) if replaced else tree


def _readable(
    tree: Tree, folder: str, age: dict[str, Content], there: Collection[str], identities: Sequence[Identity]
) -> dict[str, Content]:
    """Return those of *age* that lie opened, and those that *identities* open."""
    locked = [name for name in age if f"{folder}{name}{AGE}" in there]
    # All files of an item are encrypted to the same keys.
    opens = bool(locked and identities) and _opens(tree, f"{folder}{locked[0]}{AGE}", identities)
    return {
        name: content
        for name, content in age.items()
        if (name in locked and opens) or (name not in locked and folder + name in there)
    }


def _opens(tree: Tree, name: str, identities: Sequence[Identity]) -> bool:
    with tree.open(name) as stream:
        return open_age(stream, identities) is not None


def plain_record(record: dict[str, Json], found: Collection[str]) -> dict[str, Json]:
    """Return *record* as though those of its files that are *found* in plain had never been encrypted."""
    files = record.get("files")
    return {**record, "files": [_plain_file(file, found) for file in (files if isinstance(files, list) else [])]}


def _plain_file(file: Json, found: Collection[str]) -> Json:
    match file:
        case {"path": str(path), "plain": dict(plain), **more} if path.removesuffix(AGE) in found:
            return {**more, **plain, "path": path.removesuffix(AGE)}
    return file


def _plain_manifest(manifest: dict[str, Digest], found: dict[str, Content]) -> dict[str, Digest]:
    plain = {f"{name}{AGE}": (name, content.sha256) for name, content in found.items()}
    return dict(plain.get(name, (name, digest)) for name, digest in manifest.items())


class OpenItems:
    """The folders of a case's items as they would be in plain; a context manager, at whose end what it made is gone."""

    def __init__(self, items: Path, identities: Sequence[Identity]) -> None:
        """Take the folder in which the *items* lie."""
        self._items = items
        self._identities = identities
        self._until_the_end = ExitStack()
        self._rooms: dict[Path | None, Path] = {}
        self._folders: dict[str, Path] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """Remove what was made."""
        self._until_the_end.close()

    def encrypted(self, item: str) -> bool:
        """Whether there is anything in *item* to be opened; raises `CaseError` for one that cannot be read."""
        return bool(self._contents(item))

    def _contents(self, item: str) -> dict[str, Content]:
        try:
            return contents_of(parse_item(FolderTree(self._items / item).read("item.json", _LARGEST)))
        except (OSError, FormatError) as error:
            raise _unreadable(item, error) from error

    def require(self, item: str) -> None:
        """Raise `CaseError` if *item* is encrypted and not all of it can be opened."""
        age = self._contents(item)
        there = open_tree(FolderTree(self._items / item), [""], self._identities).names() if age else []
        if any(f"{name}{AGE}" in there for name in age):
            why = ", and not to a key that was given" if self._identities else ""
            raise CaseError(f"{item} is encrypted{why}", hint=_HINT)

    def write_plain(self, item: str, folder: Path) -> None:
        """Put what the age files of *item* hold in their place in *folder*, a copy; raises `CaseError`, `OSError`."""
        self.require(item)
        tree = open_tree(FolderTree(self._items / item), [""], self._identities)
        for name, content in self._contents(item).items():
            try:
                with tree.open(name) as stream, (folder / name).open("xb") as out:
                    shutil.copyfileobj(stream, out)
            except FormatError as error:
                raise _unreadable(item, error) from error
            if sha256_file(folder / name) != content.sha256:
                raise _unreadable(item, FormatError(f"{name}{AGE} holds something else than item.json says"))
            (folder / f"{name}{AGE}").unlink()

    def folder(self, item: str, *, without: Collection[str] = ()) -> Path:
        """Return the folder of *item*, in plain, except for files of the roles *without* and what nobody reads there.

        Its ``item.json`` is as it would be in plain, its manifest as it is. Raises `CaseError` for an item that is
        encrypted and that no key opens, or whose age files were altered.
        """
        if not self.encrypted(item):
            return self._items / item
        self.require(item)
        try:
            return self._mirror(item, {*_UNREAD, *without})
        except (OSError, FormatError) as error:
            raise _unreadable(item, error) from error

    def _mirror(self, item: str, without: Collection[str]) -> Path:
        tree = FolderTree(self._items / item)
        record = parse_item(tree.read("item.json", _LARGEST))
        age, roles = contents_of(record), _roles(record)
        wanted = {"item.json", NAME, *(name for name, role in roles.items() if role not in without)}
        opened = open_tree(tree, [""], self._identities)
        manifest = tree.read(NAME, _LARGEST)
        target = self._folder(item, size=sum(content.size for name, content in age.items() if name in wanted))
        for name in wanted.intersection(opened.names()):
            path = target / name
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(name) if name != NAME else io.BytesIO(manifest) as stream, path.open("xb") as out:
                    shutil.copyfileobj(stream, out)
        return target

    def _folder(self, item: str, *, size: int) -> Path:
        """Return the folder in which *size* bytes of *item* are laid: in memory, unless too little of it is free."""
        if item not in self._folders:
            there = memory()
            place = there if there and shutil.disk_usage(there).free > _SPARE * size else None
            if place not in self._rooms:
                self._rooms[place] = Path(self._until_the_end.enter_context(_room_in(place)))
            self._folders[item] = self._rooms[place] / item
            self._folders[item].mkdir()
        return self._folders[item]


def _room_in(memory: Path | None) -> AbstractContextManager[Path | str]:
    return folder_in_memory(memory) if memory else TemporaryDirectory(prefix="evidence-kit-")


def _unreadable(item: str, error: OSError | FormatError) -> CaseError:
    return CaseError(f"the item {item} cannot be read: {error}", hint="run: evidence-kit verify CASE")


def _roles(record: dict[str, Json]) -> dict[str, str]:
    """Return the role of each file by its name in plain."""
    files = record.get("files")
    found: dict[str, str] = {}
    for file in files if isinstance(files, list) else []:
        match file:
            case {"path": str(path), "role": str(role), "media_type": str(media_type), **more}:
                name = path.removesuffix(AGE) if "plain" in more else path
                found[name] = _FILM if role == ORIGINAL and not media_type.startswith("image/") else role
            case _:
                pass
    return found
