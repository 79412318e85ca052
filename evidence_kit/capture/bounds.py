"""How much of what a page does is remembered: a capture that would need more ends there, and says so.

Everything that the browser tells of a page's traffic is held in memory until the archive is written, and a page may
have it told without end.
"""

import asyncio

from evidence_kit.browser.cdp import Event
from evidence_kit.capture.result import Budgets
from evidence_kit.capture.traffic import Traffic
from evidence_kit.wire.exchange import ConnectionFrames, Reading, WebSocketMessage, WireExchange
from evidence_kit.wire.frames import MOST_FRAMES

TOO_MUCH = "capture.limit"
"""The code of the problem."""


class Bounds:
    """What was told so far, and whether it is enough."""

    def __init__(self, budgets: Budgets) -> None:
        """Begin to count."""
        self.passed = asyncio.Event()
        """Set as soon as a bound is passed; nothing more of the page's traffic is heard then."""
        self.reason = ""
        """Which bound was passed, in English."""
        self._budgets = budgets
        self._targets = 0

    def count(self, event: Event, traffic: Traffic, *, told: int) -> None:
        """Count *event*, which *traffic* has heard, and after which there is an account of *told* bytes."""
        most = self._budgets
        self._targets += event.method == "Target.attachedToTarget"
        if traffic.more_than(most.requests):
            self._end(f"the page made more than {most.requests} requests")
        elif told > most.told:
            self._end(f"what the browser told of the page's traffic is more than {most.told} bytes")
        elif self._targets > most.targets:
            self._end(f"the page opened more than {most.targets} windows, frames and workers")

    def hears(self, event: Event) -> bool:
        """Return whether *event* is still of interest."""
        return not self.reason or not event.method.startswith(("Network.", "Target.attachedToTarget"))

    def _end(self, reason: str) -> None:
        if not self.reason:
            self.reason = f"{reason}: the recording was ended there"
            self.passed.set()


class Room:
    """What is made of all that passed the relay: bodies lie on disk, heads in memory, and every piece takes time."""

    def __init__(self, budgets: Budgets) -> None:
        """Begin with nothing."""
        self.reason = ""
        """Why there was no room for everything, in English."""
        self._budgets = budgets
        self._exchanges = 0
        self._bytes = 0
        self._pieces = 0

    def holds(self, reading: Reading) -> bool:
        """Return whether there is room for *reading*; once there was not, there is for nothing more."""
        if self.reason:
            return False
        match reading:
            case WireExchange():
                self._exchanges += 1
                self._bytes += len(reading.url) + _heads(reading)
            case WebSocketMessage():
                self._pieces += 1
            case ConnectionFrames():
                self._pieces += sum(reading.counts.values())
            case _:
                pass
        # The browser repeats some requests on its own account, and tells of them once.
        many = self._exchanges > 2 * self._budgets.requests or self._pieces > MOST_FRAMES
        if many or self._bytes > self._budgets.told:
            self.reason = f"more passed than can be read: what came after exchange {self._exchanges} is not kept"
        return not self.reason


def _heads(exchange: WireExchange) -> int:
    response = exchange.response
    heads = (exchange.request.head, *exchange.interim_heads, response.head if response else b"")
    return sum(map(len, heads))
