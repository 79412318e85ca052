"""Open plain files only: no link that leads elsewhere, no pipe that would be waited for, no device without end.

Whoever can write into a case without a key can put such things where a file of ours ought to be. A file that somebody
named may be a link or a pipe, but has no more than so many bytes.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from evidence_kit.errors import FormatError


def opener(path: str, flags: int) -> int:
    """Open *path* for the built-in `open`; raises `OSError` when it is no plain file."""
    if os.path.islink(path):  # noqa: PTH114  # what `open` hands over
        raise OSError(errno.ELOOP, "it is a link", path)
    # What took its place since then is refused by the system where it can, and else seen at what was opened.
    handle = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o666)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a plain file", path)
    return handle


def open_plain(path: Path) -> BinaryIO:
    """Open the plain file at *path* for reading; raises `OSError`."""
    return open(path, "rb", opener=opener)  # only it takes an opener


def real(path: Path) -> Path:
    """Return *path* without links; one that leads to itself stays, for whoever opens it (`Path.resolve` may fail)."""
    return Path(os.path.realpath(path))


def read_plain(path: Path, most: int = -1) -> bytes:
    """Return the bytes of the plain file at *path*; raises `OSError`, and `FormatError` for more than *most* bytes."""
    with open_plain(path) as stream:
        # As much room as is asked for would be taken at once, however small the file is.
        data = stream.read(min(most, os.fstat(stream.fileno()).st_size) + 1 if most >= 0 else -1)
    if len(data) > most >= 0:
        raise FormatError(f"{path.name} is larger than {most} bytes")
    return data


def read_at_most(path: Path, limit: int) -> bytes:
    """Return the bytes of a file that somebody named; raises `FormatError` for more than *limit*, `OSError`."""
    with path.open("rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise FormatError(f"{path.name} is larger than {limit} bytes")
    return data


def write_anew(path: Path, data: bytes) -> None:
    """Write *data* to a new file in the place of whatever is at *path*, a link too; raises `OSError`.

    It is not brought on to the disk: for what may be lost or torn.
    """
    path.unlink(missing_ok=True)
    with path.open("xb") as stream:
        stream.write(data)


def remove_others(folder: Path) -> None:
    """Remove what lies below *folder* and is neither a plain file nor a folder; links are not followed."""
    for path in sorted(folder.rglob("*"), reverse=True):
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            path.unlink()
