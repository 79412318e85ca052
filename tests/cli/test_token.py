"""A signing key in a token, from `setup` to a verified bundle; what is wrong is said in both languages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.cli.run import Run
from evidence_kit.custody.custodian import Custodian
from evidence_kit.settings import load_settings
from evidence_kit.texts import Language, Texts
from evidence_kit.trust.certificates import Certificate
from tests.cli.conftest import OFFICER
from tests.cli.running import Result, RunCommand
from tests.support.cases import commit_small_item
from tests.support.people import ULAANBAATAR, SetClock
from tests.support.pki import Authority
from tests.support.tokens import PIN, SoftTokens, new_key, opened, put_certificate, put_key


@pytest.fixture
def tokens(soft_tokens: SoftTokens, tmp_path: Path) -> Iterator[SoftTokens]:
    """Return tokens of the test's own, put in."""
    own = soft_tokens.copy(tmp_path / "tokens")
    with own.inserted():
        yield own


@pytest.fixture
def with_pin(run: RunCommand, monkeypatch: pytest.MonkeyPatch) -> RunCommand:
    """Return the command line with the PIN in the environment."""
    monkeypatch.setenv("EVIDENCE_KIT_PASSPHRASE", PIN)
    return run


def set_up(run: RunCommand, tokens: SoftTokens, key: str, *more: object) -> Result:
    return run("setup", *OFFICER, "--pkcs11", tokens.library, "--token", "Дорж", "--key", key, *more)


@pytest.mark.parametrize("kind", ["p384", "rsa3072"])
def test_a_bundle_signed_by_a_token_is_verified_under_its_root(
    with_pin: RunCommand,
    tokens: SoftTokens,
    token_certificates: dict[str, Certificate],
    tmp_path: Path,
    kind: str,
) -> None:
    home, root = tmp_path / "тохиргоо", tmp_path / "root.pem"
    root.write_bytes(token_certificates["root"].pem())
    case = tmp_path / "хэрэг"
    assert set_up(with_pin, tokens, kind).code == 0
    assert with_pin("case", "new", case, "--number", "2026-1", "--title", "Сургалт").code == 0
    signer = Run(texts=Texts.load(Language.ENGLISH), environ={"EVIDENCE_KIT_PASSPHRASE": PIN}).signer(
        load_settings(home), None
    )
    custodian = Custodian(officer=load_settings(home).the_officer(), signer=signer, clock=SetClock(), zone=ULAANBAATAR)
    commit_small_item(CaseFolder.open(case), custodian)

    made = with_pin("bundle", "--case", case, "--output", tmp_path / "bundle", "--json")
    found = with_pin("verify", tmp_path / "bundle", "--trust", root, "--json")

    assert (made.code, made.err) == (0, "")
    assert made.json["practice"] is False
    assert found.code == 0
    assert found.json["verdict"] == "verified"
    assert {(signer["name"], signer["trust"]) for signer in found.json["signers"]} == {(f"Дорж {kind}", "established")}


def test_setup_and_doctor_tell_of_the_token_and_keep_no_pin(
    with_pin: RunCommand, tokens: SoftTokens, home: Path
) -> None:
    document = set_up(with_pin, tokens, "p256", "--json").json
    shown = with_pin("setup").out
    checks = {check["id"]: check for check in with_pin("doctor", "--json").json["checks"]}

    assert document["signing"]["kind"] == "pkcs11"
    assert (document["signing"]["token"], document["signing"]["key"]) == ("Дорж", "p256")
    assert document["signing"]["subject"] == "Дорж p256"
    assert "Дорж / p256" in shown
    assert PIN.encode() not in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert checks["key"]["outcome"] == checks["key.token"]["outcome"] == checks["key.expiry"]["outcome"] == "passed"
    assert "Дорж" in checks["key.token"]["detail"]


def test_doctor_tells_of_a_token_that_is_not_there_and_what_to_do(with_pin: RunCommand, tokens: SoftTokens) -> None:
    set_up(with_pin, tokens, "p256")
    tokens.pull_out()

    with tokens.inserted():
        pass  # the library looks for its tokens anew
    (failed,) = (check for check in with_pin("doctor", "--json").json["checks"] if check["id"] == "key")

    assert failed["outcome"] == "failed"
    assert "there is no token 'Дорж'" in failed["detail"]
    assert "Put the token in" in failed["detail"]


