"""Bundles that contain an older one: countersigned, renewed; and what is found when the older one is not as it was."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.archive.bag import parse_info, write_bag
from evidence_kit.bundle.make import BundleOptions, make_bundle
from evidence_kit.bundle.reissue import Reissued, reissue_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.case.layout import BAG_FILES, CHECKING_PAGE, TAG_MANIFEST, TAG_SIGNATURE
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.errors import CaseError, TimestampError
from evidence_kit.models import Officer, Outcome, Trust, Verdict, VerificationReport
from evidence_kit.pdf.check import check_pdf
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.trust.keys import Signer
from evidence_kit.trust.revocation import OcspResponse
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case
from tests.support.pades import DAY, PLACE, Pki, practice_pki
from tests.support.pdfs import NOW
from tests.support.people import ULAANBAATAR, SetClock
from tests.support.pki import Authority

pytestmark = [pytest.mark.network, pytest.mark.oracle]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An officer's bundle, and a supervisor who never saw the case."""

    pki: Pki
    officer: Custodian
    supervisor: Custodian
    bundle: Path

    def reissue(self, source: Path, output: Path, *, who: Custodian, countersign: bool = True) -> Reissued:
        """Countersign with the first authority's stamps, or renew with the second's."""
        urls = self.pki.urls[:1] if countersign else self.pki.urls[1:]
        stamping = Stamping(tsa=urls, roots=self.pki.stamping_roots)
        return reissue_bundle(source, output, custodian=who, stamping=stamping, countersign=countersign)

    def verify(self, path: Path, *, years: int = 0, roots: TrustedRoots | None = None) -> VerificationReport:
        at = NOW + 365 * years * DAY
        return verify_path(path, roots=roots or self.pki.trusted, clock=lambda: at, check_pdf=check_pdf)


def custodian(name: str, signer: Signer) -> Custodian:
    """Return an officer whose clock shows a time at which the authorities' new certificates are valid."""
    person = Officer(name=name, id=name, role="мөрдөгч", agency="Сургалтын хэлтэс")
    return Custodian(officer=person, signer=signer, clock=SetClock(datetime.now(UTC)), zone=ULAANBAATAR)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("хэлтэс")
    with practice_pki() as pki:
        second = pki.issuing.issue("Б. Сараа", extensions=PLACE)
        officer, supervisor = custodian("Дорж", pki.officer), custodian("Сараа", second)
        case = open_case(folder / "case", officer)
        commit_small_item(case, officer)
        case.record_certificates(pki.known.certificates)
        for statement in (
            *pki.statements,
            OcspResponse(pki.issuing.ocsp(second.certificate, since=NOW - DAY, until=NOW + DAY)),
        ):
            case.record_statement(statement)
        made = make_bundle(
            case,
            folder / "bundle",
            custodian=officer,
            options=BundleOptions(language=Language.ENGLISH),
            stamping=Stamping(tsa=pki.urls[:1], roots=pki.stamping_roots),
            trusted=pki.trusted,
        )
        assert made.signature_level == "B-LTA"
        yield Office(pki=pki, officer=officer, supervisor=supervisor, bundle=made.path)


