"""Files that only begin like a PDF end the check at once."""

from pathlib import Path

import pytest

from evidence_kit.pdf.check import check_pdf


@pytest.mark.parametrize("size", [0, 5_000, 1 << 30])
def test_a_file_without_the_end_of_a_pdf_is_not_searched_through(tmp_path: Path, size: int) -> None:
    """A reader that looks for the end mark from behind would go through a gigabyte byte by byte."""
    path = tmp_path / "sparse.pdf"
    with path.open("wb") as stream:
        stream.write(b"%PDF-1.7\n")
        stream.truncate(9 + size)

    found = check_pdf(path)

    assert not found.signatures
    assert any("no end" in problem for problem in found.problems)
