"""The file of results, as a spreadsheet will read it."""

import csv
from pathlib import Path

import pytest

from evidence_kit.cli.result_file import COLUMNS, ResultFile
from evidence_kit.errors import UsageError


def test_no_cell_becomes_a_formula_or_hides_something(tmp_path: Path) -> None:
    path = tmp_path / "үр дүн.csv"
    with ResultFile(path) as file:
        file.add({"line": 3, "url": '=HYPERLINK("http://a.mn";"x")', "final_url": "https://a.mn/\u202e\r\n@x;\"'"})
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))

    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert rows[0] == list(COLUMNS)
    assert dict(zip(COLUMNS, rows[1], strict=True)) == dict.fromkeys(COLUMNS, "") | {
        "line": "3",
        "url": '\'=HYPERLINK("http://a.mn";"x")',
        "final_url": "https://a.mn/\\u{202E}\\u{000D}\\u{000A}@x;\"'",
    }


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(b"precious")

    with pytest.raises(UsageError, match="already there"):
        ResultFile(path)

    assert path.read_bytes() == b"precious"
