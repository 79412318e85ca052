"""Bags (BagIt 1.0, RFC 8493) with SHA-256: writing them, and checking every file of one exactly once.

The checking is stricter than the standard, since only bags of our own making are promised to pass: ``bagit.txt`` has
one form, lists are sorted, every tag file is listed in the tag manifest, nothing is fetched from elsewhere.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evidence_kit.archive.ahead import digests_ahead
from evidence_kit.archive.manifests import manifest_bytes, parse_manifest
from evidence_kit.archive.tree import FolderTree, Tree
from evidence_kit.display import shorten, visible
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest, Outcome
from evidence_kit.trust.digests import sha256_bytes, sha256_stream

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
"""The whole of ``bagit.txt``."""
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"

_PAYLOAD = "data/"
_LARGEST_TAG_FILE = 256 * 1024 * 1024
_OTHER_MANIFEST = re.compile(r"(?:tag)?manifest-(?!sha256\.txt$)([a-z0-9]+)\.txt")
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class BagFinding:
    """What one check of one file found."""

    check: str
    """``bag.tree``, ``.declaration``, ``.info``, ``.manifest``, ``.tagmanifest``, ``.payload``, ``.tag-file``,
    ``.stray`` or ``.oxum``."""
    subject: str
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BagReport:
    """Everything `check_bag` found and counted."""

    findings: tuple[BagFinding, ...]
    digests: Mapping[str, Digest]
    """Of every file that was hashed, by path."""
    info: tuple[tuple[str, str], ...] = ()
    """The fields of ``bag-info.txt`` in order."""

    @property
    def failed(self) -> bool:
        """Whether any check failed."""
        return any(finding.outcome is Outcome.FAILED for finding in self.findings)


def write_bag(folder: Path, *, info: Mapping[str, str]) -> dict[str, Digest]:
    """Turn *folder*, which holds ``data/`` and any further tag files, into a bag; return every listed digest by path.

    *info* becomes ``bag-info.txt``, to which Payload-Oxum is added. Raises `FormatError` for links and unsafe names,
    `FileExistsError` when a bag file is there already, `OSError`.
    """
    _write_new(folder / "bagit.txt", DECLARATION)
    tree = FolderTree(folder)
    if tree.problems:
        name, problem = tree.problems[0]
        raise FormatError(f"{shorten(name)} cannot be put into a bag: {problem}")
    payload = [name for name in tree.names() if name.startswith(_PAYLOAD)]
    oxum = f"{sum(tree.size(name) for name in payload)}.{len(payload)}"
    _write_new(folder / "bag-info.txt", _info_bytes({**info, "Payload-Oxum": oxum}))
    digests = _hashed(tree, payload)
    _write_new(folder / MANIFEST, manifest_bytes(digests))
    tree = FolderTree(folder)
    tags = _hashed(tree, [name for name in tree.names() if not name.startswith((_PAYLOAD, "tagmanifest-"))])
    _write_new(folder / TAG_MANIFEST, manifest_bytes(tags))
    return digests | tags


def check_bag(tree: Tree, *, unlisted: Collection[str] = (), processes: int = 1) -> BagReport:
    """Check a bag completely; *unlisted* are tag files that no list can name, such as signatures of the tag manifest.

    Files may be hashed by up to *processes* at a time.

    Never raises for what is in the bag; a file that cannot be read is a failed check.
    """
    payload = [name for name in tree.names() if name.startswith(_PAYLOAD)]
    check = _BagCheck(tree, frozenset(unlisted) | {TAG_MANIFEST}, digests_ahead(tree, payload, processes=processes))
    findings = tuple(check.run())
    return BagReport(findings=findings, digests=check.digests, info=check.info)


@dataclass(slots=True)
class _BagCheck:
    """One run over one bag."""

    tree: Tree
    unlisted: frozenset[str]
    digests: dict[str, Digest] = field(default_factory=dict)
    info: tuple[tuple[str, str], ...] = ()

    def run(self) -> Iterator[BagFinding]:
        """Yield every finding, in the order a person would check."""
        names = frozenset(self.tree.names())
        for name, problem in self.tree.problems:
            yield _failed("bag.tree", name, problem)
        yield self._declaration()
        yield self._read_info()
        listed, finding = self._manifest(MANIFEST, "bag.manifest")
        yield finding
        listed_tags, finding = self._manifest(TAG_MANIFEST, "bag.tagmanifest")
        yield finding
        for name in sorted(names):
            if match := _OTHER_MANIFEST.fullmatch(name):
                yield BagFinding(
                    check="bag.manifest",
                    subject=name,
                    outcome=Outcome.NOT_CHECKED,
                    detail=f"unsupported algorithm {match[1]}",
                )
            if name == "fetch.txt":
                yield _failed("bag.manifest", name, "files that lie elsewhere are not supported")
        yield from self._files(listed, "bag.payload", payload=True)
        yield from self._files(listed_tags, "bag.tag-file", payload=False)
        for name in sorted(names - listed.keys() - listed_tags.keys() - self.unlisted):
            yield _failed("bag.stray", name, "it stands in no list")
        yield self._oxum([name for name in names if name.startswith(_PAYLOAD)])

    def _declaration(self) -> BagFinding:
        data, problem = self._small("bagit.txt")
        if not problem and data != DECLARATION:
            problem = "it is not the declaration of a BagIt 1.0 bag in UTF-8, byte for byte"
        return _finding("bag.declaration", "bagit.txt", problem)

    def _read_info(self) -> BagFinding:
        data, problem = self._small("bag-info.txt")
        if not problem:
            try:
                self.info = parse_info(data)
            except FormatError as error:
                problem = str(error)
        return _finding("bag.info", "bag-info.txt", problem)

    def _manifest(self, name: str, check: str) -> tuple[dict[str, Digest], BagFinding]:
        data, problem = self._small(name)
        listed: dict[str, Digest] = {}
        if not problem:
            try:
                listed = parse_manifest(data)
            except FormatError as error:
                problem = str(error)
        return listed, _finding(check, name, problem)

    def _small(self, name: str) -> tuple[bytes, str]:
        """Return a tag file, whose digest is counted from the very bytes that are read, or say what is wrong."""
        if name not in self.tree.names():
            return b"", "it is missing"
        try:
            data = self.tree.read(name, _LARGEST_TAG_FILE)
        except (FormatError, OSError) as error:
            return b"", f"it cannot be read: {shorten(str(error))}"
        self.digests[name] = sha256_bytes(data)
        return data, ""

    def _files(self, listed: Mapping[str, Digest], check: str, *, payload: bool) -> Iterator[BagFinding]:
        names = frozenset(self.tree.names())
        for name, expected in listed.items():
            if name.startswith(_PAYLOAD) is not payload:
                yield _failed(check, name, f"it stands in the wrong list ({'payload' if payload else 'tag files'})")
            elif name not in names:
                yield _failed(check, name, "it is missing")
            else:
                yield _finding(check, name, self._compare(name, expected))

    def _compare(self, name: str, expected: Digest) -> str:
        if name not in self.digests:
            try:
                with self.tree.open(name) as stream:
                    self.digests[name] = sha256_stream(stream)
            except (FormatError, OSError) as error:
                return f"it cannot be read: {shorten(str(error))}"
        found = self.digests[name]
        return "" if found == expected else f"its digest is {found}, the list says {expected}"

    def _oxum(self, payload: Collection[str]) -> BagFinding:
        stated = [value for name, value in self.info if name == "Payload-Oxum"]
        found = f"{sum(self.tree.size(name) for name in payload)}.{len(payload)}"
        if stated == [found]:
            return _finding("bag.oxum", "bag-info.txt", "")
        return _failed("bag.oxum", "bag-info.txt", f"Payload-Oxum says {shorten(', '.join(stated))}, found {found}")


def parse_info(data: bytes) -> tuple[tuple[str, str], ...]:
    """Return the fields of a ``bag-info.txt`` (RFC 8493, 2.2.2) in order; raises `FormatError`."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"it is not UTF-8 at byte {error.start}") from error
    if text and (not text.endswith("\n") or "\r" in text):
        raise FormatError("its lines do not all end with LF")
    fields: list[tuple[str, str]] = []
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        name, colon, value = line.partition(": ")
        if line[:1] in {" ", "\t"} and fields:
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}")
        elif colon and _LABEL.fullmatch(name):
            fields.append((name, value))
        else:
            raise FormatError(f"line {number} is not a label and a value: {shorten(line)}")
    return tuple(fields)


def _info_bytes(info: Mapping[str, str]) -> bytes:
    for name in info:
        if not _LABEL.fullmatch(name):
            raise FormatError(f"not a label for bag-info.txt: {shorten(name)}")
    return "".join(f"{name}: {visible(value)}\n" for name, value in info.items()).encode("utf-8")


def _hashed(tree: Tree, names: Collection[str]) -> dict[str, Digest]:
    found: dict[str, Digest] = {}
    for name in names:
        with tree.open(name) as stream:
            found[name] = sha256_stream(stream)
    return found


def _write_new(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _failed(check: str, subject: str, detail: str) -> BagFinding:
    return BagFinding(check=check, subject=subject, outcome=Outcome.FAILED, detail=detail)


def _finding(check: str, subject: str, problem: str) -> BagFinding:
    return BagFinding(
        check=check, subject=subject, outcome=Outcome.FAILED if problem else Outcome.PASSED, detail=problem
    )
