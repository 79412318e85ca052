"""Measure what recording costs, and print it as the tables of docs/benchmarks.md.

Every number is a ratio or stands beside the same thing measured without us, in turns, on the same machine in the same
run: bare browser, a browser that is only asked to tell of its traffic, recorder ``wire``, recorder ``browser``, and
again. Times of pages are the browser's own, from the
beginning of the navigation to the page's end; starting the browser and writing the archive are not in them.
"""

import argparse
import multiprocessing
import os
import platform
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.browser import browser
from tests.bench.bundle import bundle
from tests.bench.intake import intake
from tests.bench.integrity import integrity
from tests.bench.line import FAST_LINE, lay
from tests.bench.measuring import Bench
from tests.bench.offline import memory, offline, relay
from tests.bench.pages import DOWNLOAD
from tests.bench.server import serve
from tests.fidelity.certificates import ServerAuthority

_PAGES = {
    "/post": "a post with 30 parts, HTTP/1.1",
    "/pictures": "200 pictures over one HTTP/2 connection, TLS 1.3",
    f"/download?{DOWNLOAD}": "50 MB by `fetch`, HTTP/1.1",
    "/worker": "a service worker that answers 20 and passes on 20 requests",
}
_SECURE = {"/pictures"}
_WAYS = ("bare", "told", "wire", "browser")


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="of the page times")
    parts: dict[str, Callable[[Bench], None]] = {
        "pages": lambda bench: _pages(bench, arguments.rounds),
        "relay": relay,
        "offline": offline,
        "memory": memory,
        "integrity": integrity,
        "bundle": bundle,
        "browser": browser,
        "intake": intake,
    }
    parser.add_argument("--only", choices=list(parts), help="one part of it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        ServerAuthority(folder).context("localhost", "127.0.0.1")
        certificate = next(folder.glob("*.pem"))
        process = context.Process(target=serve, args=(theirs, certificate), daemon=True)
        process.start()
        ports = ours.recv()
        here, there = context.Pipe()
        line = context.Process(target=lay, args=(there, FAST_LINE, ports), daemon=True)
        line.start()
        try:
            bench = Bench(folder=folder, reports=ours, ports=ports, far_ports=here.recv())
            machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
            software = f"Python {platform.python_version()}, {bench.browser_version}"
            print(f"{machine}, {software}; load {os.getloadavg()[0]:.1f}", flush=True)
            for part, measure in parts.items():
                if arguments.only in {None, part}:
                    measure(bench)
            print(f"\nload at the end: {os.getloadavg()[0]:.1f}")
        finally:
            for running in (line, process):
                running.terminate()
                running.join()


def _pages(bench: Bench, rounds: int) -> None:
    line = f"{FAST_LINE.round_trip * 1000:.0f} ms away, {FAST_LINE.rate * 8 / 1e6:.0f} Mbit/s"
    print("\n| page | server | bare, ms | told | wire | browser |\n|---|---|---|---|---|---|")
    for path, about in _PAGES.items():
        for far in (False, True):
            times: dict[str, list[float]] = {way: [] for way in _WAYS}
            for number in range(rounds + 1):
                for way in _WAYS:
                    taken = bench.page(path, way, secure=path in _SECURE, far=far)
                    # The first round warms the disk's cache.
                    if number:
                        times[way].append(taken)
            bare = times["bare"]
            cells = [line if far else "this machine", f"{statistics.median(bare):.0f} ({min(bare):.0f})"]
            cells += [_compared(times[way], bare) for way in _WAYS[1:]]
            print(f"| {about} | {' | '.join(cells)} |", flush=True)


def _compared(times: list[float], bare: list[float]) -> str:
    """Return the ratio of the medians, and that of the shortest, which other work on the machine disturbs least."""
    return f"{statistics.median(times) / statistics.median(bare):.2f} ({min(times) / min(bare):.2f})"
