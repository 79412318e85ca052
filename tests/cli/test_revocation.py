"""Revocations from the signature to the court: asked, kept in the case, carried in the bundle, judged offline."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from evidence_kit.case.folder import CaseFolder
from evidence_kit.custody.custodian import Custodian
from evidence_kit.models import Check, Outcome, VerificationReport
from evidence_kit.settings import load_settings
from evidence_kit.trust.certificates import load_certificates
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.trust.keys import Signer, write_pkcs12
from evidence_kit.trust.revocation import read_statement
from evidence_kit.verify import verify_path
from tests.cli.conftest import OFFICER
from tests.cli.running import Result, RunCommand
from tests.support.cases import commit_small_item
from tests.support.people import ULAANBAATAR, SetClock
from tests.support.pki import Authority
from tests.support.revocation_server import RevocationServer
from tests.support.tsa import OpensslTsa

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AUTHORITY = Authority("Гэрчилгээжүүлэгч", clock=SetClock(NOW))
SECRET = "secret"


@pytest.fixture
def server() -> Iterator[RevocationServer]:
    with RevocationServer() as running:
        running.crl = AUTHORITY.crl({}, since=NOW - HOUR, until=NOW + 7 * DAY)
        yield running


@pytest.fixture
def signer(server: RevocationServer) -> Signer:
    return AUTHORITY.issue("Дорж", extensions=server.places())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root.pem"
    path.write_bytes(AUTHORITY.certificate.pem())
    return path


@pytest.fixture
def officer(run: RunCommand, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunCommand:
    """Return the command line of an officer whose certificate names the server."""
    monkeypatch.setenv("EVIDENCE_KIT_PASSPHRASE", SECRET)
    path = tmp_path / "officer.p12"
    path.write_bytes(write_pkcs12(signer, SECRET.encode()))
    assert run("setup", *OFFICER, "--p12", path).code == 0
    return run


def new_case(officer: RunCommand, folder: Path) -> Result:
    return officer("case", "new", folder, "--number", "2026-1", "--title", "Сургалт")


def statements(folder: Path) -> list[str]:
    return sorted(path.name.partition("-")[0] for path in folder.glob("trust/*.der"))


def revoke(case: Path, signer: Signer, time: datetime, *, since: datetime) -> None:
    """Put a list into the case that says that the signer's certificate was revoked."""
    told = {signer.certificate: (time, x509.ReasonFlags.key_compromise)}
    data = AUTHORITY.crl(told, since=since, until=since + DAY)
    CaseFolder.open(case).record_statement(read_statement("crl", data))


def verified(path: Path, *, at: datetime, tsa: OpensslTsa | None = None) -> VerificationReport:
    roots = (AUTHORITY.certificate, *(load_certificates(tsa.root_pem.read_bytes()) if tsa else ()))
    return verify_path(path, roots=TrustedRoots(established=roots), clock=SetClock(at))


def check(report: VerificationReport, id_: str) -> Check:
    (found,) = (found for found in report.checks if found.id == id_)
    return found


def failed(report: VerificationReport) -> set[str]:
    return {found.id for found in report.checks if found.outcome is Outcome.FAILED}


def test_an_answer_is_kept_once_carried_in_the_bundle_and_judged_without_a_network(
    officer: RunCommand, server: RevocationServer, home: Path, root: Path, tmp_path: Path
) -> None:
    made = new_case(officer, tmp_path / "case")
    settings = load_settings(home)
    signer = settings.open_signer(lambda _source: SECRET.encode())
    custodian = Custodian(officer=settings.the_officer(), signer=signer, clock=SetClock(), zone=ULAANBAATAR)
    commit_small_item(CaseFolder.open(tmp_path / "case"), custodian)
    bundled = officer("bundle", "--case", tmp_path / "case", "--output", tmp_path / "bundle")
    asked = list(server.asked)
    answer = officer("verify", tmp_path / "bundle", "--trust", root, "--json")

    assert (made.code, made.err, bundled.code) == (0, "", 0)
    assert statements(tmp_path / "case") == statements(tmp_path / "bundle" / "data") == ["crl"]
    assert asked == server.asked == ["crl"]
    assert answer.json["verdict"] == "verified"
    (found,) = (found for found in answer.json["checks"] if found["id"] == "signer.revocation")
    assert (found["subject"], found["outcome"]) == ("Дорж", "passed")
    assert "not revoked, said its authority" in found["detail"]


def test_a_responder_is_asked_where_no_list_is_to_be_had(
    officer: RunCommand, server: RevocationServer, signer: Signer, tmp_path: Path
) -> None:
    server.crl = None
    server.ocsp = lambda _request: AUTHORITY.ocsp(signer.certificate, since=NOW, until=NOW + DAY)

    new_case(officer, tmp_path / "case")

    assert statements(tmp_path / "case") == ["ocsp"]
    assert check(verified(tmp_path / "case", at=NOW + HOUR), "signer.revocation").outcome is Outcome.PASSED


def test_who_cannot_be_reached_is_noted_and_stops_nothing(
    officer: RunCommand, server: RevocationServer, root: Path, tmp_path: Path
) -> None:
    server.crl = None

    made = new_case(officer, tmp_path / "case")
    answer = officer("verify", tmp_path / "case", "--trust", root, "--json")

    assert made.code == 0
    assert made.err.count("About revocations: ") == 2
    assert answer.json["verdict"] == "verified"
    (found,) = (found for found in answer.json["checks"] if found["id"] == "signer.revocation")
    assert found["outcome"] == "not-checked"
    assert officer("verify", tmp_path / "case", "--trust", root, "--strict").code == 4


