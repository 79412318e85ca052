"""A bundle, as a folder or a zip, from the outside in.

(1) the zip's own bytes; (2) the bag: lists, digests, strays; (3) the certificates that came with it; (4) the signature
and time stamp over the list of lists; (5) the evidence list and so the root; (6) the custody log, its time stamps, and
what it withholds; (7) every item with its seal and web archive; (8) that the log says this bundle was made; (9) the
report, and the earlier forms of the bundle.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from evidence_kit import canonical
from evidence_kit.archive.bag import BagReport, check_bag
from evidence_kit.archive.manifests import parse_manifest
from evidence_kit.archive.tree import FolderTree, Tree
from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.archive.zips import check_canonical
from evidence_kit.case.layout import (
    BAG_FILES,
    CHAIN_FILES,
    CHECKING_PAGE,
    EVIDENCE_LIST,
    LATER_SEAL,
    PLAN,
    TAG_MANIFEST,
    TAG_SIGNATURE,
    TAG_TIME_STAMP,
    accounted_for,
    belongs_to_root,
    is_previous,
    is_report,
)
from evidence_kit.case.manifest import NAME
from evidence_kit.custody.events import Event
from evidence_kit.custody.withholding import withheld_lines
from evidence_kit.errors import EvidenceError, FormatError
from evidence_kit.models import Digest, OnStep, Outcome, VerificationReport, utc_text
from evidence_kit.pdf.findings import PdfFindings
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.cms import SignatureFacts
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.verify.catalogue import TITLES
from evidence_kit.verify.certificates import check_certificates
from evidence_kit.verify.encrypted import other_encrypted
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import SMALL, CaseFiles
from evidence_kit.verify.history import History, check_history, check_items, check_registered, read_log, stamp_trusted
from evidence_kit.verify.items import check_item, check_seal
from evidence_kit.verify.plan import planned_items
from evidence_kit.verify.previous import check_earlier, read_earlier, read_signature, read_token
from evidence_kit.verify.report_pdf import LIST_ATTACHMENT, LOG_ATTACHMENT, check_report
from evidence_kit.verify.withheld import check_withheld, open_log

_UNLISTED = frozenset({TAG_SIGNATURE, TAG_TIME_STAMP})
_TRUST = "data/trust/"
_NOT_THE_BAGS = frozenset({"bag.info", "bag.signature", "bag.timestamp"})
"""Checks of this module; the others named ``bag.`` are those of the archive room."""


def check_zip(exam: Examination, source: Path | BinaryIO, subject: str) -> None:
    """Check that every byte of the zip *source* outside the files in it is the one it must be."""
    problems = check_canonical(source)
    if not problems:
        with ZipReader(source) as archive:
            names = archive.names()
        problems = [] if names == sorted(names) else ["its entries are not sorted by path"]
    exam.concluded("zip.canonical", subject, ((subject, problem) for problem in problems))


def check_bundle(exam: Examination, tree: Tree, subject: str, on_step: OnStep) -> VerificationReport:
    """Check the bundle in *tree* and return the result."""
    on_step("checking the lists")
    bag = check_bag(tree, unlisted=_UNLISTED, processes=exam.processes)
    _note_bag(exam, bag)
    files = CaseFiles(tree, "data/")
    files.know(bag.digests)
    files.look_ahead(processes=exam.processes)
    certificates = check_certificates(exam, files, bundle=True)
    sealed_by = _check_tag_signature(exam, tree, certificates)
    earlier = read_earlier(exam, tree, certificates)
    if earlier:
        sealed_by = earlier[0].facts
        exam.sealed_at = min((form.trusted for form in earlier if form.trusted), default=exam.sealed_at)
    sealers = [judgement.certificate for judgement in exam.signers.values()]
    root = _check_evidence_list(exam, tree, bag)
    on_step("checking the custody log")
    stored = read_log(exam, files)
    withheld = withheld_lines(stored[0])
    history = check_history(exam, files, certificates, open_log(exam, stored, withheld), bundle=True, opened=withheld)
    items = sorted({name.split("/")[1] for name in files.names() if name.startswith("items/") and name.count("/") > 1})
    check_withheld(exam, files, history, withheld, items)
    check_items(exam, files, history, items)
    for item in items:
        on_step(f"checking item {item}")
        check_item(exam, files, item, f"items/{item}/", certificates, whole=False)
        check_seal(exam, files, item, certificates, history)
    _check_strays(exam, tree, items)
    _check_event(exam, files, history, items)
    if sealed_by is not None:
        _check_sealer(exam, history, sealed_by)
    _check_info(exam, bag, tree, root)
    on_step("checking the report")
    reports = _check_reports(exam, tree, certificates, bag, _begun_by(history))
    check_earlier(exam, tree, bag, earlier, reports)
    # Who countersigns or renews need not be one of those who worked on the case.
    begun = sealed_by.certificate if sealed_by else None
    later = {found.certificate for form in reports.values() for found in form.signatures[1:]} if earlier else set()
    others = {*later, *(sealers if earlier else ())} - {begun}
    check_registered(exam, history, sealers, others=others)
    exam.facts["items"] = list(items)
    return exam.report(kind="bundle", subject=subject, root=str(root) if root else None)


def _note_bag(exam: Examination, bag: BagReport) -> None:
    for id_ in (name for name in TITLES if name.startswith("bag.") and name not in _NOT_THE_BAGS):
        found = [finding for finding in bag.findings if finding.check == id_]
        problems = [(f.subject, f.detail) for f in found if f.outcome is Outcome.FAILED]
        exam.concluded(id_, found[0].subject if len(found) == 1 else "", problems, f"{len(found)} looked at")


def _check_tag_signature(exam: Examination, tree: Tree, certificates: Sequence[Certificate]) -> SignatureFacts | None:
    """Check signature and time stamp of the tag manifest; return what the signature says if it holds."""
    try:
        digest = sha256_bytes(tree.read(TAG_MANIFEST, SMALL))
    except FormatError as error:
        exam.failed("bag.signature", TAG_SIGNATURE, f"what it should sign cannot be read: {error}")
        return None
    exam.sealed_at = stamped = _check_tag_time_stamp(exam, tree, digest, certificates)
    try:
        facts = read_signature(tree, "", _TRUST, digest, certificates)
    except EvidenceError as error:
        exam.failed("bag.signature", TAG_SIGNATURE, str(error))
        return None
    exam.facts["sealed"] = utc_text(facts.signing_time)
    exam.signed_by(facts.certificate, certificates, stamped)
    return facts


def _check_tag_time_stamp(
    exam: Examination, tree: Tree, digest: Digest, certificates: Sequence[Certificate]
) -> datetime | None:
    """Check the time stamp of the tag manifest, if there is one; return its time if its authority is believed."""
    if TAG_TIME_STAMP not in tree.names():
        return None
    try:
        token = read_token(tree, "", _TRUST, digest, certificates)
    except EvidenceError as error:
        exam.failed("bag.timestamp", TAG_TIME_STAMP, str(error))
        return None
    exam.passed("bag.timestamp", TAG_TIME_STAMP, utc_text(token.time))
    exam.facts["bundle_time_stamp"] = utc_text(token.time)
    return token.time if stamp_trusted(exam, token.certificate, certificates, token.time) else None


def _begun_by(history: History) -> str | None:
    """Return the digest of the certificate that the last ``bundle.started`` names."""
    return history.told.bundle.certificate.hex if history.told.bundle else None


def _check_sealer(exam: Examination, history: History, seal: SignatureFacts) -> None:
    """Who seals a bundle is who began it: another officer's key is as good, and says something else."""
    other = _begun_by(history) not in {None, seal.certificate.fingerprint}
    said = f"{seal.certificate.subject}, {utc_text(seal.signing_time)} as claimed"
    why = f"{seal.certificate.subject!r} signed it, and another certificate began the bundle"
    exam.concluded("bag.signature", TAG_SIGNATURE, [(TAG_SIGNATURE, why)] if other else [], said)


