"""``case new --encrypt-to`` and ``recipient``: at least two keys, by the log's account."""

import subprocess
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.custody.recipients import Use
from evidence_kit.trust.age import Identity, Recipient, read_identities
from tests.cli.running import RunCommand

NEW = ("case", "new")
CALLED = ("--number", "1", "--title", "T")


@pytest.fixture
def keys() -> list[str]:
    return [str(Identity.new().recipient) for _ in range(3)]


def test_a_case_begins_with_its_recipients(officer: RunCommand, tmp_path: Path, keys: list[str]) -> None:
    listed = tmp_path / "тамгын газар.txt"
    listed.write_text(f"# Зохиомол\n{keys[2]}\n", encoding="utf-8")
    options = ("--encrypt-to", keys[0], "--encrypt-to", keys[1], "--seal-to", keys[0], "--seal-to", listed)

    made = officer(*NEW, tmp_path / "c", *CALLED, *options, "--json").json["case"]["recipients"]

    assert [(each["recipient"], each["use"]) for each in made] == [
        (keys[0], "content"),
        (keys[1], "content"),
        (keys[0], "seal"),
        (keys[2], "seal"),
    ]
    case = CaseFolder.open(tmp_path / "c")
    assert list(map(str, case.recipients(Use.SEAL))) == [keys[0], keys[2]]
    assert keys[1] in officer("case", "show", "--case", case.path).out
    assert officer("verify", case.path).code == 0


def test_one_recipient_alone_is_refused_unless_that_is_wanted(
    officer: RunCommand, tmp_path: Path, keys: list[str]
) -> None:
    refused = officer(*NEW, tmp_path / "c", *CALLED, "--encrypt-to", keys[0], "--encrypt-to", keys[0])
    assert refused.code == 2
    assert "lost key is lost evidence" in refused.err
    assert not (tmp_path / "c").exists()

    assert officer(*NEW, tmp_path / "c", *CALLED, "--encrypt-to", keys[0], "--one-recipient").code == 0
    assert '"alone":true' in (tmp_path / "c/custody.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize("given", ["age1qqqqqqqqqqqq", "certificate.pem", "AGE-SECRET-KEY-1QQQQ", "", "ssh-rsa AAAA"])
def test_what_is_no_recipient_is_refused(officer: RunCommand, tmp_path: Path, given: str) -> None:
    answer = officer(*NEW, tmp_path / "c", *CALLED, "--encrypt-to", given)

    assert answer.code == 2
    assert "Traceback" not in answer.err
    assert not (tmp_path / "c").exists()


def test_a_file_that_names_nobody_is_refused(officer: RunCommand, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("# Зохиомол\n", encoding="utf-8")

    answer = officer(*NEW, tmp_path / "c", *CALLED, "--encrypt-to", empty)

    assert answer.code == 2
    assert not (tmp_path / "c").exists()


def test_a_file_is_read_as_windows_saves_it_and_names_everybody_once(
    officer: RunCommand, case: Path, tmp_path: Path, keys: list[str]
) -> None:
    listed = tmp_path / "keys.txt"
    listed.write_bytes(b"\xef\xbb\xbf# keys\r\n" + "\r\n".join([keys[0], keys[1], keys[0]]).encode() + b"\r\n")

    assert officer("recipient", "add", listed, "--for", "seal", "--case", case).code == 0
    named = officer("recipient", "list", "--case", case, "--json").json["recipients"]
    assert [each["recipient"] for each in named] == keys[:2]


def test_those_to_whom_nothing_could_be_encrypted_are_refused_when_they_are_named(
    officer: RunCommand, case: Path, tmp_path: Path, keys: list[str]
) -> None:
    """Else it would show when something is to be sealed: a key of no order, or more than an age file is for."""
    many = tmp_path / "many.txt"
    many.write_text("\n".join(str(Identity.new().recipient) for _ in range(99)), encoding="utf-8")
    nobody = tmp_path / "nobody.txt"
    nobody.write_text(f"{Recipient(bytes(32))}\n{keys[0]}", encoding="utf-8")

    assert officer("recipient", "add", nobody, "--for", "seal", "--case", case).code == 2
    assert officer(*NEW, tmp_path / "c", *CALLED, "--seal-to", nobody).code == 2
    assert officer("recipient", "add", many, "--for", "seal", "--case", case).code == 0
    assert officer("recipient", "add", keys[0], "--for", "seal", "--case", case).code == 0
    refused = officer("recipient", "add", keys[1], "--for", "seal", "--case", case)
    assert refused.code == 2
    assert "100 recipients at most" in refused.err
    assert len(CaseFolder.open(case).recipients(Use.SEAL)) == 100


def test_recipients_are_added_and_removed_as_events(officer: RunCommand, case: Path, keys: list[str]) -> None:
    assert officer("recipient", "add", keys[0], "--for", "seal", "--case", case).code == 2
    both = case.parent / "keys.txt"
    both.write_text("\n".join(keys[:2]), encoding="ascii")

    officer("recipient", "add", both, "--for", "seal", "--case", case)
    officer("recipient", "add", keys[2], "--for", "seal", "--subject", "V-01", "--holder", "Зохиомол", "--case", case)

    folder = CaseFolder.open(case)
    assert list(map(str, folder.recipients(Use.SEAL))) == keys[:2]
    assert list(map(str, folder.recipients(Use.SEAL, ["V-01"]))) == keys
    assert folder.recipients(Use.CONTENT) == ()
    assert officer("recipient", "add", keys[0], "--for", "seal", "--case", case).code == 2
    assert officer("recipient", "remove", keys[0], "--for", "seal", "--case", case).code == 2
    gone = officer("recipient", "remove", keys[0], "--for", "seal", "--one-recipient", "--case", case, "--json").json
    assert [event["type"] for event in gone["events"]] == ["recipient.removed"]
    listed = officer("recipient", "list", "--case", case, "--json").json["recipients"]
    assert [each["recipient"] for each in listed] == keys[1:]
    assert officer("verify", case).code == 0


def test_who_may_open_content_may_open_what_is_sealed_where_nobody_else_is_named(
    officer: RunCommand, tmp_path: Path, keys: list[str]
) -> None:
    officer(*NEW, tmp_path / "c", *CALLED, "--encrypt-to", keys[0], "--encrypt-to", keys[1])

    assert list(map(str, CaseFolder.open(tmp_path / "c").recipients(Use.SEAL))) == keys[:2]


def test_a_new_key_is_under_a_passphrase_and_nobody_elses_file(
    officer: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "түлхүүр" / "key.age"
    assert officer("recipient", "new", "--output", output).code == 2
    monkeypatch.setenv("EVIDENCE_KIT_KEY_PASSPHRASE", "богино нууц үг")

    made = officer("recipient", "new", "--output", output, "--json").json

    (identity,) = read_identities(output.read_bytes(), passphrase="богино нууц үг".encode())
    assert made["recipient"] == str(identity.recipient)
    assert output.stat().st_mode & 0o077 == 0
    assert officer("recipient", "new", "--output", output).code == 2
    sealed = subprocess.run(["age", "-r", made["recipient"]], input=b"content", capture_output=True, check=True).stdout
    assert b"content" not in sealed
