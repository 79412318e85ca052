"""The level of a report's signature, from the settings to the verified bundle, and what is left when it fails."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import EventType
from evidence_kit.pdf.check import check_pdf
from evidence_kit.settings import load_settings
from evidence_kit.trust.keys import write_pkcs12
from tests.cli.conftest import OFFICER
from tests.cli.running import Result, RunCommand
from tests.support.cases import commit_small_item
from tests.support.people import ULAANBAATAR, SetClock
from tests.support.pki import Authority
from tests.support.revocation_server import RevocationServer
from tests.support.tsa import OpensslTsa

pytestmark = [pytest.mark.network, pytest.mark.oracle]

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
AUTHORITY = Authority("Гэрчилгээжүүлэгч", clock=SetClock(NOW))
SECRET = "secret"


@pytest.fixture
def officer(run: RunCommand, tsa: OpensslTsa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunCommand]:
    """Return the command line of an officer whose authority tells of revocations."""
    monkeypatch.setenv("EVIDENCE_KIT_PASSPHRASE", SECRET)
    with RevocationServer() as server:
        server.crl = AUTHORITY.crl({}, since=NOW - DAY, until=NOW + DAY)
        signer = AUTHORITY.issue("Ө. Дорж", extensions=server.places())
        (tmp_path / "officer.p12").write_bytes(write_pkcs12(signer, SECRET.encode()))
        (tmp_path / "root.pem").write_bytes(AUTHORITY.certificate.pem() + tsa.root_pem.read_bytes())
        trust = ("--tsa", tsa.url, "--trust", tsa.root_pem)
        assert run("setup", *OFFICER, "--p12", tmp_path / "officer.p12", *trust).code == 0
        yield run


@pytest.fixture
def case(officer: RunCommand, home: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "хэрэг"
    assert officer("case", "new", folder, "--number", "2026-1", "--title", "Сургалт").code == 0
    settings = load_settings(home)
    signer = settings.open_signer(lambda _source: SECRET.encode())
    custodian = Custodian(officer=settings.the_officer(), signer=signer, clock=SetClock(), zone=ULAANBAATAR)
    commit_small_item(CaseFolder.open(folder), custodian)
    return folder


@pytest.fixture
def bundle(officer: RunCommand, case: Path, tmp_path: Path) -> Callable[..., Result]:
    return lambda *more: officer("bundle", "--case", case, "--output", tmp_path / "bundle", *more)


def test_the_command_the_log_the_cover_and_the_verifier_name_the_level_that_was_reached(
    officer: RunCommand, case: Path, bundle: Callable[..., Result], tmp_path: Path, oracle: Callable[[str], Path]
) -> None:
    made = bundle("--json", "--report-language", "en")
    found = officer("verify", tmp_path / "bundle", "--trust", tmp_path / "root.pem", "--json")
    shown = officer("verify", tmp_path / "bundle", "--trust", tmp_path / "root.pem")

    assert (made.code, made.json["signature_level"]) == (0, "B-LTA")
    assert found.json["verdict"] == "verified"
    levels = [(each["name"], each["level"], each["trust"]) for each in found.json["facts"]["signatures"]]
    assert levels == [
        ("Ө. Дорж", "B-LTA", "established"),
        ("Practice time-stamping authority, unit 1", "time-stamp", "established"),
    ]
    assert "Ө. Дорж: B-LTA" in shown.out
    (sealed,) = [e for e in CaseFolder.open(case).log().full_events() if e.type == EventType.BUNDLE_SEALED]
    assert sealed.detail["signature"] == "B-LTA"
    assert "PAdES B-LTA" in cover(tmp_path / "bundle", oracle)


def cover(bundle: Path, oracle: Callable[[str], Path]) -> str:
    import subprocess  # noqa: PLC0415

    command = [str(oracle("pdftotext")), "-l", "1", "-enc", "UTF-8", str(bundle / "data" / "report.pdf"), "-"]
    text = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.decode()
    return " ".join(text.split())


@pytest.mark.parametrize("ending", [(2, "B-LT", "archive-stamp-missing"), (1, "B-B", "time-stamp-pending")])
def test_an_authority_that_falls_silent_half_way_lowers_the_level_and_the_cover_says_so(
    bundle: Callable[..., Result],
    tsa: OpensslTsa,
    tmp_path: Path,
    oracle: Callable[[str], Path],
    ending: tuple[int, str, str],
) -> None:
    """One answer is for the head of the log, the next for the signature, the third would be for the document."""
    answers, level, code = ending
    reply, silent_from = tsa.reply, tsa.requests + answers

    def until_then(request: bytes) -> bytes:
        if tsa.requests == silent_from + 1:
            message = "silent"
            raise OSError(message)
        return reply(request)

    tsa.reply = until_then  # type: ignore[method-assign]  # the server of the test, not the program
    try:
        made = bundle("--json", "--report-language", "en")
    finally:
        del tsa.reply

    assert made.code == 4
    assert made.json["signature_level"] == level
    assert code in {problem["code"] for problem in made.json["problems"]}
    assert f"PAdES {level}" in cover(tmp_path / "bundle", oracle)
    report = check_pdf(tmp_path / "bundle" / "data" / "report.pdf")
    assert report.whole_and_valid
    assert [signature.level.baseline for signature in report.signatures] == [level]


def test_a_wrong_passphrase_makes_no_bundle_and_says_what_to_do(
    bundle: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVIDENCE_KIT_PASSPHRASE", "wrong")

    made = bundle()

    assert made.code == 1
    assert "the right passphrase" in made.err
    assert not list(tmp_path.glob("*bundle*"))


def test_a_supervisor_with_only_the_bundle_countersigns_and_the_officer_renews_into_the_case(
    officer: RunCommand, colleague: RunCommand, case: Path, bundle: Callable[..., Result], tmp_path: Path
) -> None:
    root = ("--trust", tmp_path / "root.pem")
    assert bundle().code == 0

    signed = colleague("sign", tmp_path / "bundle", "--output", tmp_path / "signed", "--json")
    renewed = officer("renew", tmp_path / "signed", "--output", tmp_path / "new.zip", "--case", case, "--json")
    shown = officer("verify", tmp_path / "new.zip", *root)
    found = officer("verify", tmp_path / "new.zip", *root, "--json").json

    assert (signed.code, signed.json["signature_level"], signed.json["event"]) == (0, "B-B", None)
    assert (signed.json["practice"], signed.json["signer_trust"]) == (True, "practice")
    assert (renewed.code, renewed.json["previous"]) == (0, 2)
    assert {signer["trust"] for signer in found["signers"]} == {"established", "claimed"}
    assert [each["level"] for each in found["facts"]["signatures"]] == ["B-LTA", "time-stamp", "B-B", "time-stamp"]
    assert "Зохиомол Болор (PRACTICE): B-B" in shown.out
    assert shown.out.count("Earlier form inside, sealed by") == 2
    last = CaseFolder.open(case).log().full_events()[-1]
    assert (last.type, last.seq) == (EventType.BUNDLE_RENEWED, renewed.json["event"])
    assert str(last.digests["root"]) == found["root"]
    assert officer("verify", case, *root).code == 0


def test_what_was_altered_is_not_signed_and_another_case_not_written_to(
    officer: RunCommand, colleague: RunCommand, case: Path, bundle: Callable[..., Result], tmp_path: Path
) -> None:
    assert bundle().code == 0
    assert officer("case", "new", tmp_path / "other", "--number", "2026-2", "--title", "Сургалт").code == 0
    target = ("--output", tmp_path / "signed")

    elsewhere = officer("sign", tmp_path / "bundle", *target, "--case", tmp_path / "other")
    stranger = colleague("sign", tmp_path / "bundle", *target, "--case", case)
    nobody = colleague("renew", tmp_path / "bundle", *target)
    no_bundle = officer("sign", case, *target)
    with (tmp_path / "bundle" / "data" / "case.json").open("ab") as file:
        file.write(b"\n")
    altered = officer("sign", tmp_path / "bundle", *target)

    assert [answer.code for answer in (elsewhere, stranger, nobody, no_bundle, altered)] == [2, 2, 2, 2, 3]
    assert "none of the case" in elsewhere.err
    assert "register the key first" in stranger.err
    assert "--tsa" in nobody.err
    assert "nothing was signed" in altered.err
    assert not (tmp_path / "signed").exists()
