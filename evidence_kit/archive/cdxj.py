"""CDXJ lines: where a record lies in its WARC, for replay programs and for pointers into the evidence.

A line is ``KEY TIMESTAMP JSON`` (CDXJ 0.1 as pywb and ReplayWeb.page read it): the key is the URL in sort-friendly form
(SURT), the timestamp has 14 digits (UTC), offset and length count bytes of the compressed WARC.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote, unquote

_ADDRESS = re.compile(
    r"(https?|wss?)://(?:[^/?#]*@)?(\[[0-9a-f:.]+\]|[^/?#@:\[\]]+)(?::([0-9]{0,5}))?(/[^?#]*)?(?:\?([^#]*))?(?:#.*)?",
    re.ASCII | re.IGNORECASE,
)
"""Scheme, host, port, path, query. Libraries, and versions of them, differ in which hosts in brackets they refuse."""
_WWW = re.compile(r"^www[0-9]*\.")
_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_LARGEST_PORT = 65_535
_PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F))
_UNESCAPED = _PRINTABLE.replace("%", "").replace("#", "")
_MOST_ESCAPES = 8
"""Layers of percent-encoding that are taken off; a hostile address could have a million."""
_REPLAYED = frozenset({"response", "resource", "revisit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexLine:
    """One record of a WARC, as an index and a pointer need it."""

    record_id: str
    """``urn:uuid:…``, without angle brackets."""
    record_type: str
    url: str
    """The WARC-Target-URI exactly as written."""
    date: datetime
    offset: int
    """Byte at which the record's gzip member begins."""
    length: int
    """Bytes of the gzip member."""
    filename: str
    mime: str = ""
    status: int | None = None
    digest: str = ""
    """Of the payload, which is the whole block unless it is HTTP: ``sha256:`` and base32, as in the record."""
    method: str = "GET"

    @property
    def key(self) -> str:
        """The SURT key; a method other than GET is part of it, so a reply to POST is never replayed for a GET."""
        if self.method == "GET":
            return surt(self.url)
        return surt(f"{self.url}{'&' if '?' in self.url else '?'}__wb_method={self.method}")

    def to_line(self) -> str:
        """Return the CDXJ line without its line end."""
        fields = {"url": self.url}
        if self.mime:
            fields["mime"] = self.mime
        if self.status is not None:
            fields["status"] = str(self.status)
        fields |= {
            "digest": self.digest,
            "length": str(self.length),
            "offset": str(self.offset),
            "filename": self.filename,
        }
        if self.method != "GET":
            fields["method"] = self.method
        timestamp = self.date.astimezone(UTC).strftime("%Y%m%d%H%M%S")
        return f"{self.key} {timestamp} {json.dumps(fields)}"


def is_replayed(record_type: str) -> bool:
    """Return whether an index has lines for records of this type."""
    return record_type in _REPLAYED


def line_bytes(line: IndexLine) -> bytes:
    """Return a line as it stands in an index, with its line feed."""
    return f"{line.to_line()}\n".encode("ascii")


def index_bytes(lines: Iterable[IndexLine], *, filename: str) -> bytes:
    """Return a sorted CDXJ index of the records that can be replayed, with *filename* as the name of their WARC."""
    replayed = (replace(line, filename=filename) for line in lines if is_replayed(line.record_type))
    return b"".join(sorted(map(line_bytes, replayed)))


def ascii_uri(uri: str) -> str:
    """Return *uri* with everything but printable ASCII percent-encoded, so that it can end no line and no field.

    Percent signs stay as they are: what was encoded before is not encoded again.
    """
    return quote(uri, safe=_PRINTABLE, errors="surrogatepass")


def surt(url: str) -> str:
    """Return the sort-friendly form of *url*, ``mn,example)/path?a=1&b=2``; other schemes stay as they are."""
    plain = ascii_uri(url)
    match = _ADDRESS.fullmatch(plain)
    if match is None:
        return plain
    scheme, host, port, path, query = (part or "" for part in match.groups())
    if int(port or 0) > _LARGEST_PORT:
        return plain
    bare = host.lower().strip("[]").strip(".")
    key = ",".join(reversed(_WWW.sub("", bare).split(".")))
    if port and int(port) != _DEFAULT_PORTS[scheme.lower()]:
        key += f":{int(port)}"
    query = "&".join(sorted(_unescaped(query).lower().split("&")))
    return f"{key}){_without_steps(_unescaped(path).lower())}" + (f"?{query}" if query else "")


def _unescaped(text: str) -> str:
    """Return *text* with only those characters percent-encoded that must be, however often they were before."""
    for _ in range(_MOST_ESCAPES):
        plain = unquote(text, encoding="latin-1")
        if plain == text:
            break
        text = plain
    return quote(text, safe=_UNESCAPED, encoding="latin-1")


def _without_steps(path: str) -> str:
    """Return *path* without empty steps, ``.`` and ``..``, and without a slash at its end."""
    steps: list[str] = []
    for step in path.split("/"):
        if step == "..":
            del steps[-1:]
        elif step not in {"", "."}:
            steps.append(step)
    return "/" + "/".join(steps)
