"""PDFs are checked in a process of their own: the same findings, and an end to those made to be examined for ever."""

import tempfile
from io import BytesIO
from pathlib import Path

import pytest

from evidence_kit.errors import LimitError
from evidence_kit.models import Outcome, Verdict
from evidence_kit.pdf.apart import check_pdf_apart, read_findings, write_findings
from evidence_kit.pdf.check import check_pdf
from evidence_kit.pdf.sign import sign_pdf
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from tests.support.pdfs import NOW, make_pdf, practice_signer
from tests.support.tsa import OpensslTsa


def sign(folder: Path, tsa: tuple[str, ...] = ()) -> Path:
    source = make_pdf(folder / "report.pdf", attached={"жагсаалт.txt": b"a"})
    signed = folder / "signed.pdf"
    sign_pdf(source, signed, signer=practice_signer(), reason="Тэмдэглэл", location="", now=NOW, tsa=tsa)
    return signed


def hostile(path: Path, megabytes: int) -> Path:
    """Write zeros with the end of a PDF: a reader takes them for white space and skips them one by one."""
    path.write_bytes(b"%PDF-1.7\n" + bytes(megabytes << 20) + b"\nstartxref\n12\n%%EOF\n")
    return path


@pytest.mark.network
def test_the_findings_of_a_stamped_report_come_back_whole(tmp_path: Path, tsa: OpensslTsa) -> None:
    found = check_pdf(sign(tmp_path, (tsa.url,)))

    assert found.whole_and_valid
    assert found.signatures[0].stamp is not None
    assert read_findings(write_findings(found).encode()) == found


def test_the_process_finds_what_the_check_finds_in_files_and_in_memory(tmp_path: Path) -> None:
    signed = sign(tmp_path)

    with signed.open("rb") as stream:
        assert check_pdf_apart(stream) == check_pdf(signed)
    assert check_pdf_apart(BytesIO(signed.read_bytes() + b"x")) == check_pdf(BytesIO(signed.read_bytes() + b"x"))


def test_what_takes_too_long_is_ended_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    stream = BytesIO(hostile(tmp_path / "zeros.pdf", 32).read_bytes())

    with pytest.raises(LimitError, match="not examined to its end within 1 seconds"):
        check_pdf_apart(stream, seconds=1)

    assert not list((tmp_path / "temporary").iterdir())


def test_what_cannot_be_examined_is_neither_verified_nor_altered(tmp_path: Path) -> None:
    report = verify_path(
        hostile(tmp_path / "zeros.pdf", 32),
        roots=TrustedRoots(),
        clock=lambda: NOW,
        check_pdf=lambda stream: check_pdf_apart(stream, seconds=1),
    )

    (check,) = report.checks
    assert report.verdict is Verdict.CANNOT_VERIFY
    assert (check.id, check.outcome) == ("report.signature", Outcome.NOT_CHECKED)
    assert "within 1 seconds" in check.detail
