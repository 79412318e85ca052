"""``setup``: what it writes, what it refuses, and that no secret is ever written."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from evidence_kit.trust.keys import PrivateKey, Signer, write_pkcs12
from tests.cli.conftest import OFFICER
from tests.cli.running import RunCommand
from tests.support.people import SetClock
from tests.support.pki import Authority

SECRET = "Нууц үг 7"
MARK = "PRACTICE, not a digital signature in law"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Сургалтын гэрчилгээжүүлэгч", clock=SetClock(datetime.now(UTC)))


@pytest.fixture
def signer(authority: Authority) -> Signer:
    return authority.issue("Дорж")


@pytest.fixture
def p12(signer: Signer, tmp_path: Path) -> Path:
    path = tmp_path / "миний түлхүүр.p12"
    path.write_bytes(write_pkcs12(signer, SECRET.encode()))
    return path


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text(f"{SECRET}\r\nsecond line\n", encoding="utf-8", newline="")
    return path


def test_a_practice_key_is_made_and_marked_in_text_and_json(run: RunCommand) -> None:
    shown = run("setup", "--practice", *OFFICER)
    document = run("setup", "--json").json

    assert shown.code == 0
    assert MARK in shown.out
    assert next(iter(document)) == "schema"
    assert document["schema"] == "evidence-kit/setup/1"
    assert document["practice"] is True
    assert document["profile"] == {
        "name": "Зохиомол Дорж",
        "id": "0001",
        "role": "мөрдөгч",
        "agency": "Сургалтын хэлтэс",
    }
    assert document["signing"]["kind"] == "practice"
    assert document["tsa"] == []


def test_without_options_and_without_a_terminal_it_shows_what_is_set_and_writes_nothing(
    run: RunCommand, home: Path
) -> None:
    answer = run("setup")

    assert answer.code == 0
    assert "needs an officer" in answer.out
    assert not home.exists()


def test_an_officer_must_be_described_fully_once_and_can_be_changed_in_parts(run: RunCommand) -> None:
    refused = run("setup", "--name", "Дорж")
    run("setup", *OFFICER)
    changed = run("setup", "--role", "прокурор", "--json").json

    assert refused.code == 2
    assert "--id, --role, --agency" in refused.err
    assert changed["profile"]["role"] == "прокурор"
    assert changed["profile"]["id"] == "0001"


def test_a_name_that_could_mislead_is_refused(run: RunCommand) -> None:
    assert run("setup", "--practice", *OFFICER, "--name", "Дорж\u202e").code == 2


def test_a_practice_key_needs_an_officer(run: RunCommand) -> None:
    answer = run("setup", "--practice")

    assert answer.code == 1
    assert "officer" in answer.err


def test_an_own_key_opens_with_the_passphrase_of_a_file(run: RunCommand, p12: Path, secret: Path, home: Path) -> None:
    document = run("setup", *OFFICER, "--p12", p12, "--passphrase-file", secret, "--json").json

    assert document["signing"]["subject"] == "Дорж"
    assert document["signing"]["path"] == str(p12)
    assert document["practice"] is False
    assert SECRET.encode() not in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_an_own_key_opens_with_the_passphrase_of_the_environment(
    run: RunCommand, p12: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVIDENCE_KIT_PASSPHRASE", SECRET)

    assert run("setup", *OFFICER, "--p12", p12).code == 0


def test_a_key_that_does_not_open_is_not_kept(run: RunCommand, p12: Path) -> None:
    answer = run("setup", *OFFICER, "--p12", p12)

    assert answer.code == 1
    assert "passphrase" in answer.err
    assert run("setup", "--json").json["signing"] is None


def test_a_pem_key_with_its_certificate_is_taken(run: RunCommand, signer: Signer, secret: Path, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    encryption = BestAvailableEncryption(SECRET.encode())
    assert isinstance(signer.key, PrivateKey)
    key.write_bytes(signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    certificate.write_bytes(signer.certificate.pem() + signer.chain[0].pem())

    document = run("setup", *OFFICER, "--pem", key, certificate, "--passphrase-file", secret, "--json").json

    assert document["signing"]["kind"] == "pem"
    assert document["signing"]["subject"] == "Дорж"


def test_two_kinds_of_key_at_once_are_refused(run: RunCommand, p12: Path) -> None:
    assert run("setup", *OFFICER, "--practice", "--p12", p12).code == 2


def test_authorities_are_replaced_as_a_whole_and_can_be_left_out(run: RunCommand) -> None:
    def tsa(*arguments: object) -> list[str]:
        found: list[str] = run("setup", *arguments, "--json").json["tsa"]
        return found

    assert tsa("--tsa", "http://a.example/tsa", "--tsa", "https://b.example") == [
        "http://a.example/tsa",
        "https://b.example",
    ]
    assert tsa("--language", "mn") == ["http://a.example/tsa", "https://b.example"]
    assert tsa("--tsa", "http://c.example") == ["http://c.example"]
    assert tsa("--no-tsa") == []


@pytest.mark.parametrize("address", ["ftp://a.example", "a.example", "http://", "http://[", "http://a\u202eb"])
def test_an_authority_must_be_a_web_address(run: RunCommand, address: str) -> None:
    assert run("setup", "--tsa", address).code == 2


def test_a_trusted_root_is_kept_and_shown(run: RunCommand, authority: Authority, tmp_path: Path) -> None:
    root = tmp_path / "root.pem"
    root.write_bytes(authority.certificate.pem())

    document = run("setup", "--trust", root, "--json").json

    assert [entry["subject"] for entry in document["trust"]] == ["Сургалтын гэрчилгээжүүлэгч"]
    assert "Сургалтын гэрчилгээжүүлэгч" in run("setup").out


def test_a_file_without_a_certificate_is_refused_as_a_root(run: RunCommand, secret: Path) -> None:
    assert run("setup", "--trust", secret).code == 2


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no such device here")
def test_of_a_root_without_end_no_more_is_read_than_certificates_can_have(run: RunCommand) -> None:
    answer = run("setup", *OFFICER, "--trust", "/dev/zero")

    assert answer.code == 2
    assert "/dev/zero holds no certificate" in answer.err


def test_another_name_gets_a_practice_key_of_its_own(officer: RunCommand) -> None:
    answer = officer("setup", "--name", "Өөр Хүн")

    assert "Certificate of:          Өөр Хүн (PRACTICE)" in answer.out


def test_damaged_settings_are_an_error_and_not_a_traceback(run: RunCommand, home: Path) -> None:
    home.mkdir()
    (home / "settings.json").write_bytes(b"{")

    answer = run("setup")

    assert answer.code == 1
    assert "settings.json" in answer.err


def test_who_may_seal_is_declared_kept_and_taken_back(run: RunCommand) -> None:
    before = run("setup", "--practice", *OFFICER, "--json").json["may_seal"]
    declared = run("setup", "--may-seal", "--json").json["may_seal"]
    kept = run("setup", "--no-tsa", "--json").json["may_seal"]
    shown = run("setup").out
    taken_back = run("setup", "--may-not-seal", "--json").json["may_seal"]

    assert (before, declared, kept, taken_back) == (False, True, True, False)
    assert "the owner declared that the office may hold" in shown
    checks = {check["id"]: check["outcome"] for check in run("doctor", "--json").json["checks"]}
    assert checks["seal.entitlement"] == "not-checked"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no such device here")
def test_of_a_passphrase_without_end_no_more_is_read_than_one_can_have(run: RunCommand, tmp_path: Path) -> None:
    (tmp_path / "key.p12").write_bytes(b"x")

    answer = run("setup", *OFFICER, "--p12", tmp_path / "key.p12", "--passphrase-file", "/dev/zero")

    assert answer.code == 1
    assert "it is no passphrase" in answer.err
