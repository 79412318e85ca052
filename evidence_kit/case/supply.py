"""``supply.json`` of an item that was supplied: who gave it, when, from what, and what the files were called there.

It is the one file of such an item that may name people; paths in the case, the log and ``item.json`` never do.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest, Problem, parse_utc, utc_text

NAME = "supply.json"
LARGEST = 64 * 1024 * 1024
"""Bytes of any of the lists that an item which was supplied has (this one, ``facts.json``, ``conversations.json``,
``archives.json``): nobody writes more, and nobody reads more."""
_PATH = re.compile(r"original/[0-9]{4,9}(\.[a-z0-9]{1,5})?")
SCHEMA = "evidence-kit/supply/1"
ORIGINAL, SUPPLY = "original", "supply"
"""Roles of what was handed over, and of the file that tells of it."""
ON_DEMAND = ("gps.", "serial.")
"""How the codes of facts begin that are stored, and shown only to who asks: places, and numbers of devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """How something came to us, as the officer tells it; empty or None where nothing was said."""

    provided_by: str = ""
    received: datetime | None = None
    device: str = ""
    way: str = ""
    """How it got from the device to us."""
    statement: str = ""
    """Where the statement of the person who gave it stands."""
    consent: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the six members."""
        return {
            "provided_by": self.provided_by,
            "received": utc_text(self.received) if self.received else None,
            "device": self.device,
            "way": self.way,
            "statement": self.statement,
            "consent": self.consent,
        }

    @classmethod
    def from_json(cls, value: Json) -> "Circumstances":
        """Read what `to_json` wrote; raises `FormatError`."""
        match value:
            case {
                "provided_by": str(provided_by),
                "received": str() | None as received,
                "device": str(device),
                "way": str(way),
                "statement": str(statement),
                "consent": str(consent),
            }:
                return cls(
                    provided_by=provided_by,
                    received=parse_utc(received) if received else None,
                    device=device,
                    way=way,
                    statement=statement,
                    consent=consent,
                )
        message = f"{NAME} does not say how it came"
        raise FormatError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """One file as it was handed over."""

    path: str
    """In the item's folder: ``original/0001.jpg``."""
    name: str
    """What it was called, with the folders below the one that was handed over, parted by ``/``."""
    name_bytes: str
    """The name in hexadecimal digits where it is no Unicode text; else empty."""
    size: int
    source_sha256: Digest
    """Of the file there, before it was copied; what came over the network was hashed there by the device itself."""
    sha256: Digest
    """Of the copy, read back from the disk."""
    modified: datetime | None
    created: datetime | None
    """By the file system or the device it lay in, which vouches for nothing; None where it does not tell."""

    def to_json(self) -> dict[str, Json]:
        """Return its members."""
        return {
            "path": self.path,
            "name": self.name,
            "name_bytes": self.name_bytes,
            "bytes": self.size,
            "source_sha256": self.source_sha256.hex,
            "sha256": self.sha256.hex,
            "modified": utc_text(self.modified) if self.modified else None,
            "created": utc_text(self.created) if self.created else None,
        }

    @classmethod
    def from_json(cls, value: Json) -> "Original":
        """Read what `to_json` wrote; raises `FormatError`."""
        match value:
            case {
                "path": str(path),
                "name": str(name),
                "name_bytes": str(name_bytes),
                "bytes": int(size),
                "source_sha256": str(source),
                "sha256": str(copy),
                "modified": str() | None as modified,
                "created": str() | None as created,
            } if _PATH.fullmatch(path):
                return cls(
                    path=path,
                    name=name,
                    name_bytes=name_bytes,
                    size=size,
                    source_sha256=Digest.parse(f"sha256:{source}"),
                    sha256=Digest.parse(f"sha256:{copy}"),
                    modified=parse_utc(modified) if modified else None,
                    created=parse_utc(created) if created else None,
                )
        message = f"{NAME} does not describe a file"
        raise FormatError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something that was handed over and is not in the item."""

    name: str
    problem: Problem

    def to_json(self) -> dict[str, Json]:
        """Return name, code and detail."""
        return {"name": self.name, **self.problem.to_json()}

    @classmethod
    def from_json(cls, value: Json) -> "LeftOut":
        """Read what `to_json` wrote; raises `FormatError`."""
        match value:
            case {"name": str(name), "code": str(code), "detail": str(detail)}:
                return cls(name=name, problem=Problem(code=code, detail=detail))
        message = f"{NAME} does not say what was left out"
        raise FormatError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The device that sent the files over the network, as far as it tells of itself."""

    address: str
    user_agent: str
    """Of its browser (RFC 9110, 10.1.5), which vouches for nothing."""

    def to_json(self) -> dict[str, Json]:
        """Return both members."""
        return {"address": self.address, "user_agent": self.user_agent}

    @classmethod
    def from_json(cls, value: Json) -> "Sender | None":
        """Read what `to_json` wrote, or null; raises `FormatError`."""
        match value:
            case None:
                return None
            case {"address": str(address), "user_agent": str(user_agent)}:
                return cls(address=address, user_agent=user_agent)
        message = f"{NAME} does not say who sent the files"
        raise FormatError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """The whole file."""

    circumstances: Circumstances
    files: tuple[Original, ...]
    left_out: tuple[LeftOut, ...]
    sender: Sender | None = None
    """None for what was not received over the network."""

    def to_bytes(self) -> bytes:
        """Return the file."""
        return canonical.pretty(
            {
                "schema": SCHEMA,
                **self.circumstances.to_json(),
                **({"sender": self.sender.to_json()} if self.sender else {}),
                "files": [file.to_json() for file in self.files],
                "left_out": [each.to_json() for each in self.left_out],
            }
        )


def read_supply(data: bytes) -> Supply:
    """Read ``supply.json``; raises `FormatError`."""
    value = canonical.parse(data)
    match value:
        case {"schema": str(schema), "files": list(files), "left_out": list(left_out)} if schema == SCHEMA:
            return Supply(
                circumstances=Circumstances.from_json(value),
                files=tuple(map(Original.from_json, files)),
                left_out=tuple(map(LeftOut.from_json, left_out)),
                sender=Sender.from_json(_sender(value)),
            )
    message = f"{NAME} does not say {SCHEMA}"
    raise FormatError(message)


def _sender(value: Json) -> Json:
    return value.get("sender") if isinstance(value, dict) else None