def _check_evidence_list(exam: Examination, tree: Tree, bag: BagReport) -> Digest | None:
    try:
        data = tree.read(EVIDENCE_LIST, SMALL)
    except FormatError as error:
        exam.failed("evidence.list", EVIDENCE_LIST, str(error))
        return None
    wanted = {name: bag.digests[name] for name in tree.names() if belongs_to_root(name) and name in bag.digests}
    exam.concluded("evidence.list", EVIDENCE_LIST, _other_evidence(data, wanted), f"{len(wanted)} files")
    return sha256_bytes(data)


def _other_evidence(data: bytes, wanted: dict[str, Digest]) -> Iterator[tuple[str, str]]:
    try:
        listed = parse_manifest(data)
    except FormatError as error:
        yield EVIDENCE_LIST, str(error)
        return
    for name in sorted(listed.keys() | wanted.keys()):
        if name not in wanted:
            yield name, "it is in the evidence list, and not in the bundle"
        elif listed.get(name) != wanted[name]:
            yield name, f"its digest is {wanted[name]}, the evidence list has {listed.get(name)}"


def _check_strays(exam: Examination, tree: Tree, items: Sequence[str]) -> None:
    empty = tree.empty_folders if isinstance(tree, FolderTree) else []
    strays = (*_strays(tree, items), *empty)
    exam.concluded("case.strays", "", ((name, "it is not part of a bundle") for name in strays))


def _strays(tree: Tree, items: Sequence[str]) -> Iterator[str]:
    known = {EVIDENCE_LIST, "data/case.json", "data/custody.jsonl", "data/custody.sig", f"data/{PLAN}", *BAG_FILES}
    known |= {f"data/seals/{item}/{name}" for item in items for name in (f"{NAME}.p7s", LATER_SEAL)}
    known |= {f"data/{name}" for name in CHAIN_FILES}
    for name in tree.names():
        if name in known or is_report(name):
            continue
        if not name.startswith("data/") or not (accounted_for(name.removeprefix("data/")) or is_previous(name)):
            yield name


