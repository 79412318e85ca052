"""Make a court bundle of a case.

The order: the case's log says that a bundle is begun and what goes into it; the case's files are copied byte for byte
and listed, which gives the root; the report prints the root and is signed; the bag is closed, signed and stamped; it
gets its name in one step; the case's log says what came out. A failure leaves nothing at the place asked for.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from evidence_kit.bundle.beginning import Begun, Intent, begin, with_sealed, with_session_data
from evidence_kit.bundle.closing import Closing, close_bundle
from evidence_kit.bundle.concluding import Built, commit_seal
from evidence_kit.bundle.contents import EvidenceList, copy_case, list_evidence
from evidence_kit.bundle.fonts import glyph_name
from evidence_kit.bundle.gather import Source, gather_exhibits, gather_report
from evidence_kit.bundle.guidance import check_commands
from evidence_kit.bundle.placing import Packed, Packing, PlacedBundle, beside, building_bundle, want_name
from evidence_kit.bundle.report_model import (
    Language,
    ReportData,
    ReportSignature,
    SignatureLevel,
    TimeStampState,
)
from evidence_kit.bundle.selection import Choice
from evidence_kit.bundle.self_test import self_test
from evidence_kit.bundle.signature_picture import signature_picture
from evidence_kit.bundle.signatures import signature_lines
from evidence_kit.bundle.volumes import Limits, divide, render_volumes
from evidence_kit.canonical import Json
from evidence_kit.case.durable import write_new
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.layout import EVIDENCE_LIST, PLAN, TAG_MANIFEST
from evidence_kit.case.opened import OpenItems
from evidence_kit.case.stamping import Stamping, stamp_head
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import CaseError, IntegrityError, TimestampError, UsageError
from evidence_kit.models import Digest, OnStep, Problem, ignore
from evidence_kit.pdf.findings import Level
from evidence_kit.pdf.sign import PdfSignature, level_in_reach, sign_pdf
from evidence_kit.plain import real
from evidence_kit.trust.age import Identity, Recipient
from evidence_kit.trust.digests import sha256_bytes, sha256_file
from evidence_kit.trust.judging import TrustedRoots, judge
from evidence_kit.trust.validation_data import ValidationData


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleOptions:
    """What is asked of a bundle."""

    choice: Choice = field(default_factory=Choice)
    """What to put in and what to withhold; all is put in and nothing withheld if nothing is said."""
    ground: str = ""
    """Why something is withheld; must be said if anything is."""
    withheld_to: Path | None = None
    """Where to write the file of the withheld events."""
    language: Language
    purpose: str = ""
    zip: bool = False
    encrypt_to: tuple[Recipient, ...] = ()
    """Encrypt the bundle, a zip then, to these."""
    show_pictures: bool = False
    """Print the screenshots as they are; otherwise their viewing copies are blurred beyond recovery.

    With a plan, the plan says so for each."""
    session_data: bool = False
    """Put the encrypted recordings of the captures in, too."""
    identities: Sequence[Identity] = ()
    """Keys for what is encrypted: the report is made of it."""
    opened: bool = False
    """Put what is encrypted in opened, instead of as it lies in the case."""
    sealed: bool = False
    """Put the encrypted files of sealed items in, too."""
    limits: Limits = field(default_factory=Limits)
    """How much goes into one volume of the report."""
    processes: int = 1
    """How many may make viewing copies, and how many volumes may be set, at a time."""
    report_time: datetime | None = None
    """Printed as the time of the report instead of the event's (``SOURCE_DATE_EPOCH``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBundle(PlacedBundle):
    """A bundle that was made of a case."""

    withheld: dict[str, Json] | None
    """What the bundle itself says of what it withholds."""
    withheld_file: Path | None
    left_out: tuple[str, ...]
    """Items that are not in the bundle, and that its log names all the same."""
    packed: Packed
    plan: Digest | None
    """Of the plan of the exhibits that is in it, if it was made by one."""

    @property
    def answer(self) -> dict[str, Json]:
        """The body of the JSON result."""
        return {
            **self.placed_answer,
            "withheld": self.withheld,
            "withheld_file": str(self.withheld_file) if self.withheld_file else None,
            "left_out": [*self.left_out],
            "encrypted": self.packed.answer,
            "plan_sha256": self.plan.hex if self.plan else None,
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

    Raises `IntegrityError` when the custody log does not hold together, `UsageError` for a choice that makes no sense,
    `CaseError` for a place that is taken or cannot be written, `ReportError` and `SigningError` when report or
    signature cannot be made.
    """
    _want_free(case, output, options.withheld_to)
    if options.encrypt_to:
        want_name(output)
    if case.log().problems:
        message = f"the custody log of {case.path} does not hold together"
        raise IntegrityError(message, hint="run: evidence-kit verify CASE")
    with OpenItems(case.path / "items", options.identities) as items:
        on_step("recording the bundle in the custody log")
        begun = begin(case, custodian, _intent(options, output.name), items)
        problems = [Problem(code="time-stamp-pending", detail=text) for text in stamp_head(case, stamping)]
        if problems:
            stamping = Stamping()
        with building_bundle(output) as folder:
            aim = level_in_reach(
                custodian.signer, _known(case, stamping), stamped=bool(stamping.tsa), now=custodian.clock()
            )
            builder = _Builder(case, folder, begun, custodian, options, stamping, trusted, on_step, aim, items)
            built = builder.build_as_reached(problems)
            on_step("giving the bundle its place")
            withheld_file = options.withheld_to if begun.opened else None
            with beside(withheld_file, begun.opened):
                packed = Packing(zip=options.zip, recipients=options.encrypt_to).put(folder, output, on_step)
        commit_seal(case, built, begun, packed, custodian, opened=withheld_file is not None)
        problems += [Problem(code="time-stamp-pending", detail=text) for text in stamp_head(case, stamping)]
        return MadeBundle(
            path=output,
            root=built.evidence.root,
            signature_level=built.level.baseline,
            practice=custodian.signer.practice,
            reports=built.reports,
            tag_manifest=built.tag_manifest,
            file_digest=packed.zip,
            packed=packed,
            withheld=begun.withholding.to_json() if begun.withholding else None,
            withheld_file=withheld_file,
            left_out=begun.left_out,
            plan=sha256_bytes(options.choice.plan.to_toml()) if options.choice.plan else None,
            problems=tuple(problems) + built.problems,
        )


def _want_free(case: CaseFolder, output: Path, withheld_to: Path | None) -> None:
    """Refuse places that are taken, or where what is written would not belong."""
    for option, path in (("--output", output), ("--withheld-to", withheld_to)):
        if path is None:
            continue
        if path.exists():
            message = f"{path} is already there and is never overwritten"
            raise CaseError(message, hint=f"choose another {option}")
        if real(case.path) in real(path).parents:
            message = f"{path} lies in the case, which holds nothing that its custody log does not account for"
            raise UsageError(message, hint=f"choose an {option} outside of the case's folder")
    if withheld_to and real(output) in (real(withheld_to), *real(withheld_to).parents):
        message = f"{withheld_to} lies in the bundle, which is to hold nothing of what is withheld"
        raise UsageError(message, hint="choose a --withheld-to outside of the bundle")
    if withheld_to and not withheld_to.parent.is_dir():
        message = f"the folder {withheld_to.parent} is not there"
        raise CaseError(message, hint="make it first, or choose another --withheld-to")


def _intent(options: BundleOptions, name: str) -> Intent:
    return Intent(
        choice=options.choice,
        ground=options.ground,
        purpose=options.purpose,
        name=name,
        language=options.language,
        show_pictures=options.show_pictures,
        session_data=options.session_data,
        opened=options.opened,
        sealed=options.sealed,
    )


@dataclass(frozen=True, slots=True)
class _Builder:
    """Builds the bag in *folder*."""

    case: CaseFolder
    folder: Path
    begun: Begun
    custodian: Custodian
    options: BundleOptions
    stamping: Stamping
    trusted: TrustedRoots
    on_step: OnStep
    aim: Level
    """What the cover says that the report's signature is."""
    items: OpenItems

    def build_as_reached(self, problems: list[Problem]) -> Built:
        """Build, and again with a lower aim until the cover tells what was reached; *problems* get why it was not."""
        try:
            built = self.build(problems)
        except TimestampError as error:
            # The authority answered for the log and not for the report.
            problems.append(Problem(code="time-stamp-pending", detail=str(error)))
            again = replace(self, stamping=Stamping(), aim=Level.B)
        else:
            if built.level is self.aim:
                return built
            if built.missed:
                problems.append(Problem(code="archive-stamp-missing", detail=built.missed))
            again = replace(self, aim=built.level)
        shutil.rmtree(self.folder)
        return again.build_as_reached(problems)

    def build(self, gaps: list[Problem]) -> Built:
        """Build everything; raises `TimestampError` when an authority that was asked for does not answer."""
        self.on_step("copying the case")
        self.folder.mkdir(parents=True)
        opened = self.items if self.options.opened else None
        copy_case(
            self.case,
            self.folder,
            self.begun,
            session_data=self.options.session_data,
            sealed=self.options.sealed,
            opened=opened,
        )
        if self.options.choice.plan:
            write_new(self.folder / "data" / PLAN, self.options.choice.plan.to_toml())
        evidence = list_evidence(self.folder)
        write_new(self.folder / EVIDENCE_LIST, evidence.data)
        source = Source.read(self.case, self.begun, stamping_asked=bool(self.stamping.tsa or gaps))
        # Beside the bag and not in the system's temporary folder: what a killed process leaves is in one place.
        with TemporaryDirectory(prefix="pictures-", dir=self.folder.parent, ignore_cleanup_errors=True) as name:
            reports, missing, signed = self._reports(source, evidence, Path(name), gaps)
        self.on_step("closing the bag")
        tsa = self.stamping.tsa[0] if self.stamping.tsa else None
        closing = Closing(
            case=self.case,
            custodian=self.custodian,
            evidence=evidence,
            begun=source.begun(),
            volumes=len(reports),
            tsa=tsa,
        )
        close_bundle(self.folder, closing, source.tokens)
        return Built(
            evidence=evidence,
            level=min((signature.level for signature in signed), key=[*Level].index),
            missed=next((signature.missed for signature in signed if signature.missed), ""),
            reports=tuple((f"data/{path.name}", sha256_file(path), path.stat().st_size) for path in reports),
            tag_manifest=sha256_file(self.folder / TAG_MANIFEST),
            problems=tuple(Problem(code="glyph.missing", detail=glyph_name(glyph)) for glyph in missing),
        )

    def _reports(
        self, source: Source, evidence: EvidenceList, work: Path, gaps: list[Problem]
    ) -> tuple[list[Path], list[str], list[PdfSignature]]:
        """Set and sign the volumes of the report; return them, the characters without a font, and the signatures."""
        data = self._data(source, evidence, work, gaps)
        attachments: dict[str, Path | bytes] = {
            "evidence-sha256.txt": evidence.data,
            "custody.jsonl": self.folder / "data" / "custody.jsonl",
        }
        reports, signed = [], []
        missing: set[str] = set()
        known = _known(self.case, self.stamping)
        for rendered in render_volumes(
            data,
            work,
            language=self.options.language,
            attachments=attachments,
            timestamp=data.prepared_at,
            processes=self.options.processes,
            on_step=self.on_step,
        ):
            self.on_step("signing the report")
            report = self.folder / "data" / rendered.path.name
            now = self.custodian.clock()
            signature = sign_pdf(
                rendered.path,
                report,
                signer=self.custodian.signer,
                reason=f"Evidence bundle {self.case.info.number}",
                location="",
                now=now,
                tsa=self.stamping.tsa,
                known=known,
                aim=self.aim,
                picture=signature_picture(self.custodian.signer.certificate, now, self.options.language),
            )
            signed.append(signature)
            rendered.path.unlink()
            reports.append(report)
            missing.update(rendered.missing_glyphs)
        return reports, sorted(missing), signed

    def _data(self, source: Source, evidence: EvidenceList, work: Path, gaps: list[Problem]) -> ReportData:
        """Return what the report says; its viewing copies are written to *work*."""
        self.on_step("making viewing copies")
        exhibits = gather_exhibits(
            source,
            self.folder / "data",
            work,
            self.items,
            blur=not self.options.show_pictures,
            plan=self.options.choice.plan,
            processes=self.options.processes,
            on_step=self.on_step,
        )
        volumes = divide(exhibits, rows=source.rows(), limits=self.options.limits)
        begun = source.begun()
        return gather_report(
            source,
            exhibits,
            evidence,
            officer=self.custodian.officer,
            purpose=self.options.purpose,
            prepared_at=self.options.report_time or begun,
            signature=self._signature(begun, pending=any(gap.code == "time-stamp-pending" for gap in gaps)),
            practice=self.custodian.signer.practice,
            commands=check_commands(begun, stamped=bool(self.stamping.tsa), volumes=len(volumes)),
            volumes=volumes,
            tested=self_test(self.custodian.clock()),
            signatures=signature_lines(source, self.custodian.signer, self.trusted),
            gaps=_encrypted_told(self.case, self.items, self.begun, self.options),
        )

    def _signature(self, at: datetime, *, pending: bool) -> ReportSignature:
        signer = self.custodian.signer
        judgement = judge(signer.certificate, signer.chain, self.trusted, at=at)
        state = TimeStampState.APPLIED if self.stamping.tsa else TimeStampState.NONE
        return ReportSignature(
            level=SignatureLevel(self.aim.baseline),
            signer=signer.certificate.subject,
            certificate_sha256=Digest(bytes.fromhex(signer.certificate.fingerprint)),
            trust=judgement.trust,
            time_stamp=TimeStampState.PENDING if pending else state,
            authorities=self.stamping.tsa,
        )


def _known(case: CaseFolder, stamping: Stamping) -> ValidationData:
    """Return what the case keeps of certificates and revocations; it asks about them whenever it stamps."""
    return ValidationData(
        certificates=tuple(dict.fromkeys((*case.certificates(), *stamping.roots))), statements=case.statements()
    )


def _encrypted_told(case: CaseFolder, items: OpenItems, begun: Begun, options: BundleOptions) -> tuple[Problem, ...]:
    """Return what page 1 says of recordings, of sealed items, and of those whose content the case keeps encrypted."""
    counts = {
        "traffic-included" if options.session_data else "traffic-withheld": with_session_data(case, begun.items),
        "sealed-included" if options.sealed else "sealed-withheld": with_sealed(case, begun.items),
        "content-opened" if options.opened else "content-encrypted": sum(map(items.encrypted, begun.items)),
    }
    return tuple(Problem(code=code, detail=str(count)) for code, count in counts.items() if count)
