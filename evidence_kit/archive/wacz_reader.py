"""Check a WACZ (1.0 to 1.2, of any tool) without unpacking it: its zip, its lists, its signature, its WARC records.

Every finding is a value; nothing in a file makes this raise. The anonymous signature shows that the file is whole since
somebody finished it, never who that was; domain signatures (wacz-auth) are named and not checked here.
"""

import base64
import binascii
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from evidence_kit.archive.digest_labels import DigestCheck, DigestOutcome
from evidence_kit.archive.own_index import index_problems, is_index_of, whole_index
from evidence_kit.archive.own_warc import OwnWarc, Resource
from evidence_kit.archive.wacz import ARCHIVE_NAME, INDEX_NAME
from evidence_kit.archive.warc_parts import WORTHWHILE, WarcPlace, check_warc_in_parts
from evidence_kit.archive.warc_reader import RecordFinding, check_warc
from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.archive.zips import check_canonical
from evidence_kit.display import shorten
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest, Outcome
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.throwaway import check_anonymous

_PACKAGE = "datapackage.json"
_PROOF = "datapackage-digest.json"
_PAGES = "pages/pages.jsonl"
_ARCHIVE = f"archive/{ARCHIVE_NAME}"
_FOLDERS = ("archive/", "indexes/")
_PIECE = 256 * 1024
_LARGEST_JSON = 32 * 1024 * 1024
_LARGEST_PAGES = 256 * 1024 * 1024
_MOST_FINDINGS = 1000
"""Failed records of one WARC that are listed one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaczFinding:
    """What one check found."""

    check: str
    """``wacz.zip``, ``.datapackage``, ``.resource``, ``.stray``, ``.digest``, ``.transport``, ``.pages``, ``.index``;
    ``warc.file`` for one WARC as a whole, ``warc.record`` for one record that fails."""
    subject: str
    """Name of the entry; for a record followed by ``#``, its offset, and its id."""
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaczFindings:
    """Everything `check_wacz` found."""

    findings: tuple[WaczFinding, ...]
    pages: tuple[dict[str, object], ...] = ()
    """The page list, as objects of unknown fields from outside."""
    package: dict[str, object] = field(default_factory=dict)
    """``datapackage.json``."""
    spki_sha256: Digest | None = None
    """Of the key that made the anonymous signature."""
    resources: tuple[Resource, ...] = ()
    """Of our own archives: the resource records, in order."""

    @property
    def failed(self) -> bool:
        """Whether any check failed."""
        return any(finding.outcome is Outcome.FAILED for finding in self.findings)


def check_wacz(
    source: Path | BinaryIO, *, ours: bool = False, path: Path | None = None, processes: int = 1
) -> WaczFindings:
    """Check a WACZ completely; with *ours* also every byte of its zip, every record and the index as we write them.

    A stream must be seekable; *path* is where its plain file lies, so that a large one can be read by up to *processes*
    at a time, with the same result. Raises only `OSError`, when the file itself cannot be opened.
    """
    check = _WaczCheck(own=OwnWarc(ARCHIVE_NAME) if ours else None, path=path, processes=processes)
    if ours:
        check.findings += [_finding("wacz.zip", "", problem) for problem in check_canonical(source)]
    try:
        with ZipReader(source) as archive:
            check.run(archive)
    except FormatError as error:
        check.note("wacz.zip", "", str(error))
    return WaczFindings(
        findings=tuple(check.findings),
        pages=tuple(check.pages),
        package=check.package,
        spki_sha256=check.spki_sha256,
        resources=tuple(check.own.resources) if check.own else (),
    )


class _Tee:
    """Reads a stream once for two: whoever reads it, and the digests counted meanwhile."""

    def __init__(self, stream: BinaryIO, *digests: DigestCheck) -> None:
        self._stream = stream
        self._digests = digests
        self._room = memoryview(bytearray(_PIECE))
        self.size = 0

    def readinto(self, room: memoryview) -> int:
        count: int = self._stream.readinto(room)  # type: ignore[attr-defined]  # all that read have it
        self.size += count
        for digest in self._digests:
            digest.update(room[:count])
        return count

    def go_to(self, offset: int) -> None:
        """Read on until byte *offset* was read, or to the end."""
        while self.size < offset and self.readinto(self._room):
            pass

    def finish(self) -> None:
        self.go_to(sys.maxsize)


