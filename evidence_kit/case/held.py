"""A folder that somebody is working in holds a locked file; what a killed process leaves holds it unlocked.

The system lets go of the lock with the process, on whichever computer it ran: a process number would say nothing there.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from evidence_kit.errors import CaseError


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Hold the file *lock*, which is made, until the block is left; raises `CaseError` when somebody else holds it."""
    holding = FileLock(lock)
    try:
        # Some disks know no locks; what a crash leaves there is not told from what is in use.
        with suppress(NotImplementedError):
            holding.acquire(timeout=0)
    except Timeout as error:
        message = f"another program is at work in {lock.parent.name}"
        raise CaseError(message, hint="wait until it has ended, then run the command again") from error
    try:
        yield
    finally:
        holding.release()


def is_abandoned(lock: Path) -> bool:
    """Return whether the file *lock* is there, in a folder that is no link, and surely nobody holds it."""
    try:
        if lock.parent.is_symlink() or not lock.is_file():
            return False
        with FileLock(lock, timeout=0):
            return True
    except (Timeout, NotImplementedError, OSError):
        return False  # in use, somebody else's, or not to be told