def _check_event(exam: Examination, files: CaseFiles, history: History, items: Sequence[str]) -> None:
    """The log's copy ends with ``bundle.started`` and one ``bundled`` for each item in the bundle."""
    begun, bundled = history.told.bundle, history.told.bundled
    subject = files.shown("custody.jsonl")
    if begun is None:
        exam.failed("bundle.event", subject, "the custody log does not say that a bundle was begun")
        return
    named = {event.item: event for event in bundled}
    problems = [
        (files.shown(f"items/{item}"), "the log does not say that it was put in") for item in items if item not in named
    ]
    problems += [(f"event {e.seq}", f"the item {item} is missing") for item, e in named.items() if item not in items]
    problems += [
        (f"event {seq}", f"a {type_} event follows the bundle's beginning") for seq, type_ in history.told.behind
    ]
    if len(named) != len(bundled):
        problems.append((subject, "an item is put in twice"))
    problems += [*_other_plan(files, begun, [str(event.item) for event in bundled]), *_other_manifests(files, named)]
    problems += other_encrypted(files, begun, items)
    exam.concluded("bundle.event", subject, problems, f"{len(named)} items")
    exam.facts["purpose"] = begun.purpose


def _other_plan(files: CaseFiles, begun: Event, bundled: Sequence[str]) -> Iterator[tuple[str, str]]:
    planned, found = begun.digests.get(PLAN), files.digest(PLAN) if files.has(PLAN) else None
    if planned != found:
        yield files.shown(PLAN), f"its digest is {found}, event {begun.seq} has {planned}"
    if found is None:
        return
    try:
        items = planned_items(files.read(PLAN))
    except FormatError as error:
        yield files.shown(PLAN), str(error)
        return
    if items != [*bundled]:
        yield files.shown(PLAN), "its exhibits are not the items that the log says were put in, in their order"


def _other_manifests(files: CaseFiles, named: dict[str | None, Event]) -> Iterator[tuple[str, str]]:
    for event in named.values():
        name = f"items/{event.item}/{NAME}"
        if files.has(name) and files.digest(name) != event.digests.get(name):
            yield f"event {event.seq}", f"{name} was put in with the digest {event.digests.get(name)}"


def _check_info(exam: Examination, bag: BagReport, tree: Tree, root: Digest | None) -> None:
    fields = dict(bag.info)
    names = [name for name, _ in bag.info]
    stamped = TAG_TIME_STAMP in tree.names()
    wanted = {
        "Evidence-Kit-Format": "1",
        "Evidence-Kit-Root": str(root),
        "Evidence-Kit-Time-Stamp": "present" if stamped else "none",
        "External-Identifier": _case_number(tree),
    }
    # Of "Evidence-Kit-Previous" `bundle.previous` tells.
    problems = [
        ("bag-info.txt", f"{name} is {fields.get(name)!r}, it ought to be {value!r}")
        for name, value in wanted.items()
        if fields.get(name) != value
    ]
    for name, value in wanted.items():
        if name == "Evidence-Kit-Time-Stamp" and fields.get(name) == "present" and value == "none":
            problems.append((TAG_TIME_STAMP, "it is missing"))
    problems += [("bag-info.txt", f"{name} stands more than once") for name in wanted if names.count(name) > 1]
    problems += [(name, "it is missing") for name in ("README.txt", CHECKING_PAGE) if name not in tree.names()]
    problems += [(f.subject, f.detail) for f in bag.findings if f.check == "bag.info" and f.outcome is Outcome.FAILED]
    exam.concluded("bag.info", "bag-info.txt", problems)


def _case_number(tree: Tree) -> str | None:
    try:
        value = canonical.parse(tree.read("data/case.json", SMALL))
    except FormatError:
        return None  # told by the checks of case.json itself
    number = value.get("number") if isinstance(value, dict) else None
    return number if isinstance(number, str) else None


def _check_reports(
    exam: Examination, tree: Tree, certificates: Sequence[Certificate], bag: BagReport, signer: str | None
) -> dict[str, PdfFindings]:
    """Check the reports and return what was found in those that could be examined."""
    found_in: dict[str, PdfFindings] = {}
    reports = [name for name in tree.names() if is_report(name)]
    wanted = {
        LIST_ATTACHMENT: bag.digests.get(EVIDENCE_LIST),
        LOG_ATTACHMENT: bag.digests.get("data/custody.jsonl"),
    }
    if not reports:
        exam.failed("report.signature", "data/report.pdf", "it is missing")
    for name in reports:
        try:
            with tree.open(name) as stream:
                found = check_report(exam, name, stream, certificates, {k: v for k, v in wanted.items() if v})
        except (OSError, FormatError) as error:
            exam.failed("report.signature", name, f"it cannot be read: {error}")
            continue
        if found:
            found_in[name] = found
        first = found.signatures[0] if found and found.signatures else None
        if first and first.certificate and signer not in {None, first.certificate.fingerprint}:
            why = f"{first.certificate.subject!r} signed it first, and another certificate began the bundle"
            exam.failed("report.signature", f"{name}#{first.field}", why)
    return found_in
