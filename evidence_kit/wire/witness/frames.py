"""The words between kit and witness: frames of a kind (1 byte), a length (4 bytes) and so many bytes.

A channel begins with an order in JSON, of which there are three, each with ``do`` and ``session``:

- ``open``: begin a session (32 hexadecimal digits that the kit has drawn). Answer: ``{}``.
- ``connect`` (``connection``, ``name``, ``port``): go there. Answer: ``address``, ``port``, ``answers`` (of DNS),
  ``error`` and ``reply`` (RFC 1928 §6). From then on `DATA` and `END` (FIN) go both ways, `BROKEN` tells the kit that
  the server's side broke off. The kit ends with `CLOSE` (``reset``, and ``taken``: bytes of the server that it
  recorded), which is answered when the witness has signed.
- ``close``: end the session. Answers: a `LINE` and a `SIGNATURE` for each statement of the session, `CERTIFICATES`
  (PEM, the signer's first), `TOKEN` if it was stamped, then ``{"problem": …}``.

An answer with ``refused`` ends the channel.
"""

from asyncio import IncompleteReadError, StreamReader
from collections.abc import Mapping
from enum import IntEnum
from ssl import SSLError

from evidence_kit.canonical import Json, dumps, parse
from evidence_kit.errors import FormatError

LARGEST = 256 * 1024
"""Bytes in a frame at most."""
_HEAD = 5


class Kind(IntEnum):
    """What a frame holds."""

    ORDER = 1
    ANSWER = 2
    DATA = 3
    END = 4
    BROKEN = 5
    CLOSE = 6
    LINE = 7
    SIGNATURE = 8
    CERTIFICATES = 9
    TOKEN = 10


class ChannelError(OSError):
    """The other side is gone, or says what was not agreed."""


def frame(kind: Kind, data: bytes | memoryview = b"") -> bytes:
    """Return a frame."""
    return bytes([kind]) + len(data).to_bytes(4) + data


def message(kind: Kind, value: Mapping[str, Json]) -> bytes:
    """Return a frame with an object in it."""
    return frame(kind, dumps(dict(value)))


async def read_frame(reader: StreamReader) -> tuple[Kind, bytes]:
    """Return the next frame; raises `ChannelError`."""
    try:
        head = await reader.readexactly(_HEAD)
        size = int.from_bytes(head[1:])
        if size > LARGEST:
            raise ChannelError(f"a frame of {size} bytes is too large")
        return Kind(head[0]), await reader.readexactly(size)
    except IncompleteReadError as error:
        raise ChannelError("the channel was cut off") from error
    except SSLError as error:
        # So a witness refuses a certificate (RFC 8446 section 4.4.2.4).
        raise ChannelError(f"the channel was refused: {error.reason}") from error
    except ValueError as error:
        raise ChannelError(f"a frame of the unknown kind {head[0]}") from error


async def read_message(reader: StreamReader, kind: Kind) -> dict[str, Json]:
    """Return the object in the next frame, which is of *kind*; raises `ChannelError`."""
    found, data = await read_frame(reader)
    if found is not kind:
        raise ChannelError(f"{found.name} came where {kind.name} belongs")
    return object_of(data)


def object_of(data: bytes) -> dict[str, Json]:
    """Return the object in a frame's *data*; raises `ChannelError`."""
    try:
        value = parse(data)
    except FormatError as error:
        raise ChannelError(str(error)) from error
    if not isinstance(value, dict):
        raise ChannelError("a message is no object")
    return value
