"""What every test may ask for: other people's test data, and other people's programs."""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evidence_kit.trust.certificates import Certificate
from tests.support.tokens import SoftTokens, describe, find_library, furnish
from tests.support.tsa import OpensslTsa

ROOT = Path(__file__).parents[1]
DATA_VARIABLE = "EVIDENCE_KIT_TEST_DATA"

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell starts its background jobs so, and every program that a test wants to interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def nothing_waits_for_the_disk() -> Iterator[None]:
    """Let what is written reach the disk when it may: it outlasts every program that a test kills all the same.

    No test cuts the power. Programs that tests start wait for the disk as ever, and with them what a system refuses.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", _looked_at)
        yield


def _looked_at(descriptor: int) -> None:
    # One that is closed is refused as ever.
    os.fstat(descriptor)


@pytest.fixture(scope="session")
def project() -> Path:
    """Return the root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Return the folder of files that others made; the test is skipped, and says so, where it is absent."""
    folder = Path(os.environ.get(DATA_VARIABLE) or ROOT.parent / "shared" / "test-data")
    if not (folder / "manifest.json").is_file():
        pytest.skip(f"NOT TESTED: no test data at {folder}; set {DATA_VARIABLE} to the folder that has it")
    return folder


@pytest.fixture(scope="session")
def oracle() -> Callable[[str], Path]:
    """Return a function from the name of someone else's program to its path.

    The test is skipped, and says so, where that program is not installed; with ``CI=true`` it fails instead.
    """
    return _find_oracle


def _find_oracle(name: str) -> Path:
    # This environment comes first: it brings the command `warcio`.
    homes = [Path(sys.executable).parent, *sorted((ROOT / ".oracles").glob("*/bin"))]
    path = os.pathsep.join([*map(str, homes), os.environ.get("PATH", os.defpath)])
    found = shutil.which(name, path=path)
    if found:
        return Path(found)
    message = f"NOT TESTED: no {name} to compare with; scripts/bootstrap.sh test installs it"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def token_certificates() -> dict[str, Certificate]:
    """Return the certificates of `soft_tokens`, by the labels of their keys, and ``unit`` and ``root`` above them."""
    return {}


@pytest.fixture(scope="session")
def soft_tokens(tmp_path_factory: pytest.TempPathFactory, token_certificates: dict[str, Certificate]) -> SoftTokens:
    """Return tokens with keys of every kind; a test takes a copy. Skipped, and says so, where SoftHSM2 is not there."""
    library = find_library()
    if library is None:
        message = "NOT TESTED: no SoftHSM2 to sign with; scripts/bootstrap.sh test installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    tokens = describe(library, tmp_path_factory.mktemp("softhsm"))
    token_certificates |= furnish(tokens)
    return tokens


@pytest.fixture(scope="module")
def tsa(oracle: Callable[[str], Path]) -> Iterator[OpensslTsa]:
    """Return a time-stamping authority that answers on the loopback interface while the module's tests run."""
    oracle("openssl")
    with OpensslTsa() as authority:
        yield authority
