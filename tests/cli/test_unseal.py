"""``import --seal`` and ``unseal``: two officers, each with a key of their own, and the log before the content."""

import shutil
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.trust.age import Identity
from tests.cli.running import RunCommand
from tests.cli.test_custody_keys import certificate_of
from tests.support.sealing import MARK, NAME, PROVIDER, holding

ASK = ("unseal", "EV-0001", "--reason", "Шинжилгээ", "--second", "Зохиомол Болор")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return the key of a recipient."""
    identity = Identity.new()
    path = tmp_path / "key.txt"
    path.write_text(f"# public key: {identity.recipient}\n{identity.secret_text()}\n", encoding="ascii")
    return path


@pytest.fixture
def sealed(officer: RunCommand, tmp_path: Path, key: Path) -> Path:
    """Return a case with a sealed item."""
    folder, source = tmp_path / "case", tmp_path / NAME
    source.write_bytes(MARK * 1000)
    first = key.read_text(encoding="ascii").split()[3]
    to = ("--seal-to", first, "--seal-to", str(Identity.new().recipient))
    assert officer("case", "new", folder, "--number", "1", "--title", "T", *to).code == 0
    assert officer("import", source, "--seal", "--provided-by", PROVIDER, "--case", folder).code == 0
    return folder


@pytest.fixture
def second(officer: RunCommand, colleague: RunCommand, sealed: Path, tmp_path: Path) -> RunCommand:
    """Return the command line of a second officer whose key is registered."""
    file = certificate_of(colleague, tmp_path / "other")
    assert officer("custody", "key", "add", file, "--case", sealed).code == 0
    return colleague


def types(case: Path) -> list[str]:
    return [event.type for event in CaseFolder.open(case).log().full_events()]


def test_it_is_asked_for_agreed_to_and_opened(
    officer: RunCommand, second: RunCommand, sealed: Path, tmp_path: Path, key: Path
) -> None:
    output = tmp_path / "opened"
    opening = (*ASK, "--output", output, "--key", key, "--case", sealed)

    asked = officer(*opening)
    agreed = second("unseal", "EV-0001", "--agree", "--case", sealed)
    opened = officer(*opening, "--json")

    assert (asked.code, agreed.code, opened.code) == (4, 0, 0)
    (file,) = output.iterdir()
    assert file.read_bytes() == MARK * 1000
    assert (file.name, file.stat().st_mode & 0o077) == ("EV-0001-0001.jpg", 0)
    assert opened.json["state"] == "opened"
    assert opened.json["files"][0]["name"] == NAME
    assert types(sealed)[-3:] == ["unseal.requested", "unseal.approved", "unseal.opened"]
    # The second officer's practice root is nobody's here: claimed, and nothing altered.
    assert officer("verify", sealed).code == 4
    assert holding(sealed, MARK, NAME.encode(), PROVIDER.encode()) == []


def test_one_agreement_is_for_one_opening(
    officer: RunCommand, second: RunCommand, sealed: Path, tmp_path: Path, key: Path
) -> None:
    officer(*ASK, "--case", sealed)
    second("unseal", "EV-0001", "--agree", "--case", sealed)
    assert officer(*ASK, "--output", tmp_path / "one", "--key", key, "--case", sealed).code == 0

    again = officer(*ASK, "--output", tmp_path / "two", "--key", key, "--case", sealed)

    assert again.code == 4
    assert not (tmp_path / "two").exists()


def test_both_at_one_computer_do_it_in_one_run(
    officer: RunCommand, second: RunCommand, sealed: Path, tmp_path: Path, key: Path
) -> None:
    assert second("setup", "--json").code == 0
    home = ("--second-home", tmp_path / "өөр тохиргоо")

    answer = officer(*ASK, *home, "--output", tmp_path / "opened", "--key", key, "--case", sealed)

    assert answer.code == 0
    assert (tmp_path / "opened/EV-0001-0001.jpg").read_bytes() == MARK * 1000


@pytest.mark.parametrize("name", ["Зохиомол Дорж", "0001"])
def test_nobody_agrees_with_themselves(officer: RunCommand, sealed: Path, name: str) -> None:
    answer = officer("unseal", "EV-0001", "--reason", "x", "--second", name, "--case", sealed)

    assert answer.code == 2
    assert "somebody else" in answer.err


def test_nobody_agrees_who_was_not_asked_or_has_no_key_in_the_case(
    officer: RunCommand, colleague: RunCommand, sealed: Path
) -> None:
    assert colleague("unseal", "EV-0001", "--agree", "--case", sealed).code == 1
    officer(*ASK, "--case", sealed)
    assert officer("unseal", "EV-0001", "--agree", "--case", sealed).code == 1
    refused = colleague("unseal", "EV-0001", "--agree", "--case", sealed)
    assert refused.code == 1
    assert "not registered" in refused.err
    assert types(sealed)[-1] == "unseal.requested"


def test_a_key_that_is_no_recipients_opens_nothing_and_notes_nothing(
    officer: RunCommand, second: RunCommand, sealed: Path, tmp_path: Path
) -> None:
    officer(*ASK, "--case", sealed)
    second("unseal", "EV-0001", "--agree", "--case", sealed)
    other = tmp_path / "other.txt"
    other.write_text(Identity.new().secret_text(), encoding="ascii")

    for more in (("--key", other), ()):
        answer = officer(*ASK, "--output", tmp_path / "opened", *more, "--case", sealed)
        assert answer.code in {1, 2}
        assert answer.err.count("hint") == 1
    assert not (tmp_path / "opened").exists()
    assert types(sealed)[-1] == "unseal.approved"


def test_what_is_unsealed_is_written_to_a_new_folder_outside_of_the_case(
    officer: RunCommand, sealed: Path, tmp_path: Path, key: Path
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "led").symlink_to(sealed / "items")
    (tmp_path / "nowhere").symlink_to(sealed / "opened")
    elsewhere = [tmp_path / name for name in ("taken", "none/opened", "led", "led/opened", "nowhere")]
    for place in (sealed / "opened", sealed / "items/EV-0001/x", *elsewhere):
        assert officer(*ASK, "--output", place, "--key", key, "--case", sealed).code == 2
    assert types(sealed)[-1] == "imported"


def test_an_agreement_is_not_used_up_where_there_is_no_room(  # noqa: PLR0913, PLR0917  # fixtures
    officer: RunCommand,
    second: RunCommand,
    sealed: Path,
    tmp_path: Path,
    key: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opening = (*ASK, "--output", tmp_path / "opened", "--key", key, "--case", sealed)
    officer(*opening)
    second("unseal", "EV-0001", "--agree", "--case", sealed)

    used = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: used._replace(free=0))
        refused = officer(*opening)

    assert (refused.code, types(sealed)[-1]) == (1, "unseal.approved")
    assert "0 bytes free" in refused.err
    assert officer(*opening).code == 0


def test_only_sealed_items_are_unsealed(officer: RunCommand, sealed: Path) -> None:
    assert officer("unseal", "EV-0009", *ASK[2:], "--case", sealed).code == 1
    assert officer("unseal", "EV-0001", "--case", sealed).code == 2


def test_sealing_needs_recipients(officer: RunCommand, case: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")

    answer = officer("import", tmp_path / "a.jpg", "--seal", "--case", case)

    assert answer.code == 2
    assert "recipient add" in answer.err


def test_an_altered_sealed_item_is_not_opened(
    officer: RunCommand, second: RunCommand, sealed: Path, tmp_path: Path, key: Path
) -> None:
    officer(*ASK, "--case", sealed)
    second("unseal", "EV-0001", "--agree", "--case", sealed)
    path = sealed / "items/EV-0001/sealed/0001.age"
    path.write_bytes(path.read_bytes()[:-1] + b"x")

    answer = officer(*ASK, "--output", tmp_path / "opened", "--key", key, "--case", sealed)

    assert answer.code == 3
    assert not (tmp_path / "opened").exists()
    assert types(sealed)[-1] == "unseal.approved"


@pytest.mark.parametrize("language", ["en", "mn"])
def test_an_office_that_may_not_hold_it_copies_nothing_and_is_told_what_to_do(
    officer: RunCommand, sealed: Path, tmp_path: Path, language: str
) -> None:
    officer("setup", "--may-not-seal")
    (tmp_path / "other.jpg").write_bytes(MARK)

    taken = officer("import", tmp_path / "other.jpg", "--seal", "--case", sealed, "--lang", language)
    opened = officer(*ASK, "--case", sealed, "--lang", language)

    for answer in (taken, opened):
        assert answer.code == 2
        assert "custody add location.noted" in answer.err
        assert ("цагдаад мэдэгдэнэ" if language == "mn" else "report it to the police") in answer.err
    assert types(sealed)[-1] == "imported"