def test_doctor_tells_of_a_certificate_in_a_token_that_ran_out(with_pin: RunCommand, tokens: SoftTokens) -> None:
    clock = SetClock()
    clock.forward(-800 * 24 * 3600)
    key = new_key("p256")
    with opened(tokens, "Дорж") as session:
        put_key(session, key, "old", 90)
        put_certificate(session, Authority("Үндсэн", clock=clock).issue("Дорж", key=key).certificate, "old", 90)

    set_up(with_pin, tokens, "old")
    (expiry,) = (c for c in with_pin("doctor", "--json").json["checks"] if c["id"] == "key.expiry")
    refused = with_pin("case", "new", tokens.folder / "case", "--number", "1", "--title", "Сургалт")

    assert expiry["outcome"] == "failed"
    assert refused.code == 1
    assert "has run out" in refused.err


@pytest.mark.parametrize(
    ("lang", "says"), [("en", "after a few wrong ones the token locks itself"), ("mn", "токен түгжигдэнэ")]
)
def test_a_wrong_pin_is_told_with_what_to_do_in_both_languages(
    run: RunCommand, tokens: SoftTokens, monkeypatch: pytest.MonkeyPatch, lang: str, says: str
) -> None:
    monkeypatch.setenv("EVIDENCE_KIT_LANG", lang)
    monkeypatch.setenv("EVIDENCE_KIT_PASSPHRASE", "0000")

    answer = set_up(run, tokens, "p256")

    assert answer.code == 1
    assert "the PIN of the token 'Дорж' is wrong" in answer.err
    assert says in answer.err
    assert run("setup", "--json").json["signing"] is None


def test_a_pin_comes_from_a_file_and_a_chain_too(
    run: RunCommand, tokens: SoftTokens, token_certificates: dict[str, Certificate], tmp_path: Path
) -> None:
    (tmp_path / "pin.txt").write_text(f"{PIN}\n", encoding="utf-8")
    chain = tmp_path / "chain.pem"
    chain.write_bytes(b"".join(token_certificates[name].pem() for name in ("bare", "unit")))

    with_pin = ("--passphrase-file", tmp_path / "pin.txt", "--json")
    without = set_up(run, tokens, "bare", *with_pin)
    taken = set_up(run, tokens, "bare", "--chain", chain, *with_pin)

    assert without.code == 1
    assert "holds no certificate for the key" in without.err
    assert taken.json["signing"]["subject"] == "Дорж bare"
    assert taken.json["signing"]["certificate"] == str(chain)


def test_a_token_that_is_pulled_out_ends_a_command_and_leaves_the_case_whole(
    with_pin: RunCommand, tokens: SoftTokens, home: Path, tmp_path: Path
) -> None:
    set_up(with_pin, tokens, "p256")
    with_pin("case", "new", tmp_path / "case", "--number", "1", "--title", "Сургалт")
    run = Run(texts=Texts.load(Language.ENGLISH), environ={"EVIDENCE_KIT_PASSPHRASE": PIN})
    custodian = run.custodian(load_settings(home), None)
    tokens.pull_out()

    with pytest.raises(Exception, match="the token 'Дорж' does not answer") as raised:
        commit_small_item(CaseFolder.open(tmp_path / "case"), custodian)

    assert type(raised.value).__name__ == "TokenError"
    assert with_pin("verify", tmp_path / "case", "--json").json["verdict"] == "unchanged"


def test_a_key_is_opened_once_however_often_a_command_asks_for_it(
    with_pin: RunCommand, tokens: SoftTokens, home: Path
) -> None:
    set_up(with_pin, tokens, "p256")
    run = Run(texts=Texts.load(Language.ENGLISH), environ={"EVIDENCE_KIT_PASSPHRASE": PIN})

    assert run.signer(load_settings(home), None) is run.signer(load_settings(home), None)


@pytest.mark.parametrize(
    "wrong", [("--pkcs11", "lib.so"), ("--token", "A", "--key", "B"), ("--chain", "c.pem"), ("--key", "B")]
)
def test_a_token_is_named_fully_or_not_at_all(run: RunCommand, wrong: tuple[str, ...]) -> None:
    answer = run("setup", *OFFICER, *wrong)

    assert answer.code == 2
    assert "belong together" in answer.err
