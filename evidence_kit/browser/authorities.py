"""Let one start of Chromium believe further certificate authorities, of training networks.

On Linux Chromium takes what a person added from the NSS store of the home folder (certutil of Mozilla's NSS writes it),
beside its own list of roots. The browser is given a home folder of its own with nothing else in it, so that it examines
names, times and chains as it always does. On other systems it asks the system's store, in which the kit writes nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from evidence_kit.browser.keeper import kept
from evidence_kit.errors import CaptureError, SettingsError

_PROGRAM = "certutil"
_SECONDS = 30
_TRUST = "CP,,"
"""As an authority for servers, and, for one that signed itself, as a server (certutil, -t)."""
_PLACES = {"XDG_CONFIG_HOME": ".config", "XDG_CACHE_HOME": ".cache", "XDG_DATA_HOME": ".local/share"}
"""Where programs look below the home folder, by the variable that names another place (XDG Base Directory)."""


def require_certutil(platform: str = sys.platform) -> str:
    """Return the path of certutil; raises `SettingsError` where Chromium cannot be given authorities."""
    if platform != "linux":
        hint = "add the certificate to those that this system trusts, and leave out --training-ca"
        raise SettingsError("a browser can be given certificate authorities on Linux only", hint=hint)
    program = shutil.which(_PROGRAM)
    if program is None:
        hint = "install it: libnss3-tools in Debian and Ubuntu, nss-tools in Fedora"
        raise SettingsError("there is no certutil on this machine, which gives authorities to the browser", hint=hint)
    return program


def home_that_believes(authorities: Sequence[str], home: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Make the folder *home* with an NSS store of *authorities* (PEM), and return the variables that lead there.

    *given* is the environment that they are added to: fonts and what else is personal are found where they were.
    Raises `CaptureError` for what certutil refuses, `SettingsError` without one.
    """
    program = require_certutil()
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    _run(program, "-d", f"sql:{store}", "-N", "--empty-password")
    for number, pem in enumerate(authorities, start=1):
        file = home / f"{number}.pem"
        file.write_text(pem, encoding="ascii")
        _run(program, "-d", f"sql:{store}", "-A", "-a", "-i", str(file), "-n", f"training {number}", "-t", _TRUST)
    before = Path(given["HOME"]) if given.get("HOME") else Path.home()
    places = {name: given.get(name) or str(before / path) for name, path in _PLACES.items()}
    return {**places, "HOME": str(home)}


def try_authorities(authorities: Sequence[str]) -> None:
    """Raise what `home_that_believes` does for *authorities*, and leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="evidence-kit-") as folder, kept(Path(folder)):
        home_that_believes(authorities, Path(folder) / "home", os.environ)


def _run(*command: str) -> None:
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise CaptureError(f"certutil did not end within {_SECONDS} seconds") from error
    except OSError as error:
        raise CaptureError(f"certutil cannot be started: {error.strerror}") from error
    if ended.returncode:
        said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CaptureError(f"certutil refused a certificate authority: {(said or ['it said nothing'])[-1]}")