@pytest.fixture(scope="module")
def countersigned(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = office.reissue(office.bundle, tmp_path_factory.mktemp("second") / "багц.zip", who=office.supervisor)
    assert (made.signature_level, made.number, made.problems) == ("B-LTA", 1, ())
    return made.path


@pytest.fixture(scope="module")
def renewed(office: Office, countersigned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("third") / "renewed"
    return office.reissue(countersigned, target, who=office.supervisor, countersign=False).path


def failed(report: VerificationReport) -> dict[str, str]:
    return {check.id: f"{check.subject}: {check.detail}" for check in report.checks if check.outcome is Outcome.FAILED}


def signatures(report: VerificationReport) -> list[tuple[object, ...]]:
    told = report.facts["signatures"]
    assert isinstance(told, list)
    return [(each["name"], each["level"], each["trust"]) for each in told if isinstance(each, dict)]


def test_a_countersigned_bundle_is_verified_with_both_signers_and_the_same_root(
    office: Office, countersigned: Path
) -> None:
    before, after = office.verify(office.bundle), office.verify(countersigned)

    assert (failed(before), failed(after)) == ({}, {})
    assert (before.verdict, after.verdict) == (Verdict.VERIFIED, Verdict.VERIFIED)
    assert before.root == after.root
    assert {(signer.name, signer.trust) for signer in after.signers} == {
        ("Ө. Үүрийнтуяа", Trust.ESTABLISHED),
        ("Б. Сараа", Trust.ESTABLISHED),
    }
    assert signatures(after) == [
        ("Ө. Үүрийнтуяа", "B-LTA", "established"),
        ("First, unit 1", "time-stamp", "established"),
        ("Б. Сараа", "B-LTA", "established"),
        ("First, unit 1", "time-stamp", "established"),
    ]
    assert [check.outcome for check in after.checks if check.id == "bundle.previous"] == [Outcome.PASSED]


def test_what_is_renewed_from_a_zip_holds_both_earlier_forms_and_a_stamp_of_the_second_authority(
    office: Office, renewed: Path
) -> None:
    report = office.verify(renewed)

    assert failed(report) == {}
    assert report.verdict is Verdict.VERIFIED
    assert signatures(report)[-1] == ("Second, unit 1", "time-stamp", "established")
    told = report.facts["previous"]
    assert isinstance(told, list)
    assert [each["name"] for each in told if isinstance(each, dict)] == ["Ө. Үүрийнтуяа", "Б. Сараа"]


def test_every_command_that_the_new_readme_prints_works(
    renewed: Path, tmp_path: Path, oracle: Callable[[str], Path]
) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(renewed, folder)
    lines = (folder / "README.txt").read_text(encoding="utf-8").splitlines()
    commands = dict.fromkeys(line.strip() for line in lines if line.startswith("  "))
    programs = ("sha256sum", "openssl", "pdfsig", "sed")
    ran = [command for command in commands if command.startswith(programs)]

    for command in ran:
        done = subprocess.run(
            ["bash", "-euc", command], cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"

    assert {command.split()[0] for command in ran} >= {"sha256sum", "openssl", "sed"}
    qpdf = subprocess.run([oracle("qpdf"), "--check", "data/report.pdf"], cwd=folder, capture_output=True, check=True)
    assert b"No syntax or stream encoding errors" in qpdf.stdout


def test_years_later_the_renewed_bundle_is_still_believed(office: Office, renewed: Path) -> None:
    assert office.verify(renewed, years=5).verdict is Verdict.VERIFIED


def test_an_unknown_countersigner_is_only_claimed(office: Office, tmp_path: Path) -> None:
    stranger = custodian("Танихгүй", Authority("Танихгүй", clock=lambda: NOW).issue("Танихгүй хүн"))

    report = office.verify(office.reissue(office.bundle, tmp_path / "by a stranger", who=stranger).path)

    assert failed(report) == {}
    assert report.verdict is Verdict.UNCHANGED


def test_a_taken_place_is_refused_and_a_silent_authority_renews_nothing(office: Office, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(CaseError, match="never overwritten"):
        office.reissue(office.bundle, tmp_path / "taken", who=office.supervisor)

    stamping = Stamping(tsa=("http://127.0.0.1:9/tsa",))
    with pytest.raises(TimestampError):
        reissue_bundle(office.bundle, tmp_path / "new", custodian=office.officer, stamping=stamping, countersign=False)
    made = reissue_bundle(
        office.bundle, tmp_path / "signed", custodian=office.supervisor, stamping=stamping, countersign=True
    )

    assert made.signature_level == "B-B"
    assert [problem.code for problem in made.problems] == ["time-stamp-pending"]
    assert failed(office.verify(made.path)) == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["signed", "taken"]


def again(bundle: Path, by: Custodian, *, previous: str | None = "same") -> None:
    """Make all lists and the signature anew, as whoever has the key of the last signer can."""
    info = dict(parse_info((bundle / "bag-info.txt").read_bytes()))
    info.pop("Payload-Oxum")
    info["Evidence-Kit-Time-Stamp"] = "none"
    if previous is None:
        info.pop("Evidence-Kit-Previous")
    elif previous != "same":
        info["Evidence-Kit-Previous"] = previous
    for name in BAG_FILES - {"README.txt", CHECKING_PAGE}:
        (bundle / name).unlink(missing_ok=True)
    (bundle / "data/trust/tsa.pem").unlink(missing_ok=True)
    write_bag(bundle, info=info)
    (bundle / TAG_SIGNATURE).write_bytes(by.sign_file((bundle / TAG_MANIFEST).read_bytes()))


def drop_all(bundle: Path) -> None:
    shutil.rmtree(bundle / "data" / "previous")


def drop_newest(bundle: Path) -> None:
    shutil.rmtree(bundle / "data" / "previous" / "02")


def drop_oldest(bundle: Path) -> None:
    shutil.rmtree(bundle / "data" / "previous" / "01")
    (bundle / "data" / "previous" / "02").rename(bundle / "data" / "previous" / "01")


def swap(bundle: Path) -> None:
    first, second = (bundle / "data" / "previous" / number for number in ("01", "02"))
    first.rename(first.with_name("xx"))
    second.rename(first)
    first.with_name("xx").rename(second)


def change_a_list(bundle: Path) -> None:
    path = bundle / "data/previous/01/README.txt"
    path.write_bytes(path.read_bytes() + b"\n")


def drop_a_seal(bundle: Path) -> None:
    (bundle / "data/previous/01/tagmanifest-sha256.txt.p7s").unlink()


def put_something_in(bundle: Path) -> None:
    (bundle / "data/previous/01/more.txt").write_bytes(b"more")


def change_an_item(bundle: Path) -> None:
    next(path for path in sorted((bundle / "data/items/EV-0001").iterdir())).write_bytes(b"other")


SLOW = [drop_oldest, put_something_in, change_an_item, drop_a_seal]


@pytest.mark.parametrize(
    "change",
    [drop_all, drop_newest, swap, change_a_list, *(pytest.param(each, marks=pytest.mark.slow) for each in SLOW)],
)
def test_an_earlier_form_that_is_not_as_it_was_is_found_even_when_all_is_sealed_anew(
    office: Office, renewed: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    shutil.copytree(renewed, tmp_path / "bundle")
    change(tmp_path / "bundle")
    again(tmp_path / "bundle", office.supervisor)

    assert office.verify(tmp_path / "bundle").verdict is Verdict.ALTERED


def test_a_dropped_form_is_found_even_when_the_new_lists_name_another(
    office: Office, renewed: Path, tmp_path: Path
) -> None:
    """The report itself was stamped once more than there are forms."""
    bundle = tmp_path / "bundle"
    shutil.copytree(renewed, bundle)
    again(bundle, office.supervisor)
    assert failed(office.verify(bundle)) == {}
    named = dict(parse_info((bundle / "data/previous/02/bag-info.txt").read_bytes()))["Evidence-Kit-Previous"]

    drop_newest(bundle)
    again(bundle, office.supervisor, previous=named)

    assert "bundle.previous" in failed(office.verify(bundle))


def test_a_report_that_was_replaced_is_not_the_one_that_was_sealed(
    office: Office, renewed: Path, tmp_path: Path
) -> None:
    shutil.copytree(renewed, tmp_path / "bundle")
    shutil.copyfile(office.bundle / "data" / "report.pdf", tmp_path / "bundle" / "data" / "report.pdf")
    again(tmp_path / "bundle", office.supervisor)

    assert "bundle.previous" in failed(office.verify(tmp_path / "bundle"))
