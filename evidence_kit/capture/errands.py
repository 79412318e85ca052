"""Ask somebody something beside a capture: it neither delays the capture nor can it keep it from ending."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from evidence_kit.errors import EvidenceError

_Answer = TypeVar("_Answer")


class Errand(Generic[_Answer]):
    """A question that is being asked, in a thread that dies with the program."""

    def __init__(self, ask: Callable[[], _Answer]) -> None:
        """Begin; an `EvidenceError` of *ask* is its answer too."""
        self._ask = ask
        self._answer: _Answer | None = None
        self._error: EvidenceError | None = None
        self._thread = threading.Thread(target=self._run, name="errand", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> _Answer | None:
        """Return the answer, or None when there is none after *seconds*; raises the `EvidenceError` of the asking."""
        self._thread.join(seconds)
        if self._error is not None:
            raise self._error
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._ask()
        except EvidenceError as error:
            self._error = error
