"""``capture --training-ca``: servers of a training network are believed for one capture, and nobody else."""

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.browser import authorities
from evidence_kit.errors import CaptureError, SettingsError
from evidence_kit.trust.keys import write_pkcs12
from tests.cli.running import RunCommand
from tests.fidelity.certificates import ServerAuthority
from tests.support.capture_site import RawSite, page
from tests.support.people import SetClock
from tests.support.pki import Authority

pytestmark = pytest.mark.network
NAME = "toirog.example"


@pytest.fixture
def authority(tmp_path: Path) -> ServerAuthority:
    (tmp_path / "keys").mkdir()
    return ServerAuthority(tmp_path / "keys")


@pytest.fixture
def believed(authority: ServerAuthority, tmp_path: Path) -> Path:
    """Return the file of its certificate."""
    path = tmp_path / "эрх олгогч.pem"
    path.write_bytes(authority.pem())
    return path


@pytest.fixture
def site(authority: ServerAuthority) -> Iterator[RawSite]:
    """Return a server of `NAME`, which sends its own certificate alone."""
    with RawSite({"/": page("<p>training")}, tls=authority.context(NAME)) as running:
        yield running


def take(officer: RunCommand, case: Path, site: RawSite, *more: object) -> dict[str, object]:
    detour = ("--connect-to", f"{NAME}={site.url.removeprefix('https://')}")
    answer = officer("capture", f"https://{NAME}/", *detour, "--timeout", 16, *more, "--case", case, "--json")
    (item,) = answer.json["items"]
    assert isinstance(item, dict)
    return item


@pytest.mark.browser
@pytest.mark.parametrize("recorder", ["wire", "browser"])
def test_a_server_that_the_authority_certified_is_captured_without_a_word_of_invalid(
    officer: RunCommand, case: Path, site: RawSite, believed: Path, recorder: str
) -> None:
    item = take(officer, case, site, "--training-ca", believed, "--recorder", recorder)

    assert (item["status"], item["problems"]) == ("complete", [])
    record = json.loads((case / str(item["path"]) / "item.json").read_bytes())
    flags = {flag["code"]: flag["detail"] for flag in record["flags"]}
    assert "Сургалтын эрх олгогч" in flags["training-ca"]
    assert "insecure" not in flags
    assert record["environment"]["training_ca"] == [flags["training-ca"].rpartition(" ")[2]]
    assert officer("verify", case).code == 0


