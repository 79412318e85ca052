"""Take permessage-deflate (RFC 7692) off WebSocket messages, within bounds.

A message may be a bomb: what inflates to more than a hundred times what came, beyond a generous amount, stays as it is.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from evidence_kit.wire.streams import Side

_TAIL = b"\x00\x00\xff\xff"
_FREE = 32 * 1024 * 1024
"""Bytes that a direction may inflate to whatever came."""
_MOST_TIMES = 100
_MOST_RESTARTS = 1000
_STEP = 256 * 1024
_EXTENSION = re.compile(rb"(?:^|,)[ \t]*permessage-deflate[ \t]*((?:;[^,]*)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Deflate:
    """What both sides agreed on."""

    agreed: bool
    fresh: frozenset[Side]
    """The sides that begin every message with an empty window."""

    @classmethod
    def from_header(cls, value: bytes) -> "Deflate":
        """Return what ``Sec-WebSocket-Extensions`` of the response says."""
        match = _EXTENSION.search(value)
        parameters = {part.partition(b"=")[0].strip().lower() for part in match[1].split(b";")} if match else set()
        names = {Side.CLIENT: b"client_no_context_takeover", Side.SERVER: b"server_no_context_takeover"}
        return cls(match is not None, frozenset(side for side, name in names.items() if name in parameters))


class Inflation:
    """The window of one direction, over all its messages."""

    def __init__(self, deflate: Deflate, side: Side) -> None:
        """*side* is the one that compresses."""
        self.usable = deflate.agreed
        """Whether messages can still be inflated: after a bomb or an error the window is lost."""
        self._fresh = side in deflate.fresh
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        self._came = 0
        self._made = 0
        self._restarts = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what *data*, the next bytes of a message, inflates to; stops early, not `usable`, when it must not."""
        self._came += len(data)
        while self.usable:
            try:
                made = self._stream.decompress(data, _STEP)
            except zlib.error:
                self.usable = False
                return
            self._made += len(made)
            if self._made > _FREE + _MOST_TIMES * self._came:
                self.usable = False
                return
            yield made
            data = self._stream.unconsumed_tail
            if self._stream.eof:
                data = self._restart()
            if not data and len(made) < _STEP:
                return

    def end(self) -> Iterator[bytes]:
        """Yield the rest of a message."""
        yield from self.feed(_TAIL)
        if self._fresh and self.usable:
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)

    def _restart(self) -> bytes:
        """Go on after a block marked as the last of its stream (RFC 7692, 7.2.3.4); return what follows it."""
        rest = self._stream.unused_data
        self._restarts += 1
        # Each costs a copy of the rest: millions of them are an attack.
        self.usable = self._restarts <= _MOST_RESTARTS
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        return rest
