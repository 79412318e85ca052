"""The unsigned report against the rules of PDF/A-3a and PDF/UA-1, and each rule against a report that breaks it."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from evidence_kit.bundle.report import SLICE_HEIGHT, SLICE_WIDTH, render_report
from evidence_kit.bundle.report_model import Language
from evidence_kit.pictures.viewing_copy import make_slices
from tests.support.pdf_rules import RULES
from tests.support.report_cases import MOMENT, exhibit_of, report_of, supplied_exhibit_of
from tests.support.transcript_cases import conversations_of

Oracle = Callable[[str], Path]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[Language, Path]:
    folder = tmp_path_factory.mktemp("reports")
    Image.linear_gradient("L").resize((1280, 1800)).convert("RGB").save(folder / "shot.png")
    shot = make_slices(folder / "shot.png", folder, page_width_px=SLICE_WIDTH, slice_height_px=SLICE_HEIGHT, blur=False)
    spoken = replace(exhibit_of(2), conversations=conversations_of())
    data = report_of(exhibit_of(1, screenshot=shot), spoken, supplied_exhibit_of(3))
    made = {}
    for language in Language:
        made[language] = folder / f"{language}.pdf"
        attached: dict[str, Path | bytes] = {"evidence-sha256.txt": b"00  data/case.json\n", "custody.jsonl": b"{}\n"}
        render_report(data, made[language], language=language, attachments=attached, timestamp=MOMENT, font_folders=())
    return made


@pytest.mark.parametrize("language", [*Language])
@pytest.mark.parametrize("rule", RULES)
def test_a_report_keeps_the_rule(rule: str, language: Language, reports: dict[Language, Path]) -> None:
    with pikepdf.open(reports[language]) as pdf:
        assert RULES[rule](pdf) == []


def _first(pdf: pikepdf.Pdf, kind: str, value: str) -> pikepdf.Object:
    return next(
        each for each in pdf.objects if isinstance(each, (Dictionary, pikepdf.Stream)) and each.get(kind) == value
    )


def _element(pdf: pikepdf.Pdf, kind: str) -> pikepdf.Object:
    return _first(pdf, "/S", kind)


def _field(pdf: pikepdf.Pdf) -> pikepdf.Object:
    return _first(pdf, "/Subtype", "/Widget")


def _attachment(pdf: pikepdf.Pdf) -> pikepdf.Object:
    return next(iter(pdf.attachments.values())).obj


def _metadata(pdf: pikepdf.Pdf, old: bytes, new: bytes) -> None:
    pdf.Root.Metadata.write(pdf.Root.Metadata.read_bytes().replace(old, new))


def _box(pdf: pikepdf.Pdf) -> None:
    page = pdf.pages[0]
    page.contents_add(pdf.make_stream(b"BT <00000041> Tj ET"))


BREAKING: dict[str, Callable[[pikepdf.Pdf], object]] = {
    "A 6.2.3": lambda pdf: pdf.Root.OutputIntents.__delitem__(0),
    "A 6.2.5": lambda pdf: pdf.make_indirect(Dictionary(Type=Name.ExtGState, ca=0.5)),
    "A 6.2.8": lambda pdf: _first(pdf, "/Subtype", "/Image").__setitem__("/Alternates", Array()),
    "A 6.2.9": lambda pdf: pdf.make_indirect(pdf.make_stream(b"", Subtype=Name.Form, Ref=Dictionary())),
    "A 6.2.11.4.1": lambda pdf: _first(pdf, "/Type", "/FontDescriptor").__delitem__("/FontFile2"),
    "A 6.2.11.7.2": lambda pdf: _first(pdf, "/Subtype", "/Type0").__delitem__("/ToUnicode"),
    "A 6.2.11.8": _box,
    "A 6.3 ": lambda pdf: pdf.pages[0].__setitem__("/Annots", Array([Dictionary(Subtype=Name.Movie)])),
    "A 6.3.3": lambda pdf: _field(pdf).__delitem__("/AP"),
    "A 6.4.1": lambda pdf: pdf.Root.AcroForm.__setitem__("/XFA", Array(["x"])),
    "A 6.5.1": lambda pdf: pdf.make_indirect(Dictionary(S=Name.JavaScript, JS="1")),
    "A 6.5.2": lambda pdf: pdf.Root.__setitem__("/OpenAction", Array([pdf.pages[0].obj, Name.Fit])),
    "A 6.6.2": lambda pdf: _metadata(pdf, b"<pdfaid:conformance>A", b"<pdfaid:conformance>B"),
    "A 6.6.3": lambda pdf: pdf.trailer.Info.__setitem__("/Title", "other"),
    "A 6.7.2.2": lambda pdf: pdf.Root.__setitem__("/MarkInfo", Dictionary(Marked=False)),
    "A 6.7.3": lambda pdf: pdf.pages[0].contents_add(pdf.make_stream(b"0 0 9 9 re f")),
    "A 6.7.4": lambda pdf: pdf.Root.__delitem__("/Lang"),
    "A 6.7.5": lambda pdf: _element(pdf, "/Figure").__delitem__("/Alt"),
    "A 6.8": lambda pdf: _attachment(pdf).__delitem__("/AFRelationship"),
    "UA 5": lambda pdf: _metadata(pdf, b"<pdfuaid:part>1", b"<pdfuaid:part>2"),
    "UA 7.1 ": lambda pdf: pdf.Root.ViewerPreferences.__delitem__("/DisplayDocTitle"),
    "UA 7.4.2": lambda pdf: _element(pdf, "/H2").__setitem__("/S", Name.H4),
    "UA 7.5": lambda pdf: _element(pdf, "/Table").__setitem__("/S", Name.P),
    "UA 7.17": lambda pdf: pdf.Root.__delitem__("/Outlines"),
    "UA 7.18.1": lambda pdf: _field(pdf).__delitem__("/TU"),
    "UA 7.18.3": lambda pdf: next(page for page in pdf.pages if "/Annots" in page).__delitem__("/Tabs"),
}


@pytest.mark.parametrize("clause", BREAKING)
def test_a_report_that_breaks_the_rule_is_noticed(clause: str, reports: dict[Language, Path]) -> None:
    (rule,) = (name for name in RULES if name.startswith(clause))
    with pikepdf.open(reports[Language.BOTH]) as pdf:
        BREAKING[clause](pdf)

        assert RULES[rule](pdf) != []


def test_an_encrypted_report_is_noticed(reports: dict[Language, Path], tmp_path: Path) -> None:
    with pikepdf.open(reports[Language.BOTH]) as pdf:
        pdf.save(tmp_path / "locked.pdf", encryption=pikepdf.Encryption(owner="o", user=""))
    with pikepdf.open(tmp_path / "locked.pdf") as pdf:
        (rule,) = (name for name in RULES if name.startswith("A 6.1.3"))
        assert RULES[rule](pdf) == ["encrypted"]


@pytest.mark.parametrize("language", [*Language])
def test_the_file_begins_and_ends_as_pdf_a_wants(language: Language, reports: dict[Language, Path]) -> None:
    data = reports[language].read_bytes()

    header, comment, *_ = data.split(b"\n", 2)
    assert header.startswith(b"%PDF-1.")  # ISO 19005-3, 6.1.2
    assert comment[:1] == b"%"
    assert all(byte > 127 for byte in comment[1:5])
    assert len(comment) >= 5
    assert data.endswith(b"%%EOF\n")  # 6.1.3
    assert data.count(b"%%EOF") == 1


@pytest.mark.parametrize("flavour", ["3a", "ua1"])
def test_verapdf_where_it_is_installed_finds_no_fault(flavour: str, reports: dict[Language, Path]) -> None:
    program = shutil.which("verapdf") or shutil.which("veraPDF")
    if program is None:
        pytest.skip("NOT TESTED: veraPDF is not on the path; no registry of packages has it")
    for path in reports.values():
        subprocess.run([program, "--flavour", flavour, "--format", "text", path], check=True, timeout=300)


@pytest.mark.parametrize(
    ("language", "stride"),
    [(Language.BOTH, 7), *(pytest.param(language, 1, marks=pytest.mark.slow) for language in Language)],
)
def test_a_phone_reads_from_a_printed_page_which_one_of_which_bundle_it_is(
    language: Language, stride: int, reports: dict[Language, Path], tmp_path: Path, oracle: Oracle
) -> None:
    """Every so manieth page is read, all of them nightly."""
    root = report_of().holdings.root.hex.upper()
    with pikepdf.open(reports[language]) as pdf:
        chosen = range(1, len(pdf.pages) + 1, stride)

    for number in chosen:
        draw: list[str | Path] = [
            oracle("pdftoppm"),
            "-r",
            "150",
            "-gray",
            "-png",
            "-singlefile",
            "-f",
            str(number),
            "-l",
            str(number),
        ]
        subprocess.run([*draw, reports[language], tmp_path / "page"], check=True)
        look: list[str | Path] = [
            oracle("zbarimg"),
            "--raw",
            "-q",
            "-Sdisable",
            "-Sqrcode.enable",
            tmp_path / "page.png",
        ]
        read = subprocess.run(look, check=True, capture_output=True).stdout.decode("ascii")

        assert read == f"EVIDENCE-KIT-PAGE:1:{root}:1:{number}\n"
