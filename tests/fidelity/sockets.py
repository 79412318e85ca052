"""The server's side of a WebSocket, frame by frame (RFC 6455, RFC 7692)."""

import zlib
from collections.abc import Callable

from tests.fidelity.origin import Duplex, Sent

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_TAIL = b"\x00\x00\xff\xff"


class ServerSocket:
    """Says frames and hears messages, and keeps both in the log."""

    def __init__(self, duplex: Duplex, sent: Sent, *, deflate: bool = False) -> None:
        self._duplex, self._sent, self._deflate = duplex, sent, deflate
        self._in = zlib.decompressobj(-15)
        self._out = zlib.compressobj(wbits=-15)

    def say(self, opcode: int, payload: bytes, *, fragments: int = 1) -> None:
        """Send a message in so many *fragments*."""
        self._sent.messages.append(("server", opcode, payload))
        data, first = payload, opcode
        if self._deflate and opcode in {TEXT, BINARY}:
            data = (self._out.compress(payload) + self._out.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_TAIL)
            first |= 0x40
        step = -(-len(data) // fragments) or 1
        parts = [data[start : start + step] for start in range(0, len(data), step)] or [b""]
        for number, part in enumerate(parts):
            final = 0x80 if number == len(parts) - 1 else 0
            self._duplex.write(bytes([final | (0 if number else first)]) + _length(len(part)) + part)

    def hear(self) -> tuple[int, bytes]:
        """Return the next message of the client; raises `OSError` at the end."""
        data, opcode, deflated = b"", 0, False
        while True:
            head = self._duplex.read(2)
            size = head[1] & 0x7F
            if size > 125:
                size = int.from_bytes(self._duplex.read(2 if size == 126 else 8))
            mask = self._duplex.read(4)
            masked = self._duplex.read(size)
            data += bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked))
            opcode = head[0] & 0xF or opcode
            deflated = deflated or bool(head[0] & 0x40)
            if head[0] & 0x80:
                break
        if deflated:
            data = self._in.decompress(data + _TAIL)
        self._sent.messages.append(("client", opcode, data))
        return opcode, data

    def hear_until_close(self) -> bytes:
        """Take messages until the client closes; return what its closing frame holds."""
        while True:
            opcode, data = self.hear()
            if opcode == CLOSE:
                return data


def talk(script: Callable[[ServerSocket], None], *, deflate: bool = False) -> Callable[[Duplex, Sent], None]:
    """Return what a server says after the handshake."""

    def run(duplex: Duplex, sent: Sent) -> None:
        script(ServerSocket(duplex, sent, deflate=deflate))
        sent.ended = True

    return run


def _length(size: int) -> bytes:
    if size <= 125:
        return bytes([size])
    return b"\x7e" + size.to_bytes(2) if size < 1 << 16 else b"\x7f" + size.to_bytes(8)
