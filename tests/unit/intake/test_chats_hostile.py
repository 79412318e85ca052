"""Zips and names that mean harm, and files that are none, become findings; nothing fails and nothing is unpacked."""

import io
import json
import re
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kit.errors import FormatError
from evidence_kit.intake.chats import originals, read_exports, write_conversations
from evidence_kit.intake.chats.json_cursor import JsonCursor, UnreadableError
from evidence_kit.intake.chats.models import SuppliedFile
from evidence_kit.intake.findings import Finding
from tests.support.chat_exports import (
    facebook,
    facebook_html,
    mbox,
    supplied,
    talk,
    telegram,
    telegram_html,
    viber,
    whatsapp_android,
    zipped,
)

ROOT = Path(__file__).parents[3]
CHAT = whatsapp_android(talk(3)).encode()


def findings(folder: Path, data: bytes) -> dict[str, object]:
    """Return codes and values of what is found in a zip, and how many conversations are in it."""
    (folder / "x.zip").write_bytes(data)
    found: dict[str, object] = {"conversations": 0}
    for one in read_exports(supplied(folder)):
        if isinstance(one, Finding):
            found[one.code] = one.value
        else:
            found["conversations"] = int(str(found["conversations"])) + 1
    return found


@pytest.mark.parametrize("name", ["../_chat.txt", "/_chat.txt", "a/../_chat.txt", "C:/_chat.txt", "a\\_chat.txt"])
def test_entry_that_leads_out_of_the_zip_is_left_out_and_said(tmp_path: Path, name: str) -> None:
    found = findings(tmp_path, zipped([(name, CHAT), ("_chat.txt", CHAT)]))

    assert found == {"conversations": 1, "chat.zip.entry": name}


def test_name_that_stands_twice_is_said_and_read_once(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped([("_chat.txt", CHAT), ("_chat.txt", CHAT)])

    assert findings(tmp_path, data) == {"conversations": 1, "chat.zip.entry": "_chat.txt"}


def test_zip_inside_a_zip_is_said_and_not_opened(tmp_path: Path) -> None:
    found = findings(tmp_path, zipped([("inner.zip", zipped([("_chat.txt", CHAT)]))]))

    assert found == {"conversations": 0, "chat.zip.nested": "inner.zip"}


def test_bombs_are_said_and_not_inflated(tmp_path: Path) -> None:
    one = zipped([("_chat.txt", CHAT + b"x" * 110_000_000)])
    many = zipped([(f"{number}.txt", b"x" * 3_000_000) for number in range(40)])

    assert findings(tmp_path, one) == {"conversations": 0, "chat.zip.entry": "_chat.txt"}
    assert findings(tmp_path, many) == {"conversations": 0, "chat.zip.bomb": "x.zip"}


@pytest.mark.parametrize("cut", [10, 100, 400])
def test_cut_and_damaged_zips_are_said(tmp_path: Path, cut: int) -> None:
    data = zipped([("_chat.txt", CHAT)])

    assert findings(tmp_path, data[:-cut])["conversations"] == 0
    damaged = bytearray(data)
    damaged[60] ^= 0xFF
    found = findings(tmp_path, bytes(damaged))
    assert len(found) >= 1


def test_zip_of_too_many_entries_is_said_and_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originals, "_MOST_ENTRIES", 3)
    entries = [("_chat.txt", CHAT), *((f"{number}", b"") for number in range(3))]

    assert findings(tmp_path, zipped(entries[:3])) == {"conversations": 1}
    assert findings(tmp_path, zipped(entries)) == {"conversations": 0, "chat.file.unreadable": "x.zip"}
    monkeypatch.setattr(originals, "_MOST_ENTRIES", 9)
    monkeypatch.setattr(originals, "_LARGEST_DIRECTORY", 100)
    assert findings(tmp_path, zipped(entries)) == {"conversations": 0, "chat.file.unreadable": "x.zip"}


def test_encrypted_entry_is_said(tmp_path: Path) -> None:
    data = bytearray(zipped([("_chat.txt", CHAT)], zipfile.ZIP_STORED))
    directory = data.index(b"PK\x01\x02")
    struct.pack_into("<H", data, 6, 1)
    struct.pack_into("<H", data, directory + 8, 1)

    assert findings(tmp_path, bytes(data)) == {"conversations": 0, "chat.zip.entry": "_chat.txt"}


