"""Make a court bundle of a case.

The order: the case's log says that a bundle is begun and what goes into it; the case's files are copied byte for byte
and listed, which gives the root; the report prints the root and is signed; the bag is closed, signed and stamped; it
gets its name in one step; the case's log says what came out. A failure leaves nothing at the place asked for.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from evidence_kit.archive.zips import CanonicalZip
from evidence_kit.bundle.closing import Closing, close_bundle
from evidence_kit.bundle.contents import EvidenceList, copy_case, list_evidence
from evidence_kit.bundle.gather import Source, gather_exhibits, gather_report
from evidence_kit.bundle.guidance import check_commands
from evidence_kit.bundle.report import render_report
from evidence_kit.bundle.report_model import (
    Language,
    ReportSignature,
    SignatureLevel,
    TimeStampState,
)
from evidence_kit.canonical import Json
from evidence_kit.case.building import building
from evidence_kit.case.durable import move_new, sync_tree, write_new
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import attempts
from evidence_kit.case.layout import EVIDENCE_LIST, SESSION_DATA, TAG_MANIFEST
from evidence_kit.case.manifest import NAME
from evidence_kit.case.stamping import Stamping, stamp_head
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.errors import CaseError, IntegrityError, TimestampError, UsageError
from evidence_kit.models import Digest, OnStep, Problem, ignore
from evidence_kit.pdf.sign import sign_pdf
from evidence_kit.trust.digests import sha256_file
from evidence_kit.trust.judging import TrustedRoots, judge

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleOptions:
    """What is asked of a bundle."""

    items: tuple[str, ...] = ()
    """Items to put in; empty: all."""
    language: Language
    purpose: str = ""
    zip: bool = False
    show_pictures: bool = False
    """Print the screenshots as they are; otherwise their viewing copies are blurred beyond recovery."""
    session_data: bool = False
    """Put the encrypted recordings of the captures in, too."""
    report_time: datetime | None = None
    """Printed as the time of the report instead of the event's (``SOURCE_DATE_EPOCH``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBundle:
    """A bundle that is at its place."""

    path: Path
    root: Digest
    signature_level: str
    practice: bool
    reports: tuple[tuple[str, Digest, int], ...]
    """Path, digest and bytes of each report."""
    tag_manifest: Digest
    file_digest: Digest | None
    """Of the zip; a folder has none."""
    problems: tuple[Problem, ...]

    @property
    def answer(self) -> dict[str, Json]:
        """The body of the JSON result."""
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


