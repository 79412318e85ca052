"""Lists of links as people and spreadsheets write them."""

from pathlib import Path

import pytest

from evidence_kit.cli.link_lists import read_list
from evidence_kit.errors import UsageError

TABLE = 'Дугаар;URL;Тайлбар\r\n1;https://a.mn/;"нэг; ""хоёр""\nгурав"\r\n;;\r\n2;b.mn/x;\r\n'


def _file(folder: Path, data: bytes, name: str = "жагсаалт 1.txt") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def _read(folder: Path, text: str, *, encoding: str = "utf-8", name: str = "list.csv") -> list[tuple[int, str, str]]:
    return [(found.line, found.url, found.note) for found in read_list(_file(folder, text.encode(encoding), name))]


def test_a_list_has_one_link_a_line_and_remarks(tmp_path: Path) -> None:
    found = read_list(_file(tmp_path, "\ufeffhttps://a.mn/\r\n\r\n# тайлбар\r\n  b.mn/x  \n".encode()))

    assert [(link.line, link.url, link.completed) for link in found] == [
        (1, "https://a.mn/", False),
        (4, "https://b.mn/x", True),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_a_table_is_read_as_any_spreadsheet_saves_it(tmp_path: Path, encoding: str, separator: str) -> None:
    text = TABLE.replace("нэг; ", "нэг| ").replace(";", separator).replace("нэг| ", f"нэг{separator} ")
    note = "1; " + " ".join(f'нэг{separator} "хоёр" гурав'.split())

    assert _read(tmp_path, text, encoding=encoding) == [(2, "https://a.mn/", note), (5, "https://b.mn/x", "2")]


def test_a_table_is_known_by_its_first_line_whatever_its_file_is_called(tmp_path: Path) -> None:
    text = "# from the prosecutor\nowner,Link\nx,https://a.mn/?q=1\n# the rest later\n"

    assert _read(tmp_path, text, name="list.txt") == [(3, "https://a.mn/?q=1", "")]


def test_in_a_table_of_one_column_a_link_may_hold_commas_and_semicolons(tmp_path: Path) -> None:
    assert _read(tmp_path, "url\nhttps://a.mn/1,2;3\n") == [(2, "https://a.mn/1,2;3", "")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://a.mn/\nfoo\n", "line 2: not a link"),
        ("https://a.mn/\njavascript:alert(1)\n", "line 2: not a link"),
        ("url;note\nhttps://a.mn/;x\n;only a note\n", "line 3: the cell of the link is empty"),
        ("url,note\nhttps://a.mn/,x,y\n", "line 2: 3 cells under 2 columns"),
        ('url;note\nhttps://a.mn/;"x\n', "line 2: the row cannot be read"),
        ("url;link\nhttps://a.mn/;x\n", "line 1: more than one column holds links"),
        ("url;note;note\nhttps://a.mn/;x;y\n", "line 1: two columns are called note"),
        (f"url;note\nhttps://a.mn/;{'x' * 2001}\n", "line 2: the remark is longer"),
        ("", "holds no link"),
        ("# nothing yet\n\n", "holds no link"),
        ("url;note\n", "holds no link"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_list(_file(tmp_path, text.encode()))


def test_a_file_that_calls_itself_a_table_must_name_the_column_of_the_links(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 1: no column is called url"):
        read_list(_file(tmp_path, b"https://a.mn/;x\n", "list.csv"))


@pytest.mark.parametrize("data", [b"https://a.mn/\n\xf5\xf3\xeb\n", b"\xff\xfeh\x00\n\x00h", b"\x00\x01\x02"])
def test_what_is_no_text_is_told_with_its_line(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UsageError, match=r"line [12]: not "):
        read_list(_file(tmp_path, data))


def test_a_list_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_list(tmp_path / "none.txt")


def test_more_links_than_a_list_may_hold_are_refused(tmp_path: Path) -> None:
    data = b"".join(b"https://a.mn/%d\n" % number for number in range(100_001))

    with pytest.raises(UsageError, match="line 100001: a list holds at most 100000 links"):
        read_list(_file(tmp_path, data))


def test_a_hostile_cell_is_told_escaped(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        read_list(_file(tmp_path, "url\nhttps://a.mn/\x1b[31m\u202e\n".encode()))

    assert "\\u{001B}" in str(refused.value)
    assert "\x1b" not in str(refused.value)
