"""A signature is as old as the earliest trusted time stamp that covers it; without one it is made now."""

from dataclasses import replace
from pathlib import Path

import pytest

from evidence_kit.case.stamping import Stamping, stamp_head
from evidence_kit.models import Trust, Verdict
from evidence_kit.trust.certificates import load_certificates
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify.path import verify_path
from tests.support.cases import commit_small_item, open_case
from tests.support.people import SetClock, practice_custodian
from tests.support.pki import Authority
from tests.support.tsa import OpensslTsa

THREE_YEARS = 3 * 365 * 24 * 3600
"""More than the certificates of tests are valid."""


@pytest.mark.network
@pytest.mark.parametrize("stamped", [True, False], ids=["stamped", "never stamped"])
def test_a_key_that_has_run_out_since_is_believed_only_for_what_was_stamped_before(
    tmp_path: Path, tsa: OpensslTsa, *, stamped: bool
) -> None:
    clock = SetClock()
    authority = Authority("Гэрчилгээжүүлэгч", clock=clock)
    officer = replace(practice_custodian(clock), signer=authority.issue("Дорж"))
    tsa_roots = load_certificates(tsa.root_pem.read_bytes())
    case = open_case(tmp_path / "case", officer)
    commit_small_item(case, officer)
    if stamped:
        assert stamp_head(case, Stamping(tsa=(tsa.url,), roots=tsa_roots)) == []
    clock.forward(THREE_YEARS)

    report = verify_path(case.path, roots=TrustedRoots(established=(authority.certificate, *tsa_roots)), clock=clock)

    assert [signer.trust for signer in report.signers] == [Trust.ESTABLISHED if stamped else Trust.CLAIMED]
    assert report.verdict is (Verdict.VERIFIED if stamped else Verdict.UNCHANGED)
