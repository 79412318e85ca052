"""Keys that no signer may have, of roots or of certificates that only lie in a case, alter no honest evidence."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from evidence_kit.models import Verdict
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.trust.keys import PrivateKey
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case
from tests.support.people import practice_custodian
from tests.support.pki import Authority


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP521R1()), rsa.generate_private_key(65537, 4096)], ids=["p521", "rsa4096"]
)
def test_a_case_of_an_officer_below_any_root_that_the_library_knows_is_verified(
    tmp_path: Path, key: PrivateKey
) -> None:
    officer = practice_custodian()
    root = Authority("Улсын үндсэн", clock=officer.clock, key=key)
    officer = replace(officer, signer=root.issue("Зохиомол Дорж"))
    case = open_case(tmp_path / "case", officer)
    commit_small_item(case, officer)

    report = verify_path(case.path, roots=TrustedRoots(established=(root.certificate,)), clock=officer.clock)

    assert [check for check in report.checks if check.outcome == "failed"] == []
    assert report.verdict is Verdict.VERIFIED


def test_a_certificate_that_only_lies_in_a_case_alters_nothing(tmp_path: Path) -> None:
    officer = practice_custodian()
    case = open_case(tmp_path / "case", officer)
    commit_small_item(case, officer)
    other = Authority("Гадны", clock=officer.clock, key=ec.generate_private_key(ec.BrainpoolP256R1()))
    case.record_certificates([other.certificate])

    report = verify_path(case.path, roots=TrustedRoots(practice=officer.signer.chain[-1:]), clock=officer.clock)

    assert [check for check in report.checks if check.outcome == "failed"] == []
    assert report.verdict is Verdict.VERIFIED
