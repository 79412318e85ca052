"""The browser's reader of PDFs judges as Python does, whatever is done to a report."""

import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from evidence_kit.pdf.check import check_pdf
from evidence_kit.pdf.sign import archive_pdf, sign_pdf
from tests.support.pades import LISTS, practice_pki, sign
from tests.support.pdfs import NOW, make_pdf, practice_signer, rsa_signer
from tests.tamper.test_report import _attachments, _content, _nothing, _overlay, _script
from tests.unit.pdf.test_later_revisions import CHANGES as CHANGES_COVERED
from tests.unit.pdf.test_later_revisions import make_signed
from tests.unit.pdf.test_later_revisions import revised as revision_of
from tests.unit.pdf.test_shadow import ATTACKS, Planted, planted

__all__ = ["planted"]  # a fixture
PROJECT = Path(__file__).parents[2]
JUNK = (b"x", b"\n", b"%%EOF\n", b"startxref\n0\n%%EOF\n", b"\0" * 900, b"\0" * 5000)
STEP = 199
"""Every so manieth byte is changed in each run."""
SIGNED = ("b", "rsa", "lta", "both", "lta-both", "renewed", "rsa-renewed")
"""The kinds of signed reports. One test each: together they take longer than one test may."""

STRICTER = {"minimal-signed-twice-both-created.pdf", "minimal-signed-twice-second-created.pdf"}
CHANGES: tuple[Callable[[IncrementalPdfFileWriter], None], ...] = (_content, _overlay, _script, _attachments, _nothing)


def answers_agree(folder: Path, pdfs: Iterator[tuple[str, bytes]], *, broken: bool = True) -> str:
    """Let the browser's verifier examine *pdfs* in Node; return what it finds otherwise than Python, or nothing.

    What is attached to those that are not whole is compared only if *broken* says so.
    """
    questions = []
    for number, (name, data) in enumerate(pdfs):
        path = folder / f"{number}.pdf"
        path.write_bytes(data)
        found = check_pdf(BytesIO(data))
        questions.append(
            {
                "name": name,
                "path": str(path),
                "whole": found.whole_and_valid,
                "trailing": found.trailing_bytes > 0,
                "attached": {each.name: str(each.sha256) for each in found.attachments}
                if broken or found.whole_and_valid
                else None,
                "levels": [str(each.level) for each in found.signatures] if found.whole_and_valid else None,
            }
        )
    asked = folder / "pdfs.json"
    asked.write_text(json.dumps(questions), encoding="utf-8")
    command = ["node", "--test", str(PROJECT / "build" / "web" / "node" / "pdf.test.mjs")]
    environment = {**os.environ, "EVIDENCE_KIT_PDFS": str(asked)}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=600, env=environment)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return reports signed, countersigned and renewed in every way that the kit has."""
    folder = tmp_path_factory.mktemp("signed")
    plain = make_pdf(folder / "plain.pdf", attached=LISTS)
    sign_pdf(plain, folder / "b.pdf", signer=practice_signer(), reason="r", location="l", now=NOW)
    with practice_pki() as pki:
        sign_pdf(plain, folder / "rsa.pdf", signer=rsa_signer(), reason="r", location="l", now=NOW, tsa=pki.urls)
        sign(pki, folder, "lta.pdf", source=plain)
        sign(pki, folder, "both.pdf", source=folder / "b.pdf", tsa=())
        sign(pki, folder, "lta-both.pdf", source=folder / "lta.pdf")
        archive_pdf(folder / "lta-both.pdf", folder / "renewed.pdf", tsa=pki.urls[::-1], known=pki.known)
        archive_pdf(folder / "rsa.pdf", folder / "rsa-renewed.pdf", tsa=pki.urls, known=pki.known)
    found = {path.stem: path.read_bytes() for path in folder.glob("*.pdf")}
    assert found.keys() == {"plain", *SIGNED}
    return found


def changed(name: str, data: bytes, step: int) -> Iterator[tuple[str, bytes]]:
    """Yield *data* with one bit of every *step*-th byte changed, cut, and with something behind it."""
    chance = random.Random(name)  # noqa: S311  # the same copies each time
    for place in range(chance.randrange(step), len(data), step):
        other = bytes([data[place] ^ 1 << chance.randrange(8)])
        yield f"{name} {place}", data[:place] + other + data[place + 1 :]
    for place in range(step, len(data), 5 * step):
        yield f"{name} cut {place}", data[:place]
    for junk in JUNK:
        yield f"{name} {junk[:20]!r}", data + junk


def revised(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield *data* with a revision behind it that changes something."""
    for change in CHANGES:
        out = BytesIO(data)
        writer = IncrementalPdfFileWriter(out)
        change(writer)
        writer.write_in_place()  # type: ignore[no-untyped-call]  # pyHanko gives it no types
        yield change.__name__, out.getvalue()


def test_reports_that_nobody_touched_are_judged_alike(tmp_path: Path, signed: dict[str, bytes]) -> None:
    assert answers_agree(tmp_path, iter(signed.items())) == ""


def test_changed_cut_and_longer_reports_are_judged_alike(tmp_path: Path, signed: dict[str, bytes]) -> None:
    copies = [*changed("b", signed["b"], STEP), *changed("renewed", signed["renewed"], 100 * STEP)]
    assert answers_agree(tmp_path, iter(copies)) == ""


def test_revisions_behind_a_signature_are_judged_alike(tmp_path: Path, signed: dict[str, bytes]) -> None:
    found = (pdf for name in ("b", "lta") for pdf in revised(signed[name]))
    assert answers_agree(tmp_path, found) == ""


def test_attacks_by_planted_content_are_judged_alike(tmp_path: Path, planted: Planted) -> None:
    attacks = ((attack.__name__, attack(planted)) for attack in ATTACKS)
    assert answers_agree(tmp_path, iter([("planted", planted.data), *attacks])) == ""


def test_changes_that_an_honest_signature_covers_are_judged_alike(tmp_path: Path) -> None:
    signed = make_signed(tmp_path)
    twice = []
    for number, (name, change) in enumerate(CHANGES_COVERED.items()):
        changed, covered = (tmp_path / f"{number}-{kind}.pdf" for kind in ("changed", "covered"))
        revision_of(signed, change, changed)
        sign_pdf(changed, covered, signer=practice_signer(), reason="", location="", now=NOW)
        twice.append((name, covered.read_bytes()))

    assert answers_agree(tmp_path, iter(twice)) == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", SIGNED)
def test_every_kind_of_changed_report_is_judged_alike(tmp_path: Path, signed: dict[str, bytes], name: str) -> None:
    """What is found in a table of objects that was destroyed depends on how a reader puts it together again."""
    copies = changed(name, signed[name], max(STEP // 10, len(signed[name]) // 200))

    assert answers_agree(tmp_path, copies, broken=False) == ""


@pytest.mark.slow
def test_other_peoples_pdfs_are_judged_alike(tmp_path: Path, test_data: Path) -> None:
    """But for two, whose later fields bring what no signing of ours writes: there the page is stricter."""
    files = (path for path in sorted(test_data.rglob("*.pdf")) if path.name not in STRICTER)
    found = ((path.name, path.read_bytes()) for path in files)
    assert answers_agree(tmp_path, found) == ""
