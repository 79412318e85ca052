"""Placeholders laid out by typst, replaced by real pictures."""

import hashlib
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
import typst
from PIL import Image

from evidence_kit.errors import FormatError, ReportError
from evidence_kit.pdf.swap import attachments, swap_pictures
from evidence_kit.pictures.viewing_copy import placeholder


def lay_out(folder: Path, numbers: list[int]) -> Path:
    """Write ``laid-out.pdf``: one page and one placeholder for each of *numbers*, tagged, PDF/A-3a."""
    pages = []
    for number in numbers:
        (folder / f"p{number}.jpg").write_bytes(placeholder(number))
        size = 'width: 8cm, height: 12cm, fit: "stretch"'
        pages.append(f'#image("p{number}.jpg", {size}, alt: "Зураг {number}")\n#pagebreak(weak: true)')
    attached = (
        '#pdf.attach("root.txt", bytes("абв"), relationship: "data", mime-type: "text/plain", description: "d")\n'
    )
    title = '#set document(title: "Тайлан", date: datetime(year: 2026, month: 11, day: 22))\n'
    (folder / "laid-out.typ").write_text(title + attached + "\n".join(pages), encoding="utf-8")
    pdf = typst.compile(str(folder / "laid-out.typ"), pdf_standards=["a-3a"], ignore_system_fonts=True)
    path = folder / "laid-out.pdf"
    path.write_bytes(pdf)
    return path


def jpeg(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "JPEG", quality=85)
    return out.getvalue()


def key(number: int) -> bytes:
    return hashlib.sha256(placeholder(number)).digest()


@pytest.fixture
def real() -> dict[int, bytes]:
    """Return three pictures, each of another size and colour."""
    return {5: jpeg(640, 900, (200, 0, 0)), 6: jpeg(320, 100, (0, 200, 0)), 7: jpeg(8, 9, (0, 0, 200))}


def test_each_placeholder_becomes_its_own_picture_byte_for_byte(tmp_path: Path, real: dict[int, bytes]) -> None:
    source = lay_out(tmp_path, [5, 6, 7])
    on_disk = tmp_path / "five.jpg"
    on_disk.write_bytes(real[5])

    swap_pictures(source, tmp_path / "done.pdf", {key(7): real[7], key(6): real[6], key(5): on_disk})

    with pikepdf.open(tmp_path / "done.pdf") as pdf:
        shown = [next(iter(page.Resources.XObject.values())) for page in pdf.pages]
        assert [each.read_raw_bytes() for each in shown] == [real[5], real[6], real[7]]
        assert [(int(each.Width), int(each.Height)) for each in shown] == [(640, 900), (320, 100), (8, 9)]
        assert {str(each.Filter) for each in shown} == {"/DCTDecode"}


def test_text_tags_metadata_and_attachments_stay_as_laid_out(tmp_path: Path, real: dict[int, bytes]) -> None:
    source = lay_out(tmp_path, [5, 6])

    swap_pictures(source, tmp_path / "done.pdf", {key(5): real[5], key(6): real[6]})

    with pikepdf.open(source) as before, pikepdf.open(tmp_path / "done.pdf") as after:
        assert after.Root.Metadata.read_bytes() == before.Root.Metadata.read_bytes()
        assert after.Root.MarkInfo.Marked
        assert [p.Contents.read_bytes() for p in after.pages] == [p.Contents.read_bytes() for p in before.pages]
        alternatives = [
            str(each.Alt) for each in after.objects if isinstance(each, pikepdf.Dictionary) and "/Alt" in each
        ]
        assert alternatives == ["Зураг 5", "Зураг 6"]
    (attached,) = attachments(tmp_path / "done.pdf")
    assert (attached.name, attached.bytes) == ("root.txt", 6)
    assert attached.sha256.value == hashlib.sha256("абв".encode()).digest()


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, real: dict[int, bytes]) -> None:
    source = lay_out(tmp_path, [5])

    for name in ("one.pdf", "two.pdf"):
        swap_pictures(source, tmp_path / name, {key(5): real[5]})

    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


def test_a_placeholder_that_has_no_picture_is_an_error_and_leaves_nothing(
    tmp_path: Path, real: dict[int, bytes]
) -> None:
    source = lay_out(tmp_path, [5, 6])
    before = set(tmp_path.iterdir())

    with pytest.raises(ReportError, match="no picture is for"):
        swap_pictures(source, tmp_path / "done.pdf", {key(5): real[5]})

    assert set(tmp_path.iterdir()) == before


def test_a_picture_that_has_no_placeholder_is_an_error(tmp_path: Path, real: dict[int, bytes]) -> None:
    source = lay_out(tmp_path, [5])

    with pytest.raises(ReportError, match="1 of 2 placeholders are not in"):
        swap_pictures(source, tmp_path / "done.pdf", {key(5): real[5], key(6): real[6]})


def test_only_jpegs_of_three_colours_are_taken(tmp_path: Path) -> None:
    source = lay_out(tmp_path, [5])
    grey = BytesIO()
    Image.new("L", (20, 20)).save(grey, "JPEG")

    for wrong in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", grey.getvalue()):
        with pytest.raises(ReportError, match="not a JPEG"):
            swap_pictures(source, tmp_path / "done.pdf", {key(5): wrong})


def test_an_existing_target_is_refused(tmp_path: Path, real: dict[int, bytes]) -> None:
    source = lay_out(tmp_path, [5])

    with pytest.raises(ReportError, match="exists already"):
        swap_pictures(source, source, {key(5): real[5]})


def test_what_is_no_pdf_is_told_without_naming_folders(tmp_path: Path) -> None:
    (tmp_path / "laid-out.pdf").write_bytes(b"no PDF")

    with pytest.raises(ReportError) as swapping:
        swap_pictures(tmp_path / "laid-out.pdf", tmp_path / "done.pdf", {})
    with pytest.raises(FormatError) as listing:
        attachments(tmp_path / "laid-out.pdf")

    assert str(tmp_path) not in f"{swapping.value} {listing.value}"
