"""Seal an item that the case has already: everything that tells of its content is encrypted, and then removed in plain.

The sealed form is built in ``.staging/``, each age file read back and held against what was read; its event,
``item.sealed``, names the manifest that it had and the one that it has now. Once that is decided the item in plain is
moved out of the way and, when the event stands in the log, removed (staging.py): a crash leaves the one or the other.
Nothing is overwritten: on flash memory, and on disks that keep snapshots, what was removed may be recovered.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.case import sealed
from evidence_kit.case.bracket import START_TOKEN
from evidence_kit.case.durable import sync_tree, write_new
from evidence_kit.case.encrypted import encrypt_file
from evidence_kit.case.folder import CaseFolder, Committed
from evidence_kit.case.hand_over import committed_items, rehash, sound_log
from evidence_kit.case.items import ItemFile, file_json, manifests_of, parse_item
from evidence_kit.case.layout import LATER_SEAL
from evidence_kit.case.manifest import NAME, build_manifest, read_manifest
from evidence_kit.case.sealed import Particulars, Register
from evidence_kit.case.staging import replaced
from evidence_kit.case.supply import Circumstances
from evidence_kit.case.workplace import clear, workplace
from evidence_kit.custody.chain import LogFindings
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, Event, EventType
from evidence_kit.custody.recipients import Use
from evidence_kit.custody.subjects import subjects_of
from evidence_kit.errors import CaseError, EvidenceError, FormatError, IntegrityError, UsageError
from evidence_kit.models import Digest, OnStep, ignore
from evidence_kit.plain import read_plain
from evidence_kit.trust.age import Recipient, encrypt
from evidence_kit.trust.digests import sha256_bytes

_KEPT = (
    *("schema", "id", "case", "source", "status", "url", "final_url", "http_status", "started", "finished", "recorder"),
    *("supplied", "derived_from", "method", "not_before"),
)
"""What stays of ``item.json`` in plain: what the log says of the item as well, and when it was made."""
_ELSEWHERE = frozenset(
    {
        EventType.BUNDLED,
        EventType.RELEASED,
        EventType.RECEIPT,
        EventType.COPIED,
        EventType.DERIVED,
        EventType.RETURNED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSealed:
    """An item that was sealed."""

    committed: Committed
    files: int
    size: int
    """Bytes of their content."""
    elsewhere: tuple[Event, ...]
    """Events by which its content, or what tells of it, may lie elsewhere in plain."""


def want_recipients(case: CaseFolder, subjects: Sequence[str] = ()) -> tuple[Recipient, ...]:
    """Return to whom *case* seals; raises `UsageError` when there is nobody."""
    recipients = case.recipients(Use.SEAL, subjects)
    if not recipients:
        raise UsageError(
            "the case names nobody to whom it could be sealed",
            hint="make two keys (evidence-kit recipient new --output KEY), kept in different places, and name both: "
            "evidence-kit recipient add FILE --for seal",
        )
    try:
        encrypt(b"", recipients)
    except FormatError as error:
        message = f"nothing can be sealed to those whom the case names: {error}"
        raise UsageError(message, hint="evidence-kit recipient remove takes some back") from error
    return recipients


def seal_item(  # noqa: PLR0913  # a case, what is sealed, by whom and why
    case: CaseFolder, item: str, custodian: Custodian, *, reason: str, note: str = "", on_step: OnStep = ignore
) -> ItemSealed:
    """Seal *item*, for *reason*, to those to whom the case seals what concerns its subjects.

    Raises `UsageError`, `CaseError`, and `IntegrityError` for an item that is not as it was recorded: nothing is
    changed then.
    """
    case.repair()
    log = sound_log(case)
    _may_be_sealed(case, log, item, custodian)
    events = log.full_events()
    recipients = want_recipients(case, subjects_of(events).get(item, ()))
    before = _unchanged(case, item, manifests_of(events)[item])
    with workplace(case, item) as place:
        shutil.rmtree(place.folder)  # what an earlier sealing left that was killed: nothing of it was decided
        (place.folder / sealed.FOLDER).mkdir(parents=True)
        try:
            register = _Sealing(case.path / "items" / item, place.folder, recipients, on_step).write(before)
        except EvidenceError:
            shutil.rmtree(place.folder)
            clear(place)
            raise
        draft = Draft(type=EventType.ITEM_SEALED, item=item, purpose=reason, note=note, detail=_told(before, register))
        committed = _commit(case, draft, place.folder, custodian, after=log.head)
    clear(place)
    if replaced(case.staging, item).exists():
        raise CaseError(
            f"{item} is sealed, but its plain form could not be removed from {replaced(case.staging, item)}",
            hint="close programs that have files of it open, then run: evidence-kit doctor CASE",
        )
    elsewhere = tuple(event for event in events if _leads_elsewhere(event, item))
    return ItemSealed(committed=committed, files=len(register.files), size=register.size, elsewhere=elsewhere)


def _leads_elsewhere(event: Event, item: str) -> bool:
    if event.type == EventType.DERIVATION_MADE:
        return any(each.get("item") == item for each in sealed.objects(event.detail.get("derived_from")))
    return event.item == item and event.type in _ELSEWHERE


def _may_be_sealed(case: CaseFolder, log: LogFindings, item: str, custodian: Custodian) -> None:
    if item not in committed_items(log):
        raise UsageError(f"the case has no item {item!r}", hint="evidence-kit list shows the items")
    if (case.path / "items" / item / sealed.REGISTER).exists():
        raise UsageError(f"{item} is sealed already", hint="evidence-kit unseal opens it")
    if not log.transfers.holds(item, sha256_bytes(custodian.signer.certificate.der)):
        message = f"{item} is held by another officer, who alone can seal it"
        raise CaseError(message, hint="evidence-kit show ITEM says who holds it")
    if given := log.transfers.open_of(item):
        raise CaseError(
            f"{item} is on its way to {given.to.name!r}, by event {given.released.seq}",
            hint=f"take it back first: evidence-kit custody accept {given.released.seq} --refuse --note WHY",
        )


def _unchanged(case: CaseFolder, item: str, recorded: Digest | None) -> Digest:
    """Return the manifest of *item*, if it is the *recorded* one; raises `IntegrityError`, `CaseError` without room."""
    found = rehash(case, item)
    if found.wrong or found.manifest is None or found.manifest != recorded:
        raise IntegrityError(
            f"{item} is not as it was recorded: {', '.join(found.wrong) or NAME}", hint="run: evidence-kit verify CASE"
        )
    size = sum(path.stat().st_size for path in (case.path / "items" / item).rglob("*") if path.is_file())
    free = shutil.disk_usage(case.path).free
    if free < size:
        message = f"the disk of the case has {free} bytes free, and {size} are to be encrypted"
        raise CaseError(message, hint="make room, then run the command again")
    return found.manifest


def _told(before: Digest, register: Register) -> dict[str, Json]:
    return {"replaces": str(before), "files": len(register.files), "bytes": register.size}


def _commit(case: CaseFolder, draft: Draft, folder: Path, custodian: Custodian, *, after: Digest) -> Committed:
    """Make the staged *folder* take the place of the item."""
    item, manifest = draft.item or "", read_plain(folder / NAME)
    seal = custodian.sign_file(manifest)
    draft.digests.update(
        {
            f"items/{item}/{NAME}": sha256_bytes(manifest),
            f"items/{item}/{sealed.REGISTER}": sha256_bytes(read_plain(folder / sealed.REGISTER)),
            f"seals/{item}/{LATER_SEAL}": sha256_bytes(seal),
        }
    )
    return case.commit(draft, custodian, staged=True, seals={f"{item}/{LATER_SEAL}": seal}, after=after)


def encase(  # noqa: PLR0913  # what is encrypted, to where and to whom
    source: Path,
    folder: Path,
    listed: Mapping[str, Digest],
    recipients: Sequence[Recipient],
    *,
    told: Mapping[str, Json] = MappingProxyType({}),
    on_step: OnStep = ignore,
) -> Register:
    """Encrypt the files of *source* that are *listed* into the item's *folder*, with their register, and return that.

    *told* are further members of what only the recipients may know of how it came. Raises `IntegrityError` for a file
    that is not as it is listed, `OSError`.
    """
    files = tuple(each.register_line for each in _contents(source, folder, listed, recipients, on_step))
    document: dict[str, Json] = {"schema": sealed.CIRCUMSTANCES_SCHEMA, **Circumstances().to_json(), "left_out": []}
    write_new(folder / sealed.CIRCUMSTANCES, encrypt(canonical.pretty({**document, **told}), recipients))
    register = Register(recipients=tuple(map(str, recipients)), files=files)
    write_new(folder / sealed.REGISTER, register.to_bytes())
    return register


def _contents(
    source: Path, folder: Path, listed: Mapping[str, Digest], recipients: Sequence[Recipient], on_step: OnStep
) -> Iterator[Particulars]:
    for number, (name, digest) in enumerate(listed.items(), start=1):
        on_step(f"sealing files {number}/{len(listed)}")
        path = f"{sealed.FOLDER}/{number:04d}.age"
        found = encrypt_file(source / name, folder / path, recipients)
        if found.sha256 != digest:
            raise IntegrityError(f"{name} changed while it was being sealed", hint="run: evidence-kit verify CASE")
        told = Particulars(
            path=path, name=name, name_bytes="", size=found.size, sha256=digest, salt=os.urandom(sealed.SALT_BYTES)
        )
        write_new(folder / sealed.particulars_path(path), encrypt(told.to_bytes(), recipients))
        yield told


def encased_files(register: Register) -> tuple[ItemFile, ...]:
    """Return the register and the age files that it names, as ``item.json`` lists them."""
    return (
        ItemFile(path=sealed.REGISTER, role=sealed.REGISTER_ROLE, media_type="application/json"),
        *(
            ItemFile(path=path, role=role, media_type="application/octet-stream")
            for path, role in sealed.sealed_files(register.files).items()
        ),
    )


@dataclass(frozen=True, slots=True)
class _Sealing:
    """One sealing under way: from the item in plain to its staged form."""

    source: Path
    folder: Path
    recipients: tuple[Recipient, ...]
    on_step: OnStep

    def write(self, before: Digest) -> Register:
        """Write the sealed form of the item with the manifest *before*; raises `CaseError`, `IntegrityError`."""
        try:
            listed = {**read_manifest(read_plain(self.source / NAME)), NAME: before}
            register = encase(self.source, self.folder, listed, self.recipients, on_step=self.on_step)
            self._record(before, register)
        except (OSError, FormatError) as error:
            raise CaseError(f"the item could not be sealed: {error}", hint="run: evidence-kit verify CASE") from error
        write_new(self.folder / NAME, build_manifest(self.folder))
        sync_tree(self.folder)
        return register

    def _record(self, before: Digest, register: Register) -> None:
        """Write the ``item.json`` that stays in plain."""
        record = parse_item(read_plain(self.source / "item.json"))
        files = list(encased_files(register))
        if (self.source / START_TOKEN).is_file():
            shutil.copyfile(self.source / START_TOKEN, self.folder / START_TOKEN)
            files.append(ItemFile(path=START_TOKEN, role="start-token", media_type="application/timestamp-reply"))
        document: dict[str, Json] = {
            **{key: record[key] for key in _KEPT if key in record},
            # What a problem names may tell of the content.
            "problems": [{"code": each.get("code", ""), "detail": ""} for each in sealed.objects(record["problems"])],
            "files": [file_json(self.folder, file) for file in files],
            "flags": [{"code": code, "detail": ""} for code in (sealed.FLAG, "sensitive")],
            "sealed": _told(before, register),
        }
        write_new(self.folder / "item.json", canonical.pretty(document))