def make_bundle(  # noqa: PLR0913  # a case, a place, and who makes it how
    case: CaseFolder,
    output: Path,
    *,
    custodian: Custodian,
    options: BundleOptions,
    stamping: Stamping,
    trusted: TrustedRoots,
    on_step: OnStep = ignore,
) -> MadeBundle:
    """Make the bundle at *output*, which must not exist, and return what was made.

    Raises `IntegrityError` when the custody log does not hold together, `UsageError` for an item that the case does
    not have, `CaseError` for a place that is taken or cannot be written, `ReportError` and `SigningError` when report
    or signature cannot be made.
    """
    if output.exists():
        message = f"{output} is already there and is never overwritten"
        raise CaseError(message, hint="choose another --output")
    if case.path.resolve() in output.resolve().parents:
        message = f"{output} lies in the case, which holds nothing that its custody log does not account for"
        raise UsageError(message, hint="choose an --output outside of the case's folder")
    if case.log().problems:
        message = f"the custody log of {case.path} does not hold together"
        raise IntegrityError(message, hint="run: evidence-kit verify CASE")
    items = _chosen_items(case, options.items)
    on_step("recording the bundle in the custody log")
    _commit_start(case, items, custodian, options)
    problems = [Problem(code="time-stamp-pending", detail=text) for text in stamp_head(case, stamping)]
    if problems:
        stamping = Stamping()
    with _building(output) as folder:
        builder = _Builder(case, folder, items, custodian, options, stamping, trusted, on_step)
        try:
            built = builder.build(problems)
        except TimestampError as error:
            # The authority answered for the log and not for the report: begin again, and say so on page 1.
            shutil.rmtree(folder)
            problems.append(Problem(code="time-stamp-pending", detail=str(error)))
            builder = _Builder(case, folder, items, custodian, options, Stamping(), trusted, on_step)
            built = builder.build(problems)
        on_step("giving the bundle its place")
        file_digest = _place(folder, output, as_zip=options.zip)
    _commit_seal(case, built, file_digest, custodian)
    problems += [Problem(code="time-stamp-pending", detail=text) for text in stamp_head(case, stamping)]
    return MadeBundle(
        path=output,
        root=built.evidence.root,
        signature_level=str(built.level),
        practice=custodian.signer.practice,
        reports=built.reports,
        tag_manifest=built.tag_manifest,
        file_digest=file_digest,
        problems=tuple(problems) + built.problems,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    evidence: EvidenceList
    level: SignatureLevel
    reports: tuple[tuple[str, Digest, int], ...]
    tag_manifest: Digest
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Builder:
    """Builds the bag in *folder*."""

    case: CaseFolder
    folder: Path
    items: tuple[str, ...]
    custodian: Custodian
    options: BundleOptions
    stamping: Stamping
    trusted: TrustedRoots
    on_step: OnStep

    def build(self, gaps: list[Problem]) -> _Built:
        """Build everything; raises `TimestampError` when an authority that was asked for does not answer."""
        self.on_step("copying the case")
        self.folder.mkdir(parents=True)
        copy_case(self.case, self.folder, self.items, session_data=self.options.session_data)
        evidence = list_evidence(self.folder)
        write_new(self.folder / EVIDENCE_LIST, evidence.data)
        source = Source.read(self.case, self.items, stamping_asked=bool(self.stamping.tsa or gaps))
        # Beside the bag and not in the system's temporary folder: what a killed process leaves is in one place.
        with TemporaryDirectory(prefix="pictures-", dir=self.folder.parent, ignore_cleanup_errors=True) as name:
            missing = self._report(source, evidence, Path(name), gaps)
        self.on_step("closing the bag")
        tsa = self.stamping.tsa[0] if self.stamping.tsa else None
        closing = Closing(case=self.case, custodian=self.custodian, evidence=evidence, begun=source.begun(), tsa=tsa)
        close_bundle(self.folder, closing, source.tokens)
        report = self.folder / "data" / "report.pdf"
        return _Built(
            evidence=evidence,
            level=SignatureLevel.B_T if tsa else SignatureLevel.B_B,
            reports=(("data/report.pdf", sha256_file(report), report.stat().st_size),),
            tag_manifest=sha256_file(self.folder / TAG_MANIFEST),
            problems=tuple(Problem(code="glyph.missing", detail=glyph) for glyph in missing),
        )

    def _report(self, source: Source, evidence: EvidenceList, work: Path, gaps: list[Problem]) -> tuple[str, ...]:
        """Set and sign the report; return the characters that no font could show."""
        self.on_step("making viewing copies")
        exhibits = gather_exhibits(source, self.folder / "data", work, blur=not self.options.show_pictures)
        begun = source.begun()
        data = gather_report(
            source,
            exhibits,
            evidence,
            officer=self.custodian.officer,
            purpose=self.options.purpose,
            prepared_at=self.options.report_time or begun,
            signature=self._signature(begun, pending=bool(gaps)),
            practice=self.custodian.signer.practice,
            commands=check_commands(begun, stamped=bool(self.stamping.tsa)),
            gaps=_session_data_told(self.case, self.items, self.options),
        )
        attachments: dict[str, Path | bytes] = {
            "evidence-sha256.txt": evidence.data,
            "custody.jsonl": self.folder / "data" / "custody.jsonl",
        }
        rendered = render_report(
            data,
            work / "report.pdf",
            language=self.options.language,
            attachments=attachments,
            timestamp=data.prepared_at,
            on_step=self.on_step,
        )
        self.on_step("signing the report")
        sign_pdf(
            work / "report.pdf",
            self.folder / "data" / "report.pdf",
            signer=self.custodian.signer,
            reason=f"Evidence bundle {self.case.info.number}",
            location="",
            now=self.custodian.clock(),
            tsa=self.stamping.tsa,
        )
        return rendered.missing_glyphs

    def _signature(self, at: datetime, *, pending: bool) -> ReportSignature:
        signer = self.custodian.signer
        judgement = judge(signer.certificate, signer.chain, self.trusted, at=at)
        state = TimeStampState.APPLIED if self.stamping.tsa else TimeStampState.NONE
        return ReportSignature(
            level=SignatureLevel.B_T if self.stamping.tsa else SignatureLevel.B_B,
            signer=signer.certificate.subject,
            certificate_sha256=Digest(bytes.fromhex(signer.certificate.fingerprint)),
            trust=judgement.trust,
            time_stamp=TimeStampState.PENDING if pending else state,
            authorities=self.stamping.tsa,
        )


def _chosen_items(case: CaseFolder, asked: tuple[str, ...]) -> tuple[str, ...]:
    there = [attempt.item for attempt in attempts(case.log().full_events()) if attempt.finished_seq]
    for item in asked:
        if item not in there:
            message = f"the case has no item {item!r}"
            raise UsageError(message, hint="evidence-kit list shows the items")
    return tuple(item for item in there if not asked or item in asked)


def _with_session_data(case: CaseFolder, items: tuple[str, ...]) -> int:
    """Return how many of *items* have a recording."""
    return sum((case.path / "items" / item / SESSION_DATA).exists() for item in items)


def _session_data_told(case: CaseFolder, items: tuple[str, ...], options: BundleOptions) -> tuple[Problem, ...]:
    """Return what page 1 says about recordings."""
    count = _with_session_data(case, items)
    code = "traffic-included" if options.session_data else "traffic-withheld"
    return (Problem(code=code, detail=str(count)),) if count else ()


def _commit_start(case: CaseFolder, items: tuple[str, ...], custodian: Custodian, options: BundleOptions) -> None:
    """Say in the log that a bundle is begun, and of each item that it goes into it."""
    detail: dict[str, Json] = {
        "language": str(options.language),
        "pictures": "shown" if options.show_pictures else "blurred",
    }
    if _with_session_data(case, items):
        detail["session_data"] = "included" if options.session_data else "withheld"
    case.commit(Draft(type=EventType.BUNDLE_STARTED, purpose=options.purpose, detail=detail), custodian)
    for item in items:
        manifest = f"items/{item}/{NAME}"
        digests = {manifest: sha256_file(case.path / manifest)}
        case.commit(Draft(type=EventType.BUNDLED, item=item, digests=digests, purpose=options.purpose), custodian)


def _commit_seal(case: CaseFolder, built: _Built, file_digest: Digest | None, custodian: Custodian) -> None:
    digests = {"root": built.evidence.root, TAG_MANIFEST: built.tag_manifest}
    digests.update({name: digest for name, digest, _ in built.reports})
    if file_digest:
        digests["zip"] = file_digest
    case.commit(Draft(type=EventType.BUNDLE_SEALED, digests=digests, detail={"signature": str(built.level)}), custodian)


@contextmanager
def _building(output: Path) -> Iterator[Path]:
    """Give a folder beside *output* to build in, and remove it whatever happens."""
    try:
        with building(output) as folder:
            yield folder / _top_folder(output)
    except OSError as error:
        message = f"the bundle {output} could not be written: {error.strerror}"
        raise CaseError(message) from error


def _top_folder(output: Path) -> str:
    """The one folder inside a zip: a plain name, whatever the zip is called."""
    return output.stem if _PLAIN.fullmatch(output.stem) else "evidence-bundle"


def _place(folder: Path, output: Path, *, as_zip: bool) -> Digest | None:
    if not as_zip:
        sync_tree(folder)
        move_new(folder, output)
        return None
    packed = folder.with_suffix(".zip")
    with CanonicalZip(packed) as archive:
        for path in sorted(folder.rglob("*"), key=lambda found: found.relative_to(folder).as_posix()):
            if path.is_file():
                archive.add(f"{folder.name}/{path.relative_to(folder).as_posix()}", path)
    move_new(packed, output)
    return sha256_file(output)
