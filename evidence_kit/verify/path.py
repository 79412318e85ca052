"""Find out what is to be verified, and verify it."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from evidence_kit.archive.bag import check_bag
from evidence_kit.archive.tree import FolderTree, ZipTree
from evidence_kit.archive.wacz_reader import check_wacz
from evidence_kit.archive.warc_parts import WORTHWHILE, WarcPlace, check_warc_in_parts
from evidence_kit.archive.warc_reader import check_warc
from evidence_kit.case.decided import as_finished, decided_commit, state_of
from evidence_kit.case.staging import STAGING
from evidence_kit.custody.withholding import withheld_lines
from evidence_kit.errors import FormatError
from evidence_kit.models import Clock, OnStep, Outcome, Verdict, VerificationReport, ignore
from evidence_kit.pdf.apart import check_pdf_apart
from evidence_kit.trust.age import AGE_MAGIC, Identity, open_age
from evidence_kit.trust.digests import sha256_file
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify.archives import note_wacz
from evidence_kit.verify.bundle import check_bundle, check_zip
from evidence_kit.verify.case_folder import check_case, put_in_place
from evidence_kit.verify.certificates import check_certificates
from evidence_kit.verify.examination import CheckPdf, Examination
from evidence_kit.verify.files import CaseFiles
from evidence_kit.verify.history import check_history, check_items, check_registered, read_log
from evidence_kit.verify.items import check_item, check_seal
from evidence_kit.verify.kinds import FOREIGN_BAG, PAYLOAD, SNIFFED, Kind, kind_of_folder, kind_of_zip
from evidence_kit.verify.outside import Outside
from evidence_kit.verify.report_pdf import LIST_ATTACHMENT, LOG_ATTACHMENT, check_report
from evidence_kit.verify.vault import check_vault, is_vault
from evidence_kit.verify.withheld import check_withheld, open_log

_AGAIN = 3
_PIECE = 256 * 1024


def verify_path(  # noqa: PLR0913  # what is verified, and against what
    path: Path,
    *,
    roots: TrustedRoots,
    clock: Clock,
    outside: Outside = Outside(),  # noqa: B008  # frozen
    on_step: OnStep = ignore,
    check_pdf: CheckPdf = check_pdf_apart,
    withheld: bytes | None = None,
    identities: Sequence[Identity] = (),
    processes: int = 1,
) -> VerificationReport:
    """Verify whatever is at *path*, offline, and return every check; never raises for bad evidence.

    Large evidence is worked through by up to *processes* at a time, with the same result; with more than one, the
    program that calls must do nothing when it is imported.
    *withheld* is the file of the events that a bundle withholds, for whoever may see them; *identities* are keys that
    open what is encrypted.
    A bundle is a folder or zip, a case a folder, an item a folder below a case's ``items/`` or alone; a report a PDF
    with the kit's attachments, a vault a folder of cases that has a register or is given with an anchor list. What came
    from *outside* is looked for in the log. Anything else that can be read, such as a lone WACZ or WARC, is listed and
    never verified.
    """

    def examination() -> Examination:
        return Examination(
            roots=roots,
            now=clock(),
            check_pdf=check_pdf,
            outside=outside,
            withheld=withheld,
            identities=identities,
            processes=processes,
        )

    before = _state(path)
    report = _verify(path, examination(), on_step)
    for _ in range(_AGAIN):
        now = _state(path)
        if report.verdict is not Verdict.ALTERED or now == before:
            break
        # Somebody works on the case at this moment: what was read of it may not belong together.
        before = now
        report = _verify(path, examination(), on_step)
    return report


def _state(path: Path) -> tuple[object, ...]:
    """Return what changes whenever somebody works on the case or vault at *path*, or the case of the item there."""
    return (*state_of(path), *(state_of(path.parents[1]) if path.parent.name == "items" else ()))


def _verify(path: Path, exam: Examination, on_step: OnStep) -> VerificationReport:
    subject = path.name or str(path)
    try:
        if path.is_dir():
            return _verify_folder(exam, path.resolve(), on_step)
        if path.is_file():
            return _verify_file(exam, path, on_step)
    except (OSError, FormatError) as error:
        exam.failed("subject.readable", subject, str(error))
        return exam.report(kind="unknown", subject=subject, root=None)
    return _unknown(exam, subject, "there is no such file or folder")


def _verify_folder(exam: Examination, path: Path, on_step: OnStep) -> VerificationReport:
    match kind_of_folder(path):
        case Kind.BUNDLE:
            return _of_ours(exam, "bundle", path.name, lambda: check_bundle(exam, FolderTree(path), path.name, on_step))
        case Kind.CASE:
            return _of_ours(exam, "case", path.name, lambda: check_case(exam, path, on_step))
        case Kind.ITEM:
            return _verify_item(exam, path)
        case Kind.PAYLOAD:
            return _unknown(exam, path.name, PAYLOAD)
        case Kind.FOREIGN_BAG:
            _note_files_of_bag(exam, FolderTree(path))
            return _unknown(exam, path.name, FOREIGN_BAG)
        case Kind.UNKNOWN:
            return _verify_vault(exam, path, on_step)


def _verify_vault(exam: Examination, path: Path, on_step: OnStep) -> VerificationReport:
    if not is_vault(path, anchored=bool(exam.outside.anchors or exam.outside.broken)):
        return _unknown(exam, path.name, "the folder is neither a bundle nor a case nor an item")
    return _of_ours(exam, "vault", path.name, lambda: check_vault(exam, path, on_step))


def _note_files_of_bag(exam: Examination, tree: FolderTree | ZipTree) -> None:
    """List the digest checks of somebody else's bag, as far as it has lists of SHA-256."""
    findings = check_bag(tree).findings
    for id_ in ("bag.payload", "bag.tag-file"):
        found = [finding for finding in findings if finding.check == id_]
        failed = ((finding.subject, finding.detail) for finding in found if finding.outcome is Outcome.FAILED)
        if found:
            exam.concluded(id_, "", failed, f"{len(found)} looked at")


