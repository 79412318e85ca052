"""The pictures of signatures on a report's cover: in their boxes, in plain words, and worth nothing to the verifier."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from PIL import Image
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from evidence_kit.bundle.report import render_report
from evidence_kit.bundle.report_model import Language, ReportData, Volume
from evidence_kit.bundle.signature_picture import signature_picture
from evidence_kit.models import Outcome, Trust, Verdict, VerificationReport
from evidence_kit.pdf.check import check_pdf
from evidence_kit.pdf.sign import sign_pdf
from evidence_kit.pdf.signature_pictures import show_picture
from evidence_kit.trust.keys import Signer
from evidence_kit.verify import verify_path
from tests.support.pdfs import NOW, make_pdf, practice_signer
from tests.support.people import SetClock, roots_of
from tests.support.pki import Authority
from tests.support.report_cases import MOMENT, exhibit_of, report_of

pytestmark = pytest.mark.oracle

Oracle = Callable[[str], Path]
OFFICER = practice_signer("Д. Туяа")
SECOND = practice_signer("Б. Сараа")
ONLY = {"en": "This is only a picture and proves nothing.", "mn": "Энэ бол зөвхөн зураг, юуг ч нотлохгүй."}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[Language, Path]:
    folder = tmp_path_factory.mktemp("reports")
    lists: dict[str, Path | bytes] = {"evidence-sha256.txt": b"list\n", "custody.jsonl": b"{}\n"}
    for language in Language:
        set_report(report_of(exhibit_of(1)), folder / f"{language}.pdf", language, attached=lists)
    return {language: folder / f"{language}.pdf" for language in Language}


def set_report(
    data: ReportData,
    path: Path,
    language: Language,
    *,
    volume: int = 1,
    attached: dict[str, Path | bytes] | None = None,
) -> None:
    render_report(
        data, path, language=language, attachments=attached or {}, timestamp=MOMENT, volume=volume, font_folders=()
    )


def sign(source: Path, target: Path, signer: Signer, language: Language = Language.BOTH) -> Path:
    picture = signature_picture(signer.certificate, NOW, language)
    sign_pdf(source, target, signer=signer, reason="", location="", now=NOW, picture=picture)
    return target


def drawn(path: Path, oracle: Oracle, page: int = 1) -> list[bool]:
    """Whether something is drawn in each of the boxes."""
    only = ("-f", str(page), "-l", str(page), "-singlefile")
    subprocess.run([oracle("pdftoppm"), "-r", "100", *only, "-png", path, path.with_suffix("")], check=True, timeout=60)
    with pikepdf.open(path) as pdf, Image.open(path.with_suffix(".png")) as picture:
        height = float(pdf.pages[page - 1].mediabox[3])
        boxes = [[float(edge) for edge in field.Rect] for field in pdf.Root.AcroForm.Fields]
        parts = [
            picture.convert("L").crop(
                tuple(round(edge * 100 / 72) for edge in (left + 4, height - top + 4, right - 4, height - bottom - 4))  # type: ignore[arg-type]
            )
            for left, bottom, right, top in boxes
            if right > 0
        ]
    return [part.getextrema()[0] != part.getextrema()[1] for part in parts]


def words(picture: bytes, folder: Path, oracle: Oracle) -> str:
    (folder / "picture.pdf").write_bytes(picture)
    told = subprocess.run(
        [oracle("pdftotext"), folder / "picture.pdf", "-"], check=True, capture_output=True, timeout=60
    )
    return " ".join(told.stdout.decode("utf-8").split())


def verify(path: Path) -> VerificationReport:
    return verify_path(path, roots=roots_of(OFFICER), clock=SetClock(NOW), check_pdf=check_pdf)


@pytest.mark.parametrize("language", [*Language])
def test_the_cover_keeps_a_box_for_each_of_two_signatures_and_each_is_filled_in_its_turn(
    language: Language, reports: dict[Language, Path], tmp_path: Path, oracle: Oracle
) -> None:
    unsigned = tmp_path / "unsigned.pdf"
    unsigned.write_bytes(reports[language].read_bytes())
    once = sign(unsigned, tmp_path / "once.pdf", OFFICER, language)
    twice = sign(once, tmp_path / "twice.pdf", SECOND, language)

    assert drawn(unsigned, oracle) == [False, False]
    assert drawn(once, oracle) == [True, False]
    assert drawn(twice, oracle) == [True, True]


def test_a_third_signature_has_no_box_and_no_picture(
    reports: dict[Language, Path], tmp_path: Path, oracle: Oracle
) -> None:
    signers = (OFFICER, SECOND, practice_signer("Third"))
    thrice = reports[Language.ENGLISH]
    for number, signer in enumerate(signers):
        thrice = sign(thrice, tmp_path / f"{number}.pdf", signer)

    assert drawn(thrice, oracle) == [True, True]
    with pikepdf.open(thrice) as pdf:
        fields = pdf.Root.AcroForm.Fields
        assert [str(field.T) for field in fields] == ["Signature1", "Signature2", "Signature3"]
        assert [float(edge) for edge in fields[2].Rect] == [-9999] * 4
    assert check_pdf(thrice).whole_and_valid


def test_a_later_volume_has_its_boxes_on_its_first_page(tmp_path: Path, oracle: Oracle) -> None:
    volumes = tuple(Volume(number=number, name=f"report-0{number}.pdf", exhibits=(number,)) for number in (1, 2))
    set_report(
        replace(report_of(exhibit_of(1), exhibit_of(2)), volumes=volumes),
        tmp_path / "second.pdf",
        Language.ENGLISH,
        volume=2,
    )

    assert drawn(sign(tmp_path / "second.pdf", tmp_path / "signed.pdf", OFFICER), oracle) == [True, False]


def test_a_picture_says_who_signed_by_whose_certificate_when_in_both_times_and_that_it_proves_nothing(
    tmp_path: Path, oracle: Oracle
) -> None:
    told = {
        language: words(signature_picture(OFFICER.certificate, NOW, language), tmp_path, oracle)
        for language in Language
    }

    for language, text in told.items():
        spoken = [each for each in ("mn", "en") if language in {each, "both"}]
        assert OFFICER.certificate.subject in text
        assert OFFICER.certificate.issuer in text
        assert f"{NOW:%Y-%m-%dT%H:%M:%SZ}" in text
        assert "UTC+8" in text
        assert [each for each in ONLY if ONLY[each] in text] == sorted(spoken)
    assert "PRACTICE" in told[Language.ENGLISH]
    assert "СУРГАЛТ" in told[Language.MONGOLIAN]


def test_only_a_practice_certificate_is_called_that(tmp_path: Path, oracle: Oracle) -> None:
    signer = Authority("Root", clock=lambda: NOW).issue("Ө. Үүрийнтуяа")

    text = words(signature_picture(signer.certificate, NOW, Language.BOTH), tmp_path, oracle)

    assert "Ө. Үүрийнтуяа" in text
    assert "СУРГАЛТ" not in text


@pytest.mark.parametrize(
    "name",
    ["W" * 60, "Өргөн овогт " * 2, '#panic("x") $x^2$ *b* <l> @r', "\u202egnp.exe \u200b\u2066ab", "\u4e2d" * 18],
)
def test_a_name_of_any_kind_stays_within_its_box_and_hides_nothing(name: str, tmp_path: Path, oracle: Oracle) -> None:
    signer = Authority("Root " + name[:20], clock=lambda: NOW).issue(name[:60])

    made = {language: signature_picture(signer.certificate, NOW, language) for language in Language}

    for language, picture in made.items():
        text = words(picture, tmp_path, oracle)
        assert not {"\u202e", "\u200b", "\u2066"} & set(text)
        assert any(ONLY[each] in text for each in ("mn", "en") if language in {each, "both"})
        with pikepdf.open(tmp_path / "picture.pdf") as pdf:
            assert len(pdf.pages) == 1


def test_what_a_picture_says_is_nothing_to_the_verifier(reports: dict[Language, Path], tmp_path: Path) -> None:
    """Whoever makes a report may show any name: who signed stands in the certificate alone."""
    picture = signature_picture(SECOND.certificate, NOW, Language.BOTH)
    lying = tmp_path / "lying.pdf"
    sign_pdf(reports[Language.BOTH], lying, signer=OFFICER, reason="", location="", now=NOW, picture=picture)

    report = verify(lying)

    assert [(signer.name, signer.trust) for signer in report.signers] == [(OFFICER.certificate.subject, Trust.PRACTICE)]


def altered(report: VerificationReport) -> bool:
    failed = {check.id for check in report.checks if check.outcome is Outcome.FAILED}
    return report.verdict is Verdict.ALTERED and "report.signature" in failed


def show_in(path: Path, field: str) -> None:
    """Append a revision in which *field* shows the picture of somebody else's signature."""
    with path.open("rb+") as stream:
        writer = IncrementalPdfFileWriter(stream)
        show_picture(writer, field, signature_picture(SECOND.certificate, NOW, Language.BOTH))
        writer.write_in_place()  # type: ignore[no-untyped-call]  # pyHanko gives it no types


