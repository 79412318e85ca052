"""A private folder in memory, for what must not lie on a disk in plain.

On Linux that is ``/dev/shm``; elsewhere a memory disk that somebody made, named in ``EVIDENCE_KIT_MEMORY``. The folder
is locked while it is used and removed afterwards; what a killed process left is removed by whoever needs one next. What
lies in memory may be written to swap space: `swaps` tells whether there is any.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from evidence_kit.case.held import held, is_abandoned

VARIABLE = "EVIDENCE_KIT_MEMORY"
_SHARED = Path("/dev/shm")  # noqa: S108  # only a private folder in it is used
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_PREFIX = "evidence-kit-"
_LOCK = "in-use.lock"


def memory(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder whose files lie in memory, None when there is none that can be written to."""
    named = environ.get(VARIABLE)
    place = Path(named) if named else _SHARED
    if not place.is_dir() or not os.access(place, os.W_OK):
        return None
    return place if named or _kind_of(place) in _IN_MEMORY else None


def _kind_of(place: Path) -> str:
    """Return the kind of file system that is mounted at *place*; empty where it cannot be told."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    kinds = [fields[2] for fields in map(str.split, mounts) if len(fields) > 2 and fields[1] == str(place)]  # noqa: PLR2004
    return kinds[-1] if kinds else ""


def swaps() -> bool:
    """Whether this system may write what lies in memory to a disk, as far as it tells; compressed memory is no disk."""
    if not sys.platform.startswith("linux"):
        return True
    try:
        lines = Path("/proc/swaps").read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    except OSError:
        return True
    return any(not line.startswith("/dev/zram") for line in lines)


@contextmanager
def folder_in_memory(place: Path) -> Iterator[Path]:
    """Give a new private folder in *place* and remove it whatever happens; raises `OSError`."""
    clear_memory(place)
    folder = Path(mkdtemp(prefix=_PREFIX, dir=place))
    try:
        with held(folder / _LOCK):
            yield folder
    finally:
        _remove(folder)


def clear_memory(place: Path | None) -> int:
    """Remove the folders that killed processes left in *place*, and return how many there were."""
    left = [folder for folder in place.glob(f"{_PREFIX}*") if is_abandoned(folder / _LOCK)] if place else []
    for folder in left:
        _remove(folder)
    return len(left)


def _remove(folder: Path) -> None:
    """Remove *folder*, the lock last: without it nobody would know what a process that is killed meanwhile leaves."""
    for path in list(folder.glob("*")):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != _LOCK:
            with suppress(OSError):
                path.unlink()
    shutil.rmtree(folder, ignore_errors=True)
