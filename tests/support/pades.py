"""A PKI to sign PDFs with: a root, an issuing authority with CRL and OCSP, and two time-stamping authorities."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from evidence_kit.pdf.sign import PdfSignature, sign_pdf
from evidence_kit.trust.certificates import Certificate, load_certificates
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.trust.keys import Signer
from evidence_kit.trust.revocation import OcspResponse, RevocationList, Statement
from evidence_kit.trust.validation_data import ValidationData
from tests.support.pdfs import NOW, make_pdf
from tests.support.pki import Authority
from tests.support.tsa import OpensslTsa

DAY = timedelta(days=1)
PLACE = [
    x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier("http://127.0.0.1:9/crl")], None, None, None)]
    )
]
LISTS = {"evidence-sha256.txt": b"a", "custody.jsonl": b"b"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pki:
    """All of it."""

    root: Authority
    issuing: Authority
    officer: Signer
    stamping: tuple[OpensslTsa, OpensslTsa]
    statements: tuple[Statement, ...]

    @property
    def stamping_roots(self) -> tuple[Certificate, ...]:
        """The roots above the TSAs."""
        return tuple(load_certificates(tsa.root_pem.read_bytes())[0] for tsa in self.stamping)

    @property
    def known(self) -> ValidationData:
        """What a case would keep of this PKI."""
        units = tuple(load_certificates(tsa.certificate_pem.read_bytes())[0] for tsa in self.stamping)
        return ValidationData(certificates=(*self.stamping_roots, *units), statements=self.statements)

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of the TSAs."""
        return tuple(tsa.url for tsa in self.stamping)

    @property
    def trusted(self) -> TrustedRoots:
        """What a court would trust."""
        return TrustedRoots(established=(self.root.certificate, *self.stamping_roots))


@contextmanager
def practice_pki() -> Iterator[Pki]:
    """Give a PKI whose TSAs answer on the loopback interface; statements are read as if they had been fetched."""
    url = "http://127.0.0.1:9/crl"
    root = Authority("Practice root", clock=lambda: NOW)
    issuing = root.issue_authority("Practice issuing authority", extensions=PLACE)
    officer = issuing.issue("Ө. Үүрийнтуяа", extensions=PLACE)
    with OpensslTsa(name="First", crl_url=url) as first, OpensslTsa(name="Second", crl_url=url) as second:
        since, until = NOW - DAY, NOW + DAY
        statements: tuple[Statement, ...] = (
            RevocationList(root.crl({}, since=since, until=until)),
            OcspResponse(issuing.ocsp(officer.certificate, since=since, until=until)),
            *(RevocationList(tsa.crl(since=since, until=until)) for tsa in (first, second)),
        )
        yield Pki(root=root, issuing=issuing, officer=officer, stamping=(first, second), statements=statements)


def sign(  # noqa: PLR0913  # each test varies one
    pki: Pki,
    folder: Path,
    name: str = "signed.pdf",
    *,
    source: Path | None = None,
    signer: Signer | None = None,
    known: ValidationData | None = None,
    tsa: tuple[str, ...] | None = None,
) -> PdfSignature:
    """Sign *source*, or a new PDF, as *name* in *folder*."""
    return sign_pdf(
        source or make_pdf(folder / f"source-of-{name}", attached=LISTS),
        folder / name,
        signer=signer or pki.officer,
        reason="r",
        location="l",
        now=NOW,
        tsa=pki.urls if tsa is None else tsa,
        known=pki.known if known is None else known,
    )
