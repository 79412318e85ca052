"""One item: its manifest, its seal, its own record, its web archive."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from evidence_kit.archive.own_warc import Resource
from evidence_kit.archive.resource_names import RECORDED, is_own_archive
from evidence_kit.canonical import Json
from evidence_kit.case.encrypted import AGE, contents_of
from evidence_kit.case.items import parse_item
from evidence_kit.case.layout import LATER_SEAL, SESSION_DATA
from evidence_kit.case.manifest import NAME, read_manifest
from evidence_kit.case.sealed import is_sealed_path
from evidence_kit.custody.events import Event
from evidence_kit.errors import EvidenceError, FormatError
from evidence_kit.models import Digest
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.cms import verify_detached
from evidence_kit.verify.archives import note_wacz
from evidence_kit.verify.connections import NAME as CONNECTIONS
from evidence_kit.verify.connections import check_connections
from evidence_kit.verify.contents import ItemContents, check_contents, item_contents
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.verify.freeze import check_freeze
from evidence_kit.verify.history import History
from evidence_kit.verify.sealed import check_sealed
from evidence_kit.verify.witness import CHECK as WITNESS
from evidence_kit.verify.witness import check_witness
from evidence_kit.wire.witness.statements import CERTIFICATES, LINES, SIGNATURES

_OF_ARCHIVE = ("wacz.structure", "wacz.index", "warc.records", "item.recorded", "wacz.transport")
_OF_CONNECTIONS = ("connections.lines",)
"""What is not checked of an archive or an account of connections that cannot be read."""


def check_item(  # noqa: PLR0913  # what is checked, and against what
    exam: Examination,
    files: CaseFiles,
    item: str,
    folder: str,
    certificates: Sequence[Certificate] | None = None,
    *,
    whole: bool,
) -> None:
    """Check everything inside the item's *folder* (``items/EV-0001/``, or empty for a folder on its own).

    *certificates* are those of the case; without them nobody's signature inside the item can be checked. A *whole* item
    lies in a case: any other may lack the recording itself, which bundles leave out.
    """
    record = _record_of(files, folder)
    found = item_contents(files, folder, record, exam.identities)
    stored = _check_manifest(exam, files, found, whole=whole)
    _check_record(exam, files, item, folder, stored)
    found = check_contents(exam, files, found)
    listed = found.listed(stored)
    check_freeze(exam, found, listed, certificates)
    if not _is_locked(exam, found, (LINES, SIGNATURES, CERTIFICATES), (WITNESS,)):
        check_witness(exam, found.files, folder, record)
    check_sealed(exam, files, folder, record)
    for name in listed:
        if is_own_archive(name) and found.has(name) and not _is_locked(exam, found, (name,), _OF_ARCHIVE):
            _check_wacz(exam, found.files, folder + name, record)
        if name == CONNECTIONS and found.has(name) and not _is_locked(exam, found, (name,), _OF_CONNECTIONS):
            check_connections(exam, found.files, folder + name)


def _is_locked(exam: Examination, found: ItemContents, names: Sequence[str], ids: Sequence[str]) -> bool:
    """Whether one of the files *names* cannot be read; then what would be checked of it is noted as not checked."""
    locked = next((name for name in names if name in found.locked), None)
    for id_ in ids if locked else ():
        exam.not_checked(id_, found.files.shown(found.folder + str(locked)), found.locked[str(locked)])
    return locked is not None


def check_seal(
    exam: Examination, files: CaseFiles, item: str, certificates: Sequence[Certificate], history: History | None
) -> None:
    """Check the detached signature over the item's manifest, and note who made it.

    Of an item that was sealed later there are two: over the manifest that it had, of which the log has the digest, and
    over the one that it has.
    """
    event = history.committed.get(item) if history else None
    later = history.told.sealings.get(item) if history else None
    name, manifest = f"seals/{item}/{NAME}.p7s", f"items/{item}/{NAME}"
    if later is None or event is None or event.manifest is None:
        _check_signature(exam, files, name, lambda: files.digest(manifest), certificates, history=history, event=event)
        return
    had, sealed = event.manifest, f"seals/{item}/{LATER_SEAL}"
    _check_signature(exam, files, name, lambda: had, certificates, history=history, event=event)
    _check_signature(exam, files, sealed, lambda: files.digest(manifest), certificates, history=history, event=later)


def _check_signature(  # noqa: PLR0913  # what is signed, by whom, and with which event
    exam: Examination,
    files: CaseFiles,
    name: str,
    signed: Callable[[], Digest],
    certificates: Sequence[Certificate],
    *,
    history: History | None,
    event: Event | None,
) -> None:
    try:
        facts = verify_detached(files.read(name), signed(), certificates)
    except EvidenceError as error:
        exam.failed("item.seal", files.shown(name), str(error))
        return
    exam.passed("item.seal", files.shown(name), facts.certificate.subject)
    if history and event:
        history.note_signer(exam, facts.certificate, event.seq, certificates)
    else:
        exam.signed_by(facts.certificate, certificates, None)


def _record_of(files: CaseFiles, folder: str) -> dict[str, Json]:
    try:
        return parse_item(files.read(f"{folder}item.json"))
    except FormatError:
        return {}  # told by the check of the record


def _check_manifest(exam: Examination, files: CaseFiles, found: ItemContents, *, whole: bool) -> dict[str, Digest]:
    folder = found.folder
    subject = files.shown(folder + NAME)
    try:
        listed = read_manifest(files.read(folder + NAME))
    except FormatError as error:
        exam.failed("item.manifest", subject, str(error))
        return {}
    expected = dict(listed)
    for name in [] if whole else [name for name in listed if _may_lack(name) and not files.has(folder + name)]:
        shown = files.shown(folder + name)
        exam.not_checked("item.manifest", shown, "left out: a bundle need not hold what is encrypted")
        del expected[name]
    delivered = {name for name in found.delivered if f"{name}{AGE}" in listed and not whole}
    if delivered:
        told = f"{len(delivered)} files are delivered opened, which item.plaintext checks"
        exam.not_checked("item.manifest", subject, told)
        expected = {name: digest for name, digest in expected.items() if name.removesuffix(AGE) not in delivered}
    problems = _compare(files, folder, expected, beside=delivered)
    exam.concluded("item.manifest", subject, problems, f"{len(expected)} files")
    return listed


def _may_lack(name: str) -> bool:
    """Whether a bundle may leave out the file *name* of an item."""
    return name == SESSION_DATA or is_sealed_path(name)


def _compare(
    files: CaseFiles, folder: str, listed: dict[str, Digest], *, beside: AbstractSet[str]
) -> Iterator[tuple[str, str]]:
    present = {name.removeprefix(folder) for name in files.names() if name.startswith(folder)} - {NAME} - beside
    for name in sorted(present - listed.keys()):
        yield files.shown(folder + name), "the manifest does not list it"
    for name, digest in listed.items():
        try:
            found = files.digest(folder + name) if name in present else None
        except FormatError as error:
            yield files.shown(folder + name), str(error)
            continue
        if found is None:
            yield files.shown(folder + name), "it is missing"
        elif found != digest:
            yield files.shown(folder + name), f"its digest is {found}, the manifest has {digest}"


def _check_record(exam: Examination, files: CaseFiles, item: str, folder: str, listed: dict[str, Digest]) -> None:
    subject = files.shown(f"{folder}item.json")
    try:
        record = parse_item(files.read(f"{folder}item.json"))
    except FormatError as error:
        exam.failed("item.record", subject, str(error))
        return
    exam.concluded("item.record", subject, ((subject, why) for why in _contradictions(record, item, listed)))


def _contradictions(record: dict[str, Json], item: str, listed: dict[str, Digest]) -> Iterator[str]:
    if item and record.get("id") != item:
        yield f"it calls itself {record.get('id')!r}, not {item!r}"
    files = record.get("files")
    described = {NAME, "item.json"}
    for file in files if isinstance(files, list) else []:
        match file:
            case {"path": str(path), "sha256": str(digest)}:
                described.add(path)
                if path not in listed or listed[path].hex != digest:
                    yield f"it describes {path} with the digest {digest}, the manifest has {listed.get(path)}"
            case _:
                yield "it describes a file without path or digest"
    for name in sorted(listed.keys() - described):
        yield f"it does not describe {name}"
    try:
        contents_of(record)
    except FormatError as error:
        yield str(error)


def _check_wacz(exam: Examination, files: CaseFiles, name: str, record: dict[str, Json]) -> None:
    shown = files.shown(name)
    try:
        found = files.archive(name)
    except OSError as error:
        exam.failed("wacz.structure", shown, f"it cannot be read: {error.strerror or error}")
        return
    note_wacz(exam, shown, found.findings)
    exam.concluded("item.recorded", shown, ((shown, why) for why in _unrecorded(record, found.resources)))
    stated = record.get("wacz")
    wanted = stated.get("transport_key_sha256") if isinstance(stated, dict) else None
    if found.spki_sha256 is None or str(found.spki_sha256) != wanted:
        exam.failed("wacz.transport", shown, f"made with the key {found.spki_sha256}, item.json names {wanted}")
    else:
        exam.passed(
            "wacz.transport", shown, "the key was made for this archive and thrown away; it is nobody's signature"
        )


def _unrecorded(record: dict[str, Json], resources: Sequence[Resource]) -> Iterator[str]:
    """Compare the files of the item with the resource records of the same role; their digests were checked before."""
    files = record.get("files")
    beside = Counter(
        (str(file.get("role")), _digest_in_plain(file))
        for file in (files if isinstance(files, list) else [])
        if isinstance(file, dict) and str(file.get("role")) in RECORDED
    )
    inside = Counter((resource.role, resource.sha256) for resource in resources if resource.role in RECORDED)
    for role, digest in beside - inside:
        yield f"it does not hold the item's {role} with the digest {digest}"
    for role, digest in inside - beside:
        yield f"it holds a {role} with the digest {digest} that the item does not have"


def _digest_in_plain(file: dict[str, Json]) -> str:
    plain = file.get("plain")
    return str((plain if isinstance(plain, dict) else file).get("sha256"))
