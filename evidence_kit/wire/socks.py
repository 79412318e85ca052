"""The server's half of a SOCKS5 conversation (RFC 1928), as far as a browser needs it: no authentication, CONNECT.

Everything else is refused with the reply that RFC 1928 §6 has for it. Names stay names: the relay asks DNS, and records
what it was told. Nothing here touches a socket: `read_request` is given a function that reads and one that writes.
"""

import ipaddress
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum

_VERSION = 5
_NO_AUTHENTICATION = 0
_NO_ACCEPTABLE_METHOD = 0xFF
_CONNECT = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
_NAME_FORM = re.compile(rb"[!-~]+")
"""What may stand in a name: no blanks, no control characters, nothing beyond ASCII."""

Read = Callable[[int], Awaitable[bytes]]
"""Reads exactly so many bytes; raises `SocksError` when the stream ends before."""

Write = Callable[[bytes], Awaitable[None]]


class Reply(IntEnum):
    """The outcomes of RFC 1928 §6."""

    SUCCEEDED = 0
    GENERAL_FAILURE = 1
    NOT_ALLOWED = 2
    NETWORK_UNREACHABLE = 3
    HOST_UNREACHABLE = 4
    REFUSED = 5
    TTL_EXPIRED = 6
    COMMAND_NOT_SUPPORTED = 7
    ADDRESS_TYPE_NOT_SUPPORTED = 8


@dataclass(frozen=True, slots=True)
class Request:
    """Where the client wants to go: a name or the text of an address, and a port."""

    name: str
    port: int


class SocksError(Exception):
    """The client does not speak SOCKS5, or asks for something that is not offered; `reply` is sent if there is one."""

    def __init__(self, message: str, reply: Reply | None = None, request: Request | None = None) -> None:
        """Keep the reason, the reply and, as far as it was read, the request."""
        super().__init__(message)
        self.reply = reply
        self.request = request


async def read_request(read: Read, write: Write) -> Request:
    """Agree on no authentication and return what the client asks for; raises `SocksError`."""
    version, methods = await read(2)
    _check_version(version)
    if _NO_AUTHENTICATION not in await read(methods):
        await write(bytes([_VERSION, _NO_ACCEPTABLE_METHOD]))
        raise SocksError("the client insists on authentication")
    await write(bytes([_VERSION, _NO_AUTHENTICATION]))
    version, command, _, kind = await read(4)
    _check_version(version)
    name = await _read_name(read, kind)
    port = int.from_bytes(await read(2))
    request = Request(name.decode("ascii", "backslashreplace"), port)
    if command != _CONNECT:
        raise SocksError(f"SOCKS command {command} is not offered", Reply.COMMAND_NOT_SUPPORTED, request)
    if not _NAME_FORM.fullmatch(name):
        raise SocksError("the name asked for cannot be the name of a host", Reply.HOST_UNREACHABLE, request)
    return request


def reply_bytes(reply: Reply, host: str = "0.0.0.0", port: int = 0) -> bytes:  # noqa: S104  # "no address", not a binding
    """Return the reply to a request; *host* and *port* are the relay's own end of a connection that was made."""
    # A link-local address may carry the name of an interface after a percent sign.
    address = ipaddress.ip_address(host.partition("%")[0])
    kind = _IPV4 if address.version == 4 else _IPV6  # noqa: PLR2004
    return bytes([_VERSION, reply, 0, kind]) + address.packed + port.to_bytes(2)


def _check_version(version: int) -> None:
    if version != _VERSION:
        # RFC 1928 has no reply for this; whoever speaks another protocol would not understand one.
        raise SocksError(f"the client does not speak SOCKS5: its first byte is {version}")


async def _read_name(read: Read, kind: int) -> bytes:
    if kind == _NAME:
        return await read((await read(1))[0])
    if kind in {_IPV4, _IPV6}:
        packed = await read(4 if kind == _IPV4 else 16)
        return str(ipaddress.ip_address(packed)).encode("ascii")
    raise SocksError(f"SOCKS address type {kind} is not known", Reply.ADDRESS_TYPE_NOT_SUPPORTED)
