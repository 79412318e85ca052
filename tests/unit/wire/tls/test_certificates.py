"""What a server's certificates say of a name and a time, and of each other."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from evidence_kit.wire.tls.certificates import read_certificates
from tests.support.accounts import DAY, Issuer

NOW = datetime.now(UTC)


def problems(*chain: x509.Certificate, name: str = "shop.example") -> tuple[str, ...]:
    ders = [certificate.public_bytes(Encoding.DER) for certificate in chain]
    return read_certificates(ders, name=name, at=NOW).problems


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ("shop.example", "shop.example"),
        ("shop.example", "SHOP.example"),
        ("shop.example", "shop.example."),
        ("*.shop.example", "www.shop.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8:0::7"),
    ],
)
def test_a_certificate_fits_the_names_it_bears(named: str, asked: str) -> None:
    issuer = Issuer()

    assert problems(issuer.leaf(named), issuer.certificate, name=asked) == ()


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ("shop.example", "other.example"),
        ("shop.example", "www.shop.example"),
        ("*.shop.example", "shop.example"),
        ("*.shop.example", "a.b.shop.example"),
        ("*.example", "shop.example"),
        ("192.0.2.7", "192.0.2.8"),
        ("shop.example", "192.0.2.7"),
    ],
)
def test_a_certificate_for_another_name_is_told(named: str, asked: str) -> None:
    issuer = Issuer()

    assert problems(issuer.leaf(named), issuer.certificate, name=asked) == (
        f"the server's certificate is not for {asked}",
    )


def test_a_certificate_without_names_is_told() -> None:
    issuer = Issuer()

    assert problems(issuer.leaf(), issuer.certificate) == ("the server's certificate names no host",)


def test_a_certificate_is_told_that_was_not_valid_at_the_time() -> None:
    issuer = Issuer()

    (early,) = problems(issuer.leaf("shop.example", begin=DAY), issuer.certificate)
    (late,) = problems(issuer.leaf("shop.example", begin=-30 * DAY), issuer.certificate)

    assert early.startswith("certificate 1 was not valid before 20")
    assert late.startswith("certificate 1 was valid until 20")


def test_a_chain_that_does_not_hold_together_is_told() -> None:
    issuer, namesake = Issuer(), Issuer()

    found = problems(issuer.leaf("shop.example"), namesake.certificate)

    assert found == ("certificate 1 was not signed by the next one",)


def test_a_chain_without_its_root_leads_to_the_name_of_its_issuer() -> None:
    leaf = Issuer("Somebody").leaf("shop.example")

    facts = read_certificates([leaf.public_bytes(Encoding.DER)], name="shop.example", at=NOW)

    assert (facts.leads_to, facts.problems) == ("CN=Somebody", ())


def test_a_certificate_that_vouches_for_itself_is_told() -> None:
    found = problems(Issuer().certificate)

    assert "the server's certificate is its own issuer" in found


def test_what_is_no_certificate_is_told() -> None:
    (problem,) = read_certificates([b"0"], name="shop.example", at=NOW).problems

    assert problem.startswith("a certificate cannot be read: ")


FEATURE, ONE, OTHER = (x509.ObjectIdentifier(each) for each in ("1.3.6.1.5.5.7.1.24", "1.2.3.4", "1.2.3.5"))
UNKNOWN: dict[str, tuple[x509.ObjectIdentifier, bytes, bytes]] = {
    "a version": (ONE, b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03"),
    "an extension twice": (ONE, b"\x06\x03\x2a\x03\x05", b"\x06\x03\x2a\x03\x04"),
    "a kind of name": (ONE, b"\x82\x0cshop.example", b"\xa5\x0c\x0c\x0aop.example"),
    "a TLS feature": (FEATURE, b"", b""),
}
"""An extension, and what stands in the place of something else in the certificate that has it."""


@pytest.mark.parametrize("what", UNKNOWN)
def test_a_certificate_with_what_nobody_knows_cannot_be_read(what: str) -> None:
    issuer, (kind, old, new) = Issuer(), UNKNOWN[what]
    builder = x509.CertificateBuilder(
        issuer_name=issuer.name, subject_name=issuer.name, public_key=issuer.key.public_key(), serial_number=7
    )
    builder = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    for extension in (
        x509.SubjectAlternativeName([x509.DNSName("shop.example")]),
        x509.UnrecognizedExtension(kind, b"\x30\x03\x02\x01\x06"),
        x509.UnrecognizedExtension(OTHER, b""),
    ):
        builder = builder.add_extension(extension, critical=False)
    der = builder.sign(issuer.key, SHA256()).public_bytes(Encoding.DER)

    (found,) = read_certificates([der.replace(old, new)], name="shop.example", at=NOW).problems

    assert found.startswith("a certificate cannot be read")
