"""One item: its manifest, its seal, its own record, its web archive."""

from collections import Counter
from collections.abc import Iterator, Sequence

from evidence_kit.archive.own_warc import Resource
from evidence_kit.archive.resource_names import RECORDED, is_own_archive
from evidence_kit.canonical import Json
from evidence_kit.case.items import parse_item
from evidence_kit.case.layout import SESSION_DATA
from evidence_kit.case.manifest import NAME, read_manifest
from evidence_kit.case.sealed import is_sealed_path
from evidence_kit.errors import EvidenceError, FormatError
from evidence_kit.models import Digest
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.cms import verify_detached
from evidence_kit.verify.archives import note_wacz
from evidence_kit.verify.connections import NAME as CONNECTIONS
from evidence_kit.verify.connections import check_connections
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.verify.freeze import check_freeze
from evidence_kit.verify.history import History
from evidence_kit.verify.sealed import check_sealed
from evidence_kit.verify.witness import check_witness


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
    listed = _check_manifest(exam, files, folder, whole=whole)
    record = _check_record(exam, files, item, folder, listed)
    check_freeze(exam, files, folder, listed, certificates)
    check_witness(exam, files, folder, record)
    check_sealed(exam, files, folder, record)
    for name in listed:
        if is_own_archive(name) and files.has(folder + name):
            _check_wacz(exam, files, folder + name, record)
        if name == CONNECTIONS and files.has(folder + name):
            check_connections(exam, files, folder + name)


def check_seal(
    exam: Examination, files: CaseFiles, item: str, certificates: Sequence[Certificate], history: History | None
) -> None:
    """Check the detached signature over the item's manifest, and note who made it."""
    name = f"seals/{item}/{NAME}.p7s"
    try:
        facts = verify_detached(files.read(name), files.digest(f"items/{item}/{NAME}"), certificates)
    except EvidenceError as error:
        exam.failed("item.seal", files.shown(name), str(error))
        return
    event = history.committed.get(item) if history else None
    exam.passed("item.seal", files.shown(name), facts.certificate.subject)
    if history and event:
        history.note_signer(exam, facts.certificate, event.seq, certificates)
    else:
        exam.signed_by(facts.certificate, certificates, None)


def _check_manifest(exam: Examination, files: CaseFiles, folder: str, *, whole: bool) -> dict[str, Digest]:
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
    exam.concluded("item.manifest", subject, _compare(files, folder, expected), f"{len(expected)} files")
    return listed


def _may_lack(name: str) -> bool:
    """Whether a bundle may leave out the file *name* of an item."""
    return name == SESSION_DATA or is_sealed_path(name)


def _compare(files: CaseFiles, folder: str, listed: dict[str, Digest]) -> Iterator[tuple[str, str]]:
    present = {name.removeprefix(folder) for name in files.names() if name.startswith(folder)} - {NAME}
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


def _check_record(
    exam: Examination, files: CaseFiles, item: str, folder: str, listed: dict[str, Digest]
) -> dict[str, Json]:
    subject = files.shown(f"{folder}item.json")
    try:
        record = parse_item(files.read(f"{folder}item.json"))
    except FormatError as error:
        exam.failed("item.record", subject, str(error))
        return {}
    exam.concluded("item.record", subject, ((subject, why) for why in _contradictions(record, item, listed)))
    return record


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
        (str(file.get("role")), str(file.get("sha256")))
        for file in (files if isinstance(files, list) else [])
        if isinstance(file, dict) and file.get("role") in RECORDED
    )
    inside = Counter((resource.role, resource.sha256) for resource in resources if resource.role in RECORDED)
    for role, digest in beside - inside:
        yield f"it does not hold the item's {role} with the digest {digest}"
    for role, digest in inside - beside:
        yield f"it holds a {role} with the digest {digest} that the item does not have"
