"""The relay as a process: it records what a browser and its servers say to each other, and changes nothing.

It listens on a free port of 127.0.0.1 for SOCKS5 (RFC 1928) and fills a spool (`evidence_kit.wire.spool`). The process
that starts it writes one line of JSON to its standard input (see `start_relay`), and reads one from
its standard output, ``{"port": …}`` or ``{"error": …}``. The end of standard input ends the relay, whether it comes
from `Relay.stop` or from the death of the starter; then ``{"failure": …, "refused": …}`` is its last word.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import evidence_kit
from evidence_kit.errors import CaptureError
from evidence_kit.wire.listener import Listener
from evidence_kit.wire.spool import SpooledConnection, read_spool
from evidence_kit.wire.spooling import SpoolWriter
from evidence_kit.wire.witness.channel import Session

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_MANY_FILES = 10_240
"""What macOS allows at most."""
_LAST_SECONDS = 8.0
"""How long the relay may take to end before it is ended in the middle of whatever holds it; less than `_STOP_SECONDS`.

A witness may have to sign first, and hundreds of connections may have to be closed on a machine that has other work.
"""


class Relay:
    """A relay that runs; leaving a ``with`` block stops it."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes], folder: Path, port: int) -> None:
        """Take over a process that has said its port."""
        self._process = process
        self._errors = errors
        self._stopped = False
        self.folder = folder
        self.port = port
        """Of 127.0.0.1, for ``--proxy-server=socks5://127.0.0.1:PORT``."""
        self.failure = ""
        """Why the recording may lack something, known after `stop`; empty when nothing went wrong."""
        self.refused = 0
        """Connections that were not made, because there had been too many; known after `stop`."""

    def __enter__(self) -> Self:
        """Return the running relay."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    def connections(self) -> tuple[SpooledConnection, ...]:
        """Return the connections so far, as far as they are written; raises `FormatError`."""
        return read_spool(self.folder).connections

    def stop(self) -> None:
        """End every connection, and the process; afterwards `failure` is known. May be called again."""
        if self._stopped:
            return
        self._stopped = True
        early = not self.running
        process, word = self._process, self._process.stdout
        assert process.stdin is not None  # noqa: S101  # both are pipes
        assert word is not None  # noqa: S101
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            status = process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        with word, self._errors:
            said = _read_object(word.readline())
            self._errors.seek(0)
            errors = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        self.failure = _failure(said, errors, status=status, early=early)
        refused = said.get("refused")
        self.refused = refused if isinstance(refused, int) else 0


def start_relay(  # noqa: PLR0913  # what it is told, each by its name
    folder: Path,
    *,
    connect_to: Sequence[tuple[str, str]] = (),
    limit: int | None = None,
    witness: Session | None = None,
    python: Path = Path(sys.executable),
    environment: Mapping[str, str] | None = None,
) -> Relay:
    """Return a relay that listens and fills *folder*, which exists and holds no spool yet.

    *connect_to* are pairs ``(HOST[:PORT], ADDRESS:PORT)``: go there instead of asking DNS. After *limit* bytes of all
    connections together nothing passes any more. Every connection is made by the *witness*, if there is one.
    *environment* replaces the process's own. Raises `CaptureError` when
    the relay does not start.
    """
    # Not a file of the spool: it would have to be hashed while it may still change.
    errors = tempfile.TemporaryFile()  # noqa: SIM115  # the relay's, until it is stopped
    try:
        process = _start(python, errors, environment)
        order = {
            "folder": str(folder.absolute()),
            "connect_to": [list(pair) for pair in connect_to],
            "limit": limit,
            "witness": witness.to_json() if witness else None,
        }
        relay = _greet(process, errors, folder, order)
    except BaseException:
        errors.close()
        raise
    return relay


def _start(python: Path, errors: IO[bytes], environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    windows = sys.platform == "win32"
    try:
        # A process group of its own: Ctrl-C on the terminal reaches the kit only, which then stops the relay itself.
        return subprocess.Popen(
            [str(python), "-P", "-m", "evidence_kit.wire.relay"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_with_package(os.environ if environment is None else environment),
            start_new_session=not windows,
            creationflags=0x00000200 if windows else 0,
        )
    except OSError as error:
        raise CaptureError(f"the relay cannot be started with {python}: {error.strerror}") from error


def _with_package(environment: Mapping[str, str]) -> dict[str, str]:
    """Let the relay find this package in a checkout too, where nothing is installed."""
    root = Path(evidence_kit.__file__).parents[1]
    if {"site-packages", "dist-packages"} & set(root.parts):
        return dict(environment)
    paths = [str(root), environment.get("PYTHONPATH", "")]
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def _greet(process: subprocess.Popen[bytes], errors: IO[bytes], folder: Path, order: Mapping[str, object]) -> Relay:
    assert process.stdin is not None  # noqa: S101  # both are pipes
    assert process.stdout is not None  # noqa: S101
    watchdog = threading.Timer(_START_SECONDS, process.kill)
    watchdog.start()
    try:
        with contextlib.suppress(OSError):
            process.stdin.write(json.dumps(order).encode("ascii") + b"\n")
            process.stdin.flush()
        answer = _read_object(process.stdout.readline())
    finally:
        watchdog.cancel()
    port = answer.get("port")
    relay = Relay(process, errors, folder, port if isinstance(port, int) else 0)
    if not relay.port:
        relay.stop()
        raise CaptureError(f"the relay did not start: {answer.get('error') or relay.failure}")
    return relay


def _read_object(line: bytes) -> dict[str, object]:
    try:
        value = json.loads(line)
    except ValueError:
        # A process that was killed leaves half a line, or none.
        return {}
    return value if isinstance(value, dict) else {}


def _failure(said: Mapping[str, object], errors: Sequence[str], *, status: int, early: bool) -> str:
    failure = str(said.get("failure") or "")
    if not failure and errors:
        failure = f"the relay reported an error: {errors[-1]}"
    if not failure and (early or status or not said):
        failure = f"the relay ended {'before it was stopped' if early else 'in disorder'}, with status {status}"
    return failure


def main() -> None:
    """Run the relay until standard input ends."""
    order = _read_object(_read_line(0))
    try:
        limit = order["limit"]
        spool = SpoolWriter(
            Path(str(order["folder"])), lambda: time.time_ns() // 1000, limit=limit if isinstance(limit, int) else None
        )
        witness: Any = order["witness"]
        session = Session.from_json(witness) if witness else None
        listener = Listener(spool, order["connect_to"], witness=session)  # type: ignore[arg-type]  # `start_relay`'s
    except (CaptureError, OSError, ValueError) as error:
        _say({"error": str(error)})
        sys.exit(1)
    _allow_many_files()
    _say({"port": listener.port})
    asyncio.run(_serve_until_end(listener, _LAST_SECONDS))
    spool.close()
    # The process that started the relay may be gone.
    with contextlib.suppress(OSError):
        _say({"failure": spool.failure, "refused": spool.refused})


async def _serve_until_end(listener: Listener, last: float) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def watch() -> None:
        while os.read(0, 1024):
            pass
        loop.call_soon_threadsafe(ended.set)
        time.sleep(last)
        os._exit(1)

    serving = asyncio.create_task(listener.serve())
    # A thread, because no event loop of Windows can wait for a pipe of this kind.
    threading.Thread(target=watch, daemon=True).start()
    await ended.wait()
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def _read_line(number: int) -> bytes:
    """Read to the end of the first line, unbuffered, so that the thread that waits for the end misses nothing."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(number, 1)
        if not byte:
            break
        line += byte
    return line


def _say(word: Mapping[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(word).encode("ascii") + b"\n")
    sys.stdout.buffer.flush()


def _allow_many_files() -> None:
    """Raise the number of open files to what the system allows: each connection takes five."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415  # Windows has none, and needs none

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _MANY_FILES if most == resource.RLIM_INFINITY else min(most, _MANY_FILES)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


if __name__ == "__main__":
    main()
