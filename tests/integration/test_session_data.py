"""An item's encrypted recording is in a bundle only if asked for, and the bundle holds together either way."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evidence_kit.bundle.make import BundleOptions, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import ItemFile, commit_item
from evidence_kit.case.layout import SESSION_DATA
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.models import Outcome, Verdict, VerificationReport
from evidence_kit.verify import verify_path
from tests.support.accounts import Issuer, account_of, spool_of
from tests.support.cases import open_case, stage_small_item
from tests.support.people import practice_custodian, roots_of
from tests.unit.wire.tls.peers import Peers


@pytest.fixture(scope="module")
def custodian() -> Custodian:
    return practice_custodian()


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, custodian: Custodian) -> CaseFolder:
    """A case with an item that has a recording, and an account of two connections."""
    folder = tmp_path_factory.mktemp("session")
    case = open_case(folder / "case", custodian)
    peers = Peers(folder, Issuer().identity(folder))
    spool = spool_of(folder / "spool", [peers.converse()[0] for _ in range(2)])
    record = stage_small_item(case, custodian, connections=b"".join(account_of(spool, peers.keys)))
    (case.staging / record.id / SESSION_DATA).write_bytes(b"an age file")
    more = (
        ItemFile(path=SESSION_DATA, role="session-data", media_type="application/octet-stream"),
        ItemFile(path="connections.jsonl", role="connections", media_type="application/jsonl"),
    )
    commit_item(case, replace(record, files=(*record.files, *more)), custodian)
    return case


@pytest.fixture(scope="module", params=[False, True], ids=["left out", "included"])
def bundle(request: pytest.FixtureRequest, case: CaseFolder, custodian: Custodian) -> tuple[Path, bool]:
    output = case.path.parent / f"bundle-{request.param}"
    options = BundleOptions(language=Language.ENGLISH, session_data=request.param)
    roots = roots_of(custodian.signer)
    make_bundle(case, output, custodian=custodian, options=options, stamping=Stamping(), trusted=roots)
    return output, request.param


def verify(path: Path, custodian: Custodian) -> VerificationReport:
    return verify_path(path, roots=roots_of(custodian.signer), clock=custodian.clock)


def test_a_bundle_holds_the_recording_only_if_asked_for(bundle: tuple[Path, bool], custodian: Custodian) -> None:
    path, included = bundle

    report = verify(path, custodian)

    assert (path / "data/items/EV-0001" / SESSION_DATA).exists() is included
    assert report.verdict is Verdict.VERIFIED
    lacking = [
        check.subject for check in report.checks if check.outcome is Outcome.NOT_CHECKED and check.id != "time.gap"
    ]
    assert lacking == ([] if included else [f"data/items/EV-0001/{SESSION_DATA}"])


def test_the_log_and_page_1_say_whether_the_recording_is_there(
    bundle: tuple[Path, bool], oracle: Callable[[str], Path]
) -> None:
    path, included = bundle

    page = subprocess.run(
        [oracle("pdftotext"), "-l", "1", path / "data/report.pdf", "-"], capture_output=True, check=True
    ).stdout.decode()

    said = "is in this bundle" if included else "is not in this bundle"
    assert f"Items whose encrypted recording of traffic {said}" in " ".join(page.split())
    detail = f'"session_data":"{"included" if included else "withheld"}"'
    assert detail in (path / "data/custody.jsonl").read_text(encoding="utf-8")


def test_the_item_of_a_bundle_on_its_own_is_not_called_altered(bundle: tuple[Path, bool], custodian: Custodian) -> None:
    report = verify(bundle[0] / "data/items/EV-0001", custodian)

    assert report.verdict is Verdict.VERIFIED


def test_the_account_of_connections_is_checked_in_a_bundle(bundle: tuple[Path, bool], custodian: Custodian) -> None:
    found = {check.id: check.outcome for check in verify(bundle[0], custodian).checks}

    wanted = ("connections.lines", "tls.server-proof", "tls.records", "tls.certificates")
    assert [found.get(id_) for id_ in wanted] == [Outcome.PASSED] * 4


def test_a_recording_taken_out_of_a_bundle_or_a_case_is_missed(
    bundle: tuple[Path, bool], case: CaseFolder, custodian: Custodian, tmp_path: Path
) -> None:
    path, included = bundle
    if not included:
        path = case.path
    copy = tmp_path / "copy"
    shutil.copytree(path, copy)
    next(copy.rglob(SESSION_DATA)).unlink()

    assert verify(copy, custodian).verdict is Verdict.ALTERED
