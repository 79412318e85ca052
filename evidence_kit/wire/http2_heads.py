"""Write HTTP/2 heads in HTTP/1.1 form, as archives need them: fields in order, names and values byte for byte.

Pseudo fields become the request line with ``Host``, or the status line (RFC 9113, 8.3). No reason phrase is invented.
CR, LF and NUL, which HTTP/2 forbids (8.2.1) and with which a field could end the head, become spaces, and a remark.
"""

import re
from dataclasses import dataclass

from evidence_kit.display import shorten
from evidence_kit.wire.hpack_fields import Fields

_BREAKS = re.compile(rb"[\r\n\x00]")
_STATUS = re.compile(rb"[1-9][0-9]{2}")
_REQUEST_PSEUDO = frozenset({b":method", b":scheme", b":authority", b":path", b":protocol"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenHead:
    """A head in HTTP/1.1 form, and what it was written from."""

    raw: bytes
    fields: Fields
    remarks: tuple[str, ...]

    def value(self, name: bytes) -> bytes | None:
        """Return the first value of the field called *name*."""
        return next((value for key, value in self.fields if key == name), None)

    @property
    def status(self) -> int | None:
        """The status of a response, if it has one."""
        value = self.value(b":status")
        return int(value) if value is not None and _STATUS.fullmatch(value) else None


def request_head(fields: Fields) -> WrittenHead:
    """Return the head of a request."""
    pseudo = dict(reversed(fields))
    method, authority = pseudo.get(b":method", b""), pseudo.get(b":authority")
    path = pseudo.get(b":path", authority if method == b"CONNECT" and authority is not None else b"")
    remarks = [f"request: no {name.decode()}" for name in (b":method", b":path") if not pseudo.get(name)]
    if method == b"CONNECT" and b":protocol" not in pseudo:
        remarks = []
    if b":protocol" in pseudo:
        remarks.append(f"request: :protocol {_shown(pseudo[b':protocol'])}")
    host = [(b"Host", authority)] if authority is not None else []
    return _written(b" ".join((method, path, b"HTTP/1.1")), host, fields, "request", remarks)


def response_head(fields: Fields) -> WrittenHead:
    """Return the head of a response."""
    status = next((value for name, value in fields if name == b":status"), b"")
    remarks = [] if _STATUS.fullmatch(status) else [f"response: no status: {_shown(status)}"]
    return _written(b"HTTP/1.1 " + status, [], fields, "response", remarks)


def trailer_lines(fields: Fields) -> bytes:
    """Return trailer fields as lines."""
    return b"".join(_clean(name) + b": " + _clean(value) + b"\r\n" for name, value in fields)


def _written(line: bytes, first: Fields, fields: Fields, kind: str, remarks: list[str]) -> WrittenHead:
    known = _REQUEST_PSEUDO if kind == "request" else {b":status"}
    begun, seen = False, set()
    lines = [_clean(line)]
    for name, value in [*first, *fields]:
        if not name.startswith(b":"):
            begun = begun or name != b"Host"
            lines.append(_clean(name) + b": " + _clean(value))
        elif name not in known or name in seen:
            remarks.append(f"{kind}: a pseudo field that was not written: {_shown(name)} {_shown(value)}")
        elif begun:
            remarks.append(f"{kind}: {_shown(name)} after other fields")
        seen.add(name)
    if any(_BREAKS.search(text) for field in fields for text in field):
        remarks.append(f"{kind}: a field held CR, LF or NUL, written as spaces")
    raw = b"".join(row + b"\r\n" for row in lines) + b"\r\n"
    return WrittenHead(raw=raw, fields=fields, remarks=tuple(dict.fromkeys(remarks)))


def _clean(data: bytes) -> bytes:
    return _BREAKS.sub(b" ", data)


def _shown(data: bytes) -> str:
    return shorten(data[:200].decode("latin-1"))
