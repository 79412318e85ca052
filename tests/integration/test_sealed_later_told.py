"""What is said of items that were sealed later: what they are now, and beside it what the log said when they came."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from evidence_kit.bundle.make import BundleOptions, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.case.sealing import seal_item
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Grounds
from evidence_kit.trust.age import Identity
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from tests.support import second
from tests.support.cases import commit_small_item
from tests.support.people import practice_custodian, roots_of
from tests.support.sealing import MARK, NAME, open_sealing_case
from tests.support.supplies import hand_over, take


def test_the_log_is_printed_as_it_is_and_both_verifiers_count_what_is_sealed(
    tmp_path: Path, oracle: Callable[[str], Path]
) -> None:
    custodian = replace(practice_custodian(), grounds=Grounds(purpose="p"))
    case = open_sealing_case(tmp_path / "case", custodian, [Identity.new(), Identity.new()])
    commit_small_item(case, custodian, body=MARK, screenshot=MARK)
    take(case, custodian, hand_over(tmp_path / "phone", {NAME: MARK}))
    shutil.rmtree(tmp_path / "phone")
    for item in ("EV-0001", "EV-0002"):
        seal_item(case, item, custodian, reason="it shows a child")
    bundle = tmp_path / "bundle"

    options = BundleOptions(language=Language.ENGLISH)
    make_bundle(case, bundle, custodian=custodian, options=options, stamping=Stamping(), trusted=TrustedRoots())
    ours = verify_path(bundle, roots=roots_of(custodian.signer), clock=custodian.clock)
    with second.running() as other:
        theirs = other.verify(bundle, roots_of(custodian.signer), custodian.clock())
    drawn = [str(oracle("pdftotext")), "-raw", str(bundle / "data/report.pdf"), "-"]
    said = subprocess.run(drawn, check=True, capture_output=True, timeout=60).stdout.decode()

    assert "Outcome: Taken in byte for byte" in said
    assert "Outcome: Sealed" not in said
    facts = ours.to_json()["facts"]
    assert isinstance(facts, dict)
    assert isinstance(facts["sealing"], dict)
    assert (facts["sealing"]["complete"], facts["sealing"]["incomplete"]) == (1, 1)
    told = theirs["facts"]
    assert isinstance(told, dict)
    assert [told[name] for name in ("attempts", "supplied", "derived", "sealing")] == [
        facts[name] for name in ("attempts", "supplied", "derived", "sealing")
    ]
