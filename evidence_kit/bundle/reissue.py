"""Make a new bundle that contains an old one: countersigned by another officer, or with newer time stamps.

Each report grows by a signature or document time stamp, the lists are made again, signed and stamped, and what the old
bundle had of its own (its lists, seals and the files that gather certificates) is kept under ``data/previous/NN/``. So
the old bundle can be checked inside the new one, and the root stays what it was.
"""

import shutil
from collections.abc import Collection, Sequence
from contextlib import closing as closed
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from evidence_kit import __version__
from evidence_kit.archive.bag import parse_info
from evidence_kit.archive.tree import ZipTree
from evidence_kit.bundle.closing import seal_bag
from evidence_kit.bundle.contents import write_chains
from evidence_kit.bundle.guidance import readme, write_guidance
from evidence_kit.bundle.placing import PlacedBundle, building_bundle, pack, place
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.signature_picture import signature_picture
from evidence_kit.canonical import Json, parse
from evidence_kit.case.layout import BAG_FILES, CHAIN_FILES, TAG_MANIFEST, TAG_SIGNATURE, is_report
from evidence_kit.case.revocations import Inquiries
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import EventType
from evidence_kit.custody.log import Lines
from evidence_kit.errors import CaseError, FormatError, TimestampError
from evidence_kit.models import Digest, OnStep, Problem, ignore, utc_text
from evidence_kit.pdf.findings import Level
from evidence_kit.pdf.sign import archive_pdf, sign_pdf
from evidence_kit.trust.certificates import Certificate, chain_of, load_certificates
from evidence_kit.trust.cms import verify_detached
from evidence_kit.trust.digests import sha256_file
from evidence_kit.trust.revocation import Statement, read_statement
from evidence_kit.trust.timestamps import certificates_inside, stamp_all
from evidence_kit.trust.validation_data import ValidationData


@dataclass(frozen=True, slots=True, kw_only=True)
class Reissued(PlacedBundle):
    """A bundle that was made of another one; the level is of its new signature, of a renewed one that of the first."""

    case: str
    """The number of the case."""
    previous: Digest
    """The tag manifest of the old bundle."""
    number: int
    """How many earlier forms the bundle contains."""

    @property
    def answer(self) -> dict[str, Json]:
        """The body of the JSON result."""
        return {
            **self.placed_answer,
            "previous_tag_manifest_sha256": self.previous.hex,
            "previous": self.number,
        }


def reissue_bundle(  # noqa: PLR0913  # a bundle, a place, and what is done by whom
    source: Path,
    output: Path,
    *,
    custodian: Custodian,
    stamping: Stamping,
    countersign: bool,
    on_step: OnStep = ignore,
) -> Reissued:
    """Make the new bundle of the bundle *source*, a folder or zip that was verified, at *output*, which must not exist.

    Raises `CaseError` for a place that is taken or cannot be written, `FormatError` for what is no bundle,
    `SigningError`, and `TimestampError` when it is to be renewed and no authority answers. A countersignature that
    cannot be stamped is made all the same, and `Reissued.problems` says so.
    """
    if output.exists():
        message = f"{output} is already there and is never overwritten"
        raise CaseError(message, hint="choose another --output")
    problems: list[Problem] = []
    with building_bundle(output) as folder:
        work = _Work(folder, custodian, stamping, countersign, on_step)
        try:
            made = work.make(source)
        except TimestampError as error:
            if not countersign:
                raise
            problems.append(Problem(code="time-stamp-pending", detail=str(error)))
            shutil.rmtree(folder)
            made = replace(work, stamping=Stamping(roots=stamping.roots)).make(source)
        on_step("giving the bundle its place")
        file_digest = (pack if output.suffix.lower() == ".zip" else place)(folder, output, on_step)
    return replace(made, path=output, file_digest=file_digest, problems=(*problems, *made.problems))


