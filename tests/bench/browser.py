"""Measure what verify.html takes for a large bundle, beside our own verifier, and how much memory.

The bundle holds many items and one with an archive of half the size, of the same mix of bodies as the other archives
here. Times are by the clock, for both use all processors; the page's is from choosing the files until its answer stands
there. Memory is that of the browser's renderers (PSS, sampled) above what the page has that was only opened.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page

from evidence_kit.archive.warc_writer import Exchange
from evidence_kit.bundle.court_kit import ChosenRoots, make_court_kit
from evidence_kit.case.items import commit_item
from evidence_kit.case.stamping import Stamping
from evidence_kit.custody.custodian import Custodian
from evidence_kit.trust.judging import TrustedRoots
from tests.bench.bodies import bodies
from tests.bench.bundle import descendants
from tests.bench.measuring import Bench
from tests.bench.watching import Watched
from tests.support.cases import open_case, stage_small_item
from tests.support.people import OFFICER, ULAANBAATAR, SetClock
from tests.support.pki import Authority
from tests.support.web_page import chromium, open_page
from tests.support.whole_way import WholeWay

_GIGABYTE = 10**9
_MEGABYTE = 10**6
_TOTAL = 2 * _GIGABYTE
_ITEM = 25 * _MEGABYTE
_POOL = 60 * _MEGABYTE
_KEPT = 0.7
"""What packing leaves of the bodies, about."""
_PATIENCE = 900_000
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
_ASKED = b"GET / HTTP/1.1\r\nHost: example.mn\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeBundle:
    """A large bundle, packed and not, and the roots that its signer leads to."""

    folder: Path
    packed: Path
    kit: Path
    """The court's own page, which believes these roots."""


def browser(bench: Bench) -> None:
    """Print every row."""
    with TemporaryDirectory(dir=bench.folder) as name:
        compare(make_large(Path(name), _TOTAL), f"{_TOTAL / _GIGABYTE:.0f} GB")


def make_large(folder: Path, total: int) -> LargeBundle:
    """Make a bundle of about *total* bytes in *folder*."""
    clock = SetClock(datetime.now(UTC).replace(microsecond=0))
    agency = Authority("Сургалтын газар", clock=clock)
    custodian = Custodian(officer=OFFICER, signer=agency.issue("Нэг"), clock=clock, zone=ULAANBAATAR)
    case = open_case(folder / "case", custodian)
    pool = list(bodies(_POOL))
    sizes = [total // 2, *[_ITEM] * max(1, total // 2 // _ITEM)]
    for number, size in enumerate(sizes):
        exchanges = _exchanges(pool, round(size / _KEPT), number)
        commit_item(case, stage_small_item(case, custodian, exchanges=exchanges), custodian)
    roots = TrustedRoots(established=(agency.certificate,))
    way = WholeWay(case=case, custodian=custodian, roots=roots, stamping=Stamping())
    packed = way.bundle(folder / "bundle.zip", as_zip=True, processes=2).path
    shutil.rmtree(case.path)
    shutil.unpack_archive(packed, folder / "unpacked")
    make_court_kit(folder / "kit", ChosenRoots(officers=roots.established), made=clock())
    (unpacked,) = (folder / "unpacked").iterdir()
    return LargeBundle(folder=unpacked, packed=packed, kit=folder / "kit")


def _exchanges(pool: Sequence[bytes], size: int, number: int) -> Iterator[Exchange]:
    now = datetime.now(UTC)
    begin = random.Random(number).randrange(len(pool))
    for count, body in enumerate(islice(cycle(pool), begin, None)):
        if size <= 0:
            return
        size -= len(body)
        yield Exchange(
            url=f"http://example.mn/{number}/{count}",
            started=now,
            request_head=_ASKED,
            response_head=_HEAD,
            response_body=body,
        )


def compare(made: LargeBundle, size: str) -> None:
    """Print how long both verifiers take for what was *made*, and how much memory the page takes."""
    print("\n| measured | verify.html | beside | ratio |\n|---|---|---|---|", flush=True)
    for what, path in (("zip", made.packed), ("folder", made.folder)):
        ours = _clock(partial(_by_us, path, made.kit))
        taken, memory = _by_page(path, made.kit / "verify.html")
        row = f"{size} bundle, {what}: verify.html in Chromium beside the Python verifier (clock)"
        print(f"| {row} | {taken:.1f} s | Python: {ours:.1f} s | {taken / ours:.2f} |")
        print(f"| the same, memory of the page above that of an empty one | {memory:.0f} MB | | |", flush=True)


def _by_us(path: Path, kit: Path) -> None:
    roots = [word for root in (kit / "roots").iterdir() for word in ("--trust", str(root))]
    command = [sys.executable, "-m", "evidence_kit", "verify", str(path), "--json", *roots]
    told = subprocess.run(command, check=True, capture_output=True).stdout
    assert json.loads(told)["verdict"] == "verified", told


def _by_page(path: Path, page: Path) -> tuple[float, float]:
    """Return the seconds that the *page* took for what is at *path*, and the megabytes."""
    with chromium() as running:
        context = running.new_context()
        opened = open_page(context, page)
        time.sleep(1)
        before = _renderers()
        with Watched(_renderers) as watched:
            taken = _clock(lambda: _choose(opened.page, path))
        assert opened.verdict() == "verified", opened.text()
        assert opened.errors == []
        context.close()
    return taken, watched.most - before


def _choose(page: Page, path: Path) -> None:
    page.set_input_files("#pick-folder" if path.is_dir() else "#pick-file", path, timeout=_PATIENCE)
    page.wait_for_selector("#answer", timeout=_PATIENCE)


def _clock(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _renderers() -> float:
    """Return the memory of the renderers that this process began, in MB (PSS)."""
    return sum(map(_own_memory, descendants(os.getpid())))


def _own_memory(pid: int) -> float:
    folder = Path(f"/proc/{pid}")
    try:
        if b"--type=renderer" not in (folder / "cmdline").read_bytes():
            return 0
        lines = (folder / "smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("Pss:")), 0)
