"""``capture --interactive`` refuses what it cannot do before anything is recorded."""

import sys
from pathlib import Path

import pytest

from evidence_kit.browser.profiles import kept_profile
from evidence_kit.errors import CaptureError, UsageError
from tests.cli.running import RunCommand


@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: other systems always have a screen")
def test_without_a_screen_nothing_is_begun(officer: RunCommand, case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    result = officer("capture", "--interactive", "--case", case)

    assert result.code == 1
    assert "there is no screen" in result.err
    assert officer("list", "--case", case, "--json").json["items"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("--interactive", "--jobs", "2", "https://a.example/"),
        ("--interactive", "--resume"),
        ("--interactive", "https://a.example/", "https://b.example/"),
        ("--profile", "one", "https://a.example/"),
    ],
)
def test_what_a_window_cannot_do_is_wrong_usage(officer: RunCommand, case: Path, arguments: tuple[str, ...]) -> None:
    result = officer("capture", "--case", case, *arguments)

    assert result.code == 2
    assert officer("list", "--case", case, "--json").json["items"] == []


def test_a_profile_serves_one_capture_at_a_time(tmp_path: Path) -> None:
    with kept_profile(tmp_path, "one"), pytest.raises(CaptureError, match="in use"), kept_profile(tmp_path, "one"):
        pass

    with kept_profile(tmp_path, "one") as again:
        assert again.folder.is_dir()


@pytest.mark.parametrize("name", ["", "../case", "Нэр", "a" * 41, "-a"])
def test_a_name_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError), kept_profile(tmp_path, name):
        pass

    assert list(tmp_path.iterdir()) == []
