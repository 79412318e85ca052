"""Files that are read by turns and not for ever: a few of them are open at a time, and each has an end to its time.

A folder may hold thousands of zips (documents of office programs are some), and a program may have some hundred files
open. A file that takes longer than any honest one of its size is read as far as it goes.
"""

import io
import time
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO

from evidence_kit.errors import FormatError
from evidence_kit.plain import open_plain

_MOST_OPEN = 32
_SECONDS = 10.0
_SECONDS_A_MEGABYTE = 3.0
"""Five times what reading messages takes on a machine of today."""


class OpenFiles:
    """The files that are open at the moment, the one that was read last at the end."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open: OrderedDict[Path, BinaryIO] = OrderedDict()

    def stream(self, path: Path) -> BinaryIO:
        """Return the plain file at *path* as a stream that is opened again whenever it is read; raises `OSError`."""
        return io.BufferedReader(_ByTurns(self, path))

    def handle(self, path: Path) -> BinaryIO:
        """Return the plain file at *path*, open; raises `OSError`."""
        handle = self._open.pop(path, None) or open_plain(path)
        self._open[path] = handle
        while len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)[1].close()
        return handle

    def close(self) -> None:
        """Close all of them."""
        while self._open:
            self._open.popitem()[1].close()


class _ByTurns(io.RawIOBase):
    def __init__(self, files: OpenFiles, path: Path) -> None:
        self._files = files
        self._path = path
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        handle = self._files.handle(self._path)
        handle.seek(self._at)
        self._at = handle.seek(offset, whence)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer of bytes, always
        handle = self._files.handle(self._path)
        handle.seek(self._at)
        piece = handle.read(len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def timed(stream: BinaryIO, size: int) -> BinaryIO:
    """Return *stream*, of which reading raises `FormatError` once it took longer than *size* bytes may take."""
    return io.BufferedReader(_Timed(stream, _SECONDS + _SECONDS_A_MEGABYTE * size / 1e6))


class _Timed(io.RawIOBase):
    def __init__(self, stream: BinaryIO, seconds: float) -> None:
        self._stream = stream
        self._end = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer of bytes, always
        if time.monotonic() > self._end:
            raise FormatError("reading it took longer than it may")
        piece = self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()
