"""What is looked at: the items of a case, of a bundle (folder or zip), or one item's folder, as files to be read.

Nothing here decides what may be shown. Files are read in pieces, each under a lock where they lie in a zip, whose
entries share one file. Links and devices are never opened (archive.tree).
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from evidence_kit import canonical
from evidence_kit.archive.tree import FolderTree, Tree, ZipTree
from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.canonical import Json
from evidence_kit.case.encrypted import AGE
from evidence_kit.case.items import CAPTURED, parse_item
from evidence_kit.case.layout import SESSION_DATA
from evidence_kit.case.manifest import NAME, read_manifest
from evidence_kit.case.opened import open_tree
from evidence_kit.custody.events import Event, EventType, read_line
from evidence_kit.errors import FormatError, UsageError
from evidence_kit.models import Digest
from evidence_kit.trust.age import Identity
from evidence_kit.trust.certificates import Certificate, load_certificates
from evidence_kit.trust.digests import sha256_stream

PIECE = 256 * 1024
_LARGEST_JSON = 32 * 1024 * 1024
_LARGEST_LOG = 1024 * 1024 * 1024
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What every browser shows."""
_TEXTS = frozenset({"text", "first-text"})
_RECORD = "item.json"
_ALL = ""
"""In place of an item: the case as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFile:
    """One file of an item, as ``item.json`` describes it."""

    path: str
    role: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewedItem:
    """One item: its record, and its files by what they are to a reader."""

    id: str
    folder: str
    """Path of its folder in the tree, with ``/`` at the end; empty where the tree is the item."""
    record: dict[str, Json]
    pictures: tuple[ItemFile, ...]
    texts: tuple[ItemFile, ...]
    archive: ItemFile | None
    """The WACZ, if it is here."""
    ledger: ItemFile | None
    encrypted: bool
    """Whether what it holds cannot be read here."""
    sensitive: bool
    """Whether not even a blurred picture of it is shown without a reveal."""


@dataclass(kw_only=True)
class Subject:
    """The files that are looked at; close it in the end."""

    tree: Tree
    base: str
    """Path of the case's files in the tree: ``data/`` in a bundle."""
    kind: str
    """``case``, ``bundle`` or ``item``."""
    only: str = ""
    """The one item that is asked for; empty for all."""
    zipped: ZipTree | None = None
    """What is to be closed."""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def close(self) -> None:
        """Close the zip, if it is one."""
        if self.zipped:
            self.zipped.close()

    @cached_property
    def names(self) -> frozenset[str]:
        """The paths of all files."""
        return frozenset(self.tree.names())

    @cached_property
    def items(self) -> Mapping[str, ViewedItem]:
        """Every item, by its id, in order; raises `UsageError` where there is none, `FormatError`."""
        if self.kind == "item" and not self.only:
            record = self._record("")
            found = {str(record.get("id")): self._item(str(record.get("id")), "", record)}
        else:
            start = f"{self.base}items/"
            ids = {name.removeprefix(start).split("/")[0] for name in self.names if name.startswith(start)}
            wanted = sorted(ids & {self.only}) if self.only else sorted(ids)
            folders = {item: f"{start}{item}/" for item in wanted if f"{start}{item}/item.json" in self.names}
            found = {item: self._item(item, folder, self._record(folder)) for item, folder in folders.items()}
        if not found:
            named = f"there is no item {self.only} here" if self.only else "there is no item to look at"
            raise UsageError(named, hint="evidence-kit list shows the items of a case")
        return found

    @cached_property
    def certificates(self) -> tuple[Certificate, ...]:
        """The certificates that lie beside the items, as far as they can be read."""
        found: list[Certificate] = []
        for name in sorted(self.names):
            if name.startswith(f"{self.base}trust/") and name.endswith(".pem"):
                try:
                    found += load_certificates(self.read(name, _LARGEST_JSON))
                except FormatError:
                    continue  # said by `verify`; here it is only not available
        return tuple(found)

    def read(self, name: str, limit: int) -> bytes:
        """Return a file of at most *limit* bytes; raises `FormatError`, `OSError`."""
        with self._lock:
            return self.tree.read(name, limit)

    def size(self, name: str) -> int:
        """Return a file's size in bytes; raises `FormatError`."""
        with self._lock:
            return self.tree.size(name)

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """Open a file that nobody else reads meanwhile; raises `FormatError`, `OSError`."""
        with self._lock, self.tree.open(name) as stream:
            yield stream

    def pieces(self, name: str, first: int, size: int) -> Iterator[bytes]:
        """Yield *size* bytes of a file from byte *first* on; raises `FormatError`, `OSError` while it is read."""
        with self._lock:
            stream = self.tree.open(name)
            stream.seek(first)
        with stream:
            while size > 0:
                with self._lock:
                    piece = stream.read(min(PIECE, size))
                if not piece:
                    raise FormatError("the file ends before its size")
                size -= len(piece)
                yield piece

    def matches(self, item: ViewedItem, file: ItemFile) -> bool:
        """Return whether a file's digest is the one in the item's manifest, reading it whole."""
        try:
            listed = read_manifest(self.read(item.folder + NAME, _LARGEST_JSON))
            return listed.get(file.path) == self._digest(item.folder + file.path)
        except (FormatError, OSError):
            return False

    def pages(self, item: ViewedItem) -> list[dict[str, Json]]:
        """Return the page list of the item's WACZ; raises `FormatError`, `OSError`."""
        assert item.archive is not None  # noqa: S101  # asked only of those that have one
        with self.opened(item.folder + item.archive.path) as stream, ZipReader(stream) as archive:
            lines = archive.read("pages/pages.jsonl", _LARGEST_JSON).splitlines()
        found = [canonical.parse(line) for line in lines if line.strip()]
        return [page for page in found if isinstance(page, dict) and isinstance(page.get("url"), str)]

    def _digest(self, name: str) -> Digest:
        with self.opened(name) as stream:
            return sha256_stream(stream)

    def _record(self, folder: str) -> dict[str, Json]:
        return parse_item(self.read(f"{folder}item.json", _LARGEST_JSON))

    def _item(self, item: str, folder: str, record: dict[str, Json]) -> ViewedItem:
        files = list(_files(record))
        here = [file for file in files if folder + file.path in self.names and not file.path.endswith(AGE)]
        # The archive of what was handed over holds files, and no page that could be replayed.
        recordings = [file for file in here if file.role == "wacz" and record.get("source") == CAPTURED]
        ledgers = [file for file in here if file.role == "ledger"]
        return ViewedItem(
            id=item,
            folder=folder,
            record=record,
            pictures=tuple(file for file in here if file.media_type in PICTURES),
            texts=tuple(file for file in here if file.role in _TEXTS),
            archive=recordings[0] if recordings else None,
            ledger=ledgers[0] if ledgers else None,
            # The recording of the traffic is nothing to be looked at.
            encrypted=any(file.path.endswith(AGE) and file.path != SESSION_DATA for file in files),
            sensitive=_is_sensitive(record),
        )

    def sealed(self, item: ViewedItem) -> bool:
        """Return whether *item* is under seal, as the log said when it was last read, or encrypted."""
        return item.encrypted or bool({item.id, _ALL} & self._seals)

    def read_seals(self) -> None:
        """Read the log again: others may write into it meanwhile. Raises `FormatError`, `OSError`."""
        self.__dict__.pop("_seals", None)
        _ = self._seals

    @cached_property
    def _seals(self) -> set[str]:
        """The items whose seals were put on and not taken off."""
        log = f"{self.base}custody.jsonl"
        found: set[str] = set()
        lines = self.read(log, _LARGEST_LOG).splitlines(keepends=True) if log in self.names else []
        for line in lines:
            try:
                event = read_line(line)
            except FormatError:
                continue  # said by `verify`; in a case nothing is revealed then
            if isinstance(event, Event) and event.type == EventType.SEALED:
                found.add(event.item or _ALL)
            elif isinstance(event, Event) and event.type == EventType.UNSEALED:
                found.discard(event.item or _ALL)
        return found


def open_subject(path: Path, kind: str, *, only: str = "", identities: Sequence[Identity] = ()) -> Subject:
    """Open the *kind* of thing at *path*, or *only* one item of it; raises `FormatError`, `OSError`.

    What is encrypted is shown as far as *identities* open it.
    """
    zipped = ZipTree(path) if path.is_file() else None
    tree = zipped or FolderTree(path)
    base = "data/" if kind == "bundle" else ""
    records = (name for name in tree.names() if name.endswith(f"{base}items/{only}/{_RECORD}" if only else _RECORD))
    folders = [name.removesuffix(_RECORD) for name in records]
    return Subject(tree=open_tree(tree, folders, identities), base=base, kind=kind, only=only, zipped=zipped)


def _is_sensitive(record: dict[str, Json]) -> bool:
    flags = record.get("flags")
    listed = flags if isinstance(flags, list) else []
    return any(isinstance(flag, dict) and flag.get("code") == "sensitive" for flag in listed)


def _files(record: dict[str, Json]) -> Iterator[ItemFile]:
    files = record.get("files")
    for file in files if isinstance(files, list) else []:
        match file:
            case {"path": str(path), "role": str(role), "media_type": str(media_type)}:
                yield ItemFile(path=path, role=role, media_type=media_type)
