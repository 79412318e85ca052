"""The report on its own: what stands after it, later revisions of every kind, and traps laid before it was signed."""

import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from evidence_kit.models import Verdict
from evidence_kit.pdf.sign import sign_pdf
from tests.support.forging import rehash
from tests.support.pdfs import make_pdf
from tests.tamper.conftest import Sealed, failed

pytestmark = [pytest.mark.browser, pytest.mark.network]
NAME = generic.pdf_name


def _content(writer: IncrementalPdfFileWriter) -> None:
    page = _page(writer)
    page[NAME("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"0 0 100 100 re f"))


def _overlay(writer: IncrementalPdfFileWriter) -> None:
    box = generic.ArrayObject(map(generic.NumberObject, (0, 0, 600, 800)))
    note = generic.DictionaryObject(  # type: ignore[no-untyped-call]  # as below
        {NAME("/Type"): NAME("/Annot"), NAME("/Subtype"): NAME("/Square"), NAME("/Rect"): box}
    )
    _page(writer)[NAME("/Annots")] = generic.ArrayObject([writer.add_object(note)])


def _script(writer: IncrementalPdfFileWriter) -> None:
    action = generic.DictionaryObject(  # type: ignore[no-untyped-call]  # as below
        {NAME("/S"): NAME("/JavaScript"), NAME("/JS"): generic.pdf_string("app.alert(1)")}
    )
    writer.root[NAME("/OpenAction")] = writer.add_object(action)
    writer.update_root()  # type: ignore[no-untyped-call]  # pyHanko gives it no types


def _attachments(writer: IncrementalPdfFileWriter) -> None:
    del writer.root["/Names"]
    writer.update_root()  # type: ignore[no-untyped-call]  # as above


def _nothing(writer: IncrementalPdfFileWriter) -> None:
    """Write a revision in which nothing is another."""
    writer.update_root()  # type: ignore[no-untyped-call]  # as above


def _page(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    reference, _ = writer.find_page_for_modification(0)  # type: ignore[no-untyped-call]  # as above
    writer.mark_update(reference)
    page = reference.get_object()
    assert isinstance(page, generic.DictionaryObject)
    return page


def revised(report: Path, change: Callable[[IncrementalPdfFileWriter], None]) -> None:
    """Append a revision to *report*."""
    out = BytesIO(report.read_bytes())
    writer = IncrementalPdfFileWriter(out)
    change(writer)
    writer.write_in_place()  # type: ignore[no-untyped-call]  # as above
    report.write_bytes(out.getvalue())


@pytest.mark.parametrize("change", [_content, _overlay, _script, _attachments, _nothing])
def test_a_revision_after_the_signature_is_reported(
    sealed: Sealed, tmp_path: Path, change: Callable[[IncrementalPdfFileWriter], None]
) -> None:
    path = tmp_path / "report.pdf"
    shutil.copyfile(sealed.bundle / "data" / "report.pdf", path)
    assert sealed.way.verify(path).verdict is Verdict.VERIFIED
    revised(path, change)

    report = sealed.way.verify(path)

    assert report.verdict in {Verdict.ALTERED, Verdict.CANNOT_VERIFY}
    assert "report.signature" in {id_ for id_, _ in failed(report)}
    # Without the two lists inside it is no report of ours any more.
    assert (report.verdict is Verdict.CANNOT_VERIFY) == (change is _attachments)


def test_a_revision_in_a_bundle_whose_lists_were_made_again_is_reported(sealed: Sealed, bundle: Path) -> None:
    """The officer's own doing: he has the key of the lists, and leaves the signed report in front."""
    revised(bundle / "data" / "report.pdf", _nothing)
    rehash(bundle, sealed.way.custodian)

    found = sealed.failed(bundle)

    assert ("report.signature", "data/report.pdf#Signature1") in found
    assert "bag.payload" not in {id_ for id_, _ in found}


@pytest.mark.parametrize("tail", [b"\0", b"\n", b"%%EOF\n", b"\n1 0 obj\n<<>>\nendobj\n"])
def test_bytes_after_the_report_are_refused(sealed: Sealed, tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes((sealed.bundle / "data" / "report.pdf").read_bytes() + tail)

    found = sealed.failed(path)

    assert {"report.tail", "report.signature"} & {id_ for id_, _ in found}
    assert {subject for _, subject in found} == {"report.pdf"}


@pytest.mark.parametrize(
    ("place", "damaged"),
    [
        (b">>\nstartxref", b"?>\nstartxref"),
        (b"\n1 0 obj\n", b"\n1 0 obj\x0b"),
        (b" 0 R 20 0 R ]", b" 0\0R 20 0 R ]"),
        (b"/MarkInfo <<", b"/MarkInfo =<"),
    ],
)
def test_what_can_still_be_read_of_a_damaged_report_decides_nothing_else(
    sealed: Sealed, bundle: Path, place: bytes, damaged: bytes
) -> None:
    """Programs that read PDF differ in it: each of these was once judged by other checks in verify.html."""
    report = bundle / "data" / "report.pdf"
    before, found, after = report.read_bytes().rpartition(place)
    assert found
    report.write_bytes(before + damaged + after)

    assert {id_ for id_, _ in sealed.failed(bundle)} == {"bag.payload", "report.signature"}


def test_a_report_of_another_bundle_signed_with_the_same_key_is_refused(sealed: Sealed, bundle: Path) -> None:
    """Right signer, right form: what it carries is not of this bundle."""
    attached = {"evidence-sha256.txt": b"\n", "custody.jsonl": (bundle / "data" / "custody.jsonl").read_bytes()}
    plain = make_pdf(bundle.parent / "plain.pdf", attached=attached)
    (bundle / "data" / "report.pdf").unlink()
    custodian = sealed.way.custodian
    sign_pdf(
        plain, bundle / "data" / "report.pdf", signer=custodian.signer, reason="", location="", now=custodian.clock()
    )
    rehash(bundle, custodian)

    assert ("report.root", "data/report.pdf#evidence-sha256.txt") in sealed.failed(bundle)


def test_a_report_that_another_key_signed_is_refused(sealed: Sealed, bundle: Path) -> None:
    plain = bundle.parent / "plain.pdf"
    attached = {name: (bundle / "data" / name).read_bytes() for name in ("evidence-sha256.txt", "custody.jsonl")}
    make_pdf(plain, attached=attached)
    (bundle / "data" / "report.pdf").unlink()
    sign_pdf(
        plain,
        bundle / "data" / "report.pdf",
        signer=sealed.other.signer,
        reason="",
        location="",
        now=sealed.other.clock(),
    )
    rehash(bundle, sealed.way.custodian)

    found = sealed.failed(bundle)

    assert {id_ for id_, _ in found} >= {"report.signature"}
    assert {id_ for id_, _ in found} <= {"report.signature", "bag.timestamp", "custody.keys"}
    assert any(subject.startswith("data/report.pdf#") for _, subject in found)


def test_a_report_written_anew_by_another_program_has_no_signature_that_holds(sealed: Sealed, tmp_path: Path) -> None:
    with pikepdf.open(sealed.bundle / "data" / "report.pdf") as pdf:
        pdf.save(tmp_path / "report.pdf", static_id=True)

    assert "report.signature" in {id_ for id_, _ in sealed.failed(tmp_path / "report.pdf")}
