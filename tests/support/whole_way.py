"""The whole way once, for many tests: posts of the practice network captured by a real browser, and bundled."""

import os
from dataclasses import dataclass
from pathlib import Path

from evidence_kit.browser.find import Browser, find_browser
from evidence_kit.bundle.make import BundleOptions, MadeBundle, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.volumes import Limits
from evidence_kit.capture.result import CaptureOptions
from evidence_kit.capture.take import take_page
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.taking import TakenItem
from evidence_kit.custody.custodian import Custodian
from evidence_kit.models import VerificationReport
from evidence_kit.pdf.check import check_pdf
from evidence_kit.practice import PracticeServer
from evidence_kit.trust.certificates import load_certificates
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from tests.support.cases import open_case
from tests.support.second import SecondVerifier, differences
from tests.support.tsa import OpensslTsa


@dataclass(frozen=True, kw_only=True)
class WholeWay:
    """A case with captures, and what it takes to go on."""

    case: CaseFolder
    custodian: Custodian
    roots: TrustedRoots
    stamping: Stamping
    items: tuple[TakenItem, ...] = ()
    second: SecondVerifier | None = None
    """Looks at every bundle and report too, and must agree."""

    def bundle(
        self,
        output: Path,
        *,
        language: Language = Language.BOTH,
        as_zip: bool = False,
        limits: Limits | None = None,
        processes: int = 1,
    ) -> MadeBundle:
        """Make a bundle of everything."""
        options = BundleOptions(
            language=language,
            purpose="Сургалт",
            zip=as_zip,
            show_pictures=True,
            limits=limits or Limits(),
            processes=processes,
        )
        return make_bundle(
            self.case, output, custodian=self.custodian, options=options, stamping=self.stamping, trusted=self.roots
        )

    def verify(self, path: Path, roots: TrustedRoots | None = None) -> VerificationReport:
        """Verify *path* as this installation would, but PDFs in this process: hundreds are verified."""
        roots = roots or self.roots
        report = verify_path(path, roots=roots, clock=self.custodian.clock, check_pdf=check_pdf)
        if self.second is not None and report.kind not in {"case", "item", "vault"}:
            wrong = differences(report, self.second.verify(path, roots, self.custodian.clock()))
            assert not wrong, f"{path.name}: {wrong}"
        return report


def the_browser() -> Browser:
    """Return the browser of this machine; `scripts/bootstrap.sh test` put one there."""
    browser = find_browser(os.environ)
    assert browser is not None, "no browser: run scripts/bootstrap.sh test"
    return browser


def go(folder: Path, custodian: Custodian, *paths: str, tsa: OpensslTsa | None = None) -> WholeWay:
    """Open a case in *folder* and capture *paths* of the practice network into it."""
    case = open_case(folder, custodian)
    trusted = load_certificates(tsa.root_pem.read_bytes()) if tsa else ()
    stamping = Stamping(tsa=(tsa.url,), roots=trusted) if tsa else Stamping()
    roots = TrustedRoots(established=trusted, practice=custodian.signer.chain[-1:])
    with PracticeServer() as server:
        items = tuple(
            take_page(
                case,
                path if "://" in path else server.url + path,
                custodian=custodian,
                browser=the_browser(),
                options=CaptureOptions(timeout=40),
                stamping=stamping,
            )
            for path in paths
        )
    return WholeWay(case=case, custodian=custodian, roots=roots, stamping=stamping, items=items)
