"""Encryption at rest: the files of an item as age files, each with what binds it to its content.

A case that has recipients of content (custody.recipients) keeps ``NAME`` as ``NAME.age``. The manifest lists the age
file, ``item.json`` also size and digest of the content (docs/evidence-format.md, "Encrypted items"). It is encrypted
beside what was staged, so that a crash at any moment leaves either all of it in plain, to be completed, or none.
"""

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence_kit.canonical import Json
from evidence_kit.case.durable import move_new
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest
from evidence_kit.plain import open_plain
from evidence_kit.trust.age import AgeWriter, Recipient
from evidence_kit.trust.digests import sha256_stream

AGE = ".age"
_ASIDE, _NEW = "plain", "encrypted"
"""In the folder of the recording: what was staged, once the age files stand in its place, and those before."""
_READABLE = frozenset({"sealed", "sealed-particulars", "sealed-register", "session-data"})
"""Roles of what is encrypted already, and of the register of it."""
_TOKEN = "-token"  # noqa: S105  # the end of a role
_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an age file of an item must hold."""

    size: int
    sha256: Digest

    def to_json(self) -> dict[str, Json]:
        """Return the member ``plain``."""
        return {"bytes": self.size, "sha256": self.sha256.hex}


def contents_of(record: dict[str, Json]) -> dict[str, Content]:
    """Return what the age files of the item of *record* hold, by the names that these had in plain.

    Raises `FormatError` for a member ``plain`` that is none.
    """
    files = record.get("files")
    listed = [file for file in files if isinstance(file, dict)] if isinstance(files, list) else []
    others = [file.get("path") for file in listed]
    found: dict[str, Content] = {}
    for file in listed:
        if "plain" not in file:
            continue
        match file:
            case {"path": str(path), "plain": {"bytes": int(size), "sha256": str(digest), **more}} if (
                _is_age(path, others) and size >= 0 and not isinstance(size, bool) and not more
            ):
                found[path.removesuffix(AGE)] = Content(size=size, sha256=Digest.parse(f"sha256:{digest}"))
            case _:
                raise FormatError("it does not say what a file of it holds")
    return found


def _is_age(path: str, others: Sequence[Json]) -> bool:
    return path.endswith(AGE) and path.removesuffix(AGE) not in others


def is_kept_readable(role: str) -> bool:
    """Whether files of *role* are not encrypted: time stamps, which tell nothing, and what is an age file already."""
    return role in _READABLE or role.endswith(_TOKEN)


def exchange(
    folder: Path, recording: Path, names: Iterable[str], recipients: Sequence[Recipient]
) -> dict[str, Content]:
    """Encrypt the files *names* of *folder* to *recipients*, and lay what was there aside, below *recording*.

    Returns what each age file holds, by the names in plain. Raises `FormatError`, `CaseError`, `OSError`.
    """
    target = recording / _NEW
    shutil.rmtree(target, ignore_errors=True)
    recording.mkdir(mode=0o700, exist_ok=True)
    target.mkdir()
    wanted, found = set(names), {}
    for source in sorted(folder.rglob("*")):
        name = source.relative_to(folder).as_posix()
        if source.is_dir() and not source.is_symlink():
            (target / name).mkdir()
        elif name in wanted:
            found[name] = encrypt_file(source, target / f"{name}{AGE}", recipients)
        else:
            _copy(source, target / name)
    move_new(folder, recording / _ASIDE)
    move_new(target, folder)
    return found


def restore(folder: Path, recording: Path) -> None:
    """Put back what `exchange` laid aside for an item that was then not committed; raises `CaseError`, `OSError`."""
    aside = recording / _ASIDE
    if aside.is_dir() and not aside.is_symlink() and not folder.is_symlink():
        if folder.exists():
            shutil.rmtree(folder)
        move_new(aside, folder)


def encrypt_file(source: Path, target: Path, recipients: Sequence[Recipient]) -> Content:
    """Write the age file, read it back before its key is forgotten, and return what it holds.

    Raises `FormatError`, `OSError`.
    """
    hasher, size = hashlib.sha256(), 0
    with open_plain(source) as stream, target.open("xb") as out, AgeWriter(out, recipients) as writer:
        while piece := stream.read(_PIECE):
            hasher.update(piece)
            size += len(piece)
            writer.write(piece)
    content = Content(size=size, sha256=Digest(hasher.digest()))
    with writer.reopened(open_plain(target)) as reader:
        if sha256_stream(reader) != content.sha256:
            raise FormatError(f"{target.name} does not open to what was encrypted: the disk or the memory is failing")
    return content


def _copy(source: Path, target: Path) -> None:
    with open_plain(source) as stream, target.open("xb") as out:
        shutil.copyfileobj(stream, out)
