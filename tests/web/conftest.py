"""The page that checks a bundle, open in a browser, for the tests that ask how it behaves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.people import SetClock
from tests.support.pki import Authority
from tests.support.web_page import OpenPage, build_harness, chromium, opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def plain_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page as it lies in a bundle."""
    path = tmp_path_factory.mktemp("хуудас") / "verify 1.html"
    build_harness(path)
    return path


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Зохиомол үндсэн", clock=SetClock())


@pytest.fixture
def page(browser: Browser, plain_file: Path) -> Iterator[OpenPage]:
    yield from opened(browser, plain_file)
