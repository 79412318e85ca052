"""A revision that changes what a reader shows, with an honest signature or time stamp behind it to cover it."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from evidence_kit.models import Verdict
from evidence_kit.pdf.check import check_pdf
from evidence_kit.pdf.sign import archive_pdf, sign_pdf
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.trust.validation_data import ValidationData
from evidence_kit.verify import verify_path
from tests.support.pdfs import NOW, make_pdf, place_of_signature, practice_signer
from tests.support.people import SetClock, roots_of
from tests.support.tsa import OpensslTsa

OFFICER, SECOND = practice_signer("Д. Туяа"), practice_signer("Б. Сараа")
LISTS = {"evidence-sha256.txt": b"list", "custody.jsonl": b"log"}
NAME = generic.pdf_name
Change = Callable[[IncrementalPdfFileWriter], None]


def _edges(*numbers: float) -> generic.ArrayObject:
    return generic.ArrayObject(map(generic.FloatObject, numbers))


def _dictionary(**entries: generic.PdfObject) -> generic.DictionaryObject:
    return generic.DictionaryObject({NAME(f"/{key}"): value for key, value in entries.items()})  # type: ignore[no-untyped-call]  # pyHanko gives it no types


def _root(key: str, value: generic.PdfObject) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.root[NAME(key)] = value
        writer.update_root()  # type: ignore[no-untyped-call]  # as above

    return change


def _form(key: str, value: generic.PdfObject) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        form = writer.root["/AcroForm"]
        form[NAME(key)] = value
        writer.update_container(form)

    return change


def _field(**entries: generic.PdfObject) -> Change:
    """Add an empty signature field that nobody sees, with other entries."""
    plain = _dictionary(
        T=generic.pdf_string("New"),
        Type=NAME("/Annot"),
        Subtype=NAME("/Widget"),
        FT=NAME("/Sig"),
        Rect=_edges(0, 0, 0, 0),
    )

    def change(writer: IncrementalPdfFileWriter) -> None:
        fields = writer.root["/AcroForm"]["/Fields"]
        field = generic.DictionaryObject({**plain, **_dictionary(**entries)})  # type: ignore[no-untyped-call]  # as above
        fields.append(writer.add_object(field))
        writer.update_container(fields)

    return change


def _title(writer: IncrementalPdfFileWriter) -> None:
    """Let the window have another title."""
    told = writer.root["/Metadata"].data.replace(b"EVIDENCE", b"RUMOURS!")
    kind = {NAME("/Type"): NAME("/Metadata"), NAME("/Subtype"): NAME("/XML")}
    writer.root[NAME("/Metadata")] = writer.add_object(generic.StreamObject(dict_data=kind, stream_data=told))
    writer.update_root()  # type: ignore[no-untyped-call]  # as above


def _information(writer: IncrementalPdfFileWriter) -> None:
    writer.set_info(writer.add_object(_dictionary(Title=generic.pdf_string("RUMOURS!"))))


def _other_order(writer: IncrementalPdfFileWriter) -> None:
    """Show below what was above, beside a new field."""
    _field()(writer)
    reference, _ = writer.find_page_for_modification(0)  # type: ignore[no-untyped-call]  # as above
    page = reference.get_object()
    page["/Annots"] = generic.ArrayObject([*reversed(page["/Annots"]), writer.root["/AcroForm"]["/Fields"].raw_get(-1)])
    writer.mark_update(reference)


def _no_form(writer: IncrementalPdfFileWriter) -> None:
    """Let nobody find the signatures."""
    del writer.root["/AcroForm"]
    writer.update_root()  # type: ignore[no-untyped-call]  # as above


YES, NO = (generic.BooleanObject(each) for each in (True, False))  # type: ignore[no-untyped-call]  # as above
TWO = generic.NumberObject(2)  # type: ignore[no-untyped-call]  # as above
SCRIPT = _dictionary(E=_dictionary(S=NAME("/JavaScript"), JS=generic.pdf_string("app.alert(1)")))
PICTURE = _dictionary(N=_dictionary(Type=NAME("/XObject")))
CHANGES: dict[str, Change] = {
    "appearances made anew": _form("/NeedAppearances", YES),
    "default appearance": _form("/DA", generic.pdf_string("/F 99 Tf")),
    "default resources": _form("/DR", _dictionary(Font=_dictionary())),
    "quadding": _form("/Q", TWO),
    "another form": _form("/XFA", generic.pdf_string("<a/>")),
    "no tags": _root("/MarkInfo", _dictionary(Marked=NO)),
    "start": _root("/OpenAction", _dictionary(S=NAME("/Launch"), F=generic.pdf_string("a.exe"))),
    "layers": _root("/OCProperties", _dictionary(OCGs=generic.ArrayObject([]), D=_dictionary())),
    "title": _title,
    "information": _information,
    "order": _other_order,
    "script": _field(AA=SCRIPT),
    "action": _field(A=_dictionary(S=NAME("/Launch"), F=generic.pdf_string("a.exe"))),
    "decoration": _field(MK=_dictionary(CA=generic.pdf_string("not guilty"))),
    "no place": _field(Rect=generic.NullObject(), AP=PICTURE),
    "no size": _field(Rect=_edges(0, 0, 600, 0), AP=PICTURE),
    "large": _field(Rect=_edges(0, 0, 600, 800), AP=PICTURE),
    "text": _field(FT=NAME("/Tx"), V=generic.pdf_string("not guilty")),
    "same name": _field(T=generic.pdf_string("Signature1")),
}
"""What is changed, by what it is."""


def make_signed(folder: Path) -> Path:
    """Return a signed report with all that the changes are about."""
    plain = make_pdf(folder / "plain.pdf", attached=LISTS)
    with pikepdf.open(plain, allow_overwriting_input=True) as pdf:
        with pdf.open_metadata() as told:
            told["dc:title"] = "EVIDENCE"
        pdf.docinfo["/Title"] = "EVIDENCE"
        pdf.Root.MarkInfo = pikepdf.Dictionary(Marked=True)
        square = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Square, Rect=[0, 0, 9, 9])
        circle = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Circle, Rect=[0, 0, 9, 9])
        pdf.pages[0].obj.Annots = pikepdf.Array([pdf.make_indirect(square), pdf.make_indirect(circle)])
        pdf.save(plain)
    sign_pdf(plain, folder / "signed.pdf", signer=OFFICER, reason="", location="", now=NOW)
    return folder / "signed.pdf"


def revised(signed: Path, change: Change, target: Path) -> Path:
    """Write *signed* with a revision behind it."""
    out = BytesIO(signed.read_bytes())
    writer = IncrementalPdfFileWriter(out)
    # The metadata are to stay as they are, but for the change.
    writer._update_meta = lambda: None  # type: ignore[method-assign]  # noqa: SLF001
    change(writer)
    writer.write_in_place()  # type: ignore[no-untyped-call]  # as above
    target.write_bytes(out.getvalue())
    return target


def verdict(path: Path) -> Verdict:
    roots = TrustedRoots(practice=(*OFFICER.chain, *SECOND.chain))
    return verify_path(path, roots=roots, clock=SetClock(NOW), check_pdf=check_pdf).verdict


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_signed(tmp_path_factory.mktemp("signed"))


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_a_second_officer_covered_with_a_signature_is_reported(
    signed: Path, tmp_path: Path, name: str
) -> None:
    changed = revised(signed, CHANGES[name], tmp_path / "changed.pdf")

    sign_pdf(changed, tmp_path / "twice.pdf", signer=SECOND, reason="", location="", now=NOW)

    assert verdict(tmp_path / "twice.pdf") is Verdict.ALTERED


def test_a_second_signature_by_the_same_officer_and_a_third_are_no_alteration(signed: Path, tmp_path: Path) -> None:
    for number, signer in enumerate((OFFICER, SECOND, OFFICER)):
        sign_pdf(signed, tmp_path / f"{number}.pdf", signer=signer, reason="", location="", now=NOW)
        signed = tmp_path / f"{number}.pdf"

    assert verdict(signed) is Verdict.VERIFIED


def test_who_signed_is_not_told_of_a_signature_with_something_in_its_place(signed: Path, tmp_path: Path) -> None:
    data = signed.read_bytes()
    _, end = place_of_signature(data)
    (tmp_path / "report.pdf").write_bytes(data[: end - 9] + b"deadbeef" + data[end - 1 :])

    report = verify_path(tmp_path / "report.pdf", roots=roots_of(OFFICER), clock=SetClock(NOW), check_pdf=check_pdf)

    assert (report.verdict, report.signers) == (Verdict.ALTERED, ())


def test_a_report_whose_signatures_cannot_be_found_any_more_is_altered(
    signed: Path, tmp_path: Path, tsa: OpensslTsa
) -> None:
    """Anybody gets a time stamp for a file: it says nothing of who made it."""
    changed = revised(signed, _no_form, tmp_path / "changed.pdf")

    archive_pdf(changed, tmp_path / "stamped.pdf", tsa=(tsa.url,), known=ValidationData())

    assert [each.level.value for each in check_pdf(tmp_path / "stamped.pdf").signatures] == ["document timestamp"]
    assert verdict(tmp_path / "stamped.pdf") is Verdict.ALTERED
