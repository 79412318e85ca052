"""Build a bundle beside its place, and give it its name in one step when it is whole: a folder, or a zip."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evidence_kit.archive.zips import CanonicalZip
from evidence_kit.canonical import Json
from evidence_kit.case.building import building
from evidence_kit.case.durable import move_new, sync_tree, write_new
from evidence_kit.case.encrypted import encrypt_file
from evidence_kit.errors import CaseError, FormatError, UsageError
from evidence_kit.models import Digest, OnStep, Problem
from evidence_kit.trust.age import Recipient
from evidence_kit.trust.digests import sha256_file

_ENCRYPTED = ".zip.age"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedBundle:
    """A bundle that is at its place, however it was made."""

    path: Path
    root: Digest
    signature_level: str
    """PAdES (ETSI EN 319 142-1): ``B-B``, ``B-T``, ``B-LT`` or ``B-LTA``."""
    practice: bool
    reports: tuple[tuple[str, Digest, int], ...]
    """Path, digest and bytes of each report."""
    tag_manifest: Digest
    file_digest: Digest | None
    """Of the zip, before it was encrypted; a folder has none."""
    problems: tuple[Problem, ...]

    @property
    def placed_answer(self) -> dict[str, Json]:
        """What every JSON result says of it."""
        return {
            "bundle": str(self.path),
            "root": str(self.root),
            "signature_level": self.signature_level,
            "practice": self.practice,
            "reports": [{"path": name, "sha256": digest.hex, "bytes": size} for name, digest, size in self.reports],
            "tag_manifest_sha256": self.tag_manifest.hex,
            "sha256": self.file_digest.hex if self.file_digest else None,
            "problems": [problem.to_json() for problem in self.problems],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """How a bundle is put into its place: as a folder, a zip, or a zip encrypted to *recipients*."""

    zip: bool = False
    recipients: tuple[Recipient, ...] = ()

    def put(self, folder: Path, output: Path, on_step: OnStep) -> "Packed":
        """Give the bundle in *folder* the name *output*; raises `CaseError`, `OSError`."""
        if self.recipients:
            return _pack_encrypted(folder, output, self.recipients, on_step)
        if self.zip:
            return Packed(zip=pack(folder, output, on_step))
        place(folder, output, on_step)
        return Packed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What a bundle was packed into."""

    zip: Digest | None = None
    """Of the zip, before it was encrypted."""
    age: Digest | None = None
    """Of the encrypted zip."""
    recipients: tuple[Recipient, ...] = ()

    @property
    def digests(self) -> dict[str, Digest]:
        """What the event of the bundle names of it."""
        return {name: digest for name, digest in (("zip", self.zip), ("age", self.age)) if digest}

    @property
    def answer(self) -> Json:
        """What the JSON result says of its encryption: null for a bundle that is not encrypted."""
        if self.age is None:
            return None
        return {"sha256": self.age.hex, "recipients": [str(recipient) for recipient in self.recipients]}


def want_name(output: Path) -> None:
    """Raise `UsageError` unless *output* has the name of an encrypted zip."""
    if not output.name.lower().endswith(_ENCRYPTED):
        message = f"an encrypted bundle is one file, an encrypted zip, and {output.name} is no name of one"
        raise UsageError(message, hint=f"name it so that it ends in {_ENCRYPTED}")


@contextmanager
def building_bundle(output: Path) -> Iterator[Path]:
    """Give a folder beside *output* to build in, and remove it whatever happens; raises `CaseError` when disks fail.

    It does not exist yet, and has the name of the one folder inside a zip.
    """
    try:
        with building(output) as folder:
            yield folder / _top_folder(output)
    except OSError as error:
        message = f"the bundle {output} could not be written: {error.strerror}"
        raise CaseError(message) from error


def _top_folder(output: Path) -> str:
    """The one folder inside a zip: a plain name, whatever the zip is called."""
    name = Path(output.stem).stem if output.name.lower().endswith(_ENCRYPTED) else output.stem
    return name if _PLAIN.fullmatch(name) else "evidence-bundle"


def place(folder: Path, output: Path, _on_step: OnStep) -> None:
    """Give the bundle in *folder*, which is on the disk then, the name *output*; raises `CaseError`."""
    sync_tree(folder)
    move_new(folder, output)


def pack(folder: Path, output: Path, on_step: OnStep) -> Digest:
    """Pack *folder* into the zip *output*, file by file through a small buffer; return the digest of the zip.

    It has another name until it is whole and on the disk.
    """
    packed, digest = _zip(folder, on_step)
    move_new(packed, output)
    return digest


def _zip(folder: Path, on_step: OnStep) -> tuple[Path, Digest]:
    packed = folder.with_suffix(".zip")
    part = ""
    with CanonicalZip(packed) as archive:
        for path in sorted(folder.rglob("*"), key=lambda found: found.relative_to(folder).as_posix()):
            if path.is_file():
                name = path.relative_to(folder)
                before, part = part, name.parts[2] if name.parts[1:2] == ("items",) else name.parts[0]
                if part != before:
                    on_step(f"packing {part}")
                archive.add(f"{folder.name}/{name.as_posix()}", path)
    return packed, archive.sha256


def _pack_encrypted(folder: Path, output: Path, recipients: tuple[Recipient, ...], on_step: OnStep) -> Packed:
    """Pack *folder* into a zip, and that into the age file *output*, which has another name until it was read back."""
    packed, digest = _zip(folder, on_step)
    on_step("encrypting the bundle")
    encrypted = folder.with_suffix(_ENCRYPTED)
    try:
        content = encrypt_file(packed, encrypted, recipients)
    except FormatError as error:
        raise CaseError(f"the bundle could not be encrypted: {error}") from error
    if content.sha256 != digest:
        raise CaseError(f"{packed.name} changed while it was being encrypted")
    age = sha256_file(encrypted)
    sync_tree(folder.parent)
    move_new(encrypted, output)
    return Packed(zip=digest, age=age, recipients=recipients)


@contextmanager
def beside(path: Path | None, data: bytes) -> Iterator[None]:
    """Write the file of the withheld events, for this person only, and remove it if the block fails."""
    if path is None:
        yield
        return
    write_new(path, data, private=True)
    placed = False
    try:
        yield
        placed = True
    finally:
        if not placed:
            path.unlink(missing_ok=True)
