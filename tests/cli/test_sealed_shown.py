"""Commands that show items, and a sealed one among them: they say that it is sealed, and nothing else."""

import json
from pathlib import Path

import pytest

from evidence_kit.case.sealed import REGISTER
from evidence_kit.trust.age import Identity
from tests.cli.running import RunCommand
from tests.support.sealing import MARK, NAME, PROVIDER

SECRETS = (MARK.decode(), NAME, PROVIDER)


@pytest.fixture
def case(officer: RunCommand, tmp_path: Path) -> Path:
    folder, source = tmp_path / "case", tmp_path / NAME
    source.write_bytes(MARK)
    to = ("--seal-to", str(Identity.new().recipient), "--seal-to", str(Identity.new().recipient))
    assert officer("case", "new", folder, "--number", "1", "--title", "T", *to).code == 0
    done = officer("import", source, "--seal", "--provided-by", PROVIDER, "--case", folder)
    assert (done.code, "Result: sealed whole" in done.out, "byte for byte" in done.out) == (0, True, False)
    return folder


@pytest.mark.parametrize("command", ["list", "show EV-0001", "case show", "custody log", "custody receipt EV-0001"])
def test_a_sealed_item_is_called_sealed_and_nothing_of_it_is_told(
    officer: RunCommand, case: Path, command: str
) -> None:
    shown = officer(*command.split(), "--case", case)

    assert shown.code == 0
    assert ("Sealed whole" in shown.out) is ("receipt" not in command)
    assert "byte for byte" not in shown.out
    assert not any(secret in shown.out for secret in SECRETS)


def test_the_json_result_says_how_much_is_sealed_and_to_how_many_keys(officer: RunCommand, case: Path) -> None:
    (item,) = officer("show", "EV-0001", "--case", case, "--json").json["items"]

    assert item["sealed"] == {"files": 1, "bytes": len(MARK), "keys": 2}
    assert "supply" not in item
    assert "facts" not in item


@pytest.mark.parametrize("option", [("--facts",), ("--places",), ("--messages", "1-2")])
def test_content_of_a_sealed_item_is_refused(officer: RunCommand, case: Path, option: tuple[str, ...]) -> None:
    refused = officer("show", "EV-0001", *option, "--case", case)

    assert refused.code == 2
    assert "EV-0001 is sealed" in refused.err


def test_verify_counts_what_is_sealed_apart(officer: RunCommand, case: Path) -> None:
    shown = officer("verify", case)

    assert "Sealed in this case:" in shown.out
    assert "EV-0001: 1 files, 2 keys" in shown.out
    facts = officer("verify", case, "--json").json["facts"]
    assert facts["sealing"]["complete"] == 1
    assert facts["supplied"]["complete"] == 0


def test_what_is_left_open_of_every_file_of_an_item_is_told_once(
    officer: RunCommand, case: Path, tmp_path: Path
) -> None:
    """A sealed item has dozens of files, which would push everything else out of the list."""
    assert officer("bundle", "--output", tmp_path / "bundle", "--case", case).code == 0
    left_out = [
        check
        for check in officer("verify", tmp_path / "bundle", "--json").json["checks"]
        if check["id"] == "item.manifest" and check["outcome"] == "not-checked"
    ]

    shown = officer("verify", tmp_path / "bundle").out

    assert len(left_out) == 3
    assert shown.count("(item.manifest)") == 1
    assert "And of others in the same folder: 2" in shown


def test_a_sealed_item_can_be_handed_over(officer: RunCommand, colleague: RunCommand, case: Path) -> None:
    to = ("--to", "Зохиомол Болор", "--purpose", "Шинжилгээ")
    assert officer("custody", "transfer", "EV-0001", *to, "--case", case).code == 0
    seq = json.loads((case / "custody.jsonl").read_bytes().splitlines()[-1])["seq"]

    accepted = colleague("custody", "accept", seq, "--case", case)

    assert accepted.code in {0, 4}, accepted.err
    assert officer("verify", case).code in {0, 4}


def finding(officer: RunCommand, case: Path) -> dict[str, str]:
    (found,) = (each for each in officer("doctor", case, "--json").json["checks"] if each["id"] == "case.sealed")
    return {key: str(value) for key, value in found.items()}


def test_doctor_counts_what_is_sealed_and_warns_of_a_single_key(officer: RunCommand, case: Path) -> None:
    found = finding(officer, case)
    assert (found["outcome"], "Sealed items: 1; keys that open one, at least: 2" in found["detail"]) == ("passed", True)
    given = json.loads((case / "items/EV-0001" / REGISTER).read_bytes())["recipients"][0]

    officer("recipient", "remove", given, "--for", "seal", "--one-recipient", "--case", case)

    found = finding(officer, case)
    assert found["outcome"] == "warning"
    assert "A lost key is lost evidence" in found["detail"]


def test_nothing_of_it_is_rendered_again(officer: RunCommand, case: Path) -> None:
    checks = officer("verify", case, "--deep", "--json").json["checks"]

    (found,) = (check for check in checks if check["id"] == "replay.screenshot")
    assert (found["outcome"], found["detail"]) == ("not-checked", "it is sealed: nothing of it is rendered")
