"""Whatever ends the signing of a PDF, nothing is left that looks signed, and the message says what to do."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from evidence_kit.errors import SigningError, TimestampError, TokenError
from evidence_kit.pdf.check import check_pdf
from evidence_kit.pdf.findings import Level
from evidence_kit.trust.keys import PrivateKey, Signer, open_pem, open_pkcs12, write_pkcs12
from evidence_kit.trust.revocation import OcspResponse
from evidence_kit.trust.token import TokenPlace, open_token
from evidence_kit.trust.validation_data import ValidationData
from tests.integration.test_durability import files_of_at_most
from tests.support.pades import DAY, PLACE, Pki, practice_pki, sign
from tests.support.pdfs import NOW, make_pdf
from tests.support.tokens import PIN, SoftTokens, describe, find_library, new_key, opened, put_certificate, put_key

pytestmark = [pytest.mark.network, pytest.mark.oracle]

posix = pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: limits as POSIX has them")


@pytest.fixture(scope="module")
def pki() -> Iterator[Pki]:
    with practice_pki() as made:
        yield made


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_pdf(tmp_path / "report.pdf")


def left(source: Path) -> list[str]:
    return sorted(path.name for path in source.parent.iterdir() if path.suffix == ".pdf")


def attempt(pki: Pki, source: Path, signer: Signer | None = None) -> Level:
    return sign(pki, source.parent, source=source, signer=signer).level


@posix
def test_a_disk_that_is_full_at_any_moment_leaves_no_pdf(pki: Pki, source: Path, tmp_path: Path) -> None:
    attempt(pki, source)
    whole = (tmp_path / "signed.pdf").stat().st_size
    (tmp_path / "signed.pdf").unlink()

    for size in range(1, whole, whole // 6):
        with files_of_at_most(size), pytest.raises(SigningError, match="File too large") as refused:
            attempt(pki, source)
        assert "room" in refused.value.hint
        assert left(source) == ["report.pdf"]


def test_a_token_that_is_pulled_out_before_it_signs_leaves_no_pdf(
    pki: Pki,
    soft_tokens: SoftTokens,
    source: Path,
    tmp_path: Path,
) -> None:
    own = soft_tokens.copy(tmp_path / "tokens")
    with own.inserted():
        signer = open_token(TokenPlace(library=own.library, token="Дорж", key="p256"), PIN.encode())
        own.pull_out()

        with pytest.raises(TokenError) as refused:
            attempt(pki, source, signer)

    assert refused.value.problem == "lost"
    assert left(source) == ["report.pdf"]


def test_an_authority_that_answers_nothing_leaves_no_pdf(pki: Pki, source: Path) -> None:
    with ExitStack() as silent:
        for tsa in pki.stamping:
            tsa.answer = "error"
            silent.callback(setattr, tsa, "answer", "granted")

        with pytest.raises(TimestampError, match="503"):
            attempt(pki, source)

    assert left(source) == ["report.pdf"]


def _pkcs12(folder: Path, signer: Signer) -> Callable[[bytes], Signer]:
    (folder / "key.p12").write_bytes(write_pkcs12(signer, b"right"))
    return lambda passphrase: open_pkcs12(folder / "key.p12", passphrase)


def _pem(folder: Path, signer: Signer) -> Callable[[bytes], Signer]:
    assert isinstance(signer.key, PrivateKey)
    data = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right"))
    (folder / "key.pem").write_bytes(data)
    (folder / "certificates.pem").write_bytes(b"".join(c.pem() for c in (signer.certificate, *signer.chain)))
    return lambda passphrase: open_pem(folder / "key.pem", folder / "certificates.pem", passphrase)


@pytest.mark.parametrize("keep", [_pkcs12, _pem])
def test_a_key_in_a_file_opens_with_its_passphrase_only_and_reaches_b_lta(
    pki: Pki, source: Path, tmp_path: Path, keep: Callable[[Path, Signer], Callable[[bytes], Signer]]
) -> None:
    opening = keep(tmp_path, pki.officer)

    with pytest.raises(SigningError, match="passphrase is wrong") as refused:
        opening(b"wrong")

    assert "passphrase" in refused.value.hint
    assert attempt(pki, source, opening(b"right")) is Level.LTA


def test_a_key_in_a_token_reaches_b_lta_too(pki: Pki, source: Path, tmp_path: Path) -> None:
    library = find_library()
    if library is None:
        pytest.skip("NOT TESTED: no SoftHSM2 to sign with; scripts/bootstrap.sh test installs it")
    key = new_key("p384")
    signer = pki.issuing.issue("Токен", key=key, extensions=PLACE)
    tokens = describe(library, tmp_path / "tokens")
    with tokens.inserted():
        tokens.make("Багц")
        with opened(tokens, "Багц") as session:
            put_key(session, key, "own", 1)
            put_certificate(session, signer.certificate, "own", 1)
        place = TokenPlace(library=library, token="Багц", key="own")
        held = open_token(place, PIN.encode(), others=signer.chain)
        told = OcspResponse(pki.issuing.ocsp(signer.certificate, since=NOW - DAY, until=NOW + DAY))
        known = ValidationData(certificates=pki.known.certificates, statements=(*pki.statements, told))

        made = sign(pki, tmp_path, source=source, signer=held, known=known)

    assert made.level is Level.LTA
    assert check_pdf(tmp_path / "signed.pdf").whole_and_valid