def test_a_picture_in_an_empty_box_without_a_signature_is_an_alteration(
    reports: dict[Language, Path], tmp_path: Path, oracle: Oracle
) -> None:
    signed = sign(reports[Language.BOTH], tmp_path / "signed.pdf", OFFICER)
    assert not altered(verify(signed))

    show_in(signed, "Signature2")

    assert drawn(signed, oracle) == [True, True]
    assert altered(verify(signed))


def test_a_picture_exchanged_under_a_further_signature_is_an_alteration(
    reports: dict[Language, Path], tmp_path: Path
) -> None:
    signed = sign(reports[Language.BOTH], tmp_path / "signed.pdf", OFFICER)
    with signed.open("rb+") as stream:
        writer = IncrementalPdfFileWriter(stream)
        field = writer.root["/AcroForm"]["/Fields"][0]
        field["/AP"] = writer.root["/AcroForm"]["/Fields"][1]["/AP"]
        writer.update_container(field)
        writer.write_in_place()  # type: ignore[no-untyped-call]  # pyHanko gives it no types

    sign(signed, tmp_path / "twice.pdf", SECOND)

    assert altered(verify(tmp_path / "twice.pdf"))


def test_a_pdf_without_boxes_is_signed_without_a_picture(tmp_path: Path) -> None:
    signed = sign(make_pdf(tmp_path / "plain.pdf"), tmp_path / "signed.pdf", OFFICER)

    assert check_pdf(signed).whole_and_valid
    with pikepdf.open(signed) as pdf:
        assert "/AP" not in pdf.Root.AcroForm.Fields[0]
