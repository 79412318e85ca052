"""A signed report against the rules of PDF/A-3a and PDF/UA-1: at every level, countersigned, and renewed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from evidence_kit.bundle.report import render_report
from evidence_kit.bundle.report_model import Language
from evidence_kit.bundle.signature_picture import signature_picture
from evidence_kit.pdf.findings import Level
from evidence_kit.pdf.sign import archive_pdf, sign_pdf
from evidence_kit.trust.keys import Signer
from evidence_kit.trust.revocation import OcspResponse
from tests.support.pades import DAY, PLACE, Pki, practice_pki
from tests.support.pdf_rules import RULES
from tests.support.pdfs import NOW
from tests.support.report_cases import MOMENT, report_of

pytestmark = [pytest.mark.network, pytest.mark.oracle]


@pytest.fixture(scope="module")
def pki() -> Iterator[Pki]:
    with practice_pki() as made:
        yield made


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("unsigned") / "report.pdf"
    render_report(
        replace(report_of(), attempts=(), custody=()),
        path,
        language=Language.ENGLISH,
        attachments={"custody.jsonl": b"{}\n"},
        timestamp=MOMENT,
        font_folders=(),
    )
    return path


def sign(source: Path, target: Path, pki: Pki, signer: Signer, aim: Level) -> None:
    """Sign with a picture, at the level *aim*."""
    told = OcspResponse(pki.issuing.ocsp(signer.certificate, since=NOW - DAY, until=NOW + DAY))
    made = sign_pdf(
        source,
        target,
        signer=signer,
        reason="r",
        location="",
        now=NOW,
        tsa=() if aim is Level.B else pki.urls,
        known=replace(pki.known, statements=(*pki.statements, told)),
        aim=aim,
        picture=signature_picture(signer.certificate, NOW, Language.BOTH),
    )
    assert made.level is aim


def broken(path: Path) -> dict[str, list[str]]:
    with pikepdf.open(path) as pdf:
        found = {name: rule(pdf) for name, rule in RULES.items()}
    return {name: problems for name, problems in found.items() if problems}


@pytest.mark.parametrize(
    "level",
    # The highest goes through those between.
    [Level.B, *(pytest.param(level, marks=pytest.mark.slow) for level in (Level.T, Level.LT)), Level.LTA],
)
def test_a_report_keeps_every_rule_at_every_level_countersigned_and_renewed(
    level: Level, pki: Pki, report: Path, tmp_path: Path
) -> None:
    signed, countersigned, renewed = (tmp_path / f"{name}.pdf" for name in ("signed", "countersigned", "renewed"))

    sign(report, signed, pki, pki.officer, level)
    sign(signed, countersigned, pki, pki.issuing.issue("Б. Сараа", extensions=PLACE), level)
    archive_pdf(countersigned, renewed, tsa=pki.urls[1:], known=pki.known)

    assert [broken(path) for path in (signed, countersigned, renewed)] == [{}, {}, {}]


def test_a_third_signature_which_has_no_box_keeps_every_rule(pki: Pki, report: Path, tmp_path: Path) -> None:
    latest = report
    for number, signer in enumerate((pki.officer, pki.officer, pki.officer)):
        sign(latest, tmp_path / f"{number}.pdf", pki, signer, Level.B)
        latest = tmp_path / f"{number}.pdf"

    assert broken(latest) == {}


def test_signing_leaves_the_metadata_as_they_were(pki: Pki, report: Path, tmp_path: Path) -> None:
    """What writes them anew with the time of this machine would not give the same bytes twice."""
    sign(report, tmp_path / "signed.pdf", pki, pki.officer, Level.LTA)

    with pikepdf.open(report) as before, pikepdf.open(tmp_path / "signed.pdf") as after:
        assert after.Root.Metadata.read_raw_bytes() == before.Root.Metadata.read_raw_bytes()
        assert after.trailer.Info == before.trailer.Info


def test_an_update_on_the_line_of_the_end_before_it_is_noticed(report: Path, tmp_path: Path) -> None:
    (tmp_path / "glued.pdf").write_bytes(report.read_bytes().rstrip(b"\n") + b"1 0 obj\n")

    with pikepdf.open(tmp_path / "glued.pdf") as pdf:
        assert RULES["A 6.1.9 every update begins on a line of its own"](pdf) != []
