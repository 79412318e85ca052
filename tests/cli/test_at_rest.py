"""A case that encrypts: what the commands say without a key, and with one."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_kit.practice.server import PracticeServer
from evidence_kit.trust.age import Identity
from tests.cli.running import RunCommand
from tests.support.chat_exports import talk, whatsapp_android

OFFICER, PROSECUTOR = Identity.new(), Identity.new()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key.txt"
    path.write_text(f"{OFFICER.secret_text()}\n", encoding="ascii")
    return path


@pytest.fixture
def case(officer: RunCommand, tmp_path: Path) -> Path:
    folder = tmp_path / "хэрэг"
    to = ("--encrypt-to", str(OFFICER.recipient), "--encrypt-to", str(PROSECUTOR.recipient))
    assert officer("case", "new", folder, "--number", "1", "--title", "T", *to).code == 0
    return folder


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of temporary files; its name is short, for a browser has its socket there."""
    with tempfile.TemporaryDirectory() as name:
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


@pytest.fixture
def chat(case: Path, officer: RunCommand, tmp_path: Path) -> str:
    """Return what stands in a chat that was handed over as EV-0001."""
    export = tmp_path / "WhatsApp Chat with Мод.txt"
    export.write_text(whatsapp_android(talk(20)), encoding="utf-8")
    assert officer("import", export, "--provided-by", "V-01", "--case", case).code == 0
    return export.read_text(encoding="utf-8").split(": ", 1)[1].split("\n", 1)[0]


def test_what_was_found_is_shown_only_with_a_key(officer: RunCommand, case: Path, chat: str, key: Path) -> None:
    blind = officer("show", "EV-0001", "--case", case)
    seeing = officer("show", "EV-0001", "--messages", "1-20", "--case", case, "--key", key)

    assert blind.code == 0
    assert "encrypted" in blind.out
    assert officer("show", "EV-0001", "--case", case, "--json").json["items"][0]["encrypted"] == {"opened": False}
    assert chat not in blind.out
    assert seeing.code == 0
    assert chat in seeing.out


@pytest.mark.parametrize(
    "command",
    [
        ("show", "EV-0001", "--facts"),
        ("show", "EV-0001", "--messages", "1-2"),
        ("bundle", "--output", "bundle"),
        ("bundle", "--plan", "plan.toml"),
    ],
)
def test_what_needs_content_asks_for_a_key(
    officer: RunCommand, case: Path, chat: str, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(case.parent)

    answer = officer(*command, "--case", case)

    assert answer.code == 1
    assert "EV-0001 is encrypted" in answer.err
    assert "--key FILE" in answer.err
    assert chat not in answer.out


def test_the_environment_may_name_the_key(
    officer: RunCommand, case: Path, chat: str, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVIDENCE_KIT_KEY", str(key))

    assert chat in officer("show", "EV-0001", "--messages", "1-20", "--case", case).out
    assert officer("verify", case, "--strict", "--json").json["verdict"] == "verified"


@pytest.mark.usefixtures("chat")
def test_another_key_does_not_help(officer: RunCommand, case: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text(f"{Identity.new().secret_text()}\n", encoding="ascii")

    answer = officer("show", "EV-0001", "--facts", "--case", case, "--key", other)

    assert answer.code == 1
    assert "not to a key that was given" in answer.err


def test_doctor_says_to_how_many_keys_a_case_encrypts(officer: RunCommand, case: Path) -> None:
    checks = officer("doctor", case, "--json").json["checks"]

    (found,) = (check for check in checks if check["id"] == "case.encryption")
    assert "2 keys" in found["detail"]


@pytest.mark.browser
@pytest.mark.network
def test_a_page_that_was_captured_lies_nowhere_in_plain(
    officer: RunCommand, case: Path, key: Path, temporary: Path
) -> None:
    with PracticeServer() as server:
        taken = officer("capture", f"{server.url}/news/501", "--case", case)

    assert taken.code == 0
    answer = officer("verify", case, "--key", key, "--json").json
    assert answer["verdict"] == "verified"
    assert [check["outcome"] for check in answer["checks"] if check["id"] == "item.recorded"] == ["passed"]
    kept = [path for folder in (case, temporary) for path in folder.rglob("*") if path.is_file()]
    assert [path.name for path in kept if b"<html" in path.read_bytes().lower()] == []
    assert [path.name for path in kept if path.read_bytes().startswith(b"\x89PNG")] == []
