"""Find a browser of the Chromium family without starting one.

Order: the one named in ``EVIDENCE_KIT_BROWSER``; Playwright's own Chromium, as its version is known to everybody who
installed this release; then Chrome, Edge and Chromium as the system has them. Nothing is installed here: see `install`.

Playwright keeps its browsers in one folder per revision (``chromium-1255/chrome-linux64/chrome``) that holds a file
``INSTALLATION_COMPLETE`` once the download is whole; looking there takes no driver and no import of Playwright.
"""

import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from evidence_kit.errors import CaptureError

BROWSER_VARIABLE = "EVIDENCE_KIT_BROWSER"
"""Environment variable that names the browser to use: a path, or a command on PATH."""

Kind = Literal["playwright", "chrome", "edge", "chromium"]

_VERSION_SECONDS = 20.0
_VERSION = re.compile(r"\d+(?:\.\d+){3}")

_COMMANDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("chrome", ("google-chrome-stable", "google-chrome", "chrome")),
    ("edge", ("microsoft-edge-stable", "microsoft-edge", "msedge")),
    ("chromium", ("chromium", "chromium-browser")),
)
_LINUX: tuple[tuple[Kind, str], ...] = (
    ("chrome", "/opt/google/chrome/chrome"),
    ("edge", "/opt/microsoft/msedge/msedge"),
    ("chromium", "/usr/lib/chromium/chromium"),
    ("chromium", "/snap/bin/chromium"),
)
_MACOS: tuple[tuple[Kind, str], ...] = (
    ("chrome", "Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    ("edge", "Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"),
    ("chromium", "Applications/Chromium.app/Contents/MacOS/Chromium"),
)
_WINDOWS: tuple[tuple[Kind, str], ...] = (
    ("chrome", "Google/Chrome/Application/chrome.exe"),
    ("edge", "Microsoft/Edge/Application/msedge.exe"),
    ("chromium", "Chromium/Application/chrome.exe"),
)
_WINDOWS_FOLDERS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432", "LOCALAPPDATA")
_PLAYWRIGHT = (
    "chrome-linux*/chrome",
    "chrome-win*/chrome.exe",
    "chrome-mac*/*.app/Contents/MacOS/*",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A program that speaks the Chrome DevTools Protocol."""

    path: Path
    kind: Kind

    def version(self) -> str:
        """Return the version, e.g. ``156.0.8078.79``, by asking the program.

        Raises `CaptureError` when it does not run, as when a library that it needs is missing.
        """
        if self.path.suffix.lower() == ".exe":
            # On Windows --version opens a window; the folders beside the program carry the number.
            return _neighbouring_version(self.path)
        try:
            answer = subprocess.run(
                [str(self.path), "--version"], capture_output=True, timeout=_VERSION_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            message = f"the browser {self.path} does not run: {_reason(error)}"
            raise CaptureError(
                message, hint=f"install what it lacks, or name another one in {BROWSER_VARIABLE}"
            ) from error
        found = _VERSION.search(answer.stdout.decode(errors="replace"))
        return found[0] if found else "unknown"


def find_browser(environ: Mapping[str, str], *, system: str = sys.platform) -> Browser | None:
    """Return the browser to use, or None when there is none; *system* is a value of ``sys.platform``.

    Raises `CaptureError` when ``EVIDENCE_KIT_BROWSER`` names something that is not there: another one is never taken
    in its place.
    """
    named = environ.get(BROWSER_VARIABLE, "")
    if named:
        return _named(named, environ)
    return next(_candidates(environ, system), None)


def _candidates(environ: Mapping[str, str], system: str) -> Iterator[Browser]:
    for path in _playwright_paths(environ, system):
        yield Browser(path=path, kind="playwright")
    for kind, path in _system_paths(environ, system):
        if path.is_file():
            yield Browser(path=path, kind=kind)


def _named(named: str, environ: Mapping[str, str]) -> Browser:
    found = shutil.which(named, path=environ.get("PATH", ""))
    if found is None:
        message = f"{BROWSER_VARIABLE} names {named}, which is not a program here"
        raise CaptureError(message, hint=f"correct {BROWSER_VARIABLE}, or unset it to let the kit look for a browser")
    return Browser(path=Path(found), kind=_kind_of(Path(found)))


def _kind_of(path: Path) -> Kind:
    name = path.name.lower()
    if "edge" in name:
        return "edge"
    if path.parent.name.startswith(("chrome-linux", "chrome-win")) or "ms-playwright" in path.parts:
        return "playwright"
    return "chromium" if "chromium" in name else "chrome"


def _playwright_paths(environ: Mapping[str, str], system: str) -> list[Path]:
    """Return Playwright's whole Chromium programs, the newest revision first."""
    folder = _playwright_folder(environ, system)
    if folder is None:
        return []
    revisions = [
        (int(entry.name.removeprefix("chromium-")), entry)
        for entry in folder.glob("chromium-*")
        if entry.name.removeprefix("chromium-").isdecimal() and (entry / "INSTALLATION_COMPLETE").is_file()
    ]
    return [
        path
        for _, entry in sorted(revisions, reverse=True)
        for pattern in _PLAYWRIGHT
        for path in sorted(entry.glob(pattern))
        if path.is_file()
    ]


def _playwright_folder(environ: Mapping[str, str], system: str) -> Path | None:
    """Return where Playwright keeps its browsers (its documentation: "Managing browser binaries")."""
    chosen = environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    if chosen == "0":
        spec = find_spec("playwright")
        places = (spec.submodule_search_locations if spec else None) or []
        return next((Path(place, "driver", "package", ".local-browsers") for place in places), None)
    if chosen:
        return Path(chosen)
    home = _home(environ, system)
    if system == "win32":
        local = environ.get("LOCALAPPDATA", "")
        cache = Path(local) if local else home and home / "AppData" / "Local"
    elif system == "darwin":
        cache = home and home / "Library" / "Caches"
    else:
        xdg = environ.get("XDG_CACHE_HOME", "")
        cache = Path(xdg) if xdg else home and home / ".cache"
    return cache and cache / "ms-playwright"


def _home(environ: Mapping[str, str], system: str) -> Path | None:
    home = environ.get("USERPROFILE" if system == "win32" else "HOME", "")
    return Path(home) if home else None


def _system_paths(environ: Mapping[str, str], system: str) -> Iterator[tuple[Kind, Path]]:
    """Yield where Chrome, Edge and Chromium may be: Chrome everywhere before Edge anywhere."""
    places = [*_commands(environ), *_known_places(environ, system)]
    for wanted, _ in _COMMANDS:
        yield from ((kind, path) for kind, path in places if kind == wanted)


def _commands(environ: Mapping[str, str]) -> Iterator[tuple[Kind, Path]]:
    for kind, names in _COMMANDS:
        for name in names:
            found = shutil.which(name, path=environ.get("PATH", ""))
            if found:
                yield kind, Path(found)


def _known_places(environ: Mapping[str, str], system: str) -> Iterator[tuple[Kind, Path]]:
    if system == "win32":
        for kind, name in _WINDOWS:
            yield from ((kind, Path(environ[folder], name)) for folder in _WINDOWS_FOLDERS if environ.get(folder))
        yield from _registered()
    elif system == "darwin":
        home = _home(environ, system)
        for kind, name in _MACOS:
            yield kind, Path("/", name)
            if home:
                yield kind, home / name
    else:
        yield from ((kind, Path(name)) for kind, name in _LINUX)


def _registered() -> list[tuple[Kind, Path]]:
    """Return the browsers registered with Windows under "App Paths", for this user and for all."""
    found: list[tuple[Kind, Path]] = []
    if sys.platform == "win32":
        import winreg  # noqa: PLC0415 - exists on Windows only

        programs: tuple[tuple[Kind, str], ...] = (("chrome", "chrome.exe"), ("edge", "msedge.exe"))
        for kind, program in programs:
            key = rf"SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\{program}"
            for root in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
                # Not registered is the normal case.
                with contextlib.suppress(OSError):
                    found.append((kind, Path(winreg.QueryValue(root, key).strip('"'))))
    return found


def _neighbouring_version(path: Path) -> str:
    names = (_VERSION.match(entry.name) for entry in path.parent.iterdir())
    versions = [found[0] for found in names if found]
    return max(versions, key=lambda text: [int(part) for part in text.split(".")], default="unknown")


def _reason(error: OSError | subprocess.SubprocessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with status {error.returncode}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no answer within {error.timeout:g} s"
    return str(error)
