"""The files of a case or bundle, each hashed at most once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from evidence_kit.archive.ahead import archives_ahead, digests_ahead
from evidence_kit.archive.resource_names import is_own_archive
from evidence_kit.archive.tree import Tree
from evidence_kit.archive.wacz_reader import WaczFindings, check_wacz
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest
from evidence_kit.trust.digests import sha256_stream

SMALL = 64 * 1024 * 1024
"""Bytes that a file may have which is read as a whole: lists, records."""


@dataclass(slots=True)
class CaseFiles:
    """A case's files, wherever they lie in *tree*: at *prefix* ``""`` in a case, ``data/`` in a bundle."""

    tree: Tree
    prefix: str
    _digests: dict[str, Digest] = field(default_factory=dict)
    _archives: dict[str, WaczFindings] = field(default_factory=dict)
    _names: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """List the names once."""
        own = (name for name in self.tree.names() if name.startswith(self.prefix))
        self._names = dict.fromkeys(name.removeprefix(self.prefix) for name in own)

    def know(self, digests: Mapping[str, Digest]) -> None:
        """Take over digests by the tree's own names."""
        self._digests.update(digests)

    def look_ahead(self, *, processes: int) -> None:
        """Work through what takes long, the files of the items and their archives, in several *processes*."""
        files = [name for name in self.tree.names() if name.startswith(f"{self.prefix}items/")]
        self.know(digests_ahead(self.tree, [name for name in files if name not in self._digests], processes=processes))
        archives = [name for name in files if is_own_archive(name)]
        self._archives.update(archives_ahead(self.tree, archives, processes=processes))

    def archive(self, name: str) -> WaczFindings:
        """Return what there is to find in one of our own archives, once; raises `OSError`."""
        known = self._archives.pop(self.prefix + name, None)
        if known is not None:
            return known
        with self.tree.open(self.prefix + name) as stream:
            return check_wacz(stream, ours=True)

    def names(self) -> list[str]:
        """Return the case's file names, sorted."""
        return list(self._names)

    def has(self, name: str) -> bool:
        """Whether there is a file *name*."""
        return name in self._names

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading; raises `FormatError` and `OSError`, some of them only while it is read."""
        return self.tree.open(self.prefix + name)

    def read(self, name: str, limit: int = SMALL) -> bytes:
        """Return a file of at most *limit* bytes; raises `FormatError` when it is not there or too large."""
        return self.tree.read(self.prefix + name, limit)

    def digest(self, name: str) -> Digest:
        """Return a file's digest; raises `FormatError` when it cannot be read."""
        full = self.prefix + name
        if full not in self._digests:
            try:
                with self.tree.open(full) as stream:
                    self._digests[full] = sha256_stream(stream)
            except OSError as error:
                message = f"it cannot be read: {error.strerror or error}"
                raise FormatError(message) from error
        return self._digests[full]

    def shown(self, name: str) -> str:
        """Return the name under which people find the file."""
        return self.prefix + name
