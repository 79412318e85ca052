"""Finding a browser: the order, and each system's usual places."""

import stat
import sys
from pathlib import Path

import pytest

from evidence_kit.browser.find import Browser, find_browser
from evidence_kit.errors import CaptureError


def program(path: Path, *, prints: str = "", status: int = 0) -> Path:
    """Make an executable script at *path* that prints and ends as told."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\nexit {status}\n", encoding="utf-8", newline="")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def playwright(folder: Path, revision: int, *, whole: bool = True) -> Path:
    """Lay out a Chromium as Playwright's installer does."""
    home = folder / f"chromium-{revision}"
    path = program(home / "chrome-linux64" / "chrome")
    if whole:
        (home / "INSTALLATION_COMPLETE").touch()
    return path


def test_the_browser_named_in_the_environment_is_taken_before_all_others(tmp_path: Path) -> None:
    playwright(tmp_path / "ms-playwright", 1255)
    named = program(tmp_path / "Хөтөч 1" / "chromium")

    found = find_browser({"EVIDENCE_KIT_BROWSER": str(named), "XDG_CACHE_HOME": str(tmp_path)}, system="linux")

    assert found == Browser(path=named, kind="chromium")


def test_a_named_browser_that_is_not_there_is_refused_and_never_replaced(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "chromium")
    environ = {"EVIDENCE_KIT_BROWSER": str(tmp_path / "gone"), "PATH": str(tmp_path / "bin")}

    with pytest.raises(CaptureError, match=r"EVIDENCE_KIT_BROWSER names .*gone") as raised:
        find_browser(environ, system="linux")

    assert "unset" in raised.value.hint


def test_the_newest_whole_chromium_of_playwright_is_taken_before_the_system_s(tmp_path: Path) -> None:
    cache = tmp_path / "ms-playwright"
    playwright(cache, 999)
    newest = playwright(cache, 1255)
    playwright(cache, 1300, whole=False)
    program(tmp_path / "bin" / "google-chrome")
    environ = {"XDG_CACHE_HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}

    assert find_browser(environ, system="linux") == Browser(path=newest, kind="playwright")


def test_playwright_s_browsers_are_found_where_its_own_variable_says(tmp_path: Path) -> None:
    path = playwright(tmp_path / "elsewhere", 1255)

    found = find_browser({"PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "elsewhere")}, system="linux")

    assert found == Browser(path=path, kind="playwright")


@pytest.mark.parametrize(
    ("system", "environ", "cache", "inside"),
    [
        ("linux", {"HOME": ""}, ".cache/ms-playwright", "chrome-linux64/chrome"),
        (
            "darwin",
            {"HOME": ""},
            "Library/Caches/ms-playwright",
            "chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
        ),
        ("win32", {"USERPROFILE": ""}, "AppData/Local/ms-playwright", "chrome-win64/chrome.exe"),
        ("win32", {"LOCALAPPDATA": ""}, "ms-playwright", "chrome-win64/chrome.exe"),
    ],
)
def test_playwright_s_browsers_are_found_in_the_cache_of_each_system(
    tmp_path: Path, system: str, environ: dict[str, str], cache: str, inside: str
) -> None:
    home = tmp_path / cache / "chromium-1255"
    path = program(home / inside)
    (home / "INSTALLATION_COMPLETE").touch()

    found = find_browser(dict.fromkeys(environ, str(tmp_path)), system=system)

    assert found == Browser(path=path, kind="playwright")


@pytest.mark.skipif(sys.platform == "win32", reason="needs shell scripts on PATH")
@pytest.mark.parametrize(
    ("commands", "kind"),
    [
        (["chromium", "microsoft-edge", "google-chrome"], "chrome"),
        (["chromium", "microsoft-edge"], "edge"),
        (["chromium"], "chromium"),
    ],
)
def test_chrome_comes_before_edge_and_edge_before_chromium(tmp_path: Path, commands: list[str], kind: str) -> None:
    for command in commands:
        program(tmp_path / command)

    found = find_browser({"PATH": str(tmp_path)}, system="linux")

    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize(
    ("variable", "inside", "kind"),
    [
        ("PROGRAMFILES", "Google/Chrome/Application/chrome.exe", "chrome"),
        ("PROGRAMFILES(X86)", "Microsoft/Edge/Application/msedge.exe", "edge"),
        ("LOCALAPPDATA", "Chromium/Application/chrome.exe", "chromium"),
    ],
)
def test_windows_browsers_are_found_in_the_program_folders(
    tmp_path: Path, variable: str, inside: str, kind: str
) -> None:
    path = program(tmp_path / inside)

    found = find_browser({variable: str(tmp_path)}, system="win32")

    assert found is not None
    assert (found.path, found.kind) == (path, kind)


@pytest.mark.skipif(sys.platform == "darwin", reason="the system's own applications come first there")
def test_macos_browsers_are_found_among_the_user_s_own_applications(tmp_path: Path) -> None:
    path = program(tmp_path / "Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge")

    assert find_browser({"HOME": str(tmp_path)}, system="darwin") == Browser(path=path, kind="edge")


def test_no_browser_is_no_error(tmp_path: Path) -> None:
    # A system other than this one, whose own browsers cannot be here.
    system = "darwin" if sys.platform == "win32" else "win32"

    assert find_browser({"HOME": str(tmp_path), "PATH": str(tmp_path)}, system=system) is None


@pytest.mark.skipif(sys.platform == "win32", reason="starts a shell script")
def test_the_version_is_what_the_program_says(tmp_path: Path) -> None:
    path = program(tmp_path / "chromium", prints="Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)")

    assert Browser(path=path, kind="chromium").version() == "156.0.8078.79"


@pytest.mark.skipif(sys.platform == "win32", reason="starts a shell script")
def test_a_browser_that_does_not_run_is_named_in_the_error(tmp_path: Path) -> None:
    path = program(tmp_path / "chromium", status=127)

    with pytest.raises(CaptureError, match="chromium does not run: it ended with status 127"):
        Browser(path=path, kind="chromium").version()


def test_the_version_of_a_windows_browser_is_read_beside_it(tmp_path: Path) -> None:
    path = program(tmp_path / "chrome.exe")
    for version in ("99.0.1.2", "156.0.8078.79"):
        (tmp_path / version).mkdir()

    assert Browser(path=path, kind="chrome").version() == "156.0.8078.79"
