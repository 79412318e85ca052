"""Write WACZ 1.1.1: a WARC, its index and its pages in a canonical zip that replay programs read.

``datapackage.json`` lists every other file with size and SHA-256, ``datapackage-digest.json`` holds its digest and the
anonymous signature of wacz-auth 0.1.0 over the ASCII text ``sha256:`` and hexadecimal digits. Version 1.1.1 with
``"profile": "data-package"`` is deliberate: replay programs of today refuse 1.2.0.
"""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from evidence_kit.archive.cdxj import IndexLine, ascii_uri, index_bytes
from evidence_kit.archive.zips import CanonicalZip
from evidence_kit.canonical import Json
from evidence_kit.models import Digest, utc_text
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.throwaway import sign_anonymously

ARCHIVE_NAME = "data.warc.gz"
"""Name of the WARC inside ``archive/``, and in the index."""
INDEX_NAME = "indexes/index.cdx"
"""Path of the index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One entry of the page list that replay programs show."""

    url: str
    ts: datetime
    """When the page was captured, aware UTC."""
    title: str
    id: str
    extra: dict[str, Json] = field(default_factory=dict)
    """More fields, e.g. ``text`` for full-text search."""

    def to_json(self) -> dict[str, Json]:
        """Return the line's object; *extra* cannot replace the four fields."""
        fields: dict[str, Json] = {"id": self.id, "url": self.url, "ts": utc_text(self.ts), "title": self.title}
        return {**fields, **{name: value for name, value in self.extra.items() if name not in fields}}


@dataclass(frozen=True, slots=True, kw_only=True)
class WaczSeal:
    """What identifies a finished WACZ."""

    sha256: Digest
    size: int
    spki_sha256: Digest
    """Of the throw-away public key (DER SubjectPublicKeyInfo)."""


def write_wacz(  # noqa: PLR0913  # these are the parts of a WACZ
    path: Path,
    *,
    warc: Path,
    index: Sequence[IndexLine],
    pages: Sequence[Page],
    title: str,
    created: datetime,
    software: str,
    extra: Sequence[tuple[str, bytes]] = (),
) -> WaczSeal:
    """Write a WACZ to *path*, which must not exist, and return its seal.

    *extra* are more files, as (``folder/name.ext``, content); the folder is none of archive, indexes and pages.
    Raises `FormatError` for an unsafe or repeated name, `IntegrityError` when the WARC changes meanwhile, `OSError`.
    """
    files: list[tuple[str, bytes | Path]] = [
        (f"archive/{ARCHIVE_NAME}", warc),
        (INDEX_NAME, index_bytes(index, filename=ARCHIVE_NAME)),
        ("pages/pages.jsonl", _pages_bytes(pages)),
        *extra,
    ]
    with CanonicalZip(path) as archive:
        resources: list[Json] = []
        for name, body in files:
            digest = archive.add(name, body)
            size = len(body) if isinstance(body, bytes) else body.stat().st_size
            resources.append({"name": _resource_name(name), "path": name, "hash": str(digest), "bytes": size})
        about: dict[str, Json] = {
            "profile": "data-package",
            "wacz_version": "1.1.1",
            "software": software,
            "created": utc_text(created),
            "title": title,
        }
        if pages:
            about |= {"mainPageUrl": ascii_uri(pages[0].url), "mainPageDate": utc_text(pages[0].ts)}
        digest = archive.add("datapackage.json", _json_bytes({**about, "resources": resources}))
        proof, spki_sha256 = _signed(digest, software=software, created=created)
        archive.add("datapackage-digest.json", proof)
    return WaczSeal(sha256=archive.sha256, size=archive.size, spki_sha256=spki_sha256)


def _signed(digest: Digest, *, software: str, created: datetime) -> tuple[bytes, Digest]:
    """Return ``datapackage-digest.json`` and the digest of the key that was made for it."""
    seal = sign_anonymously(str(digest).encode("ascii"))
    signed: dict[str, Json] = {
        "hash": str(digest),
        "created": utc_text(created),
        "software": software,
        "version": "0.1.0",
        "signature": base64.b64encode(seal.signature_raw).decode("ascii"),
        "publicKey": base64.b64encode(seal.public_key_spki).decode("ascii"),
    }
    document: Json = {"path": "datapackage.json", "hash": str(digest), "signedData": signed}
    return _json_bytes(document), sha256_bytes(seal.public_key_spki)


def _pages_bytes(pages: Sequence[Page]) -> bytes:
    lines: list[Json] = [{"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}]
    lines += [page.to_json() for page in pages]
    return b"".join(_json_bytes(line, indent=None) for line in lines)


def _json_bytes(value: Json, *, indent: int | None = 2) -> bytes:
    # A page's title may hold half a surrogate pair, which UTF-8 cannot: it becomes a question mark.
    return (json.dumps(value, indent=indent, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _resource_name(path: str) -> str:
    """Return the name that a data package allows for *path*: lower-case letters, digits, dots, dashes, underscores."""
    return re.sub(r"[^a-z0-9._-]", "-", PurePosixPath(path).name.lower())
