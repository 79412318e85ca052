"""Whatever others made can be taken in: soon, in little memory, byte for byte; nothing in it ends the examination."""

import hashlib
import json
import resource
import sys
from pathlib import Path

import pytest

from evidence_kit.case.supply import read_supply
from evidence_kit.models import Status
from evidence_kit.verify import verify_path
from tests.corpus.test_corpus import files
from tests.support.cases import open_case
from tests.support.people import practice_custodian, roots_of
from tests.support.supplies import take

STRIDE = 29
"""Every so manieth file of others is taken in each run, all of them nightly."""


def taken_in(folder: Path, given: list[Path]) -> None:
    """See that all of *given* become an item that verifies and holds them byte for byte."""
    custodian = practice_custodian()
    case = open_case(folder / "case", custodian)

    item = take(case, custodian, *given)

    place = case.path / "items" / item.id
    originals = read_supply((place / "supply.json").read_bytes()).files
    facts = json.loads((place / "facts.json").read_bytes())["files"]
    ended = [(each["file"], finding["value"]) for each in facts for finding in each["findings"] if _is_end(finding)]
    assert item.status is Status.COMPLETE
    assert [original.sha256.hex for original in originals] == [_sha256(path) for path in given]
    assert [_sha256(place / original.path) for original in originals] == [_sha256(path) for path in given]
    assert ended == []
    assert verify_path(case.path, roots=roots_of(custodian.signer), clock=custodian.clock).verdict == "verified"


def _is_end(finding: dict[str, object]) -> bool:
    return finding["code"] == "examination.ended"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_sample_of_the_files_of_others_is_taken_in(tmp_path: Path, test_data: Path) -> None:
    taken_in(tmp_path, files(test_data)[::STRIDE])


@pytest.mark.slow
def test_every_file_of_others_is_taken_in(tmp_path: Path, test_data: Path) -> None:
    taken_in(tmp_path, files(test_data))

    if sys.platform == "linux":
        assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 500 * 1024
