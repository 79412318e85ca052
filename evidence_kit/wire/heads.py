"""HTTP/1 heads: the bytes as received, and the few fields of them that say how the connection goes on.

Read as browsers read them, because what a browser took for the body is what the page showed; every departure from
RFC 9112 is a remark. The bytes are never changed, except where a transfer coding was taken off (`without_coding`).
"""

import re
from dataclasses import dataclass
from functools import cached_property

from evidence_kit.wire.streams import Side

HEAD_LIMIT = {Side.CLIENT: 4 * 1024 * 1024, Side.SERVER: 512 * 1024}
"""Bytes of a head. Chromium gives up on replies at 256 KiB and on addresses at 2 MiB."""

_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) ([^\r\n]+) HTTP/1\.([01])\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/([0-9]{1,2})\.([0-9]{1,2})[ \t]+([0-9]{3})(?![0-9])[^\r\n]*\r?\n", re.IGNORECASE)
_STRICT_STATUS_LINE = re.compile(rb"HTTP/1\.[01] [1-9][0-9]{2} [^\r\n\x00]*\r\n")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_MOVED = frozenset({b"transfer-encoding", b"content-length"})
_ORIGINAL = b"X-Archive-Orig-"
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True)
class Head:
    """A head, and its fields in order with lower-case names and folded lines joined."""

    raw: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    remarks: tuple[str, ...]

    def values(self, name: bytes) -> tuple[bytes, ...]:
        """Return the values of the fields called *name* (lower case)."""
        return tuple(value for key, value in self.fields if key == name)

    def members(self, name: bytes) -> tuple[bytes, ...]:
        """Return the members of a comma-separated field, in lower case (RFC 9110, 5.6.1)."""
        parts = (part.strip(b" \t").lower() for value in self.values(name) for part in value.split(b","))
        return tuple(part for part in parts if part)

    @cached_property
    def request_line(self) -> tuple[bytes, bytes, bytes] | None:
        """Method, target and minor version of a request; None when this is none."""
        match = _REQUEST_LINE.match(self.raw)
        return (match[1], match[2], match[3]) if match else None

    @cached_property
    def status(self) -> int | None:
        """The status of a response; None when this is none."""
        match = _STATUS_LINE.match(self.raw)
        return int(match[3]) if match else None

    @cached_property
    def version(self) -> tuple[int, int]:
        """The HTTP version of a response, (0, 0) when this is none."""
        match = _STATUS_LINE.match(self.raw)
        return (int(match[1]), int(match[2])) if match else (0, 0)


def parse_head(raw: bytes) -> Head:
    """Return what *raw*, a head with its empty line, says."""
    lines = raw.split(b"\n")[1:-2]
    remarks = []
    if _BARE_LF.search(raw):
        remarks.append("head: lines end with LF alone")
    if b"\x00" in raw:
        remarks.append("head: holds NUL")
    fields: list[tuple[bytes, list[bytes]]] = []
    for line in lines:
        row = line.removesuffix(b"\r")
        if row[:1] in {b" ", b"\t"}:
            remarks.append("head: a folded line")
            if fields:
                fields[-1][1].append(row.strip(b" \t"))
            continue
        name, colon, value = row.partition(b":")
        if not colon:
            remarks.append("head: a line without a colon")
            continue
        if not _TOKEN.fullmatch(name):
            remarks.append("head: a field name that is not a token")
        fields.append((name.rstrip(b" \t").lower(), [value.strip(b" \t")]))
    joined = tuple((name, b" ".join(values)) for name, values in fields)
    return Head(raw, joined, tuple(dict.fromkeys(remarks)))


def parse_response_head(raw: bytes) -> Head | None:
    """Return what the head of a response says; None when it does not begin with a status line."""
    if not _STATUS_LINE.match(raw):
        return None
    head = parse_head(raw)
    if _STRICT_STATUS_LINE.match(raw):
        return head
    return Head(raw, head.fields, ("head: an unusual status line", *head.remarks))


def without_coding(raw: bytes, length: int) -> bytes:
    """Return a head whose body is stored without its transfer coding, *length* bytes long.

    The fields that described the body on the wire are kept as ``X-Archive-Orig-…``; nothing else changes.
    """
    *lines, last, rest = raw.split(b"\n")
    end = b"\r\n" if last.endswith(b"\r") else b"\n"
    moved = [
        _ORIGINAL + line if number and line.partition(b":")[0].rstrip(b" \t").lower() in _MOVED else line
        for number, line in enumerate(lines)
    ]
    return b"\n".join([*moved, b"Content-Length: %d%s" % (length, end.removesuffix(b"\n")), last, rest])