@dataclass(frozen=True, slots=True)
class _Work:
    """Makes the new bundle in *folder*, which does not exist yet."""

    folder: Path
    custodian: Custodian
    stamping: Stamping
    countersign: bool
    on_step: OnStep

    def make(self, source: Path) -> Reissued:
        self.on_step("copying the bundle")
        _copy(source, self.folder)
        info = dict(parse_info((self.folder / "bag-info.txt").read_bytes()))
        root, case = Digest.parse(info["Evidence-Kit-Root"]), info["External-Identifier"]
        previous = sha256_file(self.folder / TAG_MANIFEST)
        number, begun = self._put_aside()
        trust = _Trust(self.folder / "data" / "trust")
        trust.record((self.custodian.signer.certificate, *self.custodian.signer.chain))
        held = self._learn(trust, previous)
        levels, missed = self._grow(trust, case)
        self.on_step("closing the bag")
        self._close(trust, info, previous, held, begun)
        return Reissued(
            path=self.folder,
            case=case,
            root=root,
            signature_level=levels[0].baseline,
            practice=self.custodian.signer.practice,
            reports=tuple(
                (f"data/{path.name}", sha256_file(path), path.stat().st_size) for path in _reports(self.folder)
            ),
            tag_manifest=sha256_file(self.folder / TAG_MANIFEST),
            previous=previous,
            number=number,
            file_digest=None,
            problems=tuple(Problem(code="archive-stamp-missing", detail=text) for text in missed if text),
        )

    def _put_aside(self) -> tuple[int, datetime]:
        """Move what the old bundle has of its own to its place; return its number, and when it was first sealed."""
        earlier = self.folder / "data" / "previous"
        number = len(list(earlier.glob("[0-9][0-9]"))) + 1
        place = earlier / f"{number:02d}"
        (place / "trust").mkdir(parents=True)
        for name in sorted(BAG_FILES):
            if (self.folder / name).exists():
                (self.folder / name).rename(place / name)
        for name in sorted(CHAIN_FILES):
            if (self.folder / "data" / name).exists():
                (self.folder / "data" / name).rename(place / name)
        first = earlier / "01"
        known = load_certificates((first / "trust/signer.pem").read_bytes() + (first / "trust/chain.pem").read_bytes())
        sealed = verify_detached((first / TAG_SIGNATURE).read_bytes(), sha256_file(first / TAG_MANIFEST), known)
        return number, sealed.signing_time

    def _learn(self, trust: "_Trust", digest: Digest) -> set[Certificate]:
        """Ask the authorities for a token, to learn their certificates, and about what was revoked.

        Return the certificates in the token of the first. Raises `TimestampError` when it does not answer.
        """
        held: set[Certificate] = set()
        for reply in stamp_all(self.stamping.tsa, digest):
            if isinstance(reply, TimestampError):
                raise reply
            inside = certificates_inside(reply)
            held = held or set(inside)
            trust.record(
                (*inside, *(above for leaf in inside for above in chain_of(leaf, (*inside, *self.stamping.roots))))
            )
        if self.stamping.inquiries is not None:
            signer = self.custodian.signer
            own = Inquiries(certificates=(signer.certificate, *signer.chain), clock=self.custodian.clock)
            own.keep(trust, trust.certificates(), roots=self.stamping.roots)
            self.stamping.inquiries.problems += own.problems
        return held

    def _grow(self, trust: "_Trust", case: str) -> tuple[list[Level], list[str]]:
        known = ValidationData(
            certificates=tuple(dict.fromkeys((*trust.certificates(), *self.stamping.roots))),
            statements=trust.statements(),
        )
        levels, missed = [], []
        for report in _reports(self.folder):
            grown = report.with_name(f"grown-{report.name}")
            if self.countersign:
                self.on_step("signing the report")
                now = self.custodian.clock()
                made = sign_pdf(
                    report,
                    grown,
                    signer=self.custodian.signer,
                    reason=f"Evidence bundle {case}",
                    location="",
                    now=now,
                    tsa=self.stamping.tsa,
                    known=known,
                    picture=signature_picture(self.custodian.signer.certificate, now, _language(self.folder)),
                )
                levels.append(made.level)
                missed.append(made.missed)
            else:
                self.on_step("stamping the report")
                levels.append(archive_pdf(report, grown, tsa=self.stamping.tsa, known=known))
            grown.replace(report)
        return levels, missed

    def _close(
        self, trust: "_Trust", info: dict[str, str], previous: Digest, held: Collection[Certificate], begun: datetime
    ) -> None:
        signer, now, stamped = self.custodian.signer, self.custodian.clock(), bool(self.stamping.tsa)
        root = Digest.parse(info["Evidence-Kit-Root"])
        first = "data/previous/01/trust"
        text = readme(
            now,
            root=root,
            stamped=stamped,
            practice=signer.practice,
            volumes=len(_reports(self.folder)),
            begun=begun,
            begun_with=first,
        )
        write_guidance(self.folder, text)

        def write_trust(inside: Collection[Certificate]) -> None:
            authorities = [found for found in trust.certificates() if found.stamps_time]
            write_chains(trust.folder, signer, trust.certificates(), authorities, inside)

        seal_bag(
            self.folder,
            custodian=self.custodian,
            tsa=self.stamping.tsa[0] if stamped else None,
            info={
                "Bag-Software-Agent": f"evidence_kit {__version__}",
                "Bagging-Date": utc_text(now)[:10],
                "External-Identifier": info["External-Identifier"],
                "Evidence-Kit-Format": "1",
                "Evidence-Kit-Root": str(root),
                "Evidence-Kit-Time-Stamp": "present" if stamped else "none",
                "Evidence-Kit-Previous": str(previous),
            },
            write_trust=write_trust,
            inside=held,
        )


