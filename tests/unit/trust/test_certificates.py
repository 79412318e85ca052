"""Who may be believed, and why."""

import ssl
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from evidence_kit.errors import FormatError
from evidence_kit.models import Trust
from evidence_kit.trust.certificates import Certificate, chain_of, leads_to_root, load_certificates
from evidence_kit.trust.judging import TrustedRoots, judge
from evidence_kit.trust.revocation import read_statement
from tests.support.people import SetClock, practice_custodian, roots_of
from tests.support.pki import Authority, nested_certificate


def test_a_practice_certificate_is_practice_under_its_own_installations_root() -> None:
    custodian = practice_custodian()
    signer = custodian.signer

    found = judge(signer.certificate, signer.chain, roots_of(signer), at=custodian.clock())

    assert found.trust is Trust.PRACTICE


def test_a_practice_certificate_is_claimed_anywhere_else() -> None:
    custodian, other = practice_custodian(), practice_custodian()

    found = judge(custodian.signer.certificate, custodian.signer.chain, roots_of(other.signer), at=custodian.clock())

    assert found.trust is Trust.CLAIMED


def test_a_practice_certificate_is_never_established_even_under_a_trusted_root() -> None:
    custodian = practice_custodian()
    roots = TrustedRoots(established=custodian.signer.chain)

    found = judge(custodian.signer.certificate, custodian.signer.chain, roots, at=custodian.clock())

    assert found.trust is Trust.CLAIMED


def test_a_certificate_under_a_trusted_root_is_established_through_an_intermediate() -> None:
    clock = SetClock()
    root = Authority("Agency root", clock=clock)
    intermediate = root.issue_authority("Agency unit")
    signer = intermediate.issue("Officer")

    found = judge(
        signer.certificate, [intermediate.certificate], TrustedRoots(established=(root.certificate,)), at=clock()
    )

    assert found.trust is Trust.ESTABLISHED


def test_a_root_of_the_same_name_establishes_nothing() -> None:
    clock = SetClock()
    signer = Authority("Agency root", clock=clock).issue("Officer")
    real = Authority("Agency root", clock=clock)

    found = judge(signer.certificate, signer.chain, TrustedRoots(established=(real.certificate,)), at=clock())

    assert found.trust is Trust.CLAIMED


def test_a_self_signed_certificate_does_not_vouch_for_itself() -> None:
    clock = SetClock()
    root = Authority("Agency root", clock=clock)

    assert leads_to_root(root.certificate, [], [root.certificate], at=clock()) == "no trusted root is known"


def test_an_expired_certificate_leads_nowhere() -> None:
    clock = SetClock()
    root = Authority("Agency root", clock=clock)
    signer = root.issue("Officer")

    assert leads_to_root(signer.certificate, [], [root.certificate], at=clock()) is None
    assert leads_to_root(signer.certificate, [], [root.certificate], at=clock() + timedelta(days=4000)) is not None


def test_a_certificate_that_is_no_authority_issues_nothing() -> None:
    clock = SetClock()
    root = Authority("Agency root", clock=clock)
    middle = root.issue_as_authority_without_being_one("Officer 1")
    forged = middle.issue("Officer 2")

    assert leads_to_root(forged.certificate, [middle.certificate], [root.certificate], at=clock()) is not None


def test_a_chain_is_found_in_any_order_and_ends_at_the_root() -> None:
    clock = SetClock()
    root = Authority("Root", clock=clock)
    unit = root.issue_authority("Unit")
    signer = unit.issue("Officer")

    assert chain_of(signer.certificate, [root.certificate, signer.certificate, unit.certificate]) == (
        unit.certificate,
        root.certificate,
    )


@pytest.mark.parametrize(
    "data", [b"", b"text", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x30\x03\x02\x01\x01"]
)
def test_what_is_no_certificate_is_refused_clearly(data: bytes) -> None:
    with pytest.raises(FormatError):
        load_certificates(data)
    with pytest.raises(FormatError):
        _ = Certificate(data).x509


@pytest.mark.parametrize("serial", [0, -5])
def test_a_serial_number_that_is_not_positive_is_refused_without_a_warning(
    tmp_path: Path, oracle: Callable[[str], Path], serial: int
) -> None:
    """`cryptography` makes no such certificate, and warns on standard error of each that it reads."""
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "certificate.pem")]
    name = ["-set_serial", str(serial), "-subj", "/CN=x"]
    subprocess.run([str(oracle("openssl")), "req", "-x509", *curve, *files, *name], check=True, capture_output=True)
    pem = (tmp_path / "certificate.pem").read_bytes()
    der = ssl.PEM_cert_to_DER_cert(pem.decode())

    for read in (lambda: load_certificates(pem), lambda: load_certificates(der), lambda: Certificate(der).x509):
        with pytest.raises(FormatError, match="serial number"):
            read()


@pytest.mark.parametrize("depth", [33, 3000])
def test_algorithms_that_lie_endlessly_in_each_other_are_refused_and_do_not_end_the_process(depth: int) -> None:
    """The parser calls itself for each: it would overflow its stack."""
    data = nested_certificate(depth)
    pem = ssl.DER_cert_to_PEM_cert(data).encode("ascii")

    for read in (lambda: Certificate(data).x509, lambda: load_certificates(data), lambda: load_certificates(pem)):
        with pytest.raises(FormatError):
            read()
    for kind in ("crl", "ocsp"):
        with pytest.raises(FormatError):
            read_statement(kind, data)


def test_an_extension_with_a_number_that_nobody_knows_makes_it_no_certificate() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.24"), b"\x30\x03\x02\x01\x63")
    signer = Authority("Root", clock=SetClock()).issue("Officer", extensions=[unknown])

    with pytest.raises(FormatError):
        _ = Certificate(signer.certificate.der).x509


def test_a_few_algorithms_may_lie_in_each_other() -> None:
    assert Certificate(nested_certificate(32)).subject == "Nested"