@dataclass(slots=True)
class _WaczCheck:
    """One run over one WACZ."""

    own: OwnWarc | None
    """For an archive that has to keep our own rules."""
    path: Path | None
    processes: int
    findings: list[WaczFinding] = field(default_factory=list)
    pages: list[dict[str, object]] = field(default_factory=list)
    package: dict[str, object] = field(default_factory=dict)
    spki_sha256: Digest | None = None

    def note(self, check: str, subject: str, problem: str = "") -> None:
        """Add a finding that failed with *problem*, or passed without."""
        self.findings.append(_finding(check, subject, problem))

    def skip(self, check: str, subject: str, detail: str) -> None:
        """Add a finding that could not be checked."""
        self.findings.append(WaczFinding(check=check, subject=subject, outcome=Outcome.NOT_CHECKED, detail=detail))

    def run(self, archive: ZipReader) -> None:
        """Look at everything, in the order a person would."""
        for name, problem in archive.problems:
            self.note("wacz.zip", name, problem)
        if not any(finding.check == "wacz.zip" for finding in self.findings):
            self.note("wacz.zip", "")
        data = self._package(archive)
        listed = self._resources()
        for name in archive.names():
            if name in {_PACKAGE, _PROOF}:
                continue
            if name not in listed:
                self.note("wacz.stray", name, "it is not listed in datapackage.json")
            self._entry(archive, name, listed.get(name))
        for name in listed:
            if name not in archive.names():
                self.note("wacz.resource", name, "it is missing")
        self._proof(archive, data)
        self._pages(archive)
        if self.own is not None:
            self._index(archive, self.own)

    def _package(self, archive: ZipReader) -> bytes:
        try:
            data = archive.read(_PACKAGE, _LARGEST_JSON)
            self.package = _json_object(data)
        except FormatError as error:
            self.note("wacz.datapackage", _PACKAGE, str(error))
            return b""
        self.note("wacz.datapackage", _PACKAGE)
        return data

    def _resources(self) -> dict[str, tuple[str, object]]:
        """Return digest and size of every listed resource, by path."""
        resources = self.package.get("resources")
        if not isinstance(resources, list):
            if self.package:
                self.note("wacz.datapackage", _PACKAGE, "it lists no resources")
            return {}
        listed: dict[str, tuple[str, object]] = {}
        for resource in resources:
            path, digest = (resource.get("path"), resource.get("hash")) if isinstance(resource, dict) else (None, None)
            if not isinstance(path, str) or not isinstance(digest, str):
                self.note("wacz.datapackage", _PACKAGE, f"not a resource: {shorten(repr(resource))}")
            elif path in listed:
                self.note("wacz.datapackage", _PACKAGE, f"{shorten(path)} is listed twice")
            else:
                listed[path] = (digest, resource.get("bytes"))
        return listed

    def _entry(self, archive: ZipReader, name: str, expected: tuple[str, object] | None) -> None:
        """Read an entry once: for its own digest, and if it is a WARC for the records in it."""
        digest = DigestCheck(expected[0] if expected else None)
        records: list[WaczFinding] = []
        try:
            with archive.open(name) as stream:
                tee = _Tee(stream, digest)
                if name.startswith("archive/"):
                    own = self.own if name == _ARCHIVE else None
                    records = list(_warc_findings(tee, name, own, self._records(archive, name, tee, own)))
                tee.finish()
        except FormatError as error:
            self.note("wacz.resource", name, str(error))
            return
        if expected:
            self.note("wacz.resource", name, _compared(digest, tee.size, expected[1]))
        self.findings += records

    def _records(self, archive: ZipReader, name: str, tee: _Tee, own: OwnWarc | None) -> Iterator[RecordFinding]:
        """Yield what there is to find about the records of an entry, which *tee* reads meanwhile."""
        offset, size = archive.offset(name), archive.size(name)
        if self.path is None or self.processes == 1 or offset is None or size < WORTHWHILE:
            yield from check_warc(tee)  # type: ignore[arg-type]  # only its readinto is used
            return
        place = WarcPlace(path=self.path, offset=offset, size=size)
        for finding in check_warc_in_parts(place, processes=self.processes, records=own is not None):
            tee.go_to(finding.offset)
            yield finding

    def _proof(self, archive: ZipReader, package: bytes) -> None:
        if _PROOF not in archive.names():
            self.skip("wacz.digest", _PROOF, "the WACZ has none")
            return
        try:
            proof = _json_object(archive.read(_PROOF, _LARGEST_JSON))
        except FormatError as error:
            self.note("wacz.digest", _PROOF, str(error))
            return
        stated = proof.get("hash")
        digest = DigestCheck(stated if isinstance(stated, str) else "")
        digest.update(package)
        problem = (
            "" if digest.outcome() is DigestOutcome.OK else f"it says {shorten(str(stated))}, found {digest.found()}"
        )
        if not problem and proof.get("path") != _PACKAGE:
            problem = f"it is about {shorten(str(proof.get('path')))}"
        self.note("wacz.digest", _PROOF, problem)
        self._signature(proof, str(stated))

    def _signature(self, proof: dict[str, object], stated: str) -> None:
        signed = proof.get("signedData")
        if signed is None:
            self.skip("wacz.transport", _PROOF, "it is not signed")
        elif not isinstance(signed, dict):
            self.note("wacz.transport", _PROOF, "its signedData is not an object")
        elif "publicKey" not in signed:
            self.skip("wacz.transport", _PROOF, f"signed for a domain: {shorten(str(signed.get('domain')))}")
        else:
            spki, signature = (_base64(signed.get(name)) for name in ("publicKey", "signature"))
            self.spki_sha256 = sha256_bytes(spki)
            problem = ""
            if not check_anonymous(stated.encode("utf-8", "replace"), spki, signature):
                problem = "the anonymous signature is not one over this digest"
            elif signed.get("hash") != stated or signed.get("created") != self.package.get("created"):
                problem = "its digest or time of creation is not that of datapackage.json"
            self.note("wacz.transport", _PROOF, problem)

    def _pages(self, archive: ZipReader) -> None:
        if _PAGES not in archive.names():
            self.note("wacz.pages", _PAGES, "it is missing")
            return
        try:
            lines = archive.read(_PAGES, _LARGEST_PAGES).split(b"\n")
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    page = _json_object(line, f"line {number}")
                    self.pages += [] if "format" in page else [page]
        except FormatError as error:
            self.note("wacz.pages", _PAGES, str(error))
            return
        problem = ""
        if self.own is not None and (strays := self.own.page_ids - {str(page.get("id")) for page in self.pages}):
            problem = f"records belong to a page that it does not have: {shorten(', '.join(sorted(strays)))}"
        self.note("wacz.pages", _PAGES, problem)

    def _index(self, archive: ZipReader, own: OwnWarc) -> None:
        """Compare the index with the one that its records make, and see that there is nothing else to index."""
        for name in archive.names():
            if name.startswith(_FOLDERS) and name not in {_ARCHIVE, INDEX_NAME}:
                self.note("wacz.index", name, "the kit writes no such file")
        lines = own.index_sum()
        try:
            with archive.open(INDEX_NAME) as index:
                if lines is not None and is_index_of(lines, index):
                    self.note("wacz.index", INDEX_NAME)
                    return
            # What is wrong with it shows only beside the whole one.
            expected = whole_index(archive, _ARCHIVE, ARCHIVE_NAME)
            # A longer one is not read to its end: it is wrong in any case.
            found = archive.read(INDEX_NAME, len(expected) + _LARGEST_JSON)
        except FormatError as error:
            self.note("wacz.index", INDEX_NAME, str(error))
            return
        for problem in islice(index_problems(expected, found), _MOST_FINDINGS):
            self.note("wacz.index", INDEX_NAME, problem)
        if expected == found:
            self.note("wacz.index", INDEX_NAME)


