"""``manifest-sha256.txt`` of an item: the list of every file of its folder but itself (archive.manifests).

Paths are narrower here than in other people's bags: ASCII letters, digits, ``. _ -`` and ``/``, at most 100 characters.
"""

import re
from pathlib import Path

from evidence_kit.archive.manifests import manifest_bytes, parse_manifest
from evidence_kit.display import shorten
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest
from evidence_kit.plain import open_plain
from evidence_kit.trust.digests import sha256_stream

NAME = "manifest-sha256.txt"
_PATH = re.compile(r"[A-Za-z0-9._/-]{1,100}")


def build_manifest(folder: Path) -> bytes:
    """Return the manifest of every file below *folder*.

    Raises `FormatError` for a name that the format does not allow, and `OSError` for what is no plain file.
    """
    files = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return manifest_bytes({_allowed(name): _digest(path) for name, path in names.items() if name != NAME})


def _digest(path: Path) -> Digest:
    with open_plain(path) as stream:
        return sha256_stream(stream)


def read_manifest(data: bytes) -> dict[str, Digest]:
    """Return path to digest; raises `FormatError` unless sorted, without doubles, every path of the allowed form."""
    found = parse_manifest(data)
    for name in found:
        _allowed(name)
    return found


def _allowed(name: str) -> str:
    if not _PATH.fullmatch(name):
        raise FormatError(f"not a path of the allowed form: {shorten(name)}")
    return name
