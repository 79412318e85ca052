"""Checking PDFs: nothing altered passes, and nothing that a file holds makes the check itself fail."""

import hashlib
import json
import zlib
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from evidence_kit.pdf.check import check_pdf
from evidence_kit.pdf.findings import Changes, Coverage, PdfFindings
from evidence_kit.pdf.sign import sign_pdf
from tests.support.pdfs import NOW, make_pdf, place_of_signature, practice_signer


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a small signed PDF."""
    folder = tmp_path_factory.mktemp("signed")
    source = make_pdf(folder / "a.pdf", attached={"evidence-sha256.txt": b"abc"})
    sign_pdf(source, folder / "b.pdf", signer=practice_signer(), reason="r", location="l", now=NOW)
    return (folder / "b.pdf").read_bytes()


def check(data: bytes) -> PdfFindings:
    return check_pdf(BytesIO(data))


def is_sure(found: PdfFindings) -> bool:
    return found.whole_and_valid and not any(signature.unproven for signature in found.signatures)


def test_a_flipped_bit_anywhere_is_noticed(signed: bytes) -> None:
    assert is_sure(check(signed))

    for position in range(0, len(signed), 37):
        altered = bytearray(signed)
        altered[position] ^= 1 << position % 8
        assert not is_sure(check(bytes(altered))), f"byte {position}"


def test_a_flipped_byte_in_the_signature_itself_is_noticed(signed: bytes) -> None:
    start, end = place_of_signature(signed)

    for position in range(start, end, 61):
        altered = bytearray(signed)
        altered[position] = ord("1") if altered[position] != ord("1") else ord("e")
        assert not is_sure(check(bytes(altered))), f"byte {position}"


def test_a_digit_in_the_other_case_is_noticed(signed: bytes) -> None:
    start, end = place_of_signature(signed)
    position = next(at for at in range(start, end) if signed[at] in b"ABCDEF")
    altered = signed[:position] + signed[position : position + 1].lower() + signed[position + 1 :]

    found = check(altered)

    assert found.signatures[0].holds
    assert "hexadecimal digits of one kind" in found.signatures[0].loose[0]
    assert not found.whole_and_valid


def test_something_hidden_after_the_signature_is_noticed(signed: bytes) -> None:
    _, end = place_of_signature(signed)
    altered = signed[: end - 3] + b"41" + signed[end - 1 :]

    found = check(altered)

    assert found.signatures[0].holds
    assert found.signatures[0].loose == ("the space after the signature is not empty",)
    assert not found.whole_and_valid


@pytest.mark.parametrize("junk", [b"x", b"\n", b"%%EOF\n", b"startxref\n0\n%%EOF\n", b"\0" * 5000])
def test_bytes_after_the_end_are_counted(signed: bytes, junk: bytes) -> None:
    found = check(signed + junk)

    assert not found.whole_and_valid
    assert found.problems or found.trailing_bytes == len(junk)


def test_a_page_changed_by_a_later_revision_is_told(signed: bytes) -> None:
    out = BytesIO(signed)
    writer = IncrementalPdfFileWriter(out)
    reference, _ = writer.find_page_for_modification(0)  # type: ignore[no-untyped-call]  # pyHanko gives it no types
    page = reference.get_object()
    page[generic.pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"0 0 100 100 re f"))
    writer.mark_update(reference)
    writer.write_in_place()  # type: ignore[no-untyped-call]  # pyHanko gives it no types

    found = check(out.getvalue())

    (signature,) = found.signatures
    assert (signature.digest_intact, signature.signature_valid) == (True, True)
    assert (signature.coverage, signature.changes) == (Coverage.REVISION, Changes.OTHER)
    assert not signature.holds
    assert found.trailing_bytes == 0


def test_an_unsigned_pdf_is_not_whole_and_valid_and_has_no_problem(tmp_path: Path) -> None:
    found = check_pdf(make_pdf(tmp_path / "a.pdf"))

    assert (found.signatures, found.problems, found.trailing_bytes) == ((), (), 0)
    assert not found.whole_and_valid


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"%PDF-1.7\nstartxref\n9\n%%EOF", b"\xff" * 4096])
def test_what_is_no_pdf_is_a_problem_and_no_error(content: bytes) -> None:
    found = check(content)

    assert found.bytes == len(content)
    assert any("cannot be read" in problem for problem in found.problems)
    assert not found.whole_and_valid


def test_attachments_are_listed_with_their_digests(signed: bytes) -> None:
    (attached,) = check(signed).attachments

    assert (attached.name, attached.bytes) == ("evidence-sha256.txt", 3)
    assert attached.sha256.value == hashlib.sha256(b"abc").digest()


def test_an_attachment_that_unpacks_to_very_much_is_read_in_pieces(tmp_path: Path) -> None:
    size = 64 * 1024 * 1024
    with pikepdf.open(make_pdf(tmp_path / "a.pdf", attached={"bomb": b"x"})) as pdf:
        stream = pdf.attachments["bomb"].get_file().obj
        stream.write(zlib.compress(bytes(size), 9), filter=pikepdf.Name.FlateDecode)
        pdf.save(tmp_path / "b.pdf", compress_streams=False)

    (attached,) = check_pdf(tmp_path / "b.pdf").attachments

    assert attached.bytes == size
    assert attached.sha256.value == hashlib.sha256(bytes(size)).digest()


def test_an_attachment_packed_otherwise_is_a_problem(tmp_path: Path) -> None:
    with pikepdf.open(make_pdf(tmp_path / "a.pdf", attached={"odd": b"x"})) as pdf:
        pdf.attachments["odd"].get_file().obj.write(b"80>", filter=pikepdf.Name.RunLengthDecode)
        pdf.save(tmp_path / "b.pdf", compress_streams=False)

    found = check_pdf(tmp_path / "b.pdf")

    assert found.attachments == ()
    assert "packed in a way that is not read here" in found.problems[0]


def test_other_peoples_pdfs_never_make_the_check_fail_and_get_no_kinder_verdict_than_pyhankos(
    test_data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    expected = json.loads((test_data / "expected-pdf-pyhanko.json").read_text(encoding="utf-8"))
    signed_files = {name: facts for name, facts in expected.items() if facts.get("sigs") and "note" not in facts}

    for name, facts in signed_files.items():
        found = check_pdf(test_data / name)
        ours = {
            (s.field, s.digest_intact, s.signature_valid, changes)
            for s in found.signatures
            for changes in ([*_CHANGES.values()] if s.changes is Changes.OTHER else [s.changes.name])
        }
        theirs = {(s["field"], s["intact"], s["valid"], _CHANGES[s["mod"]]) for s in facts["sigs"] if "intact" in s}
        assert theirs <= ours or found.problems or any(s.problems for s in found.signatures), name

    assert len(signed_files) > 10
    assert capfd.readouterr() == ("", "")


_CHANGES = {
    "NONE": "NONE",
    "LTA_UPDATES": "ARCHIVE",
    "FORM_FILLING": "FORM",
    "ANNOTATIONS": "ANNOTATIONS",
    "OTHER": "OTHER",
}
