"""Write HTTP heads from what the protocol tells of them, as near to the wire as it lets us.

HTTP/1 responses: ``headersText`` holds the status line, order, case and repeated fields, with values read as UTF-8; a
value that is not UTF-8 is left out there, and is found in ``headers`` with each byte as one Latin-1 character.
HTTP/2 and 3 have no status line and no case: there the head is written in HTTP/1.1 form (as WARC 1.1 needs it).
The browser hands bodies over decoded: then the fields that no longer fit are kept as ``X-Archive-Orig-…``.
"""

import contextlib
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

Lines = list[tuple[bytes, bytes]]
"""Field names and values, in order, as bytes of the head."""

_ORIGINAL = b"X-Archive-Orig-"
_BREAKS = re.compile(rb"[\r\n\x00]+")


def request_head(method: str, url: str, headers: Mapping[str, str]) -> bytes:
    """Return the head of a request for *url*; pseudo fields of HTTP/2 become the request line and ``Host``."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    names = {name.lower() for name in headers}
    lines: Lines = []
    if "host" not in names:
        lines.append((b"Host", _bytes(headers.get(":authority", parts.netloc.rpartition("@")[2]))))
    lines += [
        (_bytes(name), _bytes(value))
        for name, text in headers.items()
        if not name.startswith(":")
        for value in text.split("\n")
    ]
    return _head(f"{method} {target} HTTP/1.1", lines)


def response_head(
    *, text: str | None, headers: Mapping[str, str], status: int, reason: str, body_length: int | None
) -> bytes:
    """Return the head of a response.

    *text* is ``headersText`` if the browser gave one, *headers* its Latin-1 twin. *body_length* is the number of bytes
    stored when they are not the body as sent (decoded, or not available), or None when the head fits as it is.
    """
    line, lines = _from_text(text, headers) if text else (f"HTTP/1.1 {status} {reason}".rstrip(), _from_map(headers))
    return _head(line, lines if body_length is None else _fitted(lines, body_length))


def declared_length(headers: Mapping[str, str]) -> int | None:
    """Return the Content-Length of a response whose body is not encoded; None when nothing is promised."""
    fields = {name.lower(): value for name, value in headers.items()}
    if is_decoded(headers) or "transfer-encoding" in fields:
        return None
    text = fields.get("content-length", "").split("\n")[0].strip()
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text, re.ASCII) else None


def is_decoded(headers: Mapping[str, str]) -> bool:
    """Return whether the browser took off a content coding (gzip, br, zstd…) before it handed the body over."""
    codings = [value for name, value in headers.items() if name.lower() == "content-encoding"]
    return any(part.strip().lower() not in {"", "identity"} for value in codings for part in re.split(r"[,\n]", value))


def is_chunked(headers: Mapping[str, str]) -> bool:
    """Return whether the body came in chunks, which the browser took off."""
    return any(name.lower() == "transfer-encoding" for name in headers)


def _from_text(text: str, headers: Mapping[str, str]) -> tuple[str, Lines]:
    first, *rest = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    exact = {name: value.split("\n") for name, value in headers.items()}
    lines: Lines = []
    for row in rest:
        name, _, value = row.partition(":")
        shown = value.removeprefix(" ")
        known = exact.get(name)
        twin = known.pop(0) if known else ""
        lines.append((_bytes(name), shown.encode("utf-8", "replace") if shown.strip() else _bytes(twin)))
    return first, lines


def _from_map(headers: Mapping[str, str]) -> Lines:
    return [
        (_bytes(name), _bytes(value))
        for name, text in headers.items()
        if not name.startswith(":")
        for value in text.split("\n")
    ]


def _fitted(lines: Sequence[tuple[bytes, bytes]], body_length: int) -> Lines:
    """Rename what describes the body as sent, and state the length of the body as stored."""
    moved = {b"content-encoding", b"transfer-encoding", b"content-length"}
    fitted = [(_ORIGINAL + name if name.lower() in moved else name, value) for name, value in lines]
    return [*fitted, (b"Content-Length", str(body_length).encode("ascii"))]


def _head(line: str, lines: Sequence[tuple[bytes, bytes]]) -> bytes:
    rows = [_bytes(line), *(name + b": " + value for name, value in lines)]
    return b"".join(_BREAKS.sub(b" ", row) + b"\r\n" for row in rows) + b"\r\n"


def _bytes(text: str) -> bytes:
    """Return the bytes that *text* stands for: one per character as far as that can be, else UTF-8.

    What the browser calls Latin-1 is read as Windows-1252, as everywhere on the web (WHATWG Encoding, 4.2).
    """
    return b"".join(map(_byte, text)) if not text.isascii() else text.encode("ascii")


def _byte(letter: str) -> bytes:
    for coding in ("latin-1", "windows-1252"):
        with contextlib.suppress(UnicodeEncodeError):
            return letter.encode(coding)
    return letter.encode("utf-8", "replace")