def test_paths_of_thousands_of_folders_are_not_looked_for(tmp_path: Path) -> None:
    text = f"13/04/2026, 09:52 - A: {'a/' * 100}b.jpg (file attached)\n" * 100
    names = ["x/" * 20_000 + "_chat.txt", "_chat.txt"]

    assert findings(tmp_path, zipped([(name, text.encode()) for name in names])) == {"conversations": 2}


@pytest.mark.parametrize("name", ["a\nb.txt", "\u202etxt.exe", "con.txt", "a" * 5000 + ".txt", "\ud800.txt", ""])
def test_strange_names_of_supplied_files_do_no_harm(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(CHAT)
    (tmp_path / "out").mkdir()

    written = write_conversations([SuppliedFile(path=path, file="original/0001.txt", name=name)], tmp_path / "out")

    assert [one.count for one in written.conversations] == [4]


def test_file_that_is_gone_is_said(tmp_path: Path) -> None:
    (found,) = read_exports([SuppliedFile(path=tmp_path / "none", file="original/0001.txt", name="none")])

    assert isinstance(found, Finding)
    assert found.code == "chat.file.unreadable"


MAKERS = {
    "facebook": facebook,
    "facebook page": facebook_html,
    "telegram": telegram,
    "telegram page": telegram_html,
    "mailbox": mbox,
    "viber": viber,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_no_cut_and_no_changed_byte_makes_reading_fail(tmp_path: Path, kind: str) -> None:
    (tmp_path / "in").mkdir()
    MAKERS[kind](tmp_path / "in", 4)  # type: ignore[operator]  # they all take a folder and a count
    (file,) = supplied(tmp_path / "in")
    data = file.path.read_bytes()

    rounds = 0
    for at in range(0, len(data), max(1, len(data) // 60)):
        for changed in (
            data[:at],
            data[:at] + b"\xff" + data[at + 1 :],
            data[:at] + b'"' + data[at:],
            b"\x00" + data[at:],
            data[:at] + b"\\ud800" + data[at:],
        ):
            file.path.write_bytes(changed)
            rounds += 1
            (tmp_path / str(rounds)).mkdir()
            write_conversations([file], tmp_path / str(rounds))


def test_every_code_of_a_finding_is_written_down_in_the_format() -> None:
    package = ROOT / "evidence_kit" / "intake" / "chats"
    text = (ROOT / "docs" / "evidence-format.md").read_text(encoding="utf-8")

    codes = {
        code
        for path in package.glob("*.py")
        for code in re.findall(r'"chat\.([a-z.]+)"', path.read_text(encoding="utf-8"))
    }

    assert len(codes) > 20
    assert {code for code in codes if f"`{code}`" not in text} == set()


@settings(max_examples=50, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda children: st.lists(children) | st.dictionaries(st.text(), children),
        max_leaves=20,
    ),
    st.booleans(),
)
def test_cursor_takes_every_value_and_counts_its_bytes(value: object, escaped: bool) -> None:
    text = json.dumps([value, {"a": value}, value], ensure_ascii=escaped, indent=1)
    data = text.encode("utf-8", "surrogatepass") if escaped else text.encode("utf-8", "replace")
    cursor = JsonCursor(io.BytesIO(data))
    expected = json.loads(data)

    for index in cursor.elements():
        if index == 1:
            for key in cursor.members():
                assert key == "a"
        else:
            assert cursor.value() == expected[index]
            assert json.loads(data[cursor.span[0] : sum(cursor.span)]) == expected[index]

    assert cursor.kind() == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[1",
        "[1,",
        '["a',
        '{"a"',
        '{"a":',
        '{"a":1',
        "{1:2}",
        "nothing",
        '["\\',
        "[" * 200_000,
        '{"a":"\\u12',
    ],
)
def test_cursor_refuses_what_is_cut_or_no_json(text: str) -> None:
    cursor = JsonCursor(io.BytesIO(text.encode()))

    parts = cursor.elements() if text.startswith("[") else cursor.members()

    with pytest.raises(FormatError):
        list(parts)


def test_cursor_goes_on_after_a_value_that_cannot_be_read() -> None:
    deep = b"[" * 50_000 + b"]" * 50_000
    digits = b"1" * 10_000
    large = b'"' + b"x" * 20_000_000 + b'"'
    cursor = JsonCursor(io.BytesIO(b"[1," + deep + b",2," + digits + b",3," + large + b',{"a":tru},4]'))
    found: list[object] = []

    for _ in cursor.elements():
        try:
            found.append(cursor.value())
        except UnreadableError:
            found.append(None)

    assert found == [1, None, 2, None, 3, None, None, 4]
