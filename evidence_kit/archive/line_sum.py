"""What lines, and texts, leave behind when they cannot all be kept.

Both go through SHA-256 behind a secret that is drawn for one check: nobody can choose them so that they pass for
others, and what is left says no more and no less than the lines and texts themselves would.
"""

import secrets
from collections.abc import Iterable
from hashlib import sha256
from typing import Self

_MODULUS = 1 << 256
_MARK = 16
"""Bytes of a mark: chance makes two of them alike once in 2^128 times."""
_NONE = bytes(_MARK)
_FEWEST = 1024


def draw_secret() -> bytes:
    """Return a secret for one check."""
    return secrets.token_bytes(32)


class LineSum:
    """The sum of lines, whatever their order: the same one only for the same lines, each as often."""

    def __init__(self, secret: bytes) -> None:
        """Begin without lines."""
        self.bytes = 0
        """Of all lines."""
        self.longest = 0
        """Bytes of the longest line."""
        self._secret = secret
        self._sum = 0

    def add(self, line: bytes) -> None:
        """Add one."""
        self._sum = (self._sum + int.from_bytes(sha256(self._secret + line).digest())) % _MODULUS
        self.bytes += len(line)
        self.longest = max(self.longest, len(line))

    def another(self) -> Self:
        """Return one without lines yet, which can be compared with this one."""
        return type(self)(self._secret)

    @property
    def value(self) -> tuple[int, int]:
        """What is the same for the same lines: their bytes, and the sum of their digests modulo 2^256."""
        return self.bytes, self._sum


class Marks:
    """A set of texts, each in sixteen bytes."""

    def __init__(self, secret: bytes) -> None:
        """Begin without texts."""
        self._secret = secret
        self._count = 0
        self._table = bytearray(_MARK * _FEWEST)
        """Marks where their beginning leads to, or behind it; all zero where there is none."""

    def __contains__(self, text: str) -> bool:
        """Whether *text* was added."""
        return self._at(self._place(self._mark(text))) != _NONE

    def add(self, text: str) -> bool:
        """Add *text*, and return whether it is new."""
        mark = self._mark(text)
        place = self._place(mark)
        if self._at(place) != _NONE:
            return False
        self._put([(place, mark)])
        self._count += 1
        if 2 * _MARK * self._count > len(self._table):
            old = self._table
            self._table = bytearray(2 * len(old))
            marks = (bytes(old[at : at + _MARK]) for at in range(0, len(old), _MARK))
            self._put((self._place(mark), mark) for mark in marks if mark != _NONE)
        return True

    def _put(self, marks: Iterable[tuple[int, bytes]]) -> None:
        for place, mark in marks:
            self._table[place : place + _MARK] = mark

    def _at(self, place: int) -> bytes:
        return bytes(self._table[place : place + _MARK])

    def _mark(self, text: str) -> bytes:
        return sha256(self._secret + text.encode("utf-8", "surrogatepass")).digest()[:_MARK]

    def _place(self, mark: bytes) -> int:
        """Return where *mark* stands in the table, or would."""
        place = _MARK * int.from_bytes(mark) % len(self._table)
        while self._at(place) not in {mark, _NONE}:
            place = (place + _MARK) % len(self._table)
        return place
