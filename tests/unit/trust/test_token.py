"""Keys in tokens, with SoftHSM2: they sign like any other key, and what is wrong with a token is said."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.errors import SigningError, TokenError
from evidence_kit.pdf.check import check_pdf
from evidence_kit.pdf.sign import sign_pdf
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.cms import sign_detached, verify_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.token import TokenPlace, open_token
from tests.support.pdfs import make_pdf
from tests.support.tokens import PIN, SoftTokens

NOW = datetime.now(UTC).replace(microsecond=0)
DATA = "нотлох баримт\n".encode()
KINDS = ("p256", "p384", "rsa3072")


@pytest.fixture
def tokens(soft_tokens: SoftTokens, tmp_path: Path) -> Iterator[SoftTokens]:
    """Return tokens of the test's own, put in."""
    own = soft_tokens.copy(tmp_path / "tokens")
    with own.inserted():
        yield own


def place(tokens: SoftTokens, key: str, *, name: str = "Дорж") -> TokenPlace:
    return TokenPlace(library=tokens.library, token=name, key=key)


def problem(where: TokenPlace, pin: str = PIN) -> str:
    with pytest.raises(TokenError) as raised:
        open_token(where, pin.encode()).sign(DATA)
    return raised.value.problem


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_in_a_token_signs_what_our_verifier_and_openssl_accept(
    tokens: SoftTokens, tmp_path: Path, oracle: Callable[[str], Path], kind: str
) -> None:
    signer = open_token(place(tokens, kind), PIN.encode())

    signature = sign_detached(sha256_bytes(DATA), signer, at=NOW, with_chain=True)

    facts = verify_detached(signature, sha256_bytes(DATA), [signer.certificate, *signer.chain])
    assert facts.certificate == signer.certificate
    assert [issuer.subject for issuer in signer.chain] == ["Нэгж", "Үндсэн"]
    (tmp_path / "s.p7s").write_bytes(signature)
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "chain.pem").write_bytes(b"".join(issuer.pem() for issuer in signer.chain))
    command = [str(oracle("openssl")), "cms", "-verify", "-cades", "-binary", "-purpose", "any", "-inform", "DER"]
    files = ["-in", "s.p7s", "-content", "data", "-CAfile", "chain.pem", "-out", "out"]
    subprocess.run([*command, *files], cwd=tmp_path, check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_in_a_token_signs_a_pdf(tokens: SoftTokens, tmp_path: Path, kind: str) -> None:
    signer = open_token(place(tokens, kind), PIN.encode())

    sign_pdf(make_pdf(tmp_path / "a.pdf"), tmp_path / "b.pdf", signer=signer, reason="", location="", now=NOW)

    found = check_pdf(tmp_path / "b.pdf")
    assert found.whole_and_valid
    assert found.signatures[0].certificate == signer.certificate


def test_one_login_serves_many_signatures(tokens: SoftTokens) -> None:
    signer = open_token(place(tokens, "p256"), PIN.encode())

    assert len({signer.sign(DATA) for _ in range(50)}) == 50


def test_a_key_that_wants_the_pin_for_every_signature_gets_it(tokens: SoftTokens) -> None:
    signer = open_token(place(tokens, "always"), PIN.encode())

    assert len({signer.sign(DATA) for _ in range(3)}) == 3


def test_a_certificate_that_the_token_lacks_may_come_from_a_file(
    tokens: SoftTokens, token_certificates: dict[str, Certificate]
) -> None:
    others = [token_certificates[name] for name in ("bare", "unit", "root")]

    signer = open_token(place(tokens, "bare"), PIN.encode(), others)

    assert signer.certificate == token_certificates["bare"]
    assert signer.chain == (token_certificates["unit"], token_certificates["root"])
    assert signer.sign(DATA)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("nobody", "key-missing"),
        ("bare", "certificate-missing"),
        ("foreign", "mismatch"),
        ("twin", "key-ambiguous"),
    ],
)
def test_what_is_wrong_with_a_key_in_a_token_is_said(tokens: SoftTokens, key: str, said: str) -> None:
    assert problem(place(tokens, key)) == said


@pytest.mark.parametrize("kind", ["rsa2048", "p521"])
def test_a_weaker_or_other_kind_of_key_is_refused_with_its_kind(tokens: SoftTokens, kind: str) -> None:
    told = {"rsa2048": "RSA of 2,048 bits", "p521": "secp521r1"}[kind]

    with pytest.raises(SigningError, match=f"{told}.*; accepted are P-256, P-384 and RSA of 3,072 bits or more"):
        open_token(place(tokens, kind), PIN.encode())


def test_a_wrong_or_missing_pin_is_said_and_an_empty_one_is_not_tried(tokens: SoftTokens) -> None:
    assert problem(place(tokens, "p256"), "9999") == "pin-wrong"
    assert problem(place(tokens, "p256"), "") == "pin-missing"
    assert open_token(place(tokens, "p256"), PIN.encode()).sign(DATA)


def test_a_token_that_is_not_there_is_told_with_those_that_are(tokens: SoftTokens) -> None:
    with pytest.raises(TokenError, match="there is no token 'Сүрэн'; there are: 'Дорж', 'Хоёр', 'Хоёр'"):
        open_token(place(tokens, "p256", name="Сүрэн"), PIN.encode())


def test_two_tokens_of_one_name_are_not_guessed_between(tokens: SoftTokens) -> None:
    assert problem(place(tokens, "p256", name="Хоёр")) == "token-ambiguous"


@pytest.mark.parametrize("name", ["none.so", "text.so"])
def test_a_library_that_is_none_is_told(tokens: SoftTokens, tmp_path: Path, name: str) -> None:
    (tmp_path / "text.so").write_text("no library", encoding="utf-8")

    assert problem(replace(place(tokens, "p256"), library=tmp_path / name)) == "library"


@pytest.mark.parametrize("kind", ["p256", "rsa3072"])
def test_a_token_that_is_pulled_out_in_the_middle_is_told(tokens: SoftTokens, kind: str) -> None:
    signer = open_token(place(tokens, kind), PIN.encode())
    assert signer.sign(DATA)

    tokens.pull_out()

    with pytest.raises(TokenError) as raised:
        signer.sign(DATA)
    assert raised.value.problem == "lost"
