"""CRLs and OCSP responses: what counts, for which time, and that nothing else does."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from evidence_kit.errors import FormatError
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.cms import sign_detached
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.keys import Signer
from evidence_kit.trust.revocation import Standing, Statement, read_statement, standing_of, standings
from tests.support.people import SetClock
from tests.support.pki import Authority

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
AUTHORITY = Authority("Гэрчилгээжүүлэгч", clock=SetClock(NOW))
OFFICER = AUTHORITY.issue("Дорж")
COMPROMISED = x509.ReasonFlags.key_compromise


def crl(
    revoked: datetime | None = None,
    reason: x509.ReasonFlags | None = COMPROMISED,
    *,
    since: datetime = NOW,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
) -> Statement:
    entries = {OFFICER.certificate: (revoked, reason)} if revoked else {}
    return read_statement("crl", AUTHORITY.crl(entries, since=since, until=since + DAY, extensions=extensions))


def ocsp(revoked: datetime | None = None, *, since: datetime = NOW, responder: Signer | None = None) -> Statement:
    told = (revoked, COMPROMISED) if revoked else None
    data = AUTHORITY.ocsp(OFFICER.certificate, since=since, until=since + DAY, revoked=told, responder=responder)
    return read_statement("ocsp", data)


def standing(*statements: Statement, at: datetime = NOW, of: Certificate = OFFICER.certificate) -> Standing:
    return standing_of(of, AUTHORITY.certificate, statements, at=at).standing


@pytest.mark.parametrize("make", [crl, ocsp], ids=["crl", "ocsp"])
class TestBothKinds:
    """What holds of CRLs and OCSP responses alike."""

    def test_a_certificate_that_is_not_revoked_is_good(self, make: Callable[..., Statement]) -> None:
        assert standing(make()) is Standing.GOOD

    def test_revoked_before_is_revoked_and_revoked_after_is_told(self, make: Callable[..., Statement]) -> None:
        found = standing_of(OFFICER.certificate, AUTHORITY.certificate, [make(NOW - DAY)], at=NOW)

        assert found.standing is Standing.REVOKED
        assert found.revoked is not None
        assert (found.revoked.time, found.revoked.reason) == (NOW - DAY, "keyCompromise")
        assert standing(make(NOW - DAY), at=NOW - 2 * DAY) is Standing.LATER

    def test_at_the_very_moment_of_the_revocation_it_is_revoked(self, make: Callable[..., Statement]) -> None:
        assert standing(make(NOW)) is Standing.REVOKED

    def test_a_statement_that_is_too_old_shows_no_good_standing(self, make: Callable[..., Statement]) -> None:
        assert standing(make(since=NOW - 3 * DAY)) is Standing.UNKNOWN

    def test_a_revocation_counts_however_old_the_statement_is(self, make: Callable[..., Statement]) -> None:
        assert standing(make(NOW - 4 * DAY, since=NOW - 3 * DAY)) is Standing.REVOKED

    def test_a_later_statement_shows_the_standing_before_it(self, make: Callable[..., Statement]) -> None:
        assert standing(make(since=NOW + 30 * DAY)) is Standing.GOOD

    def test_a_statement_from_after_the_certificates_end_shows_nothing(self, make: Callable[..., Statement]) -> None:
        assert standing(make(since=NOW + 800 * DAY)) is Standing.UNKNOWN

    def test_a_later_good_word_does_not_undo_a_revocation(self, make: Callable[..., Statement]) -> None:
        assert standing(make(NOW - DAY, since=NOW - DAY), make(since=NOW)) is Standing.REVOKED

    def test_another_authority_of_the_same_name_says_nothing(self, make: Callable[..., Statement]) -> None:
        other = Authority("Гэрчилгээжүүлэгч", clock=SetClock(NOW)).certificate

        assert standing_of(OFFICER.certificate, other, [make(NOW - DAY)], at=NOW).standing is Standing.UNKNOWN

    def test_no_changed_byte_makes_it_say_something_else(self, make: Callable[..., Statement]) -> None:
        for statement in (make(), make(NOW - DAY)):
            said = {statement.about(OFFICER.certificate, AUTHORITY.certificate), None}
            for at in range(len(statement.der)):
                changed = bytearray(statement.der)
                changed[at] ^= 0x41
                try:
                    found = read_statement(statement.name.partition("-")[0], bytes(changed))
                    assert found.about(OFFICER.certificate, AUTHORITY.certificate) in said
                except FormatError:
                    continue


def test_a_hold_counts_until_a_later_statement_lifts_it() -> None:
    held = crl(NOW - DAY, x509.ReasonFlags.certificate_hold, since=NOW - DAY / 2)

    assert standing(held) is Standing.REVOKED
    assert standing(held, crl()) is Standing.GOOD


def point(**values: object) -> x509.IssuingDistributionPoint:
    names = ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs")
    flags = {name: bool(values.get(name)) for name in names}
    reasons, full = values.get("only_some_reasons"), values.get("full_name")
    assert reasons is None or isinstance(reasons, frozenset)
    assert full is None or isinstance(full, list)
    return x509.IssuingDistributionPoint(full_name=full, relative_name=None, only_some_reasons=reasons, **flags)


@pytest.mark.parametrize(
    "partial",
    [
        (x509.DeltaCRLIndicator(1), True),
        (point(only_contains_ca_certs=True), True),
        (point(only_contains_attribute_certs=True), True),
        (point(indirect_crl=True), True),
        (point(only_some_reasons=frozenset({COMPROMISED})), True),
        (point(full_name=[x509.UniformResourceIdentifier("http://elsewhere.example/crl")]), True),
    ],
)
def test_a_list_that_is_not_about_such_a_certificate_or_not_whole_says_nothing(
    partial: tuple[x509.ExtensionType, bool],
) -> None:
    assert standing(crl(extensions=(partial,))) is Standing.UNKNOWN


def test_a_list_of_users_certificates_speaks_of_officers() -> None:
    assert standing(crl(extensions=((point(only_contains_user_certs=True), True),))) is Standing.GOOD


def test_a_responder_counts_only_if_the_issuer_certified_it_for_that() -> None:
    purpose = [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])]
    other = Authority("Гэрчилгээжүүлэгч", clock=SetClock(NOW))

    assert standing(ocsp(responder=AUTHORITY.issue("Хариулагч", extensions=purpose))) is Standing.GOOD
    assert standing(ocsp(responder=AUTHORITY.issue("Хэн нэгэн"))) is Standing.UNKNOWN
    assert standing(ocsp(responder=other.issue("Хариулагч", extensions=purpose))) is Standing.UNKNOWN


def test_a_response_about_another_certificate_says_nothing() -> None:
    assert standing(ocsp(), of=AUTHORITY.issue("Сүрэн").certificate) is Standing.UNKNOWN


def test_a_response_without_an_end_covers_only_its_moment() -> None:
    moment = read_statement("ocsp", AUTHORITY.ocsp(OFFICER.certificate, since=NOW))

    assert standing(moment, at=NOW + timedelta(minutes=5)) is Standing.GOOD
    assert standing(moment, at=NOW + timedelta(hours=1)) is Standing.UNKNOWN


def test_every_certificate_of_the_path_but_the_root_is_looked_at() -> None:
    unit = AUTHORITY.issue_authority("Нэгж")
    officer = unit.issue("Дорж")
    revoked = AUTHORITY.crl({unit.certificate: (NOW - DAY, None)}, since=NOW, until=NOW + DAY)
    statements = [
        read_statement("crl", revoked),
        read_statement("crl", unit.crl({}, since=NOW, until=NOW + DAY)),
    ]

    found = {c.subject: f.standing for c, f in standings(officer.certificate, officer.chain, statements, at=NOW)}

    assert found == {"Дорж": Standing.GOOD, "Нэгж": Standing.REVOKED}


def test_a_certificate_that_names_no_place_is_left_out_unless_something_is_known_of_it() -> None:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier("ldap://a.example/")], None, None, None)
    naming = AUTHORITY.issue("Сүрэн", extensions=[x509.CRLDistributionPoints([point])])

    assert [*standings(OFFICER.certificate, OFFICER.chain, [], at=NOW)] == []
    assert [f.standing for _, f in standings(naming.certificate, naming.chain, [], at=NOW)] == [Standing.UNKNOWN]
    assert [f.standing for _, f in standings(OFFICER.certificate, OFFICER.chain, [crl()], at=NOW)] == [Standing.GOOD]


def test_what_is_no_certificate_hides_none_that_is() -> None:
    pool = [Certificate(b"broken"), *OFFICER.chain]

    ((certificate, found),) = standings(OFFICER.certificate, pool, [crl(NOW - DAY)], at=NOW)

    assert certificate == OFFICER.certificate
    assert found.standing is Standing.REVOKED


@pytest.mark.parametrize("kind", ["crl", "ocsp"])
@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"\x30\x03\x0a\x01\x06", b"text"])
def test_what_is_no_statement_is_refused(kind: str, data: bytes) -> None:
    with pytest.raises(FormatError):
        read_statement(kind, data)


@pytest.mark.parametrize("revoked", [False, True])
def test_openssl_comes_to_the_same_with_the_kept_list(
    tmp_path: Path, oracle: Callable[[str], Path], *, revoked: bool
) -> None:
    statement = crl(NOW - DAY / 2) if revoked else crl()
    signature = sign_detached(sha256_bytes(b"data"), OFFICER, at=NOW, with_chain=True)
    (tmp_path / "list.der").write_bytes(statement.der)
    (tmp_path / "data").write_bytes(b"data")
    (tmp_path / "data.p7s").write_bytes(signature)
    openssl = str(oracle("openssl"))

    shown = subprocess.run(
        [openssl, "crl", "-inform", "DER", "-in", "list.der"], cwd=tmp_path, check=True, capture_output=True, timeout=60
    )
    (tmp_path / "chain.pem").write_bytes(AUTHORITY.certificate.pem() + shown.stdout)
    command = [openssl, "cms", "-verify", "-cades", "-binary", "-purpose", "any", "-crl_check", "-inform", "DER"]
    files = ["-in", "data.p7s", "-content", "data", "-CAfile", "chain.pem", "-out", "out"]
    done = subprocess.run([*command, *files], cwd=tmp_path, check=False, capture_output=True, timeout=60)

    assert (done.returncode == 0) is (standing(statement) is Standing.GOOD) is not revoked
