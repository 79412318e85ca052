"""Shadow attacks: content planted in a report before it is signed, and shown, hidden or exchanged by a later revision.

The planted content itself is what the officer signed, and no signature can tell it (docs/security-model.md). Whatever
is changed after the signature, to whatever effect, is reported.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from evidence_kit.models import Outcome, Verdict, VerificationReport
from evidence_kit.pdf.check import check_pdf
from evidence_kit.pdf.sign import sign_pdf
from evidence_kit.verify import verify_path
from tests.support.pdfs import NOW, make_pdf, practice_signer
from tests.support.people import SetClock, roots_of

SIGNER = practice_signer()
DECOYS = b"".join(
    b" %d 0 obj\n<< /Length 18 >>\nstream\nBT (ANOTHER) Tj ET\nendstream\nendobj\n" % number for number in range(60)
)
"""Objects inside the content of a stream, where no table leads to yet."""
LISTS = {"evidence-sha256.txt": b"list", "custody.jsonl": b"log"}


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A signed report with planted content, and the numbers of its objects."""

    data: bytes
    root: int
    pages: int
    page: int
    other_page: int
    other_pages: int
    content: int
    overlay: int
    layer: int
    field: int


def plant(path: Path) -> None:
    """Put into the PDF at *path*: a second page and tree of pages, an overlay, a layer, a form field, more content."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.Contents = pdf.make_stream(b"BT (THE POST) Tj ET")
        box = pikepdf.Array([0, 0, 600, 800])
        overlay = pdf.make_stream(
            b"1 g 0 0 600 800 re f", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=box
        )
        pdf.pages[0].obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Cover=overlay))
        other = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Page, MediaBox=box))
        tree = pikepdf.Dictionary(Type=pikepdf.Name.Pages, Kids=pikepdf.Array([other]), Count=1)
        layer = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name=pikepdf.String("layer")))
        config = pikepdf.Dictionary(OFF=pikepdf.Array([layer]))
        field = pdf.make_indirect(
            pikepdf.Dictionary(FT=pikepdf.Name.Tx, T=pikepdf.String("f"), V=pikepdf.String("1"), Rect=box)
        )
        field.Type, field.Subtype = pikepdf.Name.Annot, pikepdf.Name.Widget
        pdf.pages[0].obj.Annots = pikepdf.Array([field])
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]))
        pdf.Root.OCProperties = pikepdf.Dictionary(OCGs=pikepdf.Array([layer]), D=config)
        pdf.Root.PieceInfo = pikepdf.Dictionary(
            Planted=pikepdf.Array([pdf.make_indirect(tree), pdf.make_stream(DECOYS), other])
        )
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """Return a signed report with planted content."""
    folder = tmp_path_factory.mktemp("shadow")
    plain = make_pdf(folder / "plain.pdf", attached=LISTS)
    plant(plain)
    sign_pdf(plain, folder / "report.pdf", signer=SIGNER, reason="", location="", now=NOW)
    with pikepdf.open(folder / "report.pdf") as pdf:
        page, hidden = pdf.pages[0].obj, pdf.Root.PieceInfo.Planted
        return Planted(
            data=(folder / "report.pdf").read_bytes(),
            root=pdf.Root.objgen[0],
            pages=pdf.Root.Pages.objgen[0],
            page=page.objgen[0],
            other_page=hidden[2].objgen[0],
            other_pages=hidden[0].objgen[0],
            content=page.Contents.objgen[0],
            overlay=page.Resources.XObject.Cover.objgen[0],
            layer=pdf.Root.OCProperties.OCGs[0].objgen[0],
            field=page.Annots[0].objgen[0],
        )


def text_of(data: bytes, number: int) -> bytes:
    """Return the last object *number* as it stands in the file."""
    *_, found = re.finditer(rb"(?m)^%d 0 obj\s(.*?)\sendobj" % number, data, re.DOTALL)
    return found[1]


def place_of(data: bytes, number: int) -> int:
    *_, found = re.finditer(rb"(?m)^%d 0 obj\s" % number, data)
    return found.start()


def revision(
    shadow: Planted, objects: dict[int, bytes], *, places: dict[int, int] | None = None, free: tuple[int, ...] = ()
) -> bytes:
    """Append a revision with other *objects*, with table entries that point to other *places*, or that are *free*."""
    data = shadow.data if shadow.data.endswith(b"\n") else shadow.data + b"\n"
    rows = {number: b"%010d 00000 n \n" % place for number, place in (places or {}).items()}
    for number, text in objects.items():
        rows[number] = b"%010d 00000 n \n" % len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    rows |= dict.fromkeys(free, b"0000000000 65535 f \n")
    *_, before = re.findall(rb"startxref\s+(\d+)", shadow.data)
    table = b"".join(b"%d 1\n%s" % (number, row) for number, row in sorted(rows.items()))
    trailer = b"trailer\n<< /Size 500 /Root %d 0 R /Prev %s >>\n" % (shadow.root, before)
    return data + b"xref\n" + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(data)


def _other_tree(it: Planted) -> bytes:
    root = text_of(it.data, it.root).replace(b"/Pages %d 0 R" % it.pages, b"/Pages %d 0 R" % it.other_pages)
    return revision(it, {it.root: root})


def _other_kids(it: Planted) -> bytes:
    return revision(it, {it.pages: b"<< /Type /Pages /Count 1 /Kids [ %d 0 R ] >>" % it.other_page})


def _other_content(it: Planted) -> bytes:
    return revision(it, {it.content: b"<< /Length 4 >>\nstream\nq Q \nendstream"})


def _shown_overlay(it: Planted) -> bytes:
    return revision(it, {it.content: b"<< /Length 9 >>\nstream\n/Cover Do\nendstream"})


def _hidden_overlay(it: Planted) -> bytes:
    return revision(it, {it.overlay: b"<< /Length 0 >>\nstream\n\nendstream"})


def _layer_on(it: Planted) -> bytes:
    root = re.sub(rb"/OFF \[.*?\]", b"/ON [ %d 0 R ]" % it.layer, text_of(it.data, it.root))
    return revision(it, {it.root: root})


def _filled(it: Planted) -> bytes:
    return revision(it, {it.field: text_of(it.data, it.field).replace(b"(1)", b"(9)")})


def _covering_field(it: Planted) -> bytes:
    appearance = b"<< /AP << /N %d 0 R >> " % it.overlay
    return revision(it, {it.field: text_of(it.data, it.field).replace(b"<<", appearance, 1)})


def _planted_content_by_table(it: Planted) -> bytes:
    """Change no object: only the table says that the planted content is the page's."""
    return revision(it, {}, places={it.content: it.data.index(b" %d 0 obj" % it.content) + 1})


