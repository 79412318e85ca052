"""Lists of files with their SHA-256, one form everywhere: that of sha256sum and of BagIt 1.0 (RFC 8493, 2.1.3).

A line is 64 lower-case hexadecimal digits, two spaces, a relative path with ``/``, and LF; lines are sorted by path in
code point order. ``sha256sum -c`` reads it. Paths hold nothing that sha256sum or BagIt would write in another way.
"""

import re
from collections.abc import Mapping

from evidence_kit.display import shorten
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest

_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)")
# BagIt encodes CR, LF and "%"; sha256sum escapes backslashes; Windows gives ":" a meaning.
_REFUSED = re.compile(r"[\x00-\x1f\x7f\\%:]")


def manifest_bytes(digests: Mapping[str, Digest]) -> bytes:
    """Return the list of *digests*, which are by path; raises `FormatError` for a path that it cannot hold."""
    for name in digests:
        check_path(name)
    return "".join(f"{digests[name].hex}  {name}\n" for name in sorted(digests)).encode("utf-8")


def parse_manifest(data: bytes) -> dict[str, Digest]:
    """Return the digests by path of exactly such a list, in its order; raises `FormatError` naming the line."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"the list is not UTF-8 at byte {error.start}") from error
    if text and not text.endswith("\n"):
        raise FormatError("the list does not end with a line end")
    found: dict[str, Digest] = {}
    last = ""
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise FormatError(f"line {number} is not a digest and a path: {shorten(line)}")
        digits, name = match.groups()
        try:
            check_path(name)
        except FormatError as error:
            raise FormatError(f"line {number}: {error}") from error
        if name <= last:
            raise FormatError(f"line {number} is not in order, or a path stands twice: {shorten(name)}")
        found[name] = Digest(bytes.fromhex(digits))
        last = name
    return found


def check_path(name: str) -> None:
    """Refuse, with `FormatError`, a path that leads elsewhere or that two programs would write differently."""
    if _REFUSED.search(name) or {"", ".", ".."} & set(name.split("/")) or name.startswith("~"):
        raise FormatError(f"not a plain relative path: {shorten(name)}")