@dataclass(frozen=True, slots=True)
class _Trust:
    """``data/trust/`` of the new bundle: what was there stays, more may come."""

    folder: Path

    def certificates(self) -> tuple[Certificate, ...]:
        """Return every certificate."""
        paths = sorted(self.folder.glob("cert-*.pem"))
        return tuple(found for path in paths for found in load_certificates(path.read_bytes()))

    def statements(self) -> tuple[Statement, ...]:
        """Return every statement."""
        paths = sorted(self.folder.glob("*.der"))
        return tuple(read_statement(path.name.partition("-")[0], path.read_bytes()) for path in paths)

    def record(self, certificates: Sequence[Certificate]) -> None:
        """Keep *certificates* too."""
        for found in certificates:
            (self.folder / f"cert-{found.fingerprint}.pem").write_bytes(found.pem())

    def record_statement(self, statement: Statement) -> None:
        """Keep *statement* too."""
        (self.folder / statement.name).write_bytes(statement.der)


def _copy(source: Path, folder: Path) -> None:
    """Copy the bundle, a folder or zip, file by file; raises `FormatError` and `OSError`."""
    if source.is_dir():
        shutil.copytree(source, folder, copy_function=shutil.copyfile)
        return
    with closed(ZipTree(source)) as tree:
        for name in tree.names():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with tree.open(name) as stream, target.open("xb") as file:
                shutil.copyfileobj(stream, file)


def _language(folder: Path) -> Language:
    """Return which language the reports speak, as the log says; both if it does not say so."""
    spoken = Language.BOTH
    for line in Lines.at(folder / "data" / "custody.jsonl"):
        match parse(line):
            case {"type": EventType.BUNDLE_STARTED, "detail": {"language": str(name)}} if name in {*Language}:
                spoken = Language(name)
    return spoken


def _reports(folder: Path) -> list[Path]:
    found = sorted(path for path in (folder / "data").glob("*.pdf") if is_report(f"data/{path.name}"))
    if not found:
        message = "the bundle has no report"
        raise FormatError(message)
    return found
