"""Put bytes on the disk so that they are there after a power cut, and never over something that was there."""

import os
from pathlib import Path

from evidence_kit.errors import CaseError
from evidence_kit.plain import opener


def write_new(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write *data* to a new file at *path* and on to the disk; raises `CaseError` when the path is taken.

    A *private* file is for this person only, where the system knows such (POSIX).
    """
    try:
        with open(path, "xb", opener=_private if private else None) as stream:  # only it takes an opener
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError as error:
        message = f"{path.name} is already there and is never overwritten"
        raise CaseError(message) from error
    except OSError as error:
        message = f"{path.name} could not be written: {error.strerror}"
        raise CaseError(message) from error
    sync_folder(path.parent)


def append(path: Path, data: bytes) -> None:
    """Append *data* to the plain file at *path* and on to the disk; raises `CaseError`."""
    try:
        with open(path, "ab", opener=opener) as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        message = f"{path.name} could not be written: {error.strerror}"
        raise CaseError(message) from error


def move_new(source: Path, target: Path) -> None:
    """Rename *source* to *target*, which must not exist; raises `CaseError`. On Windows an open file inside refuses."""
    if target.exists():
        message = f"{target.name} is already there and is never overwritten"
        raise CaseError(message)
    try:
        source.rename(target)
    except OSError as error:
        message = f"{source.name} could not be moved to {target.name}: {error.strerror}"
        raise CaseError(
            message, hint="close programs that have files of the case open, then run the command again"
        ) from error
    sync_folder(target.parent)


def sync_tree(folder: Path) -> None:
    """Bring every file below *folder* on to the disk."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb+", opener=opener) as stream:
                os.fsync(stream.fileno())
        elif path.is_dir() and not path.is_symlink():
            sync_folder(path)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Bring the names in *folder* on to the disk, where the system has that notion (POSIX)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
