"""Measure what is not the page's time: the relay alone, reading and writing afterwards, and memory."""

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from evidence_kit.models import RecorderKind
from evidence_kit.wire.relay import start_relay
from tests.bench.measuring import Bench
from tests.bench.pages import BIG, MANY
from tests.support.socks import tunnel

_MEGABYTE = 1_000_000
_ROUNDS = 5
_RELAYED = 500 * _MEGABYTE
_RECORDED = 200 * _MEGABYTE
_HUGE = 500 * _MEGABYTE
_READING, _WRITING = "reading what was recorded", "writing the archive"
_PROGRAM = """
import sys
from pathlib import Path
from evidence_kit.capture import CaptureOptions
from evidence_kit.models import RecorderKind
from tests.support.captures import capture

options = CaptureOptions(recorder=RecorderKind.WIRE, timeout=90, scroll=False, max_bytes=10**9)
capture(sys.argv[1], Path(sys.argv[2]), options)
print(Path("/proc/self/status").read_text())
"""


def relay(bench: Bench) -> None:
    """Print how fast a body of 500 MB comes with the relay between, and without it."""
    port = bench.ports[0]
    direct, through = [], []
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        for number in range(_ROUNDS):
            folder = Path(name) / str(number)
            folder.mkdir()
            direct.append(_received(socket.create_connection(("127.0.0.1", port))))
            with start_relay(folder) as running:
                through.append(_received(tunnel(running.port, "127.0.0.1", port)))
    ratio = statistics.median(through) / statistics.median(direct)
    print(
        f"\nRelay alone, {_RELAYED // _MEGABYTE} MB, no browser: {_speed(_RELAYED, direct)} without, "
        f"{_speed(_RELAYED, through)} with it, {ratio:.2f} of the time",
        flush=True,
    )


def offline(bench: Bench) -> None:
    """Print how long reading and writing take after a capture, by bytes and by requests."""
    for path, what in ((f"/download?{_RECORDED}", f"{_RECORDED // _MEGABYTE} MB"), ("/many", f"{MANY} requests")):
        times = [_offline(bench, path) for _ in range(3)]
        reading, writing = (statistics.median(each) for each in zip(*times, strict=True))
        print(
            f"\nAfter a capture of {what} (wire): read and paired in {reading:.1f} s, written in {writing:.1f} s",
            flush=True,
        )


def _offline(bench: Bench, path: str) -> tuple[float, float]:
    began: dict[str, float] = {}

    def note(step: str) -> None:
        began[step] = time.monotonic()

    bench.capture(bench.url(path), RecorderKind.WIRE, on_step=note)
    return began[_WRITING] - began[_READING], time.monotonic() - began[_WRITING]


def memory(bench: Bench) -> None:
    """Print the most memory that kit and relay had resident, for a small and a huge response."""
    small, large = (_peaks(bench, size) for size in (_MEGABYTE, _HUGE))
    print(
        f"\nMemory (VmHWM), kit and relay: {small[0]:.0f} + {small[1]:.0f} MB for a body of 1 MB, "
        f"{large[0]:.0f} + {large[1]:.0f} MB for one of {_HUGE // _MEGABYTE} MB: "
        f"{sum(large) - sum(small):.0f} MB added",
        flush=True,
    )


def _received(connection: socket.socket) -> float:
    buffer = bytearray(1 << 18)
    began = time.monotonic()
    with connection:
        connection.sendall(f"GET {BIG}?{_RELAYED} HTTP/1.1\r\nHost: x\r\n\r\n".encode("ascii"))
        left = _RELAYED
        while left > 0:
            size = connection.recv_into(buffer)
            assert size, "the body broke off"
            left -= size
    return time.monotonic() - began


def _speed(size: int, times: list[float]) -> str:
    return f"{size / _MEGABYTE / statistics.median(times):.0f} MB/s"


def _peaks(bench: Bench, size: int) -> tuple[float, float]:
    """Return the peaks of the process that captures a body of *size* bytes and of its relay, in MB."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        command = [sys.executable, "-c", _PROGRAM, bench.url(f"/download?{size}"), f"{name}/item"]
        relayed = 0.0
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            while process.poll() is None:
                relayed = max(relayed, _relay_peak(process.pid))
                time.sleep(0.1)
            assert process.stdout is not None
            told = process.stdout.read()
        assert process.returncode == 0
    return _peak(told), relayed


def _relay_peak(parent: int) -> float:
    for status in Path("/proc").glob("[0-9]*/status"):
        # Processes end while we look.
        try:
            text = status.read_text(encoding="utf-8")
            if f"\nPPid:\t{parent}\n" in text and b"wire.relay" in (status.parent / "cmdline").read_bytes():
                return _peak(text)
        except OSError:
            continue
    return 0.0


def _peak(status: str) -> float:
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) / 1000 if lines else 0.0
