"""Levels of PAdES with a real PKI: a root, an issuing authority with CRL and OCSP, and two TSAs on loopback."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
import pytest

from evidence_kit.models import Outcome, Trust, VerificationReport
from evidence_kit.pdf.check import check_pdf
from evidence_kit.pdf.findings import Changes, Coverage, Level
from evidence_kit.pdf.sign import level_in_reach
from evidence_kit.trust.revocation import OcspResponse, RevocationList, Statement
from evidence_kit.trust.validation_data import ValidationData
from evidence_kit.verify import verify_path
from tests.support.pades import DAY, PLACE, Pki, practice_pki, sign
from tests.support.pdfs import NOW, place_of_signature
from tests.support.tsa import OpensslTsa

pytestmark = [pytest.mark.network, pytest.mark.oracle]

Oracle = Callable[[str], Path]


@pytest.fixture(scope="module")
def pki() -> Iterator[Pki]:
    with practice_pki() as made:
        yield made


def verify(pki: Pki, path: Path, *, years: int = 0) -> VerificationReport:
    return verify_path(path, roots=pki.trusted, clock=lambda: NOW + 365 * years * DAY, check_pdf=check_pdf)


def without(pki: Pki, kind: type[Statement]) -> ValidationData:
    kept = tuple(statement for statement in pki.statements if not isinstance(statement, kind))
    return ValidationData(certificates=pki.known.certificates, statements=kept)


def test_with_all_in_reach_the_level_is_b_lta_and_something_signed_covers_every_byte(pki: Pki, tmp_path: Path) -> None:
    made = sign(pki, tmp_path)
    found = check_pdf(tmp_path / "signed.pdf")

    signature, archive = found.signatures
    assert (made.level, made.missed) == (Level.LTA, "")
    assert level_in_reach(pki.officer, pki.known, stamped=True, now=NOW) is Level.LTA
    assert (signature.level, archive.level) == (Level.LTA, Level.TIMESTAMP)
    assert (signature.certifies, signature.changes) == (True, Changes.ARCHIVE)
    assert archive.coverage is Coverage.FILE
    assert found.whole_and_valid
    assert (signature.unproven, archive.unproven) == ((), ())
    assert set(found.statements) == set(pki.statements)


@pytest.mark.parametrize("kind", [RevocationList, OcspResponse])
def test_without_what_the_authorities_say_the_level_is_b_t(pki: Pki, tmp_path: Path, kind: type[Statement]) -> None:
    known = without(pki, kind)

    assert sign(pki, tmp_path, known=known).level is Level.T
    assert level_in_reach(pki.officer, known, stamped=True, now=NOW) is Level.T
    assert len(check_pdf(tmp_path / "signed.pdf").signatures) == 1


def test_without_an_authority_the_level_is_b_b(pki: Pki, tmp_path: Path) -> None:
    assert sign(pki, tmp_path, tsa=()).level is Level.B
    assert level_in_reach(pki.officer, pki.known, stamped=False, now=NOW) is Level.B


def test_a_statement_that_no_longer_counts_gives_no_level(pki: Pki, tmp_path: Path) -> None:
    old = OcspResponse(pki.issuing.ocsp(pki.officer.certificate, since=NOW - 9 * DAY, until=NOW - 8 * DAY))
    lists = tuple(statement for statement in pki.statements if isinstance(statement, RevocationList))
    known = ValidationData(certificates=pki.known.certificates, statements=(*lists, old))

    assert sign(pki, tmp_path, known=known).level is Level.T


def test_an_authority_that_falls_silent_half_way_leaves_b_lt_and_says_why(pki: Pki, tmp_path: Path) -> None:
    (first, _) = pki.stamping
    asked = first.requests
    stop_after = StopAfter(first, asked + 1)

    with stop_after:
        made = sign(pki, tmp_path, tsa=(first.url,))
    found = check_pdf(tmp_path / "signed.pdf")

    assert made.level is Level.LT
    assert "503" in made.missed
    assert found.whole_and_valid
    assert [signature.level for signature in found.signatures] == [Level.LT]


class StopAfter:
    """Inside it the authority answers until it was asked so many times."""

    def __init__(self, tsa: OpensslTsa, requests: int) -> None:
        self._tsa, self._requests = tsa, requests

    def __enter__(self) -> None:
        reply, tsa = self._tsa.reply, self._tsa

        def once(request: bytes) -> bytes:
            if tsa.requests >= self._requests:
                tsa.answer = "error"
            return reply(request)

        tsa.reply = once  # type: ignore[method-assign]  # the server of the test, not the program

    def __exit__(self, *_: object) -> None:
        del self._tsa.reply
        self._tsa.answer = "granted"


def test_years_later_b_lta_is_still_believed_and_b_b_is_not(pki: Pki, tmp_path: Path) -> None:
    sign(pki, tmp_path, "lta.pdf")
    sign(pki, tmp_path, "b.pdf", tsa=())

    def trust(name: str, years: int) -> list[Trust]:
        return [signer.trust for signer in verify(pki, tmp_path / name, years=years).signers]

    assert trust("lta.pdf", 0) == trust("b.pdf", 0) == [Trust.ESTABLISHED]
    assert trust("lta.pdf", 5) == [Trust.ESTABLISHED]
    assert trust("b.pdf", 5) == [Trust.CLAIMED]


def test_years_later_the_lone_report_itself_tells_that_nothing_was_revoked(pki: Pki, tmp_path: Path) -> None:
    sign(pki, tmp_path)

    checks = verify(pki, tmp_path / "signed.pdf", years=5).checks

    outcomes = {check.outcome for check in checks if check.id.endswith(".revocation")}
    assert outcomes == {Outcome.PASSED}
    assert {check.id for check in checks} >= {"signer.revocation", "timestamp.revocation", "report.signature"}
    assert not [check for check in checks if check.outcome is Outcome.FAILED]


def test_verify_names_every_signature_with_level_trust_and_time(pki: Pki, tmp_path: Path) -> None:
    sign(pki, tmp_path)

    told = verify(pki, tmp_path / "signed.pdf").facts["signatures"]

    assert isinstance(told, list)
    assert [(each["name"], each["level"], each["trust"]) for each in told if isinstance(each, dict)] == [
        ("Ө. Үүрийнтуяа", "B-LTA", "established"),
        ("First, unit 1", "time-stamp", "established"),
    ]


def test_a_second_officer_signs_what_was_archived_and_both_are_b_lta(pki: Pki, tmp_path: Path) -> None:
    second = pki.issuing.issue("Б. Сараа", extensions=PLACE)
    told = OcspResponse(pki.issuing.ocsp(second.certificate, since=NOW - DAY, until=NOW + DAY))
    known = ValidationData(certificates=pki.known.certificates, statements=(*pki.statements, told))
    sign(pki, tmp_path, "once.pdf")

    sign(pki, tmp_path, "twice.pdf", source=tmp_path / "once.pdf", signer=second, known=known)
    found = check_pdf(tmp_path / "twice.pdf")

    assert found.whole_and_valid
    assert [each.level for each in found.signatures] == [Level.LTA, Level.TIMESTAMP, Level.LTA, Level.TIMESTAMP]
    assert [each.certifies for each in found.signatures] == [True, False, False, False]
    assert (tmp_path / "twice.pdf").read_bytes().startswith((tmp_path / "once.pdf").read_bytes())


def test_a_level_is_not_believed_that_rests_on_a_store_nobody_stamped(pki: Pki, tmp_path: Path) -> None:
    """Taking the store away after the fact is a change; the level falls with it."""
    sign(pki, tmp_path)
    with pikepdf.open(tmp_path / "signed.pdf") as pdf:
        del pdf.Root.DSS
        pdf.save(tmp_path / "altered.pdf")

    found = check_pdf(tmp_path / "altered.pdf")

    assert not found.whole_and_valid
    assert Level.LTA not in {signature.level for signature in found.signatures}


def run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def test_other_peoples_programs_accept_a_b_lta_report(pki: Pki, tmp_path: Path, oracle: Oracle) -> None:
    sign(pki, tmp_path)
    openssl, data = oracle("openssl"), (tmp_path / "signed.pdf").read_bytes()
    (tmp_path / "root.pem").write_bytes(b"".join(c.pem() for c in pki.trusted.established))
    (tmp_path / "interm.pem").write_bytes(pki.issuing.certificate.pem())
    archive, first = check_pdf(tmp_path / "signed.pdf").signatures[::-1]
    for name, end in (("archive", archive.covered_end), ("first", first.covered_end)):
        start, stop = place_of_signature(data[:end])
        (tmp_path / f"{name}.tbs").write_bytes(data[:start] + data[stop:end])
        place = bytes.fromhex(data[start + 1 : stop - 1].decode("ascii"))
        (tmp_path / f"{name}.cms").write_bytes(place)

    cms = ("cms", "-verify", "-inform", "DER", "-in", "first.cms", "-binary", "-content", "first.tbs")
    trust = ("-CAfile", "root.pem", "-certfile", "interm.pem", "-purpose", "any", "-out", "x.out")
    stamp = ("ts", "-verify", "-data", "archive.tbs", "-in", "archive.cms", "-token_in", "-CAfile", "root.pem")

    assert "CMS Verification successful" in run(openssl, *cms, *trust, folder=tmp_path)
    assert "Verification: OK" in run(openssl, *stamp, folder=tmp_path)
    assert "No syntax or stream encoding errors" in run(oracle("qpdf"), "--check", "signed.pdf", folder=tmp_path)
    assert "Signature is Valid" in run(oracle("pdfsig"), "-nocert", "signed.pdf", folder=tmp_path)
