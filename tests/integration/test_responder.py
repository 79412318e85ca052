"""B-LTA with a PKI that really answers: an OCSP responder and CRLs on loopback, two time-stamping authorities.

Everything is asked by the kit itself while the bundle is made, and is off when the bundle is verified.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest

from evidence_kit.bundle.make import BundleOptions, MadeBundle, make_bundle
from evidence_kit.bundle.reissue import reissue_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.case.revocations import Inquiries
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.models import Officer, Outcome, Trust, Verdict, VerificationReport
from evidence_kit.pdf.check import check_pdf
from evidence_kit.trust.certificates import Certificate, load_certificates
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.trust.keys import Signer
from evidence_kit.trust.revocation import OcspResponse, RevocationList
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case
from tests.support.ocsp_responder import OpensslOcsp
from tests.support.pdf_rules import RULES
from tests.support.people import ULAANBAATAR
from tests.support.pki import Authority
from tests.support.revocation_server import RevocationServer
from tests.support.tsa import OpensslTsa

pytestmark = [pytest.mark.network, pytest.mark.oracle]

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A root, an issuing authority with its responder, and two authorities for time stamps, each with a CRL."""

    root: Authority
    issuing: Authority
    responder: OpensslOcsp
    stamping: tuple[OpensslTsa, OpensslTsa]
    lists: tuple[RevocationServer, ...]

    @property
    def roots(self) -> tuple[Certificate, ...]:
        tsa = (load_certificates(tsa.root_pem.read_bytes())[0] for tsa in self.stamping)
        return (self.root.certificate, *tsa)

    def issue(self, name: str) -> Signer:
        return self.issuing.issue(name, extensions=[self.responder.place])

    def custodian(self, name: str, signer: Signer) -> Custodian:
        person = Officer(name=name, id=name, role="мөрдөгч", agency="Сургалтын хэлтэс")
        return Custodian(officer=person, signer=signer, clock=lambda: datetime.now(UTC), zone=ULAANBAATAR)

    def ask(self, who: Custodian, number: int = 0) -> Stamping:
        """Return how *who* asks the authority for time stamps *number*, and everybody about revocations."""
        known = (who.signer.certificate, *who.signer.chain)
        inquiries = Inquiries(certificates=known, clock=who.clock)
        return Stamping(tsa=(self.stamping[number].url,), roots=self.roots, inquiries=inquiries)


@pytest.fixture
def country() -> Iterator[Country]:
    with ExitStack() as stack:
        lists = tuple(stack.enter_context(RevocationServer()) for _ in range(3))
        address = [server.crl_address for server in lists]
        root = Authority("Practice root", clock=lambda: NOW)
        issuing = root.issue_authority("Practice issuing authority", extensions=lists[0].places(responder=False))
        stamping = (
            stack.enter_context(OpensslTsa(name="First", crl_url=address[1])),
            stack.enter_context(OpensslTsa(name="Second", crl_url=address[2])),
        )
        lists[0].crl = root.crl({}, since=NOW - DAY, until=NOW + DAY)
        for server, tsa in zip(lists[1:], stamping, strict=True):
            server.crl = tsa.crl(since=NOW - DAY, until=NOW + DAY)
        responder = stack.enter_context(OpensslOcsp(issuing))
        yield Country(root=root, issuing=issuing, responder=responder, stamping=stamping, lists=lists)


def bundle(country: Country, who: Custodian, folder: Path) -> MadeBundle:
    case = open_case(folder / "case", who)
    commit_small_item(case, who)
    return make_bundle(
        case,
        folder / "bundle",
        custodian=who,
        options=BundleOptions(language=Language.ENGLISH),
        stamping=country.ask(who),
        trusted=TrustedRoots(established=country.roots),
    )


def verify(country: Country, path: Path, *, years: int = 0) -> VerificationReport:
    roots = TrustedRoots(established=country.roots)
    return verify_path(path, roots=roots, clock=lambda: NOW + 365 * years * DAY, check_pdf=check_pdf)


def levels(report: VerificationReport) -> list[str]:
    told = report.facts["signatures"]
    assert isinstance(told, list)
    return [str(each["level"]) for each in told if isinstance(each, dict)]


def test_a_bundle_is_b_lta_by_what_the_responder_said_and_stays_so_countersigned_renewed_and_years_later(
    country: Country, tmp_path: Path
) -> None:
    first, second = (country.custodian(name, country.issue(name)) for name in ("Ө. Үүрийнтуяа", "Б. Сараа"))
    country.responder.knows([first.signer, second.signer])

    made = bundle(country, first, tmp_path)
    signed = reissue_bundle(
        made.path, tmp_path / "signed", custodian=second, stamping=country.ask(second), countersign=True
    )
    renewed = reissue_bundle(
        signed.path, tmp_path / "renewed", custodian=second, stamping=country.ask(second, 1), countersign=False
    )

    assert (made.signature_level, made.problems) == ("B-LTA", ())
    assert (signed.signature_level, signed.problems) == ("B-LTA", ())
    found = check_pdf(renewed.path / "data" / "report.pdf")
    said = [each.response for each in found.statements if isinstance(each, OcspResponse)]
    told = {single.serial_number for response in said for single in response.responses}
    assert told == {who.signer.certificate.x509.serial_number for who in (first, second)}
    assert sum(isinstance(each, RevocationList) for each in found.statements) == 2
    assert len(list((renewed.path / "data" / "trust").glob("crl-*.der"))) == 3
    assert all(server.asked for server in country.lists)
    for years in (0, 6):
        report = verify(country, renewed.path, years=years)
        assert [check for check in report.checks if check.outcome is Outcome.FAILED] == []
        assert report.verdict is Verdict.VERIFIED
        assert {signer.trust for signer in report.signers} == {Trust.ESTABLISHED}
        assert levels(report) == ["B-LTA", "time-stamp", "B-LTA", "time-stamp", "time-stamp"]
    with pikepdf.open(renewed.path / "data" / "report.pdf") as pdf:
        assert {name: broken for name, rule in RULES.items() if (broken := rule(pdf))} == {}


@pytest.mark.parametrize("told", ["revoked", "unknown"])
def test_a_certificate_that_the_responder_does_not_vouch_for_gives_no_lasting_level(
    country: Country, tmp_path: Path, told: str
) -> None:
    officer = country.custodian("Дорж", country.issue("Дорж"))
    revoked = {officer.signer: NOW - timedelta(hours=2)} if told == "revoked" else {}
    country.responder.knows([], revoked)

    made = bundle(country, officer, tmp_path)
    report = verify(country, made.path)

    assert made.signature_level == "B-T"
    standing = [check.outcome for check in report.checks if check.id == "signer.revocation"]
    assert (Outcome.FAILED if told == "revoked" else Outcome.NOT_CHECKED) in standing
