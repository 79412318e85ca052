"""Open what is sealed, when two officers have agreed: asked for, agreed to, and noted before anything is opened.

What the events say stands in custody/unsealing.py. Content is decrypted as a stream into new files of a folder outside
of the case, for the reader alone; nothing of it is decoded here.
"""

import io
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence_kit.case import sealed
from evidence_kit.case.folder import CaseFolder, Committed
from evidence_kit.case.hand_over import rehash, sound_log
from evidence_kit.case.sealed import Particulars, Register, SealedFile
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.unsealing import Unsealing, request_named
from evidence_kit.errors import CaseError, EvidenceError, FormatError, IntegrityError, UsageError
from evidence_kit.models import Digest
from evidence_kit.plain import open_plain, read_plain
from evidence_kit.trust.age import AgeReader, Identity, open_age
from evidence_kit.trust.digests import sha256_bytes, sha256_stream

_LARGEST_TOLD = 1024 * 1024
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFile:
    """One file that was unsealed."""

    path: Path
    particulars: Particulars


def read_register(case: CaseFolder, item: str) -> Register:
    """Return the register of the sealed *item*; raises `CaseError` for an item that is not sealed."""
    try:
        return sealed.read_register(read_plain(case.path / "items" / item / sealed.REGISTER))
    except (OSError, FormatError) as error:
        raise CaseError(f"{item} is not a sealed item", hint="evidence-kit list shows the items") from error


def request(case: CaseFolder, item: str, custodian: Custodian, *, reason: str, second: str) -> Committed:
    """Ask to open *item*, for *reason*, with the agreement of *second* (name or number); raises `CaseError`."""
    officer = custodian.officer
    if second in {officer.name, officer.id}:
        raise UsageError("the second officer must be somebody else", hint="--second names the officer who is to agree")
    draft = Draft(
        type=EventType.UNSEAL_REQUESTED,
        item=item,
        digests=_unchanged(case, item),
        purpose=reason,
        detail={"second": second},
    )
    return case.commit(draft, custodian)


def open_request(case: CaseFolder, item: str, custodian: Custodian, *, second: str) -> Unsealing | None:
    """Return this officer's request for *item* that *second* was asked to agree to and that was not used; or None."""
    own = _key(custodian)
    for found in reversed(_requests(case, item)):
        if found.requested.certificate == own and found.second == second and found.opened is None:
            return found
    return None


def awaiting(case: CaseFolder, item: str, custodian: Custodian) -> Unsealing:
    """Return the request for *item* that awaits this officer's agreement; raises `CaseError` when there is none."""
    named = {custodian.officer.name, custodian.officer.id} - {""}
    own, keys = _key(custodian), sound_log(case).keys
    for found in reversed(_requests(case, item)):
        if found.approved is None and found.second in named and found.may_agree(own, keys):
            return found
    raise CaseError(
        f"nobody has asked {custodian.officer.name} to agree to the unsealing of {item}",
        hint=f"the other officer asks first: evidence-kit unseal {item} --reason TEXT --second NAME",
    )


def approve(case: CaseFolder, found: Unsealing, custodian: Custodian) -> Committed:
    """Agree to the request *found*; raises `CaseError`, also for a key that is not registered in the case."""
    item = found.requested.item or ""
    draft = Draft(
        type=EventType.UNSEAL_APPROVED,
        item=item,
        digests=_unchanged(case, item),
        purpose=found.requested.purpose,
        detail=request_named(found),
    )
    return case.commit(draft, custodian)


def unseal(
    case: CaseFolder, found: Unsealing, custodian: Custodian, *, identities: Sequence[Identity], output: Path
) -> tuple[Committed, list[OpenedFile]]:
    """Write the content of the sealed item into the new folder *output*; raises `CaseError`, `IntegrityError`.

    Everything is decrypted once to see that the key opens it and that it is what was sealed, then the event is
    committed, and only then is anything written.
    """
    item = found.requested.item or ""
    folder, register = case.path / "items" / item, read_register(case, item)
    told = [_told(folder, file, identities) for file in register.files]
    draft = Draft(
        type=EventType.UNSEAL_OPENED,
        item=item,
        digests=_unchanged(case, item),
        purpose=found.requested.purpose,
        detail={**request_named(found), "files": len(told)},
    )
    try:
        _make_room(output, register.size)
        committed = _committed(case, draft, custodian, output)
        opened = [_write(folder, each, identities, output / _name(item, each)) for each in told]
    except OSError as error:
        raise CaseError(f"what was unsealed could not be written to {output}: {error.strerror or error}") from error
    return committed, opened


