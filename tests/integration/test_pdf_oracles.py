"""Signed PDFs before other people's programs: pdfsig, qpdf and openssl, and a real time-stamping authority."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from evidence_kit.errors import TimestampError
from evidence_kit.pdf.check import check_pdf
from evidence_kit.pdf.findings import Level
from evidence_kit.pdf.sign import sign_pdf
from evidence_kit.trust.certificates import load_certificates
from evidence_kit.trust.keys import Signer
from tests.support.pdfs import NOW, make_pdf, place_of_signature, practice_signer, rsa_signer
from tests.support.tsa import Answer, OpensslTsa

pytestmark = [pytest.mark.network, pytest.mark.oracle]

Oracle = Callable[[str], Path]


def run(program: Path, *arguments: str | Path) -> str:
    done = subprocess.run([program, *arguments], check=True, capture_output=True, timeout=60)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def sign(folder: Path, signer: Signer, *tsa: str, name: str = "signed.pdf") -> Path:
    source = make_pdf(folder / f"source-of-{name}")
    sign_pdf(source, folder / name, signer=signer, reason="r", location="l", now=NOW, tsa=tsa)
    return folder / name


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_pdfsig_and_qpdf_accept_a_stamped_signature(tmp_path: Path, tsa: OpensslTsa, oracle: Oracle, kind: str) -> None:
    signed = sign(tmp_path, practice_signer() if kind == "ecdsa" else rsa_signer(), tsa.url)

    said = run(oracle("pdfsig"), "-nocert", signed)

    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    assert "No syntax or stream encoding errors" in run(oracle("qpdf"), "--check", signed)


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_openssl_verifies_the_signature_of_a_stamped_report(
    tmp_path: Path, tsa: OpensslTsa, oracle: Oracle, kind: str
) -> None:
    signer = practice_signer() if kind == "ecdsa" else rsa_signer()
    data = sign(tmp_path, signer, tsa.url).read_bytes()
    start, end = place_of_signature(data)
    (tmp_path / "x.tbs").write_bytes(data[:start] + data[end:])
    (tmp_path / "x.cms").write_bytes(bytes.fromhex(data[start + 1 : end - 1].decode("ascii")))
    (tmp_path / "chain.pem").write_bytes(b"".join(issuer.pem() for issuer in signer.chain))
    at = str(int((NOW + timedelta(minutes=1)).timestamp()))

    said = run(
        oracle("openssl"), *("cms", "-verify", "-cades", "-inform", "DER", "-in", tmp_path / "x.cms", "-binary"),
        *("-content", tmp_path / "x.tbs", "-CAfile", tmp_path / "chain.pem", "-purpose", "any", "-attime", at),
        *("-out", tmp_path / "x.out"),
    )  # fmt: skip

    assert "CAdES Verification successful" in said or "CMS Verification successful" in said
    assert (tmp_path / "x.out").read_bytes() == data[:start] + data[end:]


def test_a_stamped_signature_says_when_and_by_whom(tmp_path: Path, tsa: OpensslTsa) -> None:
    source = make_pdf(tmp_path / "a.pdf")

    made = sign_pdf(
        source, tmp_path / "b.pdf", signer=practice_signer(), reason="r", location="l", now=NOW, tsa=[tsa.url]
    )
    found = check_pdf(tmp_path / "b.pdf")

    (signature,) = found.signatures
    assert found.whole_and_valid
    assert made.level is signature.level is Level.T
    assert made.tsa == tsa.url
    assert signature.stamp is not None
    assert signature.stamp.intact
    assert made.stamped == signature.stamp.time
    assert timedelta(seconds=-5) < signature.stamp.time - NOW < timedelta(hours=1)
    assert signature.stamp.certificate == load_certificates(tsa.certificate_pem.read_bytes())[0]
    assert signature.unproven == ()


def test_one_stamp_is_asked_for_and_no_more(tmp_path: Path, tsa: OpensslTsa) -> None:
    before = tsa.requests

    sign(tmp_path, practice_signer(), tsa.url)

    assert tsa.requests == before + 1


@pytest.mark.parametrize("options", [{"include_root": False}, {"rsa": True}])
def test_other_shapes_of_tokens_are_taken(tmp_path: Path, oracle: Oracle, options: dict[str, bool]) -> None:
    oracle("openssl")
    with OpensslTsa(**options) as authority:  # type: ignore[arg-type]  # both are booleans
        found = check_pdf(sign(tmp_path, practice_signer(), authority.url))

    assert found.whole_and_valid
    assert found.signatures[0].level is Level.T


@pytest.mark.parametrize("answer", ["refused", "garbage", "error", "empty"])
def test_an_authority_that_gives_no_token_is_an_error_and_leaves_nothing(
    tmp_path: Path, tsa: OpensslTsa, answer: Answer
) -> None:
    tsa.answer = answer
    try:
        with pytest.raises(TimestampError):
            sign(tmp_path, practice_signer(), tsa.url)
    finally:
        tsa.answer = "granted"

    assert [path.name for path in tmp_path.iterdir()] == ["source-of-signed.pdf"]


def test_the_next_authority_is_asked_when_one_does_not_answer(tmp_path: Path, tsa: OpensslTsa) -> None:
    source = make_pdf(tmp_path / "a.pdf")
    addresses = ["http://127.0.0.1:9/tsa", tsa.url]

    made = sign_pdf(
        source, tmp_path / "b.pdf", signer=practice_signer(), reason="r", location="l", now=NOW, tsa=addresses
    )

    assert made.tsa == tsa.url


def test_an_authority_that_is_too_slow_is_given_up(tmp_path: Path, tsa: OpensslTsa) -> None:
    tsa.delay = 1.0
    try:
        with pytest.raises(TimestampError, match="timed out"):
            sign_pdf(
                make_pdf(tmp_path / "a.pdf"), tmp_path / "b.pdf",
                signer=practice_signer(), reason="r", location="l", now=NOW, tsa=[tsa.url], timeout=0.2,
            )  # fmt: skip
    finally:
        tsa.delay = 0.0


def test_a_bit_flipped_in_a_stamped_signature_is_noticed_everywhere(tmp_path: Path, tsa: OpensslTsa) -> None:
    data = sign(tmp_path, practice_signer(), tsa.url).read_bytes()
    start, end = place_of_signature(data)
    used = start + 1 + len(data[start + 1 : end - 1].rstrip(b"0"))

    for position in range(start, used, 53):
        altered = bytearray(data)
        altered[position] = ord("0") if altered[position] != ord("0") else ord("8")
        found = check_pdf(BytesIO(bytes(altered)))
        assert not found.whole_and_valid or any(s.unproven for s in found.signatures), f"byte {position}"


def test_a_stamp_of_another_signature_is_not_intact(tmp_path: Path, tsa: OpensslTsa) -> None:
    signer = practice_signer()
    one = sign(tmp_path, signer, tsa.url, name="one.pdf").read_bytes()
    two = sign(tmp_path, signer, tsa.url, name="two.pdf").read_bytes()
    (start, end), (other_start, other_end) = place_of_signature(one), place_of_signature(two)

    found = check_pdf(BytesIO(one[:start] + two[other_start:other_end] + one[end:]))

    assert not found.signatures[0].digest_intact
    assert not found.whole_and_valid
