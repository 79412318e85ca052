"""The URL that a request was for (RFC 9110, 7.1), from what was sent and from whom the connection was to."""

import re
from urllib.parse import quote_from_bytes

_PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F))
_AUTHORITY = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=:\[\]%\x80-\xff-]+")
_ABSOLUTE = re.compile(rb"https?://", re.IGNORECASE)
_DEFAULT_PORTS = {"http": ":80", "https": ":443", "ws": ":80", "wss": ":443"}
_SOCKETS = {"http": "ws", "https": "wss"}


def target_url(scheme: str, authority: bytes | None, target: bytes, *, hint: str) -> str:
    """Return the URL of *target* at *authority*, or at *hint* (``host`` or ``host:port``) if that is no authority."""
    if _ABSOLUTE.match(target):
        return _ascii(target)
    path = "" if target == b"*" else _ascii(target if target.startswith(b"/") else b"/" + target)
    return f"{origin(scheme, authority, hint=hint)}{path}"


def origin(scheme: str, authority: bytes | None, *, hint: str) -> str:
    """Return scheme and authority, without the port that the scheme means anyhow."""
    named = _ascii(authority) if authority and _AUTHORITY.fullmatch(authority) else hint
    return f"{scheme}://{named.removesuffix(_DEFAULT_PORTS.get(scheme, ' '))}"


def socket_scheme(scheme: str) -> str:
    """Return the scheme of a WebSocket over *scheme*."""
    return _SOCKETS.get(scheme, scheme)


def _ascii(data: bytes) -> str:
    return quote_from_bytes(data, safe=_PRINTABLE)