def _freed(it: Planted) -> bytes:
    return revision(it, {}, free=(it.field,))


def _cropped(it: Planted) -> bytes:
    return revision(it, {it.page: text_of(it.data, it.page).replace(b"<<", b"<< /CropBox [ 0 0 9 9 ] ", 1)})


def _nothing_but_a_table(it: Planted) -> bytes:
    return revision(it, {}, places={it.content: place_of(it.data, it.content)})


def _first_table_again(it: Planted) -> bytes:
    """Point back to the table from before the signature: the file as it was when nobody had signed."""
    first = re.findall(rb"startxref\s+(\d+)", it.data)[0]
    return it.data + b"\nstartxref\n%s\n%%%%EOF\n" % first


def _hybrid(it: Planted) -> bytes:
    """A table with a second one for newer readers (ISO 32000-2, 7.5.8.4), which is where the change stands."""
    data = it.data + b"\n"
    row = b"\1" + (it.data.index(b" %d 0 obj" % it.content) + 1).to_bytes(4, "big") + b"\0"
    second = len(data)
    about = b"/Type /XRef /Size 500 /W [ 1 4 1 ] /Index [ %d 1 ] /Length 6 /Root %d 0 R" % (it.content, it.root)
    data += b"400 0 obj\n<< %s >>\nstream\n%s\nendstream\nendobj\n" % (about, row)
    *_, before = re.findall(rb"startxref\s+(\d+)", it.data)
    trailer = b"trailer\n<< /Size 500 /Root %d 0 R /Prev %s /XRefStm %d >>\n" % (it.root, before, second)
    return data + b"xref\n0 1\n0000000000 65535 f \n" + trailer + b"startxref\n%d\n%%%%EOF\n" % len(data)


