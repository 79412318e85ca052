"""``capture --seal``: who may, to whom, beside what not, and that the answer names no address."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_kit.case.memory import VARIABLE, memory
from evidence_kit.practice import PracticeServer
from evidence_kit.trust.age import Identity
from tests.cli.running import RunCommand


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    """Return the address of a practice network."""
    with PracticeServer() as server:
        yield server.url


@pytest.fixture
def sealing(officer: RunCommand, tmp_path: Path) -> Path:
    """Return a case that seals to somebody."""
    folder = tmp_path / "case"
    to = [part for _ in range(2) for part in ("--seal-to", str(Identity.new().recipient))]
    assert officer("case", "new", folder, "--number", "1", "--title", "T", *to).code == 0
    return folder


@pytest.mark.browser
@pytest.mark.skipif(memory({}) is None, reason="NOT TESTED: this system has no place in memory for files")
def test_the_answer_names_no_address_in_text_or_json(officer: RunCommand, sealing: Path, network: str) -> None:
    told = officer("capture", f"{network}/posts/1001", "--seal", "--case", sealing)
    listed = [officer(*command, "--case", sealing) for command in (("list",), ("show", "EV-0001"))]
    (item,) = officer("list", "--json", "--case", sealing).json["items"]

    assert told.code == 0, told.err
    assert "sealed; no picture was taken" in told.out
    assert all("a page whose address is sealed" in answer.out for answer in (told, *listed))
    assert not any(network in answer.out + answer.err for answer in (told, *listed))
    assert (item["url"], item["sealed"]["keys"]) == ("", 2)
    assert officer("verify", sealing).code == 0


@pytest.mark.browser
@pytest.mark.skipif(memory({}) is None, reason="NOT TESTED: this system has no place in memory for files")
def test_a_link_that_had_to_be_completed_is_not_repeated(officer: RunCommand, sealing: Path, network: str) -> None:
    bare = network.removeprefix("http://")

    told = officer("capture", f"{bare}/posts/1001", "--seal", "--case", sealing)

    assert told.code == 1
    assert "a page whose address is sealed" in told.out
    assert bare not in told.out + told.err


@pytest.mark.parametrize("beside", [("--interactive",), ("--results", "r.csv"), ("--jobs", "2"), ("--resume",)])
def test_what_would_show_or_name_the_page_is_refused_beside_it(
    officer: RunCommand, sealing: Path, beside: tuple[str, ...]
) -> None:
    answer = officer("capture", "https://example.mn/", "--seal", *beside, "--case", sealing)

    assert answer.code == 2
    assert f"leave out {beside[0]} or --seal" in answer.err


def test_an_office_that_may_not_hold_it_is_told_what_to_do_instead(officer: RunCommand, sealing: Path) -> None:
    assert officer("setup", "--may-not-seal").code == 0

    answer = officer("capture", "https://example.mn/", "--seal", "--case", sealing)

    assert answer.code != 0
    assert "location.noted" in answer.err
    assert officer("list", "--json", "--case", sealing).json["abandoned"] == []


def test_without_recipients_nothing_is_begun(officer: RunCommand, case: Path) -> None:
    answer = officer("capture", "https://example.mn/", "--seal", "--case", case)

    assert answer.code == 2
    assert "recipient add" in answer.err


def test_without_a_place_in_memory_nothing_is_begun(
    officer: RunCommand, sealing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))

    answer = officer("capture", "https://example.mn/", "--seal", "--case", sealing)

    assert answer.code != 0
    assert VARIABLE in answer.err
    assert officer("list", "--json", "--case", sealing).json["abandoned"] == []


def test_what_a_killed_command_left_in_memory_is_removed_by_doctor(
    officer: RunCommand, sealing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "memory/evidence-kit-left"
    left.mkdir(parents=True)
    (left / "in-use.lock").touch()
    (left / "plain").write_bytes(b"content")
    monkeypatch.setenv(VARIABLE, str(left.parent))

    checks = officer("doctor", sealing, "--json").json["checks"]

    assert not left.exists()
    assert [check["outcome"] for check in checks if check["id"] == "memory.leftovers"] == ["warning"]


def test_doctor_tells_whether_a_page_can_be_sealed_here(
    officer: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place() -> list[str]:
        checks = officer("doctor", "--json").json["checks"]
        return [check["outcome"] + " " + check["detail"] for check in checks if check["id"] == "memory.place"]

    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    (none,) = place()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    (there,) = place()
    officer("setup", "--may-not-seal")

    assert none.startswith("not-checked ")
    assert VARIABLE in none
    assert str(tmp_path) in there
    assert place() == []
