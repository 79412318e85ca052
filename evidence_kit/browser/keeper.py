"""See to it that no browser outlives us: a process of its own that ends the browser when we are gone.

It is told the browser's process number on its standard input and waits. ``done`` means that the browser was ended in
order; if the input ends without it, we were killed, and the keeper ends the browser and removes the profile. It needs
the standard library alone, since it is run as a file.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_DONE = b"done\n"
_SECONDS = 10


@contextmanager
def kept(folder: Path) -> Iterator[BinaryIO]:
    """Run a keeper that will remove *folder*; write the browser's process number and a line feed to what is given."""
    keeper = subprocess.Popen(
        [sys.executable, "-P", __file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=sys.platform != "win32",
        creationflags=0x00000200 if sys.platform == "win32" else 0,
    )
    with keeper:
        assert keeper.stdin is not None  # noqa: S101  # asked for above
        pipe: BinaryIO = keeper.stdin  # type: ignore[assignment]  # Popen calls every binary pipe IO[bytes]
        try:
            yield pipe
        finally:
            with contextlib.suppress(BrokenPipeError):
                pipe.write(_DONE)
                pipe.close()


def end_processes(process: int) -> None:
    """End the browser whose first process has the number *process*, and all processes it started."""
    if sys.platform == "win32":
        # Only the tree: terminating the first process leaves its children holding files of the profile.
        taskkill = Path(os.environ.get("SystemRoot", r"C:\Windows")) / "System32" / "taskkill.exe"  # noqa: SIM112
        subprocess.run([str(taskkill), "/T", "/F", "/PID", str(process)], capture_output=True, check=False)
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process, signal.SIGKILL)


def remove_profile(folder: Path) -> None:
    """Remove the browser's folder, and what it keeps outside of it."""
    remove_socket(socket_folder(folder / "profile"))
    # Dying processes may still write into the profile for some milliseconds (and lock its files on Windows).
    end = time.monotonic() + _SECONDS
    while folder.exists() and time.monotonic() < end:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)


def socket_folder(profile: Path) -> Path | None:
    """Return the folder beside ours where Chromium keeps the socket of *profile*, None when it keeps none."""
    try:
        return (profile / "SingletonSocket").readlink().parent
    except OSError:
        return None


def remove_socket(folder: Path | None) -> None:
    """Remove the `socket_folder`, which Chromium leaves there when it is killed, if nothing else is in it."""
    if folder is None or not folder.is_absolute():
        return
    if not {path.name for path in folder.glob("*")} - {"SingletonSocket", "SingletonCookie"}:
        shutil.rmtree(folder, ignore_errors=True)


def _keep(folder: Path) -> None:
    process = None
    for line in sys.stdin.buffer:
        if line == _DONE:
            return
        process = int(line)
    if process is not None:
        end_processes(process)
    remove_profile(folder)


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
