"""``import`` and ``show`` with values that nobody means, and items whose files tell what no import writes."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.case.supply import LARGEST
from tests.cli.running import RunCommand

CHAT = "[22/11/2026, 09:00:00] A: one\n[22/11/2026, 09:01:00] B: two\n[23/11/2026, 09:01:00] B: three\n"


@pytest.fixture
def item(officer: RunCommand, case: Path, tmp_path: Path) -> Path:
    """Return the folder of an item with a conversation."""
    chat = tmp_path / "chat.txt"
    chat.write_text(CHAT, encoding="utf-8")
    assert officer("import", chat, "--case", case).code == 0
    return case / "items" / "EV-0001"


def _change(path: Path, key: str, **changes: Json) -> None:
    document = canonical.parse(path.read_bytes())
    assert isinstance(document, dict)
    members = document[key]
    assert isinstance(members, list)
    assert isinstance(members[0], dict)
    members[0].update(changes)
    path.write_bytes(canonical.pretty(document))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "soon"])
def test_a_moment_beyond_the_calendar_is_no_time(officer: RunCommand, case: Path, tmp_path: Path, moment: str) -> None:
    (tmp_path / "a.jpg").write_bytes(b"1")

    result = officer("import", tmp_path / "a.jpg", "--received", moment, "--case", case)

    assert result.code == 2
    assert "not a time" in result.err


@pytest.mark.parametrize("language", ["en", "mn"])
def test_what_was_not_read_as_a_conversation_is_said(
    officer: RunCommand, case: Path, tmp_path: Path, language: str
) -> None:
    with ZipFile(tmp_path / "chats.zip", "w") as packed:
        packed.writestr("inner\x1b[31m.zip", b"")
    assert officer("import", tmp_path / "chats.zip", "--case", case).code == 0

    said = officer("--lang", language, "show", "EV-0001", "--case", case).out
    (item,) = officer("show", "EV-0001", "--case", case, "--json").json["items"]

    assert "chat.zip.nested: inner\\u{001B}[31m.zip; " in said
    assert "[original/0001.zip]" in said
    assert [each["code"] for each in item["conversation_findings"]] == ["chat.zip.nested"]


@pytest.mark.parametrize("number", [[1], {}, "1", None])
def test_a_conversation_without_a_number_is_none(officer: RunCommand, case: Path, item: Path, number: Json) -> None:
    _change(item / "conversations.json", "conversations", number=number)

    result = officer("show", "EV-0001", "--messages", "1", "--case", case)

    assert result.code == 2
    assert "no conversation 1" in result.err


@pytest.mark.parametrize("name", ["supply.json", "facts.json", "conversations.json", "archives.json"])
def test_no_list_is_read_beyond_its_bound(officer: RunCommand, case: Path, item: Path, name: str) -> None:
    with (item / name).open("ab") as stream:
        stream.truncate(LARGEST + 1)

    results = [officer("show", "EV-0001", *more, "--case", case) for more in ((), ("--json",))]

    assert [result.code for result in results] == [1, 1]
    assert all(f"{name} of EV-0001 cannot be read: {name} is larger than {LARGEST} bytes" in r.err for r in results)


@pytest.mark.parametrize("outside", [True, False])
def test_messages_are_read_from_the_item_alone(officer: RunCommand, case: Path, item: Path, *, outside: bool) -> None:
    other = case.parent / "messages-01.jsonl"
    other.write_bytes((item / "messages-01.jsonl").read_bytes())
    name = "../../../messages-01.jsonl" if outside else "messages-01.jsonl\0"
    _change(item / "conversations.json", "conversations", file=name)

    result = officer("show", "EV-0001", "--messages", "1", "--case", case)

    assert result.code == 1
    assert "names no messages file" in result.err


def test_no_path_in_the_facts_speaks_to_the_terminal(officer: RunCommand, case: Path, item: Path) -> None:
    _change(item / "facts.json", "files", file="\x1b[2Joriginal/0001.txt")
    messages = item / "messages-01.jsonl"
    lines = messages.read_bytes().split(b"\n")
    first = canonical.loads(lines[0])
    assert isinstance(first, dict)
    lines[0] = canonical.dumps({**first, "attachments": [{"name": "a", "file": "\x1b[2J"}]})
    messages.write_bytes(b"\n".join(lines))

    shown = [officer("show", "EV-0001", *more, "--case", case) for more in ((), ("--messages", "1"))]

    assert [result.code for result in shown] == [0, 0]
    assert not any("\x1b" in result.out for result in shown)


@pytest.mark.parametrize("unlisted", ["many", [], {}])
def test_a_count_of_pages_that_is_none_is_not_counted(
    officer: RunCommand, case: Path, item: Path, unlisted: Json
) -> None:
    archive: Json = {"file": "original/0001.txt", "seal": "none", "pages_unlisted": unlisted}
    (item / "archives.json").write_bytes(canonical.pretty({"schema": "evidence-kit/archives/1", "archives": [archive]}))

    assert officer("show", "EV-0001", "--case", case).code == 0
