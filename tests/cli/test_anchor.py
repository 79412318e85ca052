"""``anchor``, the register of case numbers, and ``verify --anchor``: a whole case cannot be taken away unseen."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.case.register import read_register, registered
from tests.cli.conftest import OFFICER
from tests.cli.running import Result, RunCommand
from tests.cli.test_receipt import cut, outcomes
from tests.support.people import practice_custodian
from tests.support.tsa import OpensslTsa


@pytest.fixture
def vault(officer: RunCommand, tmp_path: Path) -> Path:
    """Return a folder with two cases whose numbers were drawn."""
    folder = tmp_path / "хэргүүд"
    for name in ("a", "b"):
        assert officer("case", "new", folder / name, "--title", "Сургалтын хэрэг").code == 0
    return folder


def numbers(vault: Path) -> list[str]:
    lines = (vault / "register.jsonl").read_text(encoding="utf-8").splitlines()
    return [value["number"] for value in map(json.loads, lines) if value["kind"] in {"drawn", "given"}]


def made_list(answer: Result) -> Path:
    return Path(answer.json["path"])


def details(answer: Result, check: str) -> str:
    return "\n".join(f"{c['subject']}: {c['detail']}" for c in answer.json["checks"] if c["id"] == check)


def test_numbers_are_drawn_one_after_the_other(officer: RunCommand, vault: Path) -> None:
    first, second = numbers(vault)

    document = officer("case", "show", "--case", vault / "b", "--json").json

    assert (first[4:], second[4:]) == ("-0001", "-0002")
    assert document["case"]["number"] == second
    assert officer("verify", vault, "--json").json["kind"] == "vault"


def test_a_case_from_before_the_register_keeps_its_number(officer: RunCommand, tmp_path: Path) -> None:
    year = datetime.now(UTC).year
    assert officer("case", "new", tmp_path / "v" / "old", "--title", "T", "--number", f"{year}-0001").code == 0

    assert officer("case", "new", tmp_path / "v" / "new", "--title", "T").code == 0

    assert numbers(tmp_path / "v") == [f"{year}-0002"]


def test_a_case_that_is_given_up_with_ctrl_c_leaves_a_void_number(tmp_path: Path) -> None:
    custodian = practice_custodian()

    with pytest.raises(KeyboardInterrupt), registered(tmp_path, custodian):
        raise KeyboardInterrupt

    register = read_register(tmp_path)
    assert register is not None
    assert (len(register.void()), register.opened(), register.begun()) == (1, {}, {})


def test_a_vault_says_that_its_cases_were_not_looked_into(officer: RunCommand, vault: Path) -> None:
    answer = officer("verify", vault, "--json")

    assert outcomes(answer, "vault.contents") == ["not-checked"]
    assert officer("verify", vault, "--strict").code == 4


def test_a_number_that_was_given_before_is_refused_and_leaves_no_line(officer: RunCommand, vault: Path) -> None:
    before = (vault / "register.jsonl").read_bytes()

    answer = officer("case", "new", vault / "c", "--title", "T", "--number", numbers(vault)[0])

    assert answer.code == 2
    assert (vault / "register.jsonl").read_bytes() == before
    assert officer("case", "new", vault / "c", "--title", "T", "--number", "X-1").code == 0
    assert numbers(vault)[-1] == "X-1"


def test_a_case_that_could_not_be_made_makes_its_number_void(officer: RunCommand, vault: Path) -> None:
    assert officer("case", "new", vault / "a", "--title", "T").code == 1

    answer = officer("verify", vault, "--json")

    assert outcomes(answer, "vault.cases") == ["passed"]
    assert answer.json["facts"]["void_numbers"] == [numbers(vault)[-1]]
    assert officer("case", "new", vault / "c", "--title", "T").code == 0
    assert len(set(numbers(vault))) == 4


def test_processes_at_once_never_draw_the_same_number(home: Path, vault: Path) -> None:
    environment = {**os.environ, "EVIDENCE_KIT_HOME": str(home), "EVIDENCE_KIT_LANG": "en"}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "evidence_kit", "case", "new", vault / f"n{place}", "--title", "T"],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        for place in range(3)
    ]

    assert [process.wait(timeout=120) for process in running] == [0] * 3
    assert len(set(numbers(vault))) == 5


def test_a_discarded_case_is_named_by_register_anchor_and_verify(officer: RunCommand, vault: Path) -> None:
    shutil.rmtree(vault / "a")

    anchored = officer("anchor", vault, "--json")
    verified = officer("verify", vault, "--json")

    missing = numbers(vault)[0]
    assert anchored.code == 3
    assert anchored.json["problems"] == [{"code": "anchor.mismatch", "detail": f"no case has the number {missing}"}]
    assert verified.code == 3
    assert missing in details(verified, "vault.cases")


def test_a_case_and_its_line_of_the_register_cannot_go_together(officer: RunCommand, vault: Path) -> None:
    anchor = made_list(officer("anchor", vault, "--json"))
    shutil.rmtree(vault / "b")
    register = vault / "register.jsonl"
    register.write_bytes(register.read_bytes().splitlines(keepends=True)[0])

    without, answer = officer("verify", vault), officer("verify", vault, "--anchor", anchor, "--json")

    assert without.code == 4
    assert answer.code == 3
    assert "it is not here" in details(answer, "vault.cases")
    assert "failed" in outcomes(answer, "vault.register")
    again = officer("anchor", vault, "--output", anchor.parent, "--json")
    assert again.code == 3
    assert "is gone" in again.json["problems"][0]["detail"]


def test_an_anchored_head_must_still_be_in_the_log(officer: RunCommand, vault: Path) -> None:
    officer("verify", vault / "a", "--record")
    anchor = made_list(officer("anchor", vault, "--json"))
    officer("verify", vault / "a", "--record")
    whole = officer("verify", vault / "a", "--anchor", anchor, "--json")

    cut(vault / "a", 2)

    answer = officer("verify", vault / "a", "--anchor", anchor, "--json")
    assert (whole.code, outcomes(whole, "custody.anchor")) == (0, ["passed"])
    assert (answer.code, outcomes(answer, "custody.anchor")) == (3, ["failed"])
    assert "after event 2" in details(answer, "custody.anchor")
    assert outcomes(officer("verify", vault, "--anchor", anchor, "--json"), "custody.anchor") == ["failed", "passed"]


def _changed(anchor: Path) -> None:
    anchor.write_bytes(anchor.read_bytes().replace(b'"events": 1', b'"events": 0', 1))


def _torn(anchor: Path) -> None:
    anchor.write_bytes(anchor.read_bytes()[:100])


def _unsigned(anchor: Path) -> None:
    anchor.with_name(f"{anchor.name}.p7s").unlink()


def _signed_otherwise(anchor: Path) -> None:
    seal = anchor.with_name(f"{anchor.name}.p7s")
    seal.write_bytes(seal.read_bytes()[:-1] + b"!")


def _huge(anchor: Path) -> None:
    with anchor.open("ab") as stream:
        stream.truncate(65 * 1024 * 1024)


@pytest.mark.parametrize("act", [_changed, _torn, _unsigned, _signed_otherwise, _huge])
@pytest.mark.parametrize("of", [".", "a"])
def test_an_anchor_list_that_was_altered_is_a_finding(
    officer: RunCommand, vault: Path, act: Callable[[Path], None], of: str
) -> None:
    anchor = made_list(officer("anchor", vault, "--json"))
    act(anchor)

    answer = officer("verify", vault / of, "--anchor", anchor, "--json")

    assert answer.code == 3
    assert outcomes(answer, "anchor.signature") == ["failed"]
    assert details(answer, "anchor.signature").startswith(anchor.name)
    assert "passed" not in outcomes(answer, "custody.anchor")


@pytest.mark.parametrize("name", ["register.jsonl", "no-such-file"])
def test_what_is_no_anchor_list_is_wrong_usage(officer: RunCommand, vault: Path, name: str) -> None:
    answer = officer("verify", vault, "--anchor", vault / name)

    assert (answer.code, answer.out) == (2, "")
    assert "anchor-" in answer.err


def test_the_list_tells_numbers_and_no_titles(officer: RunCommand, vault: Path) -> None:
    text = made_list(officer("anchor", vault, "--json")).read_text(encoding="utf-8")

    assert numbers(vault)[0] in text
    assert "Сургалтын хэрэг" not in text
    assert "хэргүүд" not in text


def test_without_an_authority_the_list_is_signed_only(officer: RunCommand, vault: Path) -> None:
    anchor = made_list(officer("anchor", vault, "--json"))

    answer = officer("verify", vault, "--anchor", anchor, "--json")

    assert answer.code == 0
    assert answer.json["signers"][0]["trust"] == "practice"
    assert outcomes(answer, "anchor.timestamp") == ["not-checked"]


@pytest.mark.network
def test_the_list_is_stamped_and_an_older_one_later(
    run: RunCommand, vault: Path, tsa: OpensslTsa, tmp_path: Path
) -> None:
    run("setup", "--practice", *OFFICER, "--tsa", tsa.url)
    tsa.answer = "error"
    pending = run("anchor", vault, "--output", tmp_path / "1", "--json")
    tsa.answer = "granted"
    for path in (made_list(pending), made_list(pending).with_suffix(".json.p7s")):
        path.rename(path.with_name(f"anchor-20260101T000000000Z{''.join(path.suffixes)}"))

    stamped = run("anchor", vault, "--output", tmp_path / "1", "--json")

    assert pending.code == 4
    assert pending.json["problems"][0]["code"] == "time-stamp-pending"
    assert stamped.code == 0
    assert len(stamped.json["tokens"]) == 2
    path = made_list(stamped)
    stamped_by = ["-in", f"{path}.tsr", "-CAfile", str(tsa.root_pem)]
    command = ["openssl", "ts", "-verify", "-data", str(path), *stamped_by]
    subprocess.run(command, check=True, capture_output=True)
    assert outcomes(run("verify", vault, "--anchor", path, "--json"), "anchor.timestamp") == ["passed"]
    stamp = path.with_name(f"{path.name}.tsr")
    whole = stamp.read_bytes()
    stamp.write_bytes(whole[:-1] + b"!")
    altered = run("verify", vault, "--anchor", path, "--json")
    stamp.unlink()
    missing = run("verify", vault, "--anchor", path, "--json")
    assert (altered.code, outcomes(altered, "anchor.timestamp")) == (3, ["failed"])
    assert (missing.code, outcomes(missing, "anchor.timestamp")) == (1, ["not-checked"])