def _unknown(exam: Examination, subject: str, detail: str) -> VerificationReport:
    exam.failed("subject.kind", subject, detail)
    return exam.report(kind="unknown", subject=subject, root=None)


def _verify_item(exam: Examination, path: Path) -> VerificationReport:
    """Check an item's folder: with its case around it also the seal and the log's word on it."""
    case = path.parents[1]
    inside = path.parent.name == "items" and (case / "custody.jsonl").is_file()
    bundled = inside and (case.parent / "bagit.txt").exists()
    tree = FolderTree(case if inside else path, unlisted=STAGING if inside else "")
    files = CaseFiles(tree, "")
    folder = f"items/{path.name}/" if inside else ""
    if inside:
        certificates = check_certificates(exam, files, bundle=bundled)
        stored = read_log(exam, files)
        if bundled:
            hidden = withheld_lines(stored[0])
            stored = open_log(exam, stored, hidden)
            history = check_history(exam, files, certificates, stored, bundle=True, opened=hidden)
            present = sorted(folder.name for folder in path.parent.iterdir() if folder.is_dir())
            check_withheld(exam, files, history, hidden, present)
        else:
            planned = decided_commit(case, stored)
            if planned is not None:
                put_in_place(tree, case, planned)
                files = CaseFiles(tree, "")
            history = check_history(exam, files, certificates, as_finished(stored, planned))
        check_items(exam, files, history, [path.name])
        check_seal(exam, files, path.name, certificates, history)
        check_registered(exam, history)
    else:
        exam.not_checked("item.seal", path.name, "the item lies alone: its seal and its custody log are not here")
    check_item(exam, files, path.name if inside else "", folder, whole=inside and not bundled)
    manifest = f"{folder}manifest-sha256.txt"
    root = str(files.digest(manifest)) if files.has(manifest) else None
    return exam.report(kind="item", subject=path.name, root=root)


