"""However many zips there are, and however long it takes: conversations keep to their bounds and say so."""

import json
from pathlib import Path

import pytest

from evidence_kit.intake.chats import opened, originals, people, read_exports, write_conversations, written
from evidence_kit.intake.findings import Finding
from tests.support.chat_exports import facebook, supplied, talk, whatsapp_android, zipped

CHAT = whatsapp_android(talk(3)).encode()
ZIPS = 40


def _codes(folder: Path) -> list[str]:
    return [one.code for one in read_exports(supplied(folder)) if isinstance(one, Finding)]


def _header(item: Path) -> dict[str, object]:
    document: dict[str, list[dict[str, object]]] = json.loads((item / "conversations.json").read_bytes())
    return document["conversations"][0]


def _noted(header: dict[str, object]) -> list[str]:
    findings = header["findings"]
    assert isinstance(findings, list)
    return [finding["code"] for finding in findings]


def test_thousands_of_zips_are_read_with_a_few_open_at_a_time(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="NOT TESTED: this system limits no files")
    (tmp_path / "in").mkdir()
    for number in range(ZIPS):
        (tmp_path / "in" / f"{number}.zip").write_bytes(zipped([("_chat.txt", CHAT), ("a.jpg", b"1")]))
    (tmp_path / "item").mkdir()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 38, limits[1]) if used else limits)
    try:
        found = write_conversations(supplied(tmp_path / "in"), tmp_path / "item")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    assert [one.count for one in found.conversations] == [4] * ZIPS
    assert found.findings == ()


def test_entries_of_all_zips_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originals, "_MOST_ENTRIES", 3)
    for name, count in (("a.zip", 2), ("b.zip", 2), ("c.zip", 1)):
        (tmp_path / name).write_bytes(zipped([(f"{number}.txt", b"1") for number in range(count)]))

    assert _codes(tmp_path) == ["chat.file.unreadable"]


def test_a_file_that_takes_too_long_is_read_as_far_as_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "_SECONDS_A_MEGABYTE", -1e9)
    facebook(tmp_path / "in", 3)
    (tmp_path / "item").mkdir()

    assert _codes(tmp_path / "in") == ["chat.file.unreadable"]


def test_what_is_said_of_zips_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originals, "_MOST_FINDINGS", 2)
    (tmp_path / "a.zip").write_bytes(zipped([(f"../{number}.txt", CHAT) for number in range(9)]))

    assert _codes(tmp_path) == ["chat.zip.entry", "chat.zip.entry", "chat.findings.cut"]


def test_names_of_participants_take_a_bounded_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "_MOST_CHARACTERS", 20)
    facebook(tmp_path / "in", 3)
    (tmp_path / "item").mkdir()
    write_conversations(supplied(tmp_path / "in"), tmp_path / "item")

    header = _header(tmp_path / "item")
    assert header["messages"] == 3
    assert len(str(header["participants"])) < 50
    assert "chat.participants.cut" in _noted(header)


def test_a_conversation_whose_header_has_no_room_is_left_out_with_its_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "_ROOM", 1500)
    for name in ("a", "b", "c"):
        facebook(tmp_path / "in", 3, name=name)
    (tmp_path / "item").mkdir()

    found = write_conversations(supplied(tmp_path / "in"), tmp_path / "item")

    assert found.files == ("conversations.json", "messages-01.jsonl")
    assert [finding.code for finding in found.findings] == ["chat.conversations.cut"]
    assert sorted(path.name for path in (tmp_path / "item").iterdir()) == [*found.files]
