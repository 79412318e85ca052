"""Requests as they are read, within bounds, and answers as they are written (HTTP/1.1, RFC 9112).

Each connection serves one request: nothing of a body that was not read can be taken for the next.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from evidence_kit.canonical import Json

LARGEST_HEAD = 16 * 1024
LARGEST_DOCUMENT = 64 * 1024
PIECE = 2 * 1024 * 1024
"""Bytes of a file that come with one request."""
_HEAD_SECONDS = 10
_BODY_SECONDS = 60
_MOST_FIELDS = 64
_START = re.compile(r"(GET|POST) (/[!-~]{0,200}) HTTP/1\.[01]")
_LENGTH = re.compile(r"[0-9]{1,7}")
_RULES = {
    "Cache-Control": "no-store",
    "Connection": "close",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_NOTHING = "default-src 'none'; frame-ancestors 'none'"


class MessageError(ValueError):
    """What came is no request that is served here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The head of a request."""

    method: str
    path: str
    fields: Mapping[str, str]
    """By their names in lower case."""

    def field(self, name: str) -> str:
        """Return a field's value; empty if it is not there."""
        return self.fields.get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request gets."""

    status: HTTPStatus = HTTPStatus.OK
    type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    fields: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return head and body."""
        said = {"Content-Type": self.type, "Content-Length": str(len(self.body)), "Content-Security-Policy": _NOTHING}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**said, **_RULES, **self.fields}.items())
        return f"HTTP/1.1 {self.status} {self.status.phrase}\r\n{lines}\r\n".encode("latin-1") + self.body


NOT_FOUND = Answer(status=HTTPStatus.NOT_FOUND)
"""For whoever has no business here: it says nothing else."""


def document(value: Json, status: HTTPStatus = HTTPStatus.OK, fields: Mapping[str, str] | None = None) -> Answer:
    """Return an answer of JSON."""
    body = json.dumps(value).encode("ascii")
    return Answer(status=status, type="application/json", body=body, fields=fields or {})


async def read_head(reader: asyncio.StreamReader) -> Request:
    """Read the head of a request; raises `MessageError`, and `OSError` for a connection that broke."""
    try:
        async with asyncio.timeout(_HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError) as error:
        raise MessageError("no head came") from error
    start, *lines = head[:-4].decode("latin-1").split("\r\n")
    found = _START.fullmatch(start)
    if found is None or len(lines) > _MOST_FIELDS:
        raise MessageError("it is no request")
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name.lower() in fields:
            raise MessageError("a field is no field, or there twice")
        fields[name.lower()] = value.strip(" \t")
    return Request(method=found[1], path=found[2], fields=fields)


async def read_body(request: Request, reader: asyncio.StreamReader, most: int) -> bytes:
    """Read the whole body; raises `MessageError` for more than *most* bytes, or one that does not come."""
    length = request.field("content-length")
    if "transfer-encoding" in request.fields or not _LENGTH.fullmatch(length) or int(length) > most:
        raise MessageError("a body of that length is not read")
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await reader.readexactly(int(length))
    except (asyncio.IncompleteReadError, TimeoutError) as error:
        raise MessageError("the body did not come") from error
