"""Settings hold no secret, survive a round, and say clearly when they are damaged."""

import stat
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.errors import SettingsError, SigningError
from evidence_kit.home import settings_home, stored_language
from evidence_kit.settings import (
    Settings,
    SigningSource,
    add_practice_key,
    add_trusted_roots,
    load_settings,
    save_settings,
)
from evidence_kit.trust.keys import write_pkcs12
from tests.support.people import OFFICER, SetClock, practice_custodian
from tests.support.pki import Authority

NOW = datetime.now(UTC)


def _no_passphrase(_source: SigningSource) -> bytes:
    return b""


def test_settings_come_back_as_they_were_saved(tmp_path: Path) -> None:
    home = tmp_path / "тохиргоо"
    settings = add_practice_key(Settings(home=home, tsa=("http://127.0.0.1:9/",), language="mn"), OFFICER, now=NOW)
    save_settings(settings)

    assert load_settings(home) == settings


def test_a_practice_key_is_made_once_and_is_called_practice(tmp_path: Path) -> None:
    first = add_practice_key(Settings(home=tmp_path), OFFICER, now=NOW).open_signer(_no_passphrase)
    second = add_practice_key(Settings(home=tmp_path), OFFICER, now=NOW).open_signer(_no_passphrase)

    assert first.certificate == second.certificate
    assert first.practice
    assert "PRACTICE" in first.certificate.subject
    assert Settings(home=tmp_path).practice_roots() == first.chain


def test_another_officer_gets_a_key_of_their_own_and_the_old_root_stays_known(tmp_path: Path) -> None:
    first = add_practice_key(Settings(home=tmp_path), OFFICER, now=NOW)
    other = add_practice_key(first, replace(OFFICER, name="Зохиомол Сүрэн"), now=NOW)
    again = add_practice_key(other, OFFICER, now=NOW)

    assert other.open_signer(_no_passphrase).certificate.subject == "Зохиомол Сүрэн (PRACTICE)"
    assert again.open_signer(_no_passphrase).certificate == first.open_signer(_no_passphrase).certificate
    assert len(again.practice_roots()) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits of this kind")
def test_the_practice_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    add_practice_key(Settings(home=tmp_path), OFFICER, now=NOW)

    assert stat.S_IMODE((tmp_path / "practice.p12").stat().st_mode) == 0o600


def test_a_pkcs12_key_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    signer = Authority("Agency root", clock=SetClock()).issue("Officer")
    path = tmp_path / "түлхүүр.p12"
    path.write_bytes(write_pkcs12(signer, b"right"))
    settings = Settings(home=tmp_path, signing=SigningSource(kind="p12", path=path))

    assert settings.open_signer(lambda _name: b"right").certificate == signer.certificate
    assert settings.open_signer(lambda _name: b"right").chain == signer.chain
    with pytest.raises(SigningError, match="passphrase is wrong"):
        settings.open_signer(lambda _name: b"wrong")


def test_nothing_is_set_up_at_first_and_that_is_said(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "nothing")

    with pytest.raises(SettingsError, match="officer"):
        settings.the_officer()
    with pytest.raises(SettingsError, match="signing key"):
        settings.open_signer(_no_passphrase)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"schema":"evidence-kit/settings/1"}'])
def test_damaged_settings_are_a_clear_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "settings.json").write_bytes(data)

    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path)


def test_trusted_roots_are_kept_and_damaged_ones_are_not_passed_over(tmp_path: Path) -> None:
    root = Authority("Agency root", clock=SetClock()).certificate
    (tmp_path / "root.pem").write_bytes(root.pem())
    settings = Settings(home=tmp_path / "home")
    add_trusted_roots(settings, tmp_path / "root.pem")

    assert settings.trusted_roots() == (root,)
    next((tmp_path / "home" / "trust").iterdir()).write_bytes(b"damaged")
    with pytest.raises(SettingsError, match="cannot be read"):
        settings.trusted_roots()


def test_the_variable_names_the_settings_folder(tmp_path: Path) -> None:
    assert settings_home({"EVIDENCE_KIT_HOME": str(tmp_path)}) == tmp_path
    assert settings_home({}).name == "evidence_kit"


def test_the_language_is_known_without_opening_anything_else(tmp_path: Path) -> None:
    save_settings(Settings(home=tmp_path, language="mn"))

    assert stored_language(tmp_path) == "mn"
    assert stored_language(tmp_path / "nothing") == ""
    (tmp_path / "settings.json").write_bytes(b"damaged")
    assert stored_language(tmp_path) == ""


def test_signing_works_for_the_whole_chain_of_a_fresh_custodian() -> None:
    custodian = practice_custodian()

    assert custodian.actor()["practice"] is True