def test_nobody_is_asked_when_the_setting_says_no(
    officer: RunCommand, server: RevocationServer, tmp_path: Path
) -> None:
    assert officer("setup", "--no-revocation", "--json").json["revocation"] is False

    new_case(officer, tmp_path / "case")
    officer("doctor")

    assert server.asked == []
    assert officer("setup", "--revocation", "--json").json["revocation"] is True


def test_a_key_revoked_before_it_signed_fails_and_nothing_else_does(
    officer: RunCommand, server: RevocationServer, signer: Signer, tmp_path: Path
) -> None:
    told = {signer.certificate: (NOW - HOUR, x509.ReasonFlags.key_compromise)}
    server.crl = AUTHORITY.crl(told, since=NOW - HOUR, until=NOW + DAY)

    made = new_case(officer, tmp_path / "case")
    report = verified(tmp_path / "case", at=NOW + HOUR)

    assert "was revoked" in made.err
    assert failed(report) == {"signer.revocation"}
    assert "keyCompromise" in check(report, "signer.revocation").detail
    assert str(report.verdict) == "altered"


def test_a_key_revoked_later_passes_only_with_a_trusted_time_before_it(
    officer: RunCommand, signer: Signer, tsa: OpensslTsa, tmp_path: Path
) -> None:
    new_case(officer, tmp_path / "unstamped")
    officer("setup", "--tsa", tsa.url)
    new_case(officer, tmp_path / "stamped")
    for case in ("unstamped", "stamped"):
        revoke(tmp_path / case, signer, NOW + 2 * HOUR, since=NOW + 3 * HOUR)

    stamped = verified(tmp_path / "stamped", at=NOW + 4 * HOUR, tsa=tsa)
    unstamped = verified(tmp_path / "unstamped", at=NOW + 4 * HOUR, tsa=tsa)

    assert failed(stamped) == set()
    assert check(stamped, "signer.revocation").outcome is Outcome.PASSED
    assert "after it was used here" in check(stamped, "signer.revocation").detail
    assert failed(unstamped) == {"signer.revocation"}


def test_a_changed_or_misnamed_statement_fails(officer: RunCommand, tmp_path: Path) -> None:
    new_case(officer, tmp_path / "case")
    (kept,) = (tmp_path / "case" / "trust").glob("*.der")
    data = kept.read_bytes()

    kept.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    changed = verified(tmp_path / "case", at=NOW)
    kept.write_bytes(data)
    kept.rename(kept.with_name(f"crl-{'0' * 64}.der"))
    misnamed = verified(tmp_path / "case", at=NOW)

    assert failed(changed) == failed(misnamed) == {"trust.files"}
    assert check(misnamed, "signer.revocation").outcome is Outcome.NOT_CHECKED


@pytest.mark.parametrize(
    ("shift", "reason", "outcome", "signer_time"),
    [
        (-DAY, x509.ReasonFlags.superseded, Outcome.FAILED, False),
        (HOUR, x509.ReasonFlags.superseded, Outcome.PASSED, True),
        (HOUR, x509.ReasonFlags.key_compromise, Outcome.NOT_CHECKED, False),
        (HOUR, None, Outcome.NOT_CHECKED, False),
    ],
)
def test_what_a_revoked_authority_stamped_counts_only_as_rfc_3161_says(  # noqa: PLR0913, PLR0917  # a table
    officer: RunCommand,
    tsa: OpensslTsa,
    tmp_path: Path,
    shift: timedelta,
    reason: x509.ReasonFlags | None,
    outcome: Outcome,
    signer_time: bool,
) -> None:
    officer("setup", "--tsa", tsa.url)
    new_case(officer, tmp_path / "case")
    data = crl_of(tsa, NOW + shift, reason)
    CaseFolder.open(tmp_path / "case").record_statement(read_statement("crl", data))

    report = verified(tmp_path / "case", at=NOW + 4 * HOUR, tsa=tsa)

    assert check(report, "timestamp.revocation").outcome is outcome
    assert report.facts["time_stamps"][0]["trusted"] is signer_time  # type: ignore[index, call-overload]  # JSON


def crl_of(tsa: OpensslTsa, revoked: datetime, reason: x509.ReasonFlags | None) -> bytes:
    """Return a list of the authority's own root over the certificate that stamps."""
    (root,), (own,) = (load_certificates(path.read_bytes()) for path in (tsa.root_pem, tsa.certificate_pem))
    key = load_pem_private_key((tsa.folder / "root.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    entry = x509.RevokedCertificateBuilder().serial_number(own.x509.serial_number).revocation_date(revoked)
    if reason is not None:
        entry = entry.add_extension(x509.CRLReason(reason), critical=False)
    since = max(revoked, NOW)
    builder = x509.CertificateRevocationListBuilder().issuer_name(root.x509.subject).last_update(since)
    crl = builder.next_update(since + DAY).add_revoked_certificate(entry.build()).sign(key, hashes.SHA256())
    return crl.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    "state", ["passed", "failed", "warning", "not-checked"], ids=["good", "revoked", "silent", "names nobody"]
)
def test_doctor_asks_whether_the_key_was_revoked(
    officer: RunCommand, server: RevocationServer, signer: Signer, tmp_path: Path, state: str
) -> None:
    told = {signer.certificate: (NOW - HOUR, None)} if state == "failed" else {}
    server.crl = AUTHORITY.crl(told, since=NOW - HOUR, until=NOW + DAY) if state != "warning" else None
    if state == "not-checked":
        (tmp_path / "plain.p12").write_bytes(write_pkcs12(AUTHORITY.issue("Дорж"), SECRET.encode()))
        officer("setup", "--p12", tmp_path / "plain.p12")

    checks = officer("doctor", "--json").json["checks"]

    (found,) = (found for found in checks if found["id"] == "key.revocation")
    assert found["outcome"] == state
