"""Sealed material: what can be told of it without opening it, and with a recipient's key whether it is what was sealed.

Without a key: the register names every age file of the item and nothing else, each is encrypted to as many keys as the
register says, and holds as many bytes. With one, each content is read as a stream and held against its commitment.
Nothing is decoded, and nothing written.
"""

import io
import re
from collections.abc import Collection, Iterator
from typing import BinaryIO

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.case import sealed
from evidence_kit.case.bracket import START_TOKEN
from evidence_kit.case.items import SUPPLIED
from evidence_kit.case.layout import SUPPLIED_ARCHIVE
from evidence_kit.case.manifest import NAME, read_manifest
from evidence_kit.case.sealed import Particulars, Register, SealedFile, commitment, particulars_path
from evidence_kit.errors import FormatError
from evidence_kit.trust.age import open_age, payload_size
from evidence_kit.trust.age.header import read_header
from evidence_kit.trust.digests import sha256_stream
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import SMALL, CaseFiles

_ADDRESS = "address_commitment"
_SALT = re.compile(f"[0-9a-f]{{{2 * sealed.SALT_BYTES}}}")
LARGEST_TOLD = 1024 * 1024
"""Bytes of what was told of one sealed file."""


def check_sealed(exam: Examination, files: CaseFiles, folder: str, record: dict[str, Json]) -> None:
    """Check what is sealed in the item in *folder*, if anything is; *record* is its ``item.json``."""
    name = folder + sealed.REGISTER
    if not files.has(name) and not _called_sealed(record):
        return
    shown = files.shown(name)
    try:
        register = sealed.read_register(files.read(name))
    except FormatError as error:
        exam.failed("item.sealed", shown, str(error))
        return
    exam.concluded(
        "item.sealed",
        shown,
        [*((shown, why) for why in _contradictions(register, record)), *_malformed(files, folder, register)],
        f"{len(register.files)} files, to {len(register.recipients)} keys",
    )
    told: dict[str, Json] = {
        "item": str(record.get("id", "")),
        "files": len(register.files),
        "keys": len(register.recipients),
    }
    exam.facts["sealed_items"] = [*sealed.objects(exam.facts.get("sealed_items")), told]
    _check_contents(exam, files, folder, register, record)


def _called_sealed(record: dict[str, Json]) -> bool:
    """Whether *record* says anything of sealed material."""
    roles = {sealed.CONTENT_ROLE, sealed.PARTICULARS_ROLE, sealed.REGISTER_ROLE}
    return sealed.is_sealed(record) or any(
        str(file.get("role")) in roles for file in sealed.objects(record.get("files"))
    )


def _contradictions(register: Register, record: dict[str, Json]) -> Iterator[str]:
    """Yield what the register and the item's record say otherwise."""
    if not sealed.is_sealed(record):
        yield "item.json does not call the item sealed"
    if not register.recipients:
        yield "it names nobody who could open it"
    wanted = sealed.sealed_files(register.files)
    listed = {
        str(file.get("path")): str(file.get("role"))
        for file in sealed.objects(record.get("files"))
        if sealed.is_sealed_path(str(file.get("path")))
    }
    for path in sorted(wanted.keys() ^ listed.keys()):
        yield f"item.json lists {path}, which it does not name" if path in listed else f"item.json does not list {path}"
    for path in sorted(path for path in wanted.keys() & listed.keys() if wanted[path] != listed[path]):
        yield f"item.json gives {path} the role {listed[path]}"
    for path in _in_plain(record, wanted):
        yield f"item.json lists {path}, which no sealed item has in plain"
    told: dict[str, Json] = {"files": len(register.files), "bytes": register.size}
    if _counted(record, told) != told:
        yield f"item.json counts otherwise: it names {told['files']} files of {told['bytes']} bytes"


def _in_plain(record: dict[str, Json], wanted: Collection[str]) -> list[str]:
    """Return what else *record* lists than what is sealed, its register, and what tells nothing of it."""
    readable = {sealed.REGISTER, START_TOKEN}
    if record.get("source") == SUPPLIED and record.get("sealed") is None:
        readable.add(SUPPLIED_ARCHIVE)
    listed = {str(file.get("path")) for file in sealed.objects(record.get("files"))}
    return sorted(path for path in listed - readable - {*wanted} if not sealed.is_sealed_path(path))


def _counted(record: dict[str, Json], told: Json) -> Json:
    """Return the files and bytes that *record* counts, *told* if it does not."""
    later = record.get("sealed")
    if later is None:
        return record.get("supplied", told)
    return {key: value for key, value in later.items() if key != "replaces"} if isinstance(later, dict) else later


def _malformed(files: CaseFiles, folder: str, register: Register) -> Iterator[tuple[str, str]]:
    """Yield the age files that are none, or not to those keys, or not of that size."""
    sizes: dict[str, int | None] = dict.fromkeys(sealed.sealed_files(register.files))
    sizes |= {file.path: file.size for file in register.files}
    for path, size in sizes.items():
        name = folder + path
        if not files.has(name):
            continue  # told by the item's manifest
        try:
            with files.open(name) as stream:
                problem = _form(stream, len(register.recipients), size)
        except FormatError as error:
            problem = str(error)
        except OSError as error:
            problem = f"it cannot be read: {error.strerror or error}"
        if problem:
            yield files.shown(name), problem


