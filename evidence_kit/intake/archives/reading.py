"""What a WARC or WACZ of another tool holds: records, pages, dates, checks and seal, all of it bounded."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from evidence_kit.archive.http_facts import status_and_mime
from evidence_kit.archive.wacz_reader import WaczFindings, check_wacz
from evidence_kit.archive.warc_reader import WarcRecord, check_warc
from evidence_kit.archive.warc_records import read_warc
from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.canonical import Json
from evidence_kit.display import shorten
from evidence_kit.errors import FormatError, LimitError
from evidence_kit.intake.archives.timed import TimedFile
from evidence_kit.models import Outcome
from evidence_kit.trust.domain_seal import SealFinding, check_domain_seal

_PROOF = "datapackage-digest.json"
_LARGEST_JSON = 4 * 1024 * 1024
_MOST_PAGES = 1000
_MOST_CHECKS = 200
_MOST_WARCS = 1000
_TEXT = 2000
_MOST_TYPES = 100
"""Kinds of records that are counted by name; the standard has eight (WARC 1.1, 5.5)."""
_PAGES = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(slots=True, kw_only=True)
class Archive:
    """What was found in one archive."""

    file: str
    """Path in the item."""
    kind: str
    """``wacz`` or ``warc``."""
    software: str = ""
    """As it names itself, and so are title, version and dates."""
    title: str = ""
    version: str = ""
    created: str = ""
    records: Counter[str] = field(default_factory=Counter)
    """By WARC-Type."""
    first: str = ""
    last: str = ""
    """The earliest and the latest WARC-Date."""
    pages: list[dict[str, str]] = field(default_factory=list)
    """Each ``url``, ``ts`` and ``title``; where there is no page list, the documents that were answered with 200."""
    unlisted: int = 0
    """Pages beyond those."""
    passed: int = 0
    checks: list[dict[str, Json]] = field(default_factory=list)
    """Those that did not pass: ``id``, ``subject``, ``outcome``, ``detail``."""
    seal: str = "none"
    """``anonymous``, ``domain`` or ``none``; what it covers is the list of files, and through it every file in it."""
    ended: str = ""
    """Why reading ended early."""

    def without_lists(self) -> "Archive":
        """Return the same without its pages and checks, which it says."""
        unlisted, ended = self.unlisted + len(self.pages), self.ended or "the item has no room for what it holds"
        return Archive(
            file=self.file, kind=self.kind, unlisted=unlisted, passed=self.passed, seal=self.seal, ended=ended
        )

    def to_json(self) -> dict[str, Json]:
        """Return the member of ``archives.json``."""
        return {
            "file": self.file,
            "kind": self.kind,
            "software": self.software,
            "title": self.title,
            "version": self.version,
            "created": self.created,
            "records": dict(sorted(self.records.items())),
            "first": self.first or None,
            "last": self.last or None,
            "pages": [dict(page) for page in self.pages],
            "pages_unlisted": self.unlisted,
            "checks_passed": self.passed,
            "checks": [*self.checks],
            "seal": self.seal,
            "ended": self.ended,
        }


def read_archive(path: Path, *, file: str, media_type: str) -> Archive | None:
    """Return what the archive at *path* holds, by its *media_type*; None for what is neither WARC nor WACZ.

    Nothing in it makes this raise; `OSError` when the file cannot be opened.
    """
    with TimedFile(path) as raw:
        stream = cast("BinaryIO", raw)
        if media_type == "application/wacz":
            return _as_far(Archive(file=file, kind="wacz"), stream, _read_wacz)
        if media_type == "application/warc" or (media_type == "application/gzip" and _is_warc(stream)):
            return _as_far(Archive(file=file, kind="warc"), stream, _read_warc)
    return None


def _as_far(archive: Archive, stream: BinaryIO, read: Callable[[Archive, BinaryIO], None]) -> Archive:
    try:
        read(archive, stream)
    except (LimitError, FormatError) as error:
        archive.ended = str(error)
    return archive


def _is_warc(stream: BinaryIO) -> bool:
    try:
        next(iter(read_warc(stream)), None)
    except (FormatError, LimitError):
        return False
    finally:
        stream.seek(0)
    return True


def _read_wacz(archive: Archive, stream: BinaryIO) -> None:
    found = check_wacz(stream)
    package = found.package
    archive.software, archive.title = _text(package.get("software")), _text(package.get("title"))
    archive.version, archive.created = _text(package.get("wacz_version")), _text(package.get("created"))
    with ZipReader(stream) as entries:
        for part in _seal(archive, entries, found):
            _check(archive, part.id, _PROOF, part.outcome, part.detail)
        for each in found.findings:
            # Nobody expects a key that names nobody where somebody signed.
            if archive.seal != "domain" or each.check != "wacz.transport":
                _check(archive, each.check, each.subject, each.outcome, each.detail)
        names = [name for name in entries.names() if name.startswith("archive/")]
        for name in names[:_MOST_WARCS]:
            with entries.open(name) as warc:
                _count_all(archive, warc)
    if found.pages:
        archive.pages, archive.unlisted = [], 0
    for page in found.pages:
        _page(archive, _text(page.get("url")), _text(page.get("ts")), _text(page.get("title")))


def _read_warc(archive: Archive, stream: BinaryIO) -> None:
    _count_all(archive, stream)
    stream.seek(0)
    for finding in check_warc(stream):
        outcome = Outcome.FAILED if finding.failed else Outcome.PASSED
        _check(archive, "warc.record", f"#{finding.offset} {finding.record_id}".rstrip(), outcome, finding.detail)


def _count_all(archive: Archive, warc: BinaryIO) -> None:
    try:
        for record in read_warc(warc):
            _count(archive, record)
    except FormatError as error:
        archive.ended = str(error)


def _seal(archive: Archive, entries: ZipReader, found: WaczFindings) -> Iterator[SealFinding]:
    """Yield what the domain form of the seal shows; the anonymous one was checked with the digests."""
    if found.spki_sha256 is not None:
        archive.seal = "anonymous"
    if _PROOF not in entries.names():
        return
    try:
        proof = json.loads(entries.read(_PROOF, _LARGEST_JSON))
    except (FormatError, ValueError, RecursionError):
        return  # told by the check of the digest
    match proof:
        case {"signedData": {"domainCert": str(), **_rest} as signed, "hash": str(stated)}:
            archive.seal = "domain"
            yield from check_domain_seal(signed, stated)


def _count(archive: Archive, record: WarcRecord) -> None:
    kind = shorten(record.type or "?", 40)
    archive.records[kind if kind in archive.records or len(archive.records) < _MOST_TYPES else "?"] += 1
    date = _text(record.header("WARC-Date"))
    if date:
        archive.first = min(archive.first or date, date)
        archive.last = max(archive.last, date)
    if record.type == "warcinfo" and not archive.software:
        block = record.read(_TEXT * 4).decode("utf-8", "replace")
        lines = (line.partition(":") for line in block.splitlines())
        archive.software = next((_text(v.strip()) for k, _, v in lines if k.strip().lower() == "software"), "")
    if record.type == "response":
        status, mime = status_and_mime(record.http_head, "")
        if status == 200 and mime in _PAGES:  # noqa: PLR2004  # OK (RFC 9110, 15.3.1)
            _page(archive, _text(record.header("WARC-Target-URI")), date, "")


def _page(archive: Archive, url: str, moment: str, title: str) -> None:
    if len(archive.pages) < _MOST_PAGES:
        archive.pages.append({"url": url, "ts": moment, "title": title})
    else:
        archive.unlisted += 1


def _check(archive: Archive, id_: str, subject: str, outcome: Outcome, detail: str) -> None:
    seal = id_.startswith("seal.")
    if outcome is Outcome.PASSED and not seal:
        archive.passed += 1
        return
    archive.passed += outcome is Outcome.PASSED
    if len(archive.checks) < _MOST_CHECKS or seal:
        told: dict[str, Json] = {"id": id_, "subject": _text(subject), "outcome": str(outcome), "detail": _text(detail)}
        archive.checks.append(told)


def _text(value: object) -> str:
    """Return text from outside as our JSON can hold it, and no longer than somebody would read."""
    return value[:_TEXT].encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""
