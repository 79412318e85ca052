"""Installing a browser: nothing is done where one is there, and nothing in place of a wrong name."""

import os

import pytest

from evidence_kit.browser.find import find_browser
from evidence_kit.browser.install import install_browser
from evidence_kit.errors import CaptureError


@pytest.mark.browser
def test_a_browser_that_is_there_is_named_with_its_version_and_nothing_is_installed() -> None:
    said: list[str] = []

    browser = install_browser(said.append, os.environ)

    assert browser == find_browser(os.environ)
    assert said == [f"browser: {browser.path} ({browser.kind} {browser.version()})"]


def test_a_wrong_name_is_refused_before_anything_is_installed() -> None:
    said: list[str] = []

    with pytest.raises(CaptureError, match="is not a program here"):
        install_browser(said.append, {"EVIDENCE_KIT_BROWSER": "no-such-browser"})

    assert said == []