def _form(stream: BinaryIO, recipients: int, size: int | None) -> str:
    """Return what is wrong with the form of one age file for content of *size* bytes, if that is known; else empty."""
    header = read_header(stream)
    if header.recipients != recipients or len(header.stanzas) != recipients:
        return f"it is encrypted to {header.recipients} keys, the register names {recipients}"
    if size is not None and stream.seek(0, 2) - header.size != payload_size(size):
        return f"it cannot hold content of {size} bytes"
    return ""


def _check_contents(
    exam: Examination, files: CaseFiles, folder: str, register: Register, record: dict[str, Json]
) -> None:
    """With a key, hold each content against its commitment, and an item that was sealed whole against its manifest."""
    shown = files.shown(folder + sealed.REGISTER)
    there = [file for file in register.files if files.has(folder + file.path)]
    if not there:
        if register.files:
            exam.not_checked("item.plaintext", shown, "left out: a bundle need not hold what is sealed")
        return
    if not exam.identities:
        exam.not_checked("item.plaintext", shown, "sealed: only a recipient's key opens it (verify --key)")
        return
    problems: list[tuple[str, str]] = []
    opened: list[Particulars] = []
    for file in there:
        try:
            found = _open_one(exam, files, folder, file)
        except FormatError as error:
            problems.append((files.shown(folder + file.path), str(error)))
            continue
        except OSError as error:
            problems.append((files.shown(folder + file.path), f"it cannot be read: {error.strerror or error}"))
            continue
        opened += [found] if found else []
    if len(opened) < len(there) and not problems:
        detail = f"{len(there) - len(opened)} files are not sealed to the key that was given"
        exam.not_checked("item.plaintext", shown, detail)
        return
    encased = isinstance(record.get("sealed"), dict) or _ADDRESS in record
    if encased and len(there) == len(register.files) and not problems:
        problems += ((shown, why) for why in _unlike(exam, files, folder, opened, record))
    exam.concluded("item.plaintext", shown, problems, f"{len(opened)} files")


def _unlike(
    exam: Examination, files: CaseFiles, folder: str, opened: list[Particulars], record: dict[str, Json]
) -> Iterator[str]:
    """Yield how what was *opened* is not an item whole: the one that was there before, or that was captured."""
    later = record.get("sealed")
    replaces = later.get("replaces") if isinstance(later, dict) else None
    if _ADDRESS in record:
        yield from _other_address(exam, files, folder, record)
    found = {told.name: told.sha256 for told in opened}
    manifest = next((told for told in opened if told.name == NAME and replaces in {None, str(told.sha256)}), None)
    if manifest is None:
        yield "it does not hold the manifest that it says it replaces" if later else "it does not hold its manifest"
        return
    reader = open_age(files.open(folder + manifest.path), exam.identities)
    if reader is None:
        return
    try:
        with reader:
            listed = read_manifest(io.BufferedReader(reader).read(SMALL))
    except FormatError as error:
        yield f"the manifest that it replaces cannot be read: {error}"
        return
    if found != {**listed, NAME: manifest.sha256}:
        yield "what is sealed is not what the manifest that it replaces lists"


def _other_address(exam: Examination, files: CaseFiles, folder: str, record: dict[str, Json]) -> Iterator[str]:
    """Yield that the page was captured from another address than the *record* commits to."""
    try:
        reader = open_age(files.open(folder + sealed.CIRCUMSTANCES), exam.identities)
        if reader is None:
            return
        with reader:
            told = canonical.parse(io.BufferedReader(reader).read(LARGEST_TOLD))
        match told:
            case {"address": str(url), "address_salt": str(salt)} if _SALT.fullmatch(salt):
                if str(sealed.address_commitment(bytes.fromhex(salt), url)) != record[_ADDRESS]:
                    yield "it was captured from another address than the log commits to"
            case _:
                yield "it does not tell from which address it was captured"
    except FormatError as error:
        yield f"from where it was captured cannot be read: {error}"


def _open_one(exam: Examination, files: CaseFiles, folder: str, file: SealedFile) -> Particulars | None:
    """Return what was told of *file* if the key opens it.

    Raises `FormatError` when it is not what was sealed, and `OSError`.
    """
    told = read_told(files, folder, file, exam)
    content = open_age(files.open(folder + file.path), exam.identities)
    if told is None or content is None:
        return None
    with content:
        if told.path != file.path or told.size != file.size or told.register_line.commitment != file.commitment:
            raise FormatError("the register has another commitment than what was told of it")
        if content.size != file.size:
            raise FormatError(f"its content has {content.size} bytes, the register has {file.size}")
        if commitment(told.salt, sha256_stream(content)) != file.commitment:
            raise FormatError("its content is not what the register commits to")
    return told


def read_told(files: CaseFiles, folder: str, file: SealedFile, exam: Examination) -> Particulars | None:
    """Return what was told of *file*, None if no key opens it; raises `FormatError`, `OSError`."""
    reader = open_age(files.open(folder + particulars_path(file.path)), exam.identities)
    if reader is None:
        return None
    with reader:
        if reader.size > LARGEST_TOLD:
            raise FormatError("what was told of the sealed file is too large")
        return sealed.read_particulars(reader.readall() or b"")