@pytest.mark.browser
def test_the_same_server_is_refused_without_it_and_with_another(
    officer: RunCommand, case: Path, site: RawSite, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = tmp_path / "other.pem"
    other.write_bytes(ServerAuthority(tmp_path / "other").pem())

    items = [take(officer, case, site), take(officer, case, site, "--training-ca", other)]

    for item in items:
        assert item["status"] == "failed"
        assert "ERR_CERT_AUTHORITY_INVALID" in json.dumps(item["problems"])


@pytest.mark.browser
@pytest.mark.parametrize(("name", "days"), [("another.example", (-1, 30)), (NAME, (-30, -2))])
def test_a_wrong_name_and_an_old_certificate_stay_wrong(  # noqa: PLR0913, PLR0917  # fixtures, and what is wrong
    officer: RunCommand,
    case: Path,
    authority: ServerAuthority,
    believed: Path,
    name: str,
    days: tuple[int, int],
) -> None:
    with RawSite({"/": page("")}, tls=authority.context(name, days=days)) as site:
        assert take(officer, case, site, "--training-ca", believed)["status"] == "failed"


@pytest.mark.browser
def test_a_server_that_certified_itself_can_be_named(
    officer: RunCommand, case: Path, authority: ServerAuthority, tmp_path: Path
) -> None:
    context = authority.context(NAME, self_signed=True)
    (own,) = (tmp_path / "keys").glob("*.pem")

    with RawSite({"/": page("")}, tls=context) as site:
        assert take(officer, case, site, "--training-ca", own)["status"] == "complete"


@pytest.mark.parametrize("content", [b"", b"no certificate"])
def test_a_file_without_a_certificate_is_wrong_usage(
    officer: RunCommand, case: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "file.pem").write_bytes(content)

    for path in (tmp_path / "file.pem", tmp_path / "nothing.pem"):
        answer = officer("capture", "https://a.example", "--training-ca", path, "--case", case)

        assert answer.code == 2
        assert path.name in answer.err
    assert officer("case", "show", "--case", case, "--json").json["case"]["events"] == 1


def test_of_a_file_without_end_only_the_beginning_is_read(officer: RunCommand, case: Path, believed: Path) -> None:
    believed.write_bytes(believed.read_bytes() + b"\n" * 20_000_000)

    answer = officer("capture", "https://a.example", "--training-ca", believed, "--case", case)

    assert answer.code == 2
    assert "larger than" in answer.err


def test_what_no_browser_can_be_given_is_refused_before_anything_is_recorded(
    officer: RunCommand, case: Path, tmp_path: Path
) -> None:
    """NSS keeps one certificate of an authority and a serial number, and none with a key that it does not know."""
    numbered = [ServerAuthority(tmp_path).pem(serial_number=7) for _ in range(2)]
    (tmp_path / "file.pem").write_bytes(b"".join(numbered))

    answer = officer("capture", "https://a.example", "--training-ca", tmp_path / "file.pem", "--case", case)

    assert answer.code == 2
    assert "certutil refused" in answer.err
    assert officer("case", "show", "--case", case, "--json").json["case"]["events"] == 1


def test_more_than_anybody_would_read_are_refused(officer: RunCommand, case: Path, believed: Path) -> None:
    believed.write_bytes(believed.read_bytes() * 21)

    answer = officer("capture", "https://a.example", "--training-ca", believed, "--case", case)

    assert answer.code == 2
    assert "21 certificates" in answer.err


@pytest.mark.browser
def test_a_capture_that_failed_before_anything_passed_tells_of_it_too(
    officer: RunCommand, case: Path, believed: Path
) -> None:
    witness = ("--witness", "127.0.0.1:1", "--witness-trust", believed)

    answer = officer(
        *("capture", "https://a.example", "--training-ca", believed, "--label", "A", *witness, "--case", case)
    )

    record = json.loads((case / "items" / "EV-0001" / "item.json").read_bytes())
    assert answer.code == 1
    assert (record["status"], record["label"]) == ("failed", "A")
    assert [flag["code"] for flag in record["flags"]] == ["training-ca"]
    assert officer("verify", case).code == 0


def test_with_a_key_that_is_not_for_practice_nothing_is_believed(
    run: RunCommand, believed: Path, tmp_path: Path
) -> None:
    key = tmp_path / "key.p12"
    office = Authority("Байгууллага", clock=SetClock(datetime.now(UTC)))
    key.write_bytes(write_pkcs12(office.issue("Дорж"), b"correct horse"))
    secret = tmp_path / "secret"
    secret.write_text("correct horse\n", encoding="utf-8")
    who = ("--name", "Дорж", "--id", "1", "--role", "мөрдөгч", "--agency", "Хэлтэс")
    assert run("setup", *who, "--p12", key, "--passphrase-file", secret).code in {0, 4}
    case = tmp_path / "case"
    assert run("case", "new", case, "--number", "1", "--title", "t", "--passphrase-file", secret).code == 0

    answer = run(
        *("capture", "https://a.example", "--training-ca", believed, "--case", case, "--passphrase-file", secret)
    )

    assert answer.code == 2
    assert "--training-ca" in answer.err


def test_where_the_browser_cannot_be_given_authorities_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="on Linux only"):
        authorities.require_certutil("darwin")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SettingsError, match="no certutil"):
        authorities.require_certutil("linux")


def test_what_is_personal_stays_where_it_was(believed: Path, tmp_path: Path) -> None:
    given = {"HOME": "/home/дорж", "XDG_CACHE_HOME": "/cache"}

    places = authorities.home_that_believes((believed.read_text(encoding="ascii"),), tmp_path / "home", given)

    assert places == {
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": "/cache",
        "XDG_CONFIG_HOME": "/home/дорж/.config",
        "XDG_DATA_HOME": "/home/дорж/.local/share",
    }
    with pytest.raises(CaptureError, match="refused"):
        authorities.home_that_believes(("nothing",), tmp_path / "again", given)
    assert ssl.PEM_cert_to_DER_cert(believed.read_text(encoding="ascii"))
