"""A bundle as a zip: whole or not there, the same to stock tools as a folder, and never held in memory."""

import hashlib
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_kit.bundle.make import BundleOptions, MadeBundle, make_bundle
from evidence_kit.bundle.report_model import Language
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import commit_item
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.models import OnStep, Verdict, ignore
from evidence_kit.pdf.check import check_pdf
from evidence_kit.trust.digests import sha256_file
from evidence_kit.verify import verify_path
from tests.support.cases import commit_small_item, open_case, stage_small_item
from tests.support.people import keep_key, practice_custodian, roots_of

ROOT = Path(__file__).parents[2]
_LARGE = 700
_LIMIT_KB = 450_000
_BUNDLE = """
import sys
from pathlib import Path
from evidence_kit.case.folder import CaseFolder
from tests.integration.test_zipped_bundle import bundle
from tests.support.people import custodian_from
case, key, output, hold = sys.argv[1:]
def on_step(step):
    print(step, flush=True)
    if hold and step.startswith(hold):
        sys.stdin.read()
bundle(CaseFolder.open(Path(case)), custodian_from(Path(key)), Path(output), on_step)
if sys.platform == "linux":
    print(Path("/proc/self/status").read_text())
"""
_VERIFY = """
import sys
from pathlib import Path
from tests.integration.test_zipped_bundle import verified
from tests.support.people import custodian_from
print(verified(Path(sys.argv[1]), custodian_from(Path(sys.argv[2]))))
print(Path("/proc/self/status").read_text())
"""


def bundle(case: CaseFolder, custodian: Custodian, output: Path, on_step: OnStep = ignore) -> MadeBundle:
    """Make a zip of all of *case*."""
    return make_bundle(
        case,
        output,
        custodian=custodian,
        options=BundleOptions(language=Language.ENGLISH, zip=True),
        stamping=Stamping(),
        trusted=roots_of(custodian.signer),
        on_step=on_step,
    )


def verified(path: Path, custodian: Custodian) -> Verdict:
    """Return the verdict on the bundle at *path*."""
    roots = roots_of(custodian.signer)
    return verify_path(path, roots=roots, clock=custodian.clock, check_pdf=check_pdf).verdict


@pytest.fixture
def case(tmp_path: Path) -> tuple[CaseFolder, Custodian]:
    """Return a case of two items, and who keeps it."""
    custodian = practice_custodian()
    case = open_case(tmp_path / "хэрэг", custodian)
    for number in (1, 2):
        commit_small_item(case, custodian, url=f"https://example.mn/{number}")
    return case, custodian


def test_stock_tools_accept_a_bundle_that_they_unpacked(
    case: tuple[CaseFolder, Custodian], tmp_path: Path, oracle: Callable[[str], Path]
) -> None:
    made = bundle(*case, tmp_path / "Багц 1.zip")

    unzip = ["unzip", "-q", str(made.path), "-d"]
    unpack = unzip if shutil.which("unzip") else [sys.executable, "-m", "zipfile", "-e", str(made.path)]
    subprocess.run([*unpack, tmp_path / "out"], check=True, timeout=60)
    folder = tmp_path / "out" / "evidence-bundle"
    for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt", "data/evidence-sha256.txt"):
        subprocess.run(
            [oracle("sha256sum"), "--check", "--strict", "--quiet", name], cwd=folder, check=True, timeout=60
        )
    subprocess.run([oracle("bagit.py"), "--quiet", "--validate", "."], cwd=folder, check=True, timeout=60)
    assert made.file_digest == sha256_file(made.path)
    assert verified(made.path, case[1]) == verified(folder, case[1]) == Verdict.VERIFIED


def test_an_interrupted_bundle_leaves_nothing(case: tuple[CaseFolder, Custodian], tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())

    def interrupt(step: str) -> None:
        if step == "packing EV-0002":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bundle(*case, tmp_path / "bundle.zip", interrupt)

    assert set(tmp_path.iterdir()) == before


@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: kills with SIGKILL")
def test_what_a_killed_bundle_leaves_looks_like_no_bundle_and_the_next_one_clears_it(
    case: tuple[CaseFolder, Custodian], tmp_path: Path
) -> None:
    key, output = keep_key(case[1], tmp_path / "key.p12"), tmp_path / "out" / "bundle.zip"
    command = [sys.executable, "-c", _BUNDLE, str(case[0].path), str(key), str(output), "packing EV-0002"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        told = next(line for line in process.stdout if line.startswith("packing EV-0002"))
        process.send_signal(signal.SIGKILL)

    assert told
    (left,) = output.parent.iterdir()
    assert left.name.startswith(".bundle.zip.new-")
    assert not any(zipfile.is_zipfile(path) for path in left.rglob("*.zip"))
    bundle(*case, output)
    assert list(output.parent.iterdir()) == [output]
    assert verified(output, case[1]) == Verdict.VERIFIED


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_bundle_of_700_mb_is_made_and_verified_in_less_than_450_mb(tmp_path: Path) -> None:
    custodian = practice_custodian()
    case = open_case(tmp_path / "case", custodian)
    commit_item(case, stage_small_item(case, custodian, body=_large(tmp_path / "body")), custodian)
    key, output = keep_key(custodian, tmp_path / "key.p12"), tmp_path / "bundle.zip"

    made = _told([_BUNDLE, str(case.path), str(key), str(output), ""])
    checked = _told([_VERIFY, str(output), str(key)])

    assert output.stat().st_size > _LARGE * 1_000_000
    assert "verified" in checked.splitlines()
    assert max(_peak(made), _peak(checked)) < _LIMIT_KB


def _large(path: Path) -> Path:
    """Write a file that does not compress, piece by piece."""
    with path.open("wb") as stream:
        for number in range(_LARGE):
            stream.write(hashlib.shake_256(number.to_bytes(4)).digest(1_000_000))
    return path


def _told(program: list[str]) -> str:
    return subprocess.run(
        [sys.executable, "-c", *program], stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT, timeout=600
    ).stdout


def _peak(told: str) -> int:
    return next(int(line.split()[1]) for line in told.splitlines() if line.startswith("VmHWM:"))
