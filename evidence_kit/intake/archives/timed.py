"""A file that is read for so long and no longer: a bomb of a few kilobytes would keep a reader busy for hours."""

import io
import time
from pathlib import Path

from evidence_kit.errors import LimitError
from evidence_kit.plain import open_plain

_SECONDS = 6.0
_BYTES_A_SECOND = 10_000_000
"""What an honest archive is read at, at least, decompressed and hashed."""


class TimedFile(io.RawIOBase):
    """The plain file at a path; reading raises `LimitError` once its time is over."""

    def __init__(self, path: Path) -> None:
        """Open it; raises `OSError`."""
        self._stream = open_plain(path)
        size = path.stat().st_size
        self._end = time.monotonic() + _SECONDS + size / _BYTES_A_SECOND

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; returns the new place."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._stream.tell()

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]  # what callers give
        """Read into *buffer*; raises `LimitError`."""
        if time.monotonic() > self._end:
            raise LimitError("reading it took longer than it may")
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        super().close()
