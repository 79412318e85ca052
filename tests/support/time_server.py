"""A time server on the loopback interface that answers (SNTP, RFC 4330) as a test wants it to. For tests only."""

import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Self

EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""

Change = Callable[[bytes], list[bytes]]


def answer(
    request: bytes, *, ahead: float = 0.0, first: int = 0x24, stratum: int = 2, reference: bytes = b"LOCL"
) -> bytes:
    """Return a proper answer to *request* by a clock that is *ahead* by so many seconds."""
    moment = time.time() + EPOCH + ahead
    stamp = struct.pack("!II", int(moment) % 2**32, int(moment % 1 * 2**32))
    return bytes([first, stratum, 6, 0xEC]) + bytes(8) + reference + stamp + request[40:48] + stamp + stamp


class TimeServer:
    """A context; `address` is what to ask. *replies* makes the datagrams that answer a request."""

    def __init__(self, replies: Change) -> None:
        self._replies = replies
        self.requests: list[bytes] = []

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # An empty datagram wakes the thread; it is no request.
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            request, sender = self._socket.recvfrom(1024)
            if not request:
                return
            self.requests.append(request)
            for reply in self._replies(request):
                self._socket.sendto(reply, sender)
