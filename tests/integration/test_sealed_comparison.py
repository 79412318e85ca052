"""A comparison, and a capture, that were sealed later stand in a report as what they are; both verifiers agree."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.bundle.report_model import Language
from evidence_kit.case.sealing import seal_item
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.recipients import Named, Use, adding
from evidence_kit.trust.age import Identity
from tests.integration.test_corroborate import compare, drawn
from tests.support.comparisons import on_phone, page
from tests.support.people import roots_of
from tests.support.second import running
from tests.support.whole_way import WholeWay


@pytest.mark.parametrize(("item", "said"), [("EV-0003", "Made by this tool"), ("EV-0001", "Captured by this tool")])
def test_what_was_sealed_later_is_bundled_as_what_it_is(
    tmp_path: Path, oracle: Callable[[str], Path], item: str, said: str
) -> None:
    at = drawn(tmp_path, {"screen.jpg": on_phone(page(1, (640, 1200)), width=360, top=100, rows=800)})
    compare(at.case, at.custodian, "EV-0002", "EV-0001")
    for _ in range(2):
        at.case.commit(adding(Named(recipient=Identity.new().recipient, use=Use.SEAL)), at.custodian)
    seal_item(at.case, item, at.custodian, reason="Сургалт")
    bundle = tmp_path / "bundle"

    with running() as second:
        roots = roots_of(at.custodian.signer)
        way = WholeWay(case=at.case, custodian=at.custodian, roots=roots, stamping=Stamping(), second=second)
        way.bundle(bundle, language=Language.ENGLISH)
        verdict = way.verify(bundle).verdict

    told = subprocess.run([oracle("pdftotext"), bundle / "data/report.pdf", "-"], capture_output=True, check=True)
    text = " ".join(told.stdout.decode().split())
    assert verdict == "verified"
    assert "had it in plain before" in text
    assert said in text
    assert "Sealing started" not in text
