"""A case whose items show what may be seen only after a reveal, and the command line that renders them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_kit.case.folder import CaseFolder
from evidence_kit.custody.custodian import Custodian
from tests.cli.conftest import home, run
from tests.support.cases import open_case
from tests.support.people import practice_custodian
from tests.support.viewing import SECRET, Trap, commit_viewed

__all__ = ["home", "run"]
PAGE = f'<!DOCTYPE html><meta charset="utf-8"><title>{SECRET}</title><p id="text">{SECRET}</p>'


@pytest.fixture(scope="session")
def custodian() -> Custodian:
    """Return an officer with a practice key."""
    return practice_custodian()


@pytest.fixture
def viewed(tmp_path: Path, custodian: Custodian) -> CaseFolder:
    """Return a case with one item."""
    case = open_case(tmp_path / "хэрэг", custodian)
    commit_viewed(case, custodian, html=PAGE)
    return case


@pytest.fixture
def trap() -> Iterator[Trap]:
    """Return servers that note whoever comes."""
    with Trap() as running:
        yield running
