"""Install a browser where there is none: Playwright's Chromium, else on Debian the system's. Says what it does.

Run it with ``python -m evidence_kit.browser.install``. Every step has a time limit, and a step that fails is reported
before the next one is tried.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping

from evidence_kit.browser.find import BROWSER_VARIABLE, Browser, find_browser
from evidence_kit.errors import CaptureError

_DOWNLOAD_SECONDS = 600.0
_CONNECT_MILLISECONDS = "20000"
_APT_SECONDS = 900.0


def install_browser(say: Callable[[str], None], environ: Mapping[str, str]) -> Browser:
    """Return the browser that is there, or else install one; *say* gets each thing done, as one line.

    Raises `CaptureError` when there is none and none of the ways to get one works.
    """
    found = find_browser(environ)
    if found:
        say(f"browser: {found.path} ({found.kind} {found.version()})")
        return found
    for install in (_install_with_playwright, _install_on_debian):
        install(say, environ)
        found = find_browser(environ)
        if found:
            say(f"browser installed: {found.path} ({found.kind} {found.version()})")
            return found
    message = "no Chromium, Chrome or Edge was found, and none could be installed"
    raise CaptureError(message, hint=f"install one of them, or name it in {BROWSER_VARIABLE}")


def _install_with_playwright(say: Callable[[str], None], environ: Mapping[str, str]) -> None:
    say("no browser found; trying: playwright install chromium")
    patient = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": _CONNECT_MILLISECONDS, **environ}
    if not _playwright("install", "--no-shell", "chromium", say=say, environ=patient):
        return
    if _runs(find_browser(environ)):
        return
    if _is_debian_root():
        say("it lacks libraries of the system; trying: playwright install-deps chromium")
        if _playwright("install-deps", "chromium", say=say, environ=environ) and _runs(find_browser(environ)):
            return
    # Left in place it would be found again and fail at every capture.
    say("Playwright's Chromium does not run on this system; removing it")
    _playwright("uninstall", say=say, environ=environ)


def _playwright(*arguments: str, say: Callable[[str], None], environ: Mapping[str, str]) -> bool:
    return _run([sys.executable, "-m", "playwright", *arguments], say=say, environ=environ, seconds=_DOWNLOAD_SECONDS)


def _install_on_debian(say: Callable[[str], None], environ: Mapping[str, str]) -> None:
    if not _is_debian_root():
        say("not root on Debian, so the system's own Chromium is not installed")
        return
    say("trying: apt-get install chromium")
    quiet = {**environ, "DEBIAN_FRONTEND": "noninteractive"}
    if _run(["apt-get", "update", "-qq"], say=say, environ=quiet, seconds=_APT_SECONDS):
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
        _run(command, say=say, environ=quiet, seconds=_APT_SECONDS)


def _is_debian_root() -> bool:
    # Ubuntu's package is only a pointer to a snap, which cannot work in the profile folders of the kit.
    return sys.platform == "linux" and os.geteuid() == 0 and _distribution() == "debian"


def _distribution() -> str:
    """Return the ``ID`` of os-release(5), or nothing where there is no such file."""
    try:
        return platform.freedesktop_os_release()["ID"]
    except OSError:
        return ""


def _runs(browser: Browser | None) -> bool:
    if browser is None:
        return False
    try:
        browser.version()
    except CaptureError:
        return False
    return True


def _run(command: list[str], *, say: Callable[[str], None], environ: Mapping[str, str], seconds: float) -> bool:
    """Run *command* and tell whether it succeeded; a failure is said in one line."""
    try:
        done = subprocess.run(command, capture_output=True, env=dict(environ), timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        say(f"that took longer than {seconds:g} s and was stopped")
        return False
    except OSError as error:
        say(f"that failed: {error}")
        return False
    if done.returncode == 0:
        return True
    lines = [line.strip() for line in done.stderr.decode(errors="replace").splitlines()]
    marked = (line for line in lines if line.startswith(("Error:", "E:")))
    reason = next(marked, next(filter(None, reversed(lines)), "no reason given"))
    say(f"that failed with status {done.returncode}: {reason}")
    return False


def main() -> None:
    """Install a browser unless there is one; ends with status 1 when that cannot be done."""
    try:
        install_browser(_say, os.environ)
    except CaptureError as error:
        sys.exit(f"setup: error: {error}\nsetup: hint: {error.hint}")


def _say(line: str) -> None:
    sys.stdout.write(f"setup: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
