"""What an item shows beside its web archive must be recorded in it."""

from dataclasses import replace
from pathlib import Path

import pytest

from evidence_kit.archive.wacz import Page, write_wacz
from evidence_kit.archive.warc_writer import WarcWriter
from evidence_kit.canonical import Json
from evidence_kit.case.items import ItemFile, commit_item
from evidence_kit.models import Check, Outcome
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify.path import verify_path
from tests.support.cases import URL, open_case, stage_small_item
from tests.support.people import SetClock, practice_custodian

FILES = {
    "screenshot.png": ("screenshot", b"\x89PNG"),
    "dom.html": ("dom", b"<p>"),
    "page.json": ("inventory", b"{}\n"),
    "ledger.jsonl": ("ledger", b"{}\n"),
}


def recorded(folder: Path, *, beside: dict[str, bytes]) -> list[Check]:
    """Commit an item whose archive holds `FILES` and whose folder holds *beside*, and return the check."""
    custodian = practice_custodian(SetClock())
    case = open_case(folder / "case", custodian)
    record = stage_small_item(case, custodian)
    staged = case.staging / record.id
    (staged / "capture.wacz").unlink()
    with WarcWriter(folder / "data.warc.gz", created=record.started) as warc:
        warc.warcinfo({"software": "test"})
        index = [
            warc.resource(f"urn:evidence-kit:{role}:{URL}", body, media_type="x/y", date=record.started)
            for role, body in FILES.values()
        ]
    seal = write_wacz(
        staged / "capture.wacz",
        warc=folder / "data.warc.gz",
        index=index,
        pages=[Page(url=URL, ts=record.started, title="x", id="1")],
        title="x",
        created=record.started,
        software="test",
    )
    for name, body in beside.items():
        (staged / name).write_bytes(body)
    files = [ItemFile(path=name, role=FILES[name][0], media_type="x/y") for name in beside]
    detail: dict[str, Json] = {"wacz": {"transport_key_sha256": str(seal.spki_sha256)}}
    commit_item(case, replace(record, files=(*record.files, *files), detail=detail), custodian)
    report = verify_path(case.path, roots=TrustedRoots(), clock=custodian.clock)
    assert {check.id for check in report.checks if check.outcome is Outcome.FAILED} <= {"item.recorded"}
    return [check for check in report.checks if check.id == "item.recorded"]


def test_files_that_are_recorded_byte_for_byte_pass(tmp_path: Path) -> None:
    [check] = recorded(tmp_path, beside={name: body for name, (_, body) in FILES.items()})

    assert check.outcome is Outcome.PASSED


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_sealed_but_was_not_recorded_so_is_found(tmp_path: Path, name: str) -> None:
    beside = {other: body for other, (_, body) in FILES.items()} | {name: b"another"}

    checks = recorded(tmp_path, beside=beside)

    assert {check.outcome for check in checks} == {Outcome.FAILED}
    assert len(checks) == 2
    assert all(FILES[name][0] in check.detail for check in checks)


def test_a_recorded_file_that_is_not_beside_the_archive_is_found(tmp_path: Path) -> None:
    beside = {other: body for other, (_, body) in FILES.items() if other != "dom.html"}

    [check] = recorded(tmp_path, beside=beside)

    assert check.outcome is Outcome.FAILED
    assert "that the item does not have" in check.detail