def _committed(case: CaseFolder, draft: Draft, custodian: Custodian, output: Path) -> Committed:
    try:
        return case.commit(draft, custodian)
    except EvidenceError:
        output.rmdir()
        raise


def _make_room(output: Path, size: int) -> None:
    """Make the folder before the agreement is used up; raises `CaseError` where *size* bytes do not fit, `OSError`."""
    free = shutil.disk_usage(output.parent).free
    if free < size:
        raise CaseError(f"{output.parent} has {free} bytes free, and {size} are to be written", hint="make room")
    output.mkdir(mode=0o700)


def refuse_place(case: CaseFolder, output: Path) -> None:
    """Refuse a place that is taken, or inside of the case; raises `UsageError`."""
    place, inner = output.absolute(), case.path.resolve()
    if place.exists() or place.is_symlink():
        raise UsageError(f"{output} is already there", hint="name a new folder")
    if inner == place.parent.resolve() or inner in place.parent.resolve().parents:
        raise UsageError("what is unsealed is not written into the case", hint="name a new folder outside of it")
    if not place.parent.is_dir():
        raise UsageError(f"{place.parent} is not there", hint="make it first, on an encrypted disk or in memory")


def _requests(case: CaseFolder, item: str) -> list[Unsealing]:
    return [found for found in sound_log(case).unsealings.requests.values() if found.requested.item == item]


def _key(custodian: Custodian) -> Digest:
    return sha256_bytes(custodian.signer.certificate.der)


def _unchanged(case: CaseFolder, item: str) -> dict[str, Digest]:
    """Return the digests of an event about *item* now; raises `IntegrityError` when it is not what was sealed."""
    found = rehash(case, item)
    if found.manifest is None or found.wrong:
        raise IntegrityError(
            f"{item} is not as it was sealed: {', '.join(found.wrong)}", hint="run: evidence-kit verify CASE"
        )
    return found.digests


def _opened(path: Path, identities: Sequence[Identity]) -> AgeReader:
    try:
        reader = open_age(open_plain(path), identities)
    except OSError as error:
        raise CaseError(f"{path.name} cannot be read: {error.strerror}") from error
    if reader is None:
        raise CaseError(
            "the key does not open it: it was not sealed to this key",
            hint="give the key of a recipient with --key; sealed.json of the item names the recipients",
        )
    return reader


def _told(folder: Path, file: SealedFile, identities: Sequence[Identity]) -> Particulars:
    """Return what was told of *file*, when its content is what the register commits to; else raises."""
    try:
        with _opened(folder / sealed.particulars_path(file.path), identities) as reader:
            told = sealed.read_particulars(io.BufferedReader(reader).read(_LARGEST_TOLD))
        with _opened(folder / file.path, identities) as content:
            found = sealed.commitment(told.salt, sha256_stream(content))
    except FormatError as error:
        raise IntegrityError(f"{file.path} cannot be opened: {error}") from error
    if not found == told.register_line.commitment == file.commitment:
        raise IntegrityError(f"the content of {file.path} is not what was sealed", hint="run: evidence-kit verify CASE")
    return told


def _name(item: str, told: Particulars) -> str:
    """Return a name that tells nothing, and of the kind of file no more than its ending."""
    number = Path(told.path).stem
    ending = told.name.rpartition(".")[2].lower() if "." in told.name else ""
    return f"{item}-{number}" + (f".{ending}" if ending.isascii() and ending.isalnum() and len(ending) <= 5 else "")  # noqa: PLR2004


def _write(folder: Path, told: Particulars, identities: Sequence[Identity], target: Path) -> OpenedFile:
    def private(name: str, flags: int) -> int:
        return os.open(name, flags, 0o600)

    with _opened(folder / told.path, identities) as content, open(target, "xb", opener=private) as out:
        while piece := content.read(_PIECE):
            out.write(piece)
    return OpenedFile(path=target, particulars=told)
