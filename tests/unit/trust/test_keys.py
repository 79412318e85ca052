"""Which kinds of keys sign, from files, and that a verifier refuses the others whoever used them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from evidence_kit.errors import FormatError, SigningError
from evidence_kit.models import Officer
from evidence_kit.trust import certificates
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.cms import sign_detached, verify_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.keys import PrivateKey, make_practice_signer, open_pem, open_pkcs12, write_pkcs12
from tests.support.people import SetClock
from tests.support.pki import Authority
from tests.support.tokens import new_key

NOW = datetime.now(UTC).replace(microsecond=0)
AUTHORITY = Authority("Гэрчилгээжүүлэгч", clock=SetClock(NOW))
DIGEST = sha256_bytes(b"data")
REFUSED = {"rsa2048": "RSA of 2,048 bits", "p521": "an elliptic curve key on secp521r1"}


@pytest.mark.parametrize("kind", ["p256", "p384", "rsa3072"])
def test_accepted_kinds_open_from_files_and_sign(tmp_path: Path, kind: str) -> None:
    (tmp_path / "key.p12").write_bytes(write_pkcs12(AUTHORITY.issue("Дорж", key=new_key(kind)), b"secret"))

    signer = open_pkcs12(tmp_path / "key.p12", b"secret")

    signature = sign_detached(DIGEST, signer, at=NOW, with_chain=True)
    assert verify_detached(signature, DIGEST, [signer.certificate, *signer.chain]).certificate == signer.certificate


@pytest.mark.parametrize("kind", REFUSED)
def test_weaker_and_other_kinds_are_refused_from_both_kinds_of_files(tmp_path: Path, kind: str) -> None:
    signer = AUTHORITY.issue("Дорж", key=new_key(kind))
    assert isinstance(signer.key, PrivateKey)
    (tmp_path / "key.p12").write_bytes(write_pkcs12(signer, b"secret"))
    (tmp_path / "key.pem").write_bytes(signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "cert.pem").write_bytes(signer.certificate.pem())
    reason = f"{REFUSED[kind]}; accepted are P-256, P-384 and RSA of 3,072 bits or more"

    with pytest.raises(SigningError, match=reason):
        open_pkcs12(tmp_path / "key.p12", b"secret")
    with pytest.raises(SigningError, match=reason):
        open_pem(tmp_path / "key.pem", tmp_path / "cert.pem", b"")


def test_a_key_that_does_not_belong_to_the_certificate_is_refused(tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "cert.pem").write_bytes(AUTHORITY.issue("Дорж").certificate.pem())

    with pytest.raises(SigningError, match="does not belong to the key"):
        open_pem(tmp_path / "key.pem", tmp_path / "cert.pem", b"")


def test_a_good_signature_of_a_weak_key_is_refused_by_the_verifier(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = AUTHORITY.issue("Дорж", key=new_key("rsa2048"))
    with monkeypatch.context() as careless:
        careless.setattr(certificates, "_SIGNER_RSA_BITS", 2048)  # as a program that takes such keys would be
        signature = sign_detached(DIGEST, signer, at=NOW, with_chain=True)
        facts = verify_detached(signature, DIGEST, [signer.certificate, *signer.chain])
    assert facts.certificate == signer.certificate

    # Read anew: what was found of a certificate once is not looked for again.
    certificates_again = [Certificate(each.der) for each in (signer.certificate, *signer.chain)]
    with pytest.raises(FormatError, match="RSA of 2,048 bits"):
        verify_detached(signature, DIGEST, certificates_again)


@pytest.mark.parametrize("name", ["Ө" * 26, "Ө" * 27, "Цэрэндоржийн Оюунчимэг-Эрдэнэ", "w" * 200])
def test_a_name_of_any_length_gets_a_practice_certificate_that_says_so(name: str) -> None:
    officer = Officer(name=name, id="1", role="r", agency="Зохиомол газрын кибер гэмт хэрэгтэй тэмцэх алба" * 2)

    subject = make_practice_signer(officer, now=datetime.now(UTC)).certificate.subject

    assert subject.endswith(" (PRACTICE)")
    assert name.startswith(subject.removesuffix(" (PRACTICE)"))
    assert len(subject) > 36
