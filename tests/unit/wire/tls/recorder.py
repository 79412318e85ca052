"""A TCP proxy for tests that keeps what passes through it, piece by piece with its time."""

import contextlib
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from evidence_kit.wire.streams import Ending, Piece, Side
from tests.unit.wire.tls.peers import Recorded

LOOPBACK = "127.0.0.1"


@dataclass
class Tapped:
    """One connection that passed."""

    began: datetime
    pieces: dict[Side, list[Piece]] = field(default_factory=lambda: {side: [] for side in Side})
    endings: dict[Side, Ending] = field(default_factory=lambda: dict.fromkeys(Side, Ending.OPEN))
    ended_by: Side | None = None

    def recorded(self, side: Side) -> Recorded:
        return Recorded(tuple(self.pieces[side]), self.endings[side], self.ended_by)


class Recorder:
    """Listens, passes on to *target*, and keeps everything; ends when left."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections: list[Tapped] = []
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        # A wake-up call: on Linux, closing a listener does not end an accept that waits.
        self._listening = False
        with contextlib.suppress(OSError):
            socket.create_connection((LOOPBACK, self.port)).close()
        # Not before it has heard it: one that comes to `accept` later would find the listener closed.
        self._threads[0].join(10)
        self._listener.close()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10)
        for one in self._sockets:
            one.close()

    _listening = True

    def wait(self) -> None:
        """Wait until every connection has ended on both sides."""
        for thread in self._threads[1:]:
            thread.join(20)

    def _accept(self) -> None:
        while True:
            near, _ = self._listener.accept()
            if not self._listening:
                near.close()
                return
            far = socket.create_connection((LOOPBACK, self._target))
            self._sockets += near, far
            tapped = Tapped(datetime.now(UTC))
            self.connections.append(tapped)
            self._start(self._copy, near, far, tapped, Side.CLIENT)
            self._start(self._copy, far, near, tapped, Side.SERVER)

    def _copy(self, source: socket.socket, target: socket.socket, tapped: Tapped, side: Side) -> None:
        try:
            while data := source.recv(65_536):
                tapped.pieces[side].append(Piece(data, datetime.now(UTC)))
                target.sendall(data)
            tapped.endings[side] = Ending.CLOSED
            target.shutdown(socket.SHUT_WR)
        except OSError:
            tapped.endings[side] = Ending.RESET
        tapped.ended_by = tapped.ended_by or side

    def _start(self, target: object, *args: object) -> None:
        assert callable(target)
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()
