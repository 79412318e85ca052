"""Keep the most memory that processes have while something runs."""

from collections.abc import Callable
from threading import Event, Thread
from typing import Self

_BETWEEN = 0.1
"""Seconds from one look to the next."""


class Watched:
    """Keeps the largest of what *memory* gives, in MB, while the block runs."""

    def __init__(self, memory: Callable[[], float]) -> None:
        """Ask *memory* again and again, in a thread."""
        self.most = 0.0
        self._memory = memory
        self._over = Event()
        self._thread = Thread(target=self._watch)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, when the last look is over."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_BETWEEN):
            self.most = max(self.most, self._memory())
