"""A case of two victims, of which a bundle discloses what concerns one."""

from dataclasses import dataclass, replace
from pathlib import Path

from evidence_kit.bundle.make import BundleOptions, MadeBundle, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.selection import Choice
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import commit_item
from evidence_kit.case.stamping import Stamping, stamp_head
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.subjects import attachment
from evidence_kit.models import Outcome, Status, VerificationReport
from evidence_kit.pdf.check import check_pdf
from evidence_kit.trust.certificates import load_certificates
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case, stage_small_item, start_item
from tests.support.people import SetClock, practice_custodian
from tests.support.tsa import OpensslTsa

SHOWN = "https://example.mn/post/shown"
SECRET = "https://secret-site.mn/post/zaya"
ABANDONED = "https://abandoned-site.mn/other"
MARK = b"bytes-of-the-withheld-item"
GROUND = "өөр хүний хувийн нууц"


@dataclass(frozen=True, kw_only=True)
class World:
    """A case of two victims, and one bundle for each reader."""

    case: CaseFolder
    custodian: Custodian
    roots: TrustedRoots
    made: MadeBundle
    file: Path

    def bundle(self, output: Path, options: BundleOptions) -> MadeBundle:
        """Make another bundle."""
        return make_bundle(
            self.case, output, custodian=self.custodian, options=options, stamping=Stamping(), trusted=self.roots
        )

    def verify(self, path: Path, withheld: bytes | None = None) -> VerificationReport:
        """Verify *path* as this installation would."""
        return verify_path(path, roots=self.roots, clock=self.custodian.clock, check_pdf=check_pdf, withheld=withheld)


def make_world(folder: Path, tsa: OpensslTsa) -> World:
    """EV-0001 concerns V-01; EV-0002, EV-0003 (abandoned), EV-0004 concern V-02; EV-0005 failed and concerns V-01."""
    clock = SetClock()
    custodian = practice_custodian(clock)
    case = open_case(folder / "case", custodian)
    trusted = load_certificates(tsa.root_pem.read_bytes())
    roots = TrustedRoots(established=trusted, practice=custodian.signer.chain[-1:])
    stamping = Stamping(tsa=(tsa.url,), roots=trusted)

    def commit(draft: Draft, *, stamped: bool = False) -> None:
        case.commit(draft, custodian)
        if stamped:
            assert stamp_head(case, stamping) == []

    commit_small_item(case, custodian, url=SHOWN)
    commit(attachment("EV-0001", "V-01"))
    commit_small_item(case, custodian, url=SECRET, body=MARK)
    commit(attachment("EV-0002", "V-02"), stamped=True)
    commit(attachment("EV-0001", "S-01"), stamped=True)
    start_item(case, custodian, url=ABANDONED)
    commit(attachment("EV-0003", "V-02"), stamped=True)
    commit_small_item(case, custodian, url=SECRET + "/2", body=MARK)
    commit(attachment("EV-0004", "V-02"), stamped=True)
    commit(Draft(type=EventType.NOTED, note=f"looked at {SECRET} again with V-02"))
    failed = stage_small_item(case, custodian, url=SHOWN + "/gone")
    (case.staging / failed.id / "capture.wacz").unlink()
    commit_item(case, replace(failed, status=Status.FAILED, files=(), detail={}), custodian)
    commit(attachment("EV-0005", "V-01"))
    options = BundleOptions(language=Language.BOTH, purpose="бүгд")
    make_bundle(case, folder / "whole", custodian=custodian, options=options, stamping=Stamping(), trusted=roots)
    clock.forward(60)
    options = replace(
        options,
        purpose="хохирогчийн өмгөөлөгч",
        choice=Choice(subjects=("V-01",)),
        ground=GROUND,
        withheld_to=folder / "withheld.jsonl",
    )
    made = make_bundle(case, folder / "bundle", custodian=custodian, options=options, stamping=stamping, trusted=roots)
    return World(case=case, custodian=custodian, roots=roots, made=made, file=folder / "withheld.jsonl")


def failures_of(report: VerificationReport) -> dict[str, list[str]]:
    """Return subject and detail of every check that failed, by its id."""
    found: dict[str, list[str]] = {}
    for check in report.checks:
        if check.outcome is Outcome.FAILED:
            found.setdefault(check.id, []).append(f"{check.subject}: {check.detail}")
    return found
