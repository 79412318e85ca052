"""Signing PDFs, read back by the kit's own check; other people's programs have their say in the integration tests."""

from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from evidence_kit.errors import SigningError, TimestampError
from evidence_kit.pdf.check import check_pdf
from evidence_kit.pdf.findings import Changes, Coverage, Level
from evidence_kit.pdf.sign import PdfSignature, sign_pdf
from evidence_kit.trust.keys import Signer
from tests.support.pdfs import NOW, make_pdf, practice_signer, rsa_signer


def sign(source: Path, target: Path, signer: Signer, tsa: tuple[str, ...] = ()) -> PdfSignature:
    return sign_pdf(source, target, signer=signer, reason="Тэмдэглэл", location="Улаанбаатар", now=NOW, tsa=tsa)


def test_a_signed_pdf_is_whole_and_valid_and_says_who_when_and_why(tmp_path: Path) -> None:
    signer = practice_signer()

    made = sign(make_pdf(tmp_path / "report.pdf"), tmp_path / "signed.pdf", signer)
    found = check_pdf(tmp_path / "signed.pdf")

    (signature,) = found.signatures
    assert found.whole_and_valid
    assert made.level is signature.level is Level.B
    assert (made.stamped, made.tsa) == (None, None)
    assert signature.certificate == signer.certificate
    assert set(signature.embedded) == {signer.certificate, *signer.chain}
    assert (signature.claimed_time, signature.reason, signature.location) == (NOW, "Тэмдэглэл", "Улаанбаатар")
    assert signature.certifies
    assert signature.coverage is Coverage.FILE
    assert (signature.problems, signature.loose, signature.unproven) == ((), (), ())


def test_the_source_stays_as_it_was_and_its_last_line_is_completed_in_the_target(tmp_path: Path) -> None:
    source = make_pdf(tmp_path / "report.pdf")
    before = source.read_bytes()

    sign(source, tmp_path / "signed.pdf", practice_signer())

    assert before.endswith(b"%%EOF")
    assert source.read_bytes() == before
    assert (tmp_path / "signed.pdf").read_bytes().startswith(before + b"\n")


def test_an_rsa_key_below_an_intermediate_signs_too(tmp_path: Path) -> None:
    sign(make_pdf(tmp_path / "report.pdf"), tmp_path / "signed.pdf", rsa_signer())

    found = check_pdf(tmp_path / "signed.pdf")

    assert found.whole_and_valid
    assert found.signatures[0].unproven == ()


def test_an_intermediate_without_its_root_is_unproven_until_the_root_is_known(tmp_path: Path) -> None:
    signer = rsa_signer()
    intermediate, root = signer.chain
    sign(make_pdf(tmp_path / "report.pdf"), tmp_path / "signed.pdf", replace(signer, chain=(intermediate,)))

    alone = check_pdf(tmp_path / "signed.pdf")
    informed = check_pdf(tmp_path / "signed.pdf", known=[root])

    assert alone.signatures[0].unproven == (intermediate,)
    assert informed.signatures[0].unproven == ()


def test_a_second_officer_can_sign_what_the_first_certified(tmp_path: Path) -> None:
    sign(make_pdf(tmp_path / "report.pdf"), tmp_path / "once.pdf", practice_signer())
    sign(tmp_path / "once.pdf", tmp_path / "twice.pdf", practice_signer("Б. Сараа"))

    found = check_pdf(tmp_path / "twice.pdf")

    first, second = found.signatures
    assert found.whole_and_valid
    assert (first.certifies, first.coverage, first.changes) == (True, Coverage.REVISION, Changes.FORM)
    assert (second.certifies, second.coverage, second.changes) == (False, Coverage.FILE, Changes.NONE)


def test_an_existing_target_is_refused_and_kept(tmp_path: Path) -> None:
    source = make_pdf(tmp_path / "report.pdf")
    (tmp_path / "signed.pdf").write_bytes(b"precious")

    with pytest.raises(SigningError, match="exists already"):
        sign(source, tmp_path / "signed.pdf", practice_signer())

    assert (tmp_path / "signed.pdf").read_bytes() == b"precious"


def test_a_key_that_does_not_fit_its_certificate_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    source = make_pdf(tmp_path / "report.pdf")
    other = replace(practice_signer(), key=practice_signer().key)

    with pytest.raises(SigningError, match="does not hold when read back"):
        sign(source, tmp_path / "signed.pdf", other)

    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", b"not a PDF at all\n" * 100])
def test_what_is_no_pdf_is_refused_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "report.pdf"
    source.write_bytes(content)

    with pytest.raises(SigningError, match="cannot be signed"):
        sign(source, tmp_path / "signed.pdf", practice_signer())

    assert list(tmp_path.iterdir()) == [source]


def test_an_encrypted_pdf_is_refused(tmp_path: Path) -> None:
    with pikepdf.open(make_pdf(tmp_path / "plain.pdf")) as pdf:
        pdf.save(tmp_path / "report.pdf", encryption=pikepdf.Encryption(owner="o", user="u"))

    with pytest.raises(SigningError, match="encrypted"):
        sign(tmp_path / "report.pdf", tmp_path / "signed.pdf", practice_signer())


def test_an_authority_that_cannot_be_reached_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    source = make_pdf(tmp_path / "report.pdf")

    with pytest.raises(TimestampError, match="could not be reached"):
        sign(source, tmp_path / "signed.pdf", practice_signer(), ("http://127.0.0.1:9/tsa",))

    assert list(tmp_path.iterdir()) == [source]


def test_signing_in_a_folder_with_a_cyrillic_name_works(tmp_path: Path) -> None:
    folder = tmp_path / "Хэрэг № 12"
    folder.mkdir()

    sign(make_pdf(folder / "тайлан нэг.pdf"), folder / "гарын үсэг.pdf", practice_signer())

    assert check_pdf(folder / "гарын үсэг.pdf").whole_and_valid


def test_signing_and_checking_say_nothing_on_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sign(make_pdf(tmp_path / "report.pdf"), tmp_path / "signed.pdf", practice_signer())
    check_pdf(tmp_path / "signed.pdf")

    assert capfd.readouterr() == ("", "")
