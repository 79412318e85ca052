"""Work through many files in several processes before somebody looks at them one by one.

What comes back is exactly what the one who asks would find; what cannot be read is left out, so that he finds out why.
Only files in folders are worked through: a zip is one file, in which everybody would have to find their way anew.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from evidence_kit.archive.tree import FolderTree, Tree
from evidence_kit.archive.wacz_reader import WaczFindings, check_wacz
from evidence_kit.archive.warc_parts import WORTHWHILE
from evidence_kit.models import Digest
from evidence_kit.plain import open_plain
from evidence_kit.processes import spread
from evidence_kit.trust.digests import sha256_stream

_WORTHWHILE_HASHING = 512 * 1024 * 1024
_WORTHWHILE_READING = 32 * 1024 * 1024
"""Bytes from which on it takes longer to do it here than to start other processes."""
_BATCH_BYTES, _BATCH_FILES = 64 * 1024 * 1024, 500


def digests_ahead(tree: Tree, names: Iterable[str], *, processes: int) -> dict[str, Digest]:
    """Return the digests of the files *names* of *tree*, or none if that is not worth several *processes*."""
    found: dict[str, Digest] = {}
    wanted = list(names)
    if processes > 1 and isinstance(tree, FolderTree) and sum(map(tree.size, wanted)) >= _WORTHWHILE_HASHING:
        batches = _batches(tree, wanted)
        parts = [[tree.path(name) for name in batch] for batch in batches]
        for batch, digests in zip(batches, spread(_digests, parts, processes=processes, copies=True), strict=True):
            found.update((name, digest) for name, digest in zip(batch, digests, strict=True) if digest is not None)
    return found


def archives_ahead(tree: Tree, names: Iterable[str], *, processes: int) -> dict[str, WaczFindings]:
    """Return what `check_wacz` finds in our own archives *names* of *tree*, or nothing if that is not worth it."""
    found: dict[str, WaczFindings | None] = {}
    wanted = list(names)
    if processes > 1 and isinstance(tree, FolderTree) and sum(map(tree.size, wanted)) >= _WORTHWHILE_READING:
        # Each of the large ones is divided among all processes.
        large = [name for name in wanted if tree.size(name) >= WORTHWHILE]
        small = [name for name in wanted if tree.size(name) < WORTHWHILE]
        found.update(zip(small, spread(_archive, map(tree.path, small), processes=processes, copies=True), strict=True))
        found.update((name, _archive(tree.path(name), processes=processes)) for name in large)
    return {name: result for name, result in found.items() if result is not None}


def _batches(tree: FolderTree, names: Sequence[str]) -> list[list[str]]:
    """Divide *names* so that all processes have something to do until the end."""
    batches: list[list[str]] = [[]]
    size = 0
    for name in names:
        if batches[-1] and (size + tree.size(name) > _BATCH_BYTES or len(batches[-1]) == _BATCH_FILES):
            batches.append([])
            size = 0
        batches[-1].append(name)
        size += tree.size(name)
    return batches


def _digests(paths: Sequence[Path]) -> list[Digest | None]:
    return [_digest(path) for path in paths]


def _digest(path: Path) -> Digest | None:
    try:
        with open_plain(path) as stream:
            return sha256_stream(stream)
    except OSError:
        return None


def _archive(path: Path, *, processes: int = 1) -> WaczFindings | None:
    try:
        with open_plain(path) as stream:
            return check_wacz(stream, ours=True, path=path, processes=processes)
    except OSError:
        return None