def _verify_file(exam: Examination, path: Path, on_step: OnStep) -> VerificationReport:
    with path.open("rb") as stream:
        start = stream.read(SNIFFED)
    if start.startswith(AGE_MAGIC):
        return _verify_encrypted(exam, path, on_step)
    if b"%PDF-" in start[:1024]:
        return _verify_pdf(exam, path)
    packed = start[:2] == b"PK"
    kind = kind_of_zip(path, start if packed else b"")
    if kind is Kind.BUNDLE:
        return _verify_zip(exam, path, path.name, on_step)
    if kind is Kind.FOREIGN_BAG:
        tree = _bundle_tree(path)
        if tree is not None:
            _note_files_of_bag(exam, tree)
            tree.close()
        return _unknown(exam, path.name, FOREIGN_BAG)
    found = check_wacz(path) if packed else None
    if found is not None:
        note_wacz(exam, path.name, found.findings)
        return exam.report(kind="wacz", subject=path.name, root=str(sha256_file(path)))
    return _verify_warc(exam, path)


def _verify_encrypted(exam: Examination, path: Path, on_step: OnStep) -> VerificationReport:
    """Verify the zip in an age file as it is read: nothing of it is written."""
    if not exam.identities:
        return _unknown(exam, path.name, "it is encrypted: only a recipient's key opens it (verify --key)")
    reader = open_age(path.open("rb"), exam.identities)
    if reader is None:
        return _unknown(exam, path.name, "it is not encrypted to the key that was given")
    with io.BufferedReader(reader, _PIECE) as stream:
        start = stream.read(SNIFFED)
        if start[:2] != b"PK" or kind_of_zip(stream, start) is not Kind.BUNDLE:
            return _unknown(exam, path.name, "what is encrypted in it is no bundle; decrypt it to verify it")
        return _verify_zip(exam, stream, path.name, on_step)


def _bundle_tree(source: Path | BinaryIO) -> ZipTree | None:
    try:
        return ZipTree(source)
    except FormatError:
        return None


def _verify_zip(exam: Examination, source: Path | BinaryIO, subject: str, on_step: OnStep) -> VerificationReport:
    on_step("checking the zip")
    check_zip(exam, source, subject)
    tree = _bundle_tree(source)
    if tree is None:
        exam.failed("subject.readable", subject, "the zip of a bundle cannot be opened")
        return exam.report(kind="bundle", subject=subject, root=None)
    try:
        return _of_ours(exam, "bundle", subject, lambda: check_bundle(exam, tree, subject, on_step))
    finally:
        tree.close()


def _of_ours(exam: Examination, kind: str, subject: str, check: Callable[[], VerificationReport]) -> VerificationReport:
    """Run the *check* of something recognised as ours: what cannot be read of it is altered, not unverifiable."""
    try:
        return check()
    except (OSError, FormatError) as error:
        exam.failed("subject.readable", subject, str(error))
        return exam.report(kind=kind, subject=subject, root=None)


def _verify_pdf(exam: Examination, path: Path) -> VerificationReport:
    with path.open("rb") as stream:
        found = check_report(exam, path.name, stream, (), {})
    if found is None:
        return exam.report(kind="unknown", subject=path.name, root=None)
    attached = {attachment.name: attachment.sha256 for attachment in found.attachments}
    ours = {LIST_ATTACHMENT, LOG_ATTACHMENT} <= attached.keys()
    if not ours:
        exam.failed(
            "subject.kind", path.name, "the PDF carries no evidence list and custody log: it is no report of ours"
        )
    root = attached.get(LIST_ATTACHMENT)
    return exam.report(kind="report" if ours else "unknown", subject=path.name, root=str(root) if root else None)


def _verify_warc(exam: Examination, path: Path) -> VerificationReport:
    count = 0
    try:
        place = WarcPlace(path=path.resolve(), offset=0, size=path.stat().st_size)
        divided = exam.processes > 1 and place.size >= WORTHWHILE
        found = check_warc_in_parts(place, processes=exam.processes, records=False) if divided else check_warc(path)
        for record in found:
            count += 1
            if record.failed:
                exam.failed("warc.records", f"{path.name}#{record.offset} {record.record_id}".rstrip(), record.detail)
    except FormatError as error:
        return _unknown(exam, path.name, f"neither bundle nor report, WACZ or WARC: {error}")
    if not exam.has_failed("warc.records"):
        exam.passed("warc.records", path.name, f"{count} records")
    return exam.report(kind="warc", subject=path.name, root=str(sha256_file(path)))
