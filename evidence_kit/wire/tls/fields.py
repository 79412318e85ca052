"""The presentation language of TLS (RFC 8446 section 3): numbers in network order, and vectors with their length."""

from evidence_kit.errors import FormatError


class Fields:
    """Reads the fields of one structure from the front; every method raises `FormatError` when bytes are missing."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._name = name
        self.at = 0
        """How many bytes were read."""

    @property
    def more(self) -> bool:
        """Whether bytes are left."""
        return self.at < len(self._data)

    def take(self, size: int) -> bytes:
        """Return the next *size* bytes."""
        end = self.at + size
        if end > len(self._data):
            raise FormatError(f"{self._name} ends after {len(self._data)} bytes, in the middle of a field")
        found = self._data[self.at : end]
        self.at = end
        return found

    def number(self, size: int) -> int:
        """Return the next number of *size* bytes."""
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """Return the next vector, whose length is a number of *size* bytes."""
        return self.take(self.number(size))

    def numbers(self, size: int) -> tuple[int, ...]:
        """Return the next vector of 2-byte numbers, whose length in bytes is a number of *size* bytes."""
        found = self.vector(size)
        if len(found) % 2:
            raise FormatError(f"{self._name} holds a list of 2-byte numbers in {len(found)} bytes")
        return tuple(int.from_bytes(found[i : i + 2], "big") for i in range(0, len(found), 2))

    def end(self) -> None:
        """See to it that nothing is left."""
        if self.more:
            raise FormatError(f"{self._name} has {len(self._data) - self.at} bytes too many")
