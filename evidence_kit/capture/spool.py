"""Keep response bodies on disk while a capture runs, within one limit for all of them together."""

from pathlib import Path


class Spool:
    """A folder of body files, one per exchange, written in pieces."""

    def __init__(self, folder: Path, *, limit: int) -> None:
        """Write into *folder*, at most *limit* bytes."""
        self._folder = folder
        self._left = limit
        self.limit = limit

    @property
    def full(self) -> bool:
        """Whether the limit was reached."""
        return self._left <= 0

    def path(self, number: int) -> Path:
        """Return the file of exchange *number*; it exists once something was appended."""
        return self._folder / f"{number:06d}.body"

    def append(self, number: int, data: bytes) -> int:
        """Add *data* to the body of exchange *number* as far as the limit allows; return the bytes written."""
        piece = data[: max(self._left, 0)]
        self._left -= len(piece)
        with self.path(number).open("ab") as stream:
            stream.write(piece)
        return len(piece)

    def discard(self, number: int) -> None:
        """Forget the body of exchange *number*, e.g. to take it again from elsewhere."""
        path = self.path(number)
        if path.exists():
            self._left += path.stat().st_size
            path.unlink()