ATTACKS = [
    *(_other_tree, _other_kids, _other_content, _shown_overlay, _hidden_overlay, _layer_on, _filled, _covering_field),
    *(_planted_content_by_table, _freed, _cropped, _nothing_but_a_table, _first_table_again),
    _hybrid,
]


UNSEEN = (_nothing_but_a_table, _first_table_again, _hybrid)
"""Nobody sees the first; who signs behind the second signs the document as it was; the third is not signed at all."""


def shown(data: bytes) -> list[str]:
    """Return what of the document the attacks are about, as another reader finds it."""
    with pikepdf.open(BytesIO(data)) as pdf:
        page = pdf.pages[0].obj
        content = page.Contents.read_bytes() if "/Contents" in page else b""
        cover = page.Resources.XObject.Cover.read_bytes() if "/XObject" in page.get("/Resources", {}) else b""
        field = page.Annots[0] if "/Annots" in page else None
        layers = pdf.Root.OCProperties.unparse(resolved=True)
        signed = "/Perms" in pdf.Root
        facts = (content, cover, field and field.unparse(resolved=True), layers, page.get("/CropBox"), signed)
        return [repr(fact) for fact in facts]


def verified(path: Path, data: bytes) -> VerificationReport:
    path.write_bytes(data)
    return verify_path(path, roots=roots_of(SIGNER), clock=SetClock(NOW), check_pdf=check_pdf)


def test_what_was_planted_before_the_signature_is_what_was_signed(planted: Planted, tmp_path: Path) -> None:
    report = verified(tmp_path / "report.pdf", planted.data)

    assert (report.kind, report.verdict) == ("report", Verdict.VERIFIED)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_later_revision_shows_hides_or_exchanges_is_reported(
    planted: Planted, tmp_path: Path, attack: Callable[[Planted], bytes]
) -> None:
    data = attack(planted)
    assert data.startswith(planted.data)
    assert (shown(data) != shown(planted.data)) == (attack is not _nothing_but_a_table)

    report = verified(tmp_path / "report.pdf", data)

    failed = {check.id for check in report.checks if check.outcome is Outcome.FAILED}
    assert report.verdict in {Verdict.ALTERED, Verdict.CANNOT_VERIFY}
    assert failed & {"report.signature", "report.tail"}


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack not in UNSEEN])
def test_a_revision_that_an_honest_signature_covers_is_reported(
    planted: Planted, tmp_path: Path, attack: Callable[[Planted], bytes]
) -> None:
    (tmp_path / "changed.pdf").write_bytes(attack(planted))
    sign_pdf(tmp_path / "changed.pdf", tmp_path / "twice.pdf", signer=SIGNER, reason="", location="", now=NOW)

    report = verified(tmp_path / "report.pdf", (tmp_path / "twice.pdf").read_bytes())

    assert report.verdict in {Verdict.ALTERED, Verdict.CANNOT_VERIFY}
    assert "report.signature" in {check.id for check in report.checks if check.outcome is Outcome.FAILED}


@pytest.mark.parametrize("attack", [_other_kids, _planted_content_by_table, _shown_overlay])
def test_a_revision_whose_signature_is_stretched_over_it_does_not_hold(
    planted: Planted, tmp_path: Path, attack: Callable[[Planted], bytes]
) -> None:
    """The signature's own statement of what it covers is changed with it."""
    data = attack(planted)
    added = len(data) - len(planted.data)
    *_, found = re.finditer(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]", planted.data)
    stretched = b"/ByteRange [0 %s %s %d]" % (found[1], found[2], int(found[3]) + added)
    length = found.end() - found.start()
    assert len(stretched) <= length + data[found.end() :].index(b"/")
    data = data[: found.start()] + stretched.ljust(length) + data[found.start() + max(length, len(stretched)) :]

    report = verified(tmp_path / "report.pdf", data)

    assert report.verdict is Verdict.ALTERED
