"""Keep bodies in files of one folder while a connection is read: one file each, few of them open at a time."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

_MOST_OPEN = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBody:
    """A body on the disk."""

    path: Path | None = None
    """Where it is; None when it is empty."""
    length: int = 0

    @property
    def content(self) -> bytes | Path:
        """What an archive is given of it."""
        return self.path if self.path is not None else b""


EMPTY = StoredBody()


class BodyFolder:
    """A folder of body files; a context manager. `OSError` passes through."""

    def __init__(self, folder: Path) -> None:
        """Write into *folder*, which exists and in which no other connection is read."""
        self._folder = folder
        self._count = 0
        self._open: OrderedDict[Path, BinaryIO] = OrderedDict()

    def __enter__(self) -> Self:
        """Nothing is opened before it is written to."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every file."""
        while self._open:
            self._open.popitem()[1].close()

    def new(self, kind: str) -> "BodyFile":
        """Return a body that is empty so far; *kind* ends the name of its file."""
        self._count += 1
        return BodyFile(self, self._folder / f"{self._count:06d}.{kind}")

    def write(self, path: Path, data: bytes, *, first: bool) -> None:
        """Append *data* to a file of this folder; the *first* time it must not be there yet."""
        stream = self._open.get(path)
        if stream is None:
            if len(self._open) >= _MOST_OPEN:
                self._open.popitem(last=False)[1].close()
            stream = path.open("xb" if first else "ab")
            self._open[path] = stream
        else:
            self._open.move_to_end(path)
        stream.write(data)

    def close(self, path: Path) -> None:
        """Bring a file to its full length, so that it can be read."""
        stream = self._open.pop(path, None)
        if stream is not None:
            stream.close()


class BodyFile:
    """A body that is being written."""

    def __init__(self, folder: BodyFolder, path: Path) -> None:
        """The file appears with the first byte."""
        self.length = 0
        self.path = path
        self._folder = folder

    def write(self, data: bytes) -> None:
        """Append *data*."""
        if data:
            self._folder.write(self.path, data, first=not self.length)
            self.length += len(data)

    def stored(self) -> StoredBody:
        """End the writing."""
        self._folder.close(self.path)
        return StoredBody(path=self.path, length=self.length) if self.length else EMPTY

    def discard(self) -> None:
        """Delete what was written; it can be written anew."""
        self._folder.close(self.path)
        if self.length:
            self.path.unlink()
        self.length = 0
