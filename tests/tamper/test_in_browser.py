"""verify.html, opened from the disk in a real browser, judges altered evidence as our own verifier does."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.second import in_browser
from tests.tamper.alterations import BUNDLE
from tests.tamper.conftest import Sealed
from tests.tamper.test_matrix import tampered_zip, try_all

pytestmark = [pytest.mark.browser, pytest.mark.network]
STRIDE = 97
"""Every so manieth alteration is tried in each run, all of them nightly."""

PARTS = 8
"""Into which all of them are divided, for together they take longer than one test may."""


@pytest.fixture(scope="module")
def shown(sealed: Sealed) -> Iterator[Sealed]:
    """Return the same evidence, about which the page is asked."""
    with in_browser() as page:
        yield replace(sealed, way=replace(sealed.way, second=page))


def test_altered_bundles_are_judged_alike_in_the_browser(shown: Sealed, tmp_path: Path) -> None:
    assert try_all(shown, shown.bundle, tmp_path / "bundle", BUNDLE, STRIDE, fewest=5) == []


def test_altered_zips_are_judged_alike_in_the_browser(shown: Sealed, tmp_path: Path) -> None:
    assert shown.failed(shown.packed) == []
    assert tampered_zip(shown, tmp_path, 66) == []


def test_a_report_alone_is_judged_alike_in_the_browser(shown: Sealed) -> None:
    assert shown.failed(shown.bundle / "data" / "report.pdf") == []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_altered_bundle_is_judged_alike_in_the_browser(shown: Sealed, tmp_path: Path, part: int) -> None:
    assert try_all(shown, shown.bundle, tmp_path / "bundle", BUNDLE, PARTS, first=part) == []


@pytest.mark.slow
def test_every_altered_zip_is_judged_alike_in_the_browser(shown: Sealed, tmp_path: Path) -> None:
    assert tampered_zip(shown, tmp_path, 1) == []
