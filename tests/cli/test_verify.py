"""``verify``: the answer, its exit code, and that nothing is written unless asked."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.canonical import Json
from evidence_kit.cli.verify import exit_code, verification_text
from evidence_kit.models import Check, Outcome, Verdict, VerificationReport
from evidence_kit.texts import Language, Texts
from evidence_kit.trust.keys import write_pkcs12
from evidence_kit.verify.catalogue import TITLES, step_of
from tests.cli.conftest import OFFICER
from tests.cli.running import RunCommand
from tests.support.people import SetClock
from tests.support.pki import Authority

MARK = "PRACTICE, not a digital signature in law"


def state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_case_of_this_installation_is_verified_as_practice(
    officer: RunCommand, case: Path, with_item: Callable[[], str]
) -> None:
    with_item()

    answer = officer("verify", case)
    document = officer("verify", case, "--json").json

    assert answer.code == 0
    assert answer.out.splitlines()[0].startswith("[VERIFIED] Unchanged since it was sealed, with the practice key")
    assert answer.out.splitlines()[1] == MARK
    assert next(iter(document.items())) == ("schema", "evidence-kit/verify/1")
    assert document["verdict"] == "verified"
    assert document["practice"] is True
    assert [signer["trust"] for signer in document["signers"]] == ["practice"]


def test_the_steps_are_numbered_as_in_the_specification(officer: RunCommand, case: Path, project: Path) -> None:
    (case / "note.txt").write_bytes(b"")

    lines = officer("verify", case).out.splitlines()

    steps = [line.strip() for line in lines if line[:2] == "  " and line.strip()[:1].isdigit()]
    assert [step.partition(".")[0] for step in steps] == ["2", "3", "6", "8", "10"]
    specification = (project / "docs" / "evidence-format.md").read_text(encoding="utf-8")
    for id_ in TITLES:
        step = rf"^{step_of(id_)}\. .*`{re.escape(id_.partition('.')[0])}\."
        assert re.search(step, specification, re.MULTILINE), id_
    assert [step for step in steps if step.endswith("does not hold")] == [
        "8. That nothing else lies there; of a bundle, that the log says what it was made of: does not hold"
    ]


def test_the_answer_is_mongolian_with_mongolian_titles(officer: RunCommand, case: Path) -> None:
    (case / "note.txt").write_bytes(b"")

    answer = officer("--lang", "mn", "verify", case)

    assert answer.code == 3
    assert answer.out.startswith("[ӨӨРЧЛӨГДСӨН] Бүртгэлтэйгээ таарахгүй")
    assert "СУРГАЛТ" in answer.out
    assert "note.txt" in answer.out
    assert "Хэрэгт бүртгэлд дурдаагүй зүйл алга (case.strays)" in answer.out


def test_another_installation_calls_it_unchanged(
    officer: RunCommand, case: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EVIDENCE_KIT_HOME", str(tmp_path / "another"))

    answer = officer("verify", case)

    assert answer.code == 4
    assert answer.out.startswith("[UNCHANGED]")
    assert MARK in answer.out


def test_a_changed_byte_is_altered_and_the_file_is_named(
    officer: RunCommand, case: Path, with_item: Callable[[], str]
) -> None:
    path = case / "items" / with_item() / "capture.wacz"
    path.write_bytes(path.read_bytes()[:-1] + b"?")

    answer = officer("verify", case)

    assert answer.code == 3
    assert answer.out.startswith("[ALTERED]")
    assert "items/EV-0001/capture.wacz" in answer.out


def test_what_is_not_ours_cannot_be_verified(run: RunCommand, tmp_path: Path) -> None:
    stranger = tmp_path / "letter.txt"
    stranger.write_bytes(b"hello")

    assert run("verify", stranger).code == 1
    assert run("verify", tmp_path / "nothing", "--json").json["verdict"] == "cannot-verify"


def test_a_root_given_for_this_time_establishes_the_signer(run: RunCommand, tmp_path: Path) -> None:
    authority = Authority("Гэрчилгээжүүлэгч", clock=SetClock(datetime.now(UTC)))
    key, root, case = tmp_path / "key.p12", tmp_path / "root.pem", tmp_path / "case"
    key.write_bytes(write_pkcs12(authority.issue("Дорж"), b"x"))
    root.write_bytes(authority.certificate.pem())
    (tmp_path / "passphrase").write_bytes(b"x")
    passphrase = ("--passphrase-file", tmp_path / "passphrase")
    run("setup", *OFFICER, "--p12", key, *passphrase)
    run("case", "new", case, "--number", "1", "--title", "T", *passphrase)

    without, given = run("verify", case), run("verify", case, "--trust", root)

    assert (without.code, given.code) == (4, 0)
    assert "and the signer is established" in given.out
    assert "PRACTICE" not in given.out
    assert run("verify", case, "--trust", tmp_path / "passphrase").code == 2


def test_a_seal_made_in_the_second_of_the_last_event_does_not_look_older() -> None:
    facts: dict[str, Json] = {
        "sealed": "2026-11-22T01:02:03.000Z",
        "custody": {"first": "2026-11-22T01:02:03.004Z", "last": "2026-11-22T01:02:03.999Z"},
    }
    report = VerificationReport(
        verdict=Verdict.UNCHANGED, kind="bundle", subject="b", root=None, signers=(), checks=(), facts=facts
    )

    shown = verification_text(Texts.load(Language.ENGLISH), report)

    assert shown.count("2026-11-22T01:02:03Z") == 3
    assert ".000Z" not in shown


def test_nothing_is_written_unless_asked(officer: RunCommand, case: Path) -> None:
    before = state(case)

    officer("verify", case)

    assert state(case) == before


def test_a_record_is_a_signed_event_with_the_verdict(officer: RunCommand, case: Path) -> None:
    answer = officer("verify", case, "--record", "--json")

    events = officer("custody", "log", "--case", case, "--json").json["events"]
    assert answer.code == 0
    assert answer.json["recorded"] == 2
    assert (events[-1]["type"], events[-1]["outcome"]) == ("verified", "pass")
    assert events[-1]["detail"]["verdict"] == "verified"
    assert events[-1]["detail"]["head"] == answer.json["root"]
    assert officer("verify", case).code == 0
    assert "Passed" in officer("custody", "log", "--case", case).out


def test_only_a_case_keeps_a_record(officer: RunCommand, tmp_path: Path) -> None:
    assert officer("verify", tmp_path, "--record").code == 2


def test_a_record_that_cannot_be_kept_does_not_hide_the_answer(officer: RunCommand, case: Path) -> None:
    (case / "custody.sig").write_bytes(b"")

    answer = officer("verify", case, "--record", "--json")

    assert answer.code == 3
    assert answer.json["verdict"] == "altered"
    assert answer.json["recorded"] is None
    assert "could not be written into the custody log" in answer.err


@pytest.mark.parametrize(
    ("verdict", "code", "strict_code"),
    [
        (Verdict.VERIFIED, 0, 4),
        (Verdict.UNCHANGED, 4, 4),
        (Verdict.ALTERED, 3, 3),
        (Verdict.CANNOT_VERIFY, 1, 1),
    ],
)
def test_the_exit_code_is_the_verdict_and_strict_wants_every_check_made(
    verdict: Verdict, code: int, strict_code: int
) -> None:
    unmade = Check(id="bag.timestamp", title="", subject="", outcome=Outcome.NOT_CHECKED)
    report = VerificationReport(verdict=verdict, kind="bundle", subject="b", root=None, checks=(unmade,))

    assert exit_code(report) == code
    assert exit_code(report, strict=True) == strict_code


@pytest.mark.parametrize("option", ["--trust", "--receipt"])
def test_a_file_without_end_is_refused_before_it_is_read(
    officer: RunCommand, case: Path, tmp_path: Path, option: str
) -> None:
    endless = tmp_path / "endless"
    with endless.open("wb") as stream:
        stream.truncate(1024**4)

    answer = officer("verify", case, option, endless)

    assert answer.code == 2
    assert "is larger than" in answer.err