def _warc_findings(
    stream: _Tee, name: str, own: OwnWarc | None, found: Iterator[RecordFinding]
) -> Iterator[WaczFinding]:
    """Yield a finding for every record that fails, and then one for the file; *own* are the rules of our own WARCs."""
    counts: dict[str, int] = {}
    failed = 0
    try:
        for record in found:
            for outcome in (f"block {record.block}", f"payload {record.payload}"):
                counts[outcome] = counts.get(outcome, 0) + 1
            broken = own.problems(record) if own else []
            if not record.failed and not broken:
                continue
            failed += 1
            if failed <= _MOST_FINDINGS:
                detail = "; ".join([record.detail] * bool(record.detail) + broken)
                yield _finding("warc.record", record_subject(name, record), detail)
        stream.finish()
        for offset, problem in own.conclude(stream.size) if own else ():
            failed += 1
            if failed <= _MOST_FINDINGS:
                yield _finding("warc.record", f"{name}#{offset}", problem)
    except FormatError as error:
        yield _finding("warc.file", name, str(error))
        return
    summary = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    if failed:
        yield _finding("warc.file", name, f"{failed} records or stretches fail ({summary})")
    else:
        yield WaczFinding(check="warc.file", subject=name, outcome=Outcome.PASSED, detail=summary)


def record_subject(name: str, record: RecordFinding) -> str:
    """Return how a record is named in findings: its file, its offset, and its id if it has one."""
    return f"{name}#{record.offset}" + (f" {shorten(record.record_id)}" if record.record_id else "")


def _compared(digest: DigestCheck, size: int, stated_size: object) -> str:
    if digest.outcome() is not DigestOutcome.OK:
        text = digest.text or ""
        return f"its digest is {digest.found()}, datapackage.json says {shorten(text)}"
    if stated_size is not None and stated_size != size:
        return f"it has {size} bytes, datapackage.json says {shorten(str(stated_size))}"
    return ""


def _json_object(data: bytes, what: str = "it") -> dict[str, object]:
    """Return a JSON object from outside; raises `FormatError`, also for a key that stands twice."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{what} is not JSON: {shorten(str(error))}") from error
    if not isinstance(value, dict):
        raise FormatError(f"{what} is not a JSON object")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormatError("JSON names a key twice in one object")
    return found


def _no_number(name: str) -> None:
    """Refuse what Python reads though it is no JSON (RFC 8259, 6)."""
    raise ValueError(name)


def _base64(text: object) -> bytes:
    """Return what *text* encodes, nothing if it is not the canonical base64 of anything."""
    if not isinstance(text, str) or not text.isascii():
        return b""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
    return data if base64.b64encode(data).decode("ascii") == text else b""


def _finding(check: str, subject: str, problem: str) -> WaczFinding:
    return WaczFinding(
        check=check, subject=subject, outcome=Outcome.FAILED if problem else Outcome.PASSED, detail=problem
    )
