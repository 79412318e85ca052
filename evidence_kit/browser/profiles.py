"""Browser profiles that are kept under a name: one folder each, used by one capture at a time.

A profile holds cookies and with them logins: its folder is the user's alone (mode 0700, where the system has modes),
lies in the settings folder, and never in a case.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from evidence_kit.errors import CaptureError, SettingsError, UsageError
from evidence_kit.models import Digest
from evidence_kit.trust.digests import sha256_bytes

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A profile that is this process's own for the moment."""

    name: Digest
    """SHA-256 of its name in ASCII; the name itself may tell more than evidence should."""
    folder: Path


@contextlib.contextmanager
def kept_profile(home: Path, name: str) -> Iterator[Profile]:
    """Make or open the profile *name* in the settings folder *home*, and keep everybody else out until the block ends.

    Raises `UsageError` for a name that cannot be one, `CaptureError` when another capture uses it, `SettingsError`.
    """
    if not _NAME.fullmatch(name):
        message = f"{name!r} is no name for a profile"
        raise UsageError(message, hint="use up to 40 small Latin letters, digits and hyphens")
    # The prefix keeps names away from those that Windows reserves.
    folder = home / "profiles" / f"profile-{name}"
    lock = FileLock(folder.parent / f"{folder.name}.lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder.parent, folder):
            path.chmod(0o700)
        lock.acquire()
    except Timeout as error:
        message = f"the profile {name} is in use by another capture"
        raise CaptureError(message, hint="finish that capture first, or give another --profile NAME") from error
    except OSError as error:
        message = f"the profile {name} cannot be used: {error.strerror or error}"
        raise SettingsError(message) from error
    try:
        yield Profile(name=sha256_bytes(name.encode("ascii")), folder=folder)
    finally:
        lock.release()
