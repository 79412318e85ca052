"""``manifest-sha256.txt`` of an item: what sha256sum writes, sorted, every file of the folder but itself."""

import re
from pathlib import Path

from evidence_kit.errors import FormatError
from evidence_kit.models import Digest
from evidence_kit.trust.digests import sha256_file

NAME = "manifest-sha256.txt"
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*)\n")
_LONGEST = 100


def build_manifest(folder: Path) -> bytes:
    """Return the manifest of every file below *folder*; raises `FormatError` for a name the format does not allow."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = [f"{sha256_file(folder / name).hex}  {name}\n" for name in files if name != NAME]
    data = "".join(lines).encode("ascii", "backslashreplace")
    read_manifest(data)
    return data


def read_manifest(data: bytes) -> dict[str, Digest]:
    """Return path to digest; raises `FormatError` unless sorted, without doubles, every path of the allowed form."""
    found: dict[str, Digest] = {}
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        message = f"{NAME} is not ASCII at byte {error.start}"
        raise FormatError(message) from error
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        match = _LINE.fullmatch(line)
        if not match or len(match[2]) > _LONGEST or {".", ".."} & set(match[2].split("/")):
            message = f"{NAME}: line {number} is not a digest, two spaces and a path of the allowed form"
            raise FormatError(message)
        found[match[2]] = Digest(bytes.fromhex(match[1]))
    if text.count("\n") != len(found) or list(found) != sorted(found):
        message = f"{NAME} is not sorted, or names a path twice"
        raise FormatError(message)
    return found
