"""The page reads zips that need ZIP64, of more than 4 GB or 65,535 files, as Python does."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.archive.zips import CanonicalZip
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.models import VerificationReport
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case
from tests.support.people import OFFICER, ULAANBAATAR, SetClock
from tests.support.pki import Authority
from tests.support.second import SecondVerifier, differences, in_browser
from tests.support.whole_way import WholeWay

pytestmark = [pytest.mark.browser, pytest.mark.slow]
_LARGE = 2**32 + 1000
_MANY = 65_600
_END64 = b"PK\x06\x06"


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """A bundle as a folder, who is trusted, and the page in a browser."""

    bundle: Path
    roots: TrustedRoots
    page: SecondVerifier

    def ours(self, path: Path) -> VerificationReport:
        """Return what Python reports on *path*, which the page must report too."""
        report = verify_path(path, roots=self.roots, clock=lambda: datetime.now(UTC))
        assert differences(report, self.page.verify(path, self.roots, datetime.now(UTC))) == []
        return report


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    folder = tmp_path_factory.mktemp("sealed")
    clock = SetClock(datetime.now(UTC))
    agency = Authority("Зохиомол газар", clock=clock)
    officer = Custodian(officer=OFFICER, signer=agency.issue("Зохиомол Дорж"), clock=clock, zone=ULAANBAATAR)
    case = open_case(folder / "case", officer)
    commit_small_item(case, officer)
    roots = TrustedRoots(established=(agency.certificate,))
    way = WholeWay(case=case, custodian=officer, roots=roots, stamping=Stamping())
    bundle = way.bundle(folder / "bundle").path
    with in_browser() as page:
        yield Sealed(bundle=bundle, roots=roots, page=page)


def packed(bundle: Path, output: Path, strays: dict[str, bytes | Path]) -> Path:
    """Pack *bundle*, with *strays* among its files."""
    files: dict[str, bytes | Path] = {
        path.relative_to(bundle).as_posix(): path for path in bundle.rglob("*") if path.is_file()
    }
    with CanonicalZip(output) as out:
        for name, body in sorted({**files, **strays}.items()):
            out.add(f"bundle/{name}", body)
    return output


def failing(report: VerificationReport) -> set[str]:
    return {check.id for check in report.checks if check.outcome == "failed"}


def test_more_than_four_gigabytes(sealed: Sealed, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as stream:
        stream.truncate(_LARGE)
    path = packed(sealed.bundle, tmp_path / "bundle.zip", {"data/items/EV-0001/large.bin": large})
    assert path.stat().st_size > _LARGE

    found = failing(sealed.ours(path))

    # The zip is as it must be, and all behind the large file was found: it alone is too much.
    assert found == {"bag.stray", "bag.oxum", "item.manifest"}


def test_more_than_65535_files(sealed: Sealed, tmp_path: Path) -> None:
    strays: dict[str, bytes | Path] = {f"data/items/EV-0001/{number:05}": b"%d" % number for number in range(_MANY)}
    path = packed(sealed.bundle, tmp_path / "bundle.zip", strays)
    data = path.read_bytes()
    assert struct.unpack_from("<Q", data, data.rindex(_END64) + 32) > (_MANY,)

    found = failing(sealed.ours(path))

    assert found == {"bag.stray", "bag.oxum", "item.manifest"}


def test_a_number_of_zip64_that_is_another_is_found(sealed: Sealed, tmp_path: Path) -> None:
    strays: dict[str, bytes | Path] = {f"data/items/EV-0001/{number:05}": b"" for number in range(_MANY)}
    path = packed(sealed.bundle, tmp_path / "bundle.zip", strays)
    data = bytearray(path.read_bytes())
    data[data.rindex(_END64) + 24] ^= 1
    path.write_bytes(data)

    assert "zip.canonical" in failing(sealed.ours(path))
