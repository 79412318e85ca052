"""One case and one bundle, whole and real, for all tests of altered evidence."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.custody.custodian import Custodian
from evidence_kit.models import Outcome, VerificationReport
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.trust.timestamps import stamp
from tests.support.cases import commit_small_item
from tests.support.people import OFFICER, ULAANBAATAR, SetClock
from tests.support.pki import Authority
from tests.support.second import running
from tests.support.tsa import OpensslTsa
from tests.support.whole_way import WholeWay, go


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """A case and its bundle; nobody writes into these two folders."""

    way: WholeWay
    case: Path
    bundle: Path
    packed: Path
    """The bundle as a zip."""
    other: Custodian
    """Another officer, whose key is as good."""
    stamp: Callable[[bytes], bytes]
    """Has the same authority stamp something."""

    def failed(self, path: Path) -> list[tuple[str, str]]:
        """Return id and subject of every check that fails for what is at *path*."""
        return failed(self.way.verify(path))


def failed(report: VerificationReport) -> list[tuple[str, str]]:
    """Return id and subject of every check that failed."""
    return [(check.id, check.subject) for check in report.checks if check.outcome is Outcome.FAILED]


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory, oracle: Callable[[str], Path]) -> Iterator[Sealed]:
    """Return a stamped case with a captured post and a small item, and bundles of it."""
    oracle("openssl")
    folder = tmp_path_factory.mktemp("sealed")
    with OpensslTsa() as tsa, running() as second:
        # The authority's certificates are made now: nothing here may be older.
        clock = SetClock(datetime.now(UTC))
        agency = Authority("Сургалтын газар", clock=clock)
        officer, other = (
            Custodian(officer=OFFICER, signer=agency.issue(name), clock=clock, zone=ULAANBAATAR)
            for name in ("Нэг", "Хоёр")
        )
        way = go(folder / "хэрэг", officer, "/posts/1001", tsa=tsa)
        way = replace(way, second=second, roots=TrustedRoots(established=(*way.roots.established, agency.certificate)))
        commit_small_item(way.case, officer)
        bundle, packed = way.bundle(folder / "bundle"), way.bundle(folder / "bundle.zip", as_zip=True)
        yield Sealed(
            way=way,
            case=way.case.path,
            bundle=bundle.path,
            packed=packed.path,
            other=other,
            stamp=lambda data: stamp(tsa.url, sha256_bytes(data)),
        )


@pytest.fixture
def bundle(sealed: Sealed, tmp_path: Path) -> Path:
    """Return a copy of the bundle, to be altered."""
    return shutil.copytree(sealed.bundle, tmp_path / "bundle")


@pytest.fixture
def case(sealed: Sealed, tmp_path: Path) -> Path:
    """Return a copy of the case, to be altered."""
    return shutil.copytree(sealed.case, tmp_path / "case")
