"""``setup --hash-list`` and ``import --hash-list``: what is known stops the import before anything is copied."""

import hashlib
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.trust.age import Identity
from tests.cli.running import RunCommand

KNOWN = b"what is known"


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """Return a list with one entry."""
    path = tmp_path / "нууц нэртэй жагсаалт.txt"
    path.write_text(f"# зохиомол\n{hashlib.sha256(KNOWN).hexdigest()}\n", encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder whose second file is on the list."""
    path = tmp_path / "утас"
    path.mkdir()
    (path / "a.txt").write_bytes(b"a")
    (path / "тодорхой нэр.jpg").write_bytes(KNOWN)
    return path


def digest(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def events(case: Path) -> list[tuple[str, object]]:
    return [(event.type, event.detail.get("hash_lists")) for event in CaseFolder.open(case).log().full_events()]


def test_a_hit_stops_the_import_before_anything_is_copied(
    officer: RunCommand, case: Path, folder: Path, known: Path
) -> None:
    before = sorted(case.rglob("*"))

    answer = officer("import", folder, known, "--hash-list", known, "--case", case)

    assert answer.code == 1
    assert "file 2 of 3" in answer.err
    assert "--seal" in answer.err
    # Nobody sits at a terminal: the name, which may tell more than the number, is not printed.
    assert "тодорхой" not in answer.err + answer.out
    assert events(case) == [("case.opened", None)]
    assert sorted(case.rglob("*")) == before


def test_who_may_not_seal_is_told_to_note_the_location_instead(
    officer: RunCommand, case: Path, folder: Path, known: Path
) -> None:
    officer("setup", "--may-not-seal")

    answer = officer("import", folder, "--hash-list", known, "--case", case, "--lang", "mn")

    assert answer.code == 1
    assert "custody add location.noted" in answer.err
    assert "нээж болохгүй" in answer.err


def test_without_a_hit_the_log_says_what_was_consulted(
    officer: RunCommand, case: Path, folder: Path, known: Path
) -> None:
    assert officer("setup", "--hash-list", known).code == 0

    assert officer("import", folder / "a.txt", "--case", case).code == 0

    consulted = {"list": digest(known), "entries": 1, "pdq": None, "hits": 0}
    assert events(case)[1] == ("import.started", [consulted])
    assert b"\xd0\xbd\xd1\x83\xd1\x83\xd1\x86" not in (case / "custody.jsonl").read_bytes()
    assert officer("verify", case).code == 0


def test_what_is_sealed_is_only_recorded_as_a_hit(
    officer: RunCommand, tmp_path: Path, folder: Path, known: Path
) -> None:
    keys = [word for _ in range(2) for word in ("--seal-to", Identity.new().recipient)]
    officer("case", "new", tmp_path / "c", "--number", "1", "--title", "T", *keys)

    answer = officer("import", folder, "--seal", "--hash-list", known, "--case", tmp_path / "c")

    assert answer.code == 0
    assert "file 2 of 2" in answer.err
    started = next(told for kind, told in events(tmp_path / "c") if kind == "import.started")
    assert started == [{"list": digest(known), "entries": 1, "pdq": None, "hits": 1}]
    assert officer("verify", tmp_path / "c").code == 0


@pytest.mark.parametrize("option", ["--seal", "--sensitive"])
def test_pictures_are_compared_only_where_they_may_be_decoded_and_there_is_something_to_compare(
    officer: RunCommand, case: Path, folder: Path, known: Path, option: str
) -> None:
    keys = [str(Identity.new().recipient) for _ in range(2)]
    (known.parent / "keys").write_text("\n".join(keys), encoding="ascii")
    officer("recipient", "add", known.parent / "keys", "--for", "seal", "--case", case)

    answer = officer("import", folder, option, "--hash-list", known, "--hash-list-pdq", "--case", case)

    assert answer.code == 2
    assert ("not decoded" in answer.err) == (option == "--seal")


def test_lists_are_kept_in_the_settings_until_they_are_taken_back(
    officer: RunCommand, known: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.txt").write_bytes(b"#\nx\n")

    kept = officer("setup", "--hash-list", known, "--json").json["hash_lists"]
    refused = officer("setup", "--hash-list", tmp_path / "bad.txt")
    still = officer("setup", "--json").json["hash_lists"]
    checks = {check["id"]: check["outcome"] for check in officer("doctor", "--json").json["checks"]}
    none = officer("setup", "--no-hash-list", "--json").json["hash_lists"]

    assert kept == still == [str(known)]
    assert refused.code == 2
    assert "line 2" in refused.err
    assert checks["hash-lists"] == "passed"
    assert none == []


def test_a_list_that_is_gone_stops_the_import(officer: RunCommand, case: Path, folder: Path, known: Path) -> None:
    officer("setup", "--hash-list", known)
    known.unlink()

    answer = officer("import", folder, "--case", case)

    assert answer.code == 2
    assert "--no-hash-list" in answer.err
    assert events(case) == [("case.opened", None)]
