"""Sealed material: what an item says of it in plain, and how the rest is bound to that.

Nobody opens, draws, reads or hashes it by its looks. The item holds age files and ``sealed.json``, the register of
them: how large each content is, and a commitment to its SHA-256. Names, times and the digest itself lie encrypted
beside the content, so that a copy for the defence tells nothing by which the material could be looked for.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.custody.recipients import is_recipient
from evidence_kit.errors import CaseError, FormatError
from evidence_kit.models import Digest, utc_text
from evidence_kit.plain import read_plain

FOLDER = "sealed"
"""The folder of an item in which the age files lie."""
REGISTER = "sealed.json"
CIRCUMSTANCES = f"{FOLDER}/circumstances.json.age"
SCHEMA, PARTICULARS = "evidence-kit/sealed/1", "evidence-kit/sealed-particulars/1"
CIRCUMSTANCES_SCHEMA = "evidence-kit/sealed-circumstances/1"
CONTENT_ROLE, PARTICULARS_ROLE, REGISTER_ROLE = "sealed", "sealed-particulars", "sealed-register"
FLAG = "sealed"
LARGEST = 64 * 1024 * 1024
"""Bytes of a register that is read."""
SALT_BYTES = 32
_PATH = re.compile(r"sealed/[0-9]{4,9}\.age")
_PREFIX = b"evidence-kit/sealed/1\n"


def commitment(salt: bytes, content: Digest) -> Digest:
    """Return what binds to *content*, and tells nothing of it to whom *salt* is unknown."""
    return Digest(hashlib.sha256(_PREFIX + salt + content.value).digest())


def address_commitment(salt: bytes, url: str) -> Digest:
    """Return what binds a sealed capture to the address *url*, and tells nothing of it to whom *salt* is unknown."""
    return commitment(salt, Digest(hashlib.sha256(url.encode("utf-8")).digest()))


def is_sealed_path(name: str) -> bool:
    """Whether *name* is that of an age file in a sealed item."""
    return name.startswith(f"{FOLDER}/") and name.endswith(".age")


def is_sealed(record: Mapping[str, Json]) -> bool:
    """Whether the ``item.json`` *record* calls its item sealed."""
    return any(flag.get("code") == FLAG for flag in objects(record.get("flags")))


def objects(value: Json) -> list[dict[str, Json]]:
    """Return the objects in a list, and nothing for what is none."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """One line of the register."""

    path: str
    """In the item's folder: ``sealed/0001.age``."""
    size: int
    """Bytes of the content."""
    commitment: Digest

    def to_json(self) -> dict[str, Json]:
        """Return its members."""
        return {"path": self.path, "bytes": self.size, "commitment": str(self.commitment)}

    @classmethod
    def from_json(cls, value: Json) -> "SealedFile":
        """Read what `to_json` wrote; raises `FormatError`."""
        match value:
            case {"path": str(path), "bytes": int(size), "commitment": str(text), **more} if (
                _PATH.fullmatch(path) and size >= 0 and not isinstance(size, bool) and not more
            ):
                return cls(path=path, size=size, commitment=Digest.parse(text))
        message = f"{REGISTER} does not describe a sealed file"
        raise FormatError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """``sealed.json``."""

    recipients: tuple[str, ...]
    """As age writes them."""
    files: tuple[SealedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all content."""
        return sum(file.size for file in self.files)

    def to_bytes(self) -> bytes:
        """Return the file."""
        return canonical.pretty(
            {
                "schema": SCHEMA,
                "recipients": [*self.recipients],
                "files": [file.to_json() for file in self.files],
            }
        )


def read_register(data: bytes) -> Register:
    """Read ``sealed.json``; raises `FormatError`."""
    value = canonical.parse(data)
    match value:
        case {"schema": str(schema), "recipients": list(recipients), "files": list(files), **more} if (
            schema == SCHEMA and not more
        ):
            found = tuple(map(SealedFile.from_json, files))
            if len({file.path for file in found}) != len(found):
                raise FormatError(f"{REGISTER} names a file twice")
            if len(set(map(str, recipients))) != len(recipients):
                raise FormatError(f"{REGISTER} names a recipient twice")
            return Register(recipients=tuple(map(_recipient, recipients)), files=found)
    message = f"{REGISTER} does not say {SCHEMA}"
    raise FormatError(message)


def _recipient(value: Json) -> str:
    if not isinstance(value, str) or not is_recipient(value):
        raise FormatError(f"{REGISTER} names a recipient that is none")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What only the recipients may know of one sealed file (``sealed/0001.json.age``)."""

    path: str
    name: str
    """What it was called where it was handed over."""
    name_bytes: str
    """The name in hexadecimal digits where it is no Unicode text; else empty."""
    size: int
    sha256: Digest
    """Of the content."""
    salt: bytes
    modified: datetime | None = None
    created: datetime | None = None

    @property
    def register_line(self) -> SealedFile:
        """What stands of it in the register."""
        return SealedFile(path=self.path, size=self.size, commitment=commitment(self.salt, self.sha256))

    def to_bytes(self) -> bytes:
        """Return the file, before it is encrypted."""
        return canonical.pretty(
            {
                "schema": PARTICULARS,
                "path": self.path,
                "name": self.name,
                "name_bytes": self.name_bytes,
                "bytes": self.size,
                "sha256": self.sha256.hex,
                "salt": self.salt.hex(),
                "modified": utc_text(self.modified) if self.modified else None,
                "created": utc_text(self.created) if self.created else None,
            }
        )


def read_particulars(data: bytes) -> Particulars:
    """Read decrypted particulars, without the times of the file; raises `FormatError`."""
    match canonical.parse(data):
        case {
            "schema": str(schema),
            "path": str(path),
            "name": str(name),
            "name_bytes": str(name_bytes),
            "bytes": int(size),
            "sha256": str(digest),
            "salt": str(salt),
        } if schema == PARTICULARS and re.fullmatch(f"[0-9a-f]{{{2 * SALT_BYTES}}}", salt):
            return Particulars(
                path=path,
                name=name,
                name_bytes=name_bytes,
                size=size,
                sha256=Digest.parse(f"sha256:{digest}"),
                salt=bytes.fromhex(salt),
            )
    raise FormatError("what was told of the sealed file cannot be read")


def keys_of(folder: Path) -> int:
    """Return how many keys open what is sealed in the item in *folder*; raises `CaseError`."""
    return len(read_register_in(folder).recipients)


def read_register_in(folder: Path) -> Register:
    """Return the register of the sealed item in *folder* of a case; raises `CaseError`."""
    try:
        return read_register(read_plain(folder / REGISTER, LARGEST))
    except (OSError, FormatError) as error:
        message = f"{REGISTER} of {folder.name} cannot be read: {error}"
        raise CaseError(message, hint="run: evidence-kit verify CASE") from error


def particulars_path(path: str) -> str:
    """Return where the particulars of the sealed file *path* lie."""
    return f"{path.removesuffix('.age')}.json.age"


def sealed_files(folder: Sequence[SealedFile]) -> dict[str, str]:
    """Return every age file of an item with these sealed files, and its role."""
    found = {}
    for file in folder:
        found[file.path] = CONTENT_ROLE
        found[particulars_path(file.path)] = PARTICULARS_ROLE
    return {**found, CIRCUMSTANCES: PARTICULARS_ROLE}
