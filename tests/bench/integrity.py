"""Measure hashing, archives and the custody log beside the programs that others use for the same.

Times are processor time (user and system, children included), which other work on the machine disturbs less than the
clock; what two processes gain can only be read from the clock. Everything is done in turns.
"""

import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from evidence_kit.archive.cdxj import IndexLine
from evidence_kit.archive.wacz import Page, write_wacz
from evidence_kit.archive.warc_writer import Exchange, WarcWriter
from evidence_kit.case.folder import CaseFolder
from evidence_kit.custody.custodian import Custodian
from evidence_kit.custody.events import Draft, EventType
from evidence_kit.custody.log import link_after
from evidence_kit.trust.digests import sha256_file
from tests.bench.bodies import bodies
from tests.bench.measuring import Bench
from tests.support.cases import open_case
from tests.support.people import SetClock, practice_custodian

_MEGABYTE = 1_000_000
_HASHED = 1000 * _MEGABYTE
_ARCHIVED = 60 * _MEGABYTE
_LARGE = 400 * _MEGABYTE
"""Of the same mix, so that starting Python is not what is measured."""
_EVENTS = 100_000
_ROUNDS = 3
_ORACLES = Path(__file__).parents[2] / ".oracles"
_WARCIO = str(Path(sys.executable).parent / "warcio")
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
_ASKED = b"GET / HTTP/1.1\r\nHost: example.mn\r\n\r\n"
_CHECK_WARC = """
import sys
from pathlib import Path
from evidence_kit.archive.warc_reader import check_warc

assert not any(finding.failed for finding in check_warc(Path(sys.argv[1])))
"""
_CHECK_IN_PARTS = """
import sys
from pathlib import Path
from evidence_kit.archive.warc_parts import WarcPlace, check_warc_in_parts

path = Path(sys.argv[1])
place = WarcPlace(path=path, offset=0, size=path.stat().st_size)
assert not any(finding.failed for finding in check_warc_in_parts(place, processes=2, records=False))
"""
_VERIFY = """
import sys
from pathlib import Path
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path
from tests.support.people import SetClock

report = verify_path(Path(sys.argv[1]), roots=TrustedRoots(), clock=SetClock(), processes=int(sys.argv[2]))
assert not [check for check in report.checks if check.outcome == "failed"], report.checks
print(Path("/proc/self/status").read_text())
"""


def integrity(bench: Bench) -> None:
    """Print every part."""
    with TemporaryDirectory(dir=bench.folder) as name:
        folder = Path(name)
        print("\n| measured | ours | beside | ratio |\n|---|---|---|---|", flush=True)
        _hashing(folder)
        _archives(folder)
        _log(folder)


def _hashing(folder: Path) -> None:
    files = [folder / "one.bin", folder / "two.bin"]
    for file in files:
        with file.open("wb") as stream:
            stream.truncate(_HASHED)
    ours, theirs = _in_turns(lambda: sha256_file(files[0]), lambda: _run("openssl", "dgst", "-sha256", str(files[0])))
    _row(f"SHA-256 of {_HASHED // _MEGABYTE} MB", ours, "`openssl dgst -sha256`", theirs)
    one, two = [], []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(sha256_file, files))
        for _ in range(_ROUNDS):
            one.append(_clock(lambda: [sha256_file(file) for file in files]))
            two.append(_clock(lambda: list(pool.map(sha256_file, files))))
    _row("the same of two files, two processes (clock)", two, "one process", one)
    for file in files:
        file.unlink()


def _archives(folder: Path) -> None:
    parts = list(bodies(_ARCHIVED))
    ours, theirs, packed = folder / "ours.warc.gz", folder / "theirs.warc.gz", folder / "ours.wacz"
    lines: list[IndexLine] = []
    writing, stock = _in_turns(
        lambda: lines.__setitem__(slice(None), _write_ours(ours, parts)), lambda: _write_stock(theirs, parts)
    )
    larger = 100 * (ours.stat().st_size / theirs.stat().st_size - 1)
    _row(f"writing a WARC of {_ARCHIVED // _MEGABYTE} MB ({larger:+.1f} % of size)", writing, "stock warcio", stock)
    _reading(ours, f"{_ARCHIVED // _MEGABYTE} MB")
    large = folder / "large.warc.gz"
    _write_ours(large, bodies(_LARGE))
    _reading(large, f"{_LARGE // _MEGABYTE} MB")
    _reading_in_two(large)
    large.unlink()
    wacz = _ORACLES / "wacz" / "bin" / "wacz"
    if wacz.exists():
        making, made = _in_turns(
            lambda: _pack(packed, ours, lines),
            lambda: _run(str(wacz), "create", "-f", str(ours), "-o", str(folder / "theirs.wacz"), "--detect-pages"),
        )
        _row("packing it as WACZ (the index was made while writing)", making, "`wacz create --detect-pages`", made)


def _reading(path: Path, size: str) -> None:
    ours, theirs = _in_turns(
        lambda: _run(sys.executable, "-c", _CHECK_WARC, str(path)), lambda: _run(_WARCIO, "check", str(path))
    )
    _row(f"block and payload digests of a WARC of {size}", ours, "`warcio check`", theirs)
    fastwarc = _ORACLES / "fastwarc" / "bin" / "fastwarc"
    if fastwarc.exists():
        compiled = [_cpu(lambda: _run(str(fastwarc), "check", "-p", str(path))) for _ in range(_ROUNDS)]
        _row("fastwarc, which is compiled, on the same", compiled, "`warcio check`", theirs)


def _reading_in_two(path: Path) -> None:
    both, single = [], []
    for _ in range(_ROUNDS):
        single.append(_clock(lambda: _run(_WARCIO, "check", str(path))))
        both.append(_clock(lambda: _run(sys.executable, "-c", _CHECK_IN_PARTS, str(path))))
    _row("the same in two processes (clock)", both, "`warcio check`", single)


def _log(folder: Path) -> None:
    custodian = practice_custodian(SetClock())
    small, large = (open_case(folder / name, custodian) for name in ("short", "long"))
    _lengthen(large, custodian, _EVENTS)
    draft = Draft(type=EventType.VIEWED, purpose="bench")
    for case in (small, large):
        case.commit(draft, custodian)
    late, early = _in_turns(
        lambda: [large.commit(draft, custodian) for _ in range(20)],
        lambda: [small.commit(draft, custodian) for _ in range(20)],
    )
    _row(f"appending 20 events after {_EVENTS:,}", late, "after the first", early)
    for what, case, processes in ((f"{_EVENTS:,}", large, 1), (f"{_EVENTS:,}", large, 2), ("few", small, 1)):
        began, used = time.monotonic(), _used()
        peak = _verify(case.path, processes)
        used, clock = _used() - used, time.monotonic() - began
        times = f"{used:.1f} s of the processor, {clock:.1f} s by the clock, {peak:.0f} MB (VmHWM)"
        print(f"| `verify` of a case of {what} events, {processes} process(es) | {times} | | |", flush=True)


def _lengthen(case: CaseFolder, custodian: Custodian, count: int) -> None:
    """Append events without the care of a commit, which is measured elsewhere."""
    seq, head = case.head()
    with (case.path / "custody.jsonl").open("ab") as log, (case.path / "custody.sig").open("ab") as signatures:
        for number in range(seq + 1, count + 1):
            draft = Draft(type=EventType.VIEWED, purpose="шалгалт", note="Баримтыг үзэж танилцав. " * 4)
            entry = custodian.sign_event(draft, seq=number, previous=head, case=case.info.number)
            head = link_after(head, entry)
            log.write(entry.line)
            signatures.write(entry.signature_line)


def _write_ours(path: Path, parts: Iterable[bytes]) -> list[IndexLine]:
    path.unlink(missing_ok=True)
    now = SetClock()()
    lines: list[IndexLine] = []
    with WarcWriter(path, created=now) as warc:
        warc.warcinfo({"software": "bench"})
        for number, body in enumerate(parts):
            exchange = Exchange(
                url=f"http://example.mn/{number}",
                started=now,
                request_head=_ASKED,
                response_head=_HEAD,
                response_body=body,
            )
            lines += warc.exchange(exchange).lines
    return lines


def _write_stock(path: Path, parts: Sequence[bytes]) -> None:
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True, warc_version="1.1")
        for number, body in enumerate(parts):
            url = f"http://example.mn/{number}"
            status = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
            asked = StatusAndHeaders("GET / HTTP/1.1", [("Host", "example.mn")], is_http_request=True)
            response = writer.create_warc_record(url, "response", payload=BytesIO(body), http_headers=status)
            writer.write_request_response_pair(writer.create_warc_record(url, "request", http_headers=asked), response)


def _pack(path: Path, warc: Path, lines: Sequence[IndexLine]) -> None:
    path.unlink(missing_ok=True)
    now = SetClock()()
    page = Page(url="http://example.mn/0", ts=now, title="bench", id="1")
    write_wacz(path, warc=warc, index=lines, pages=[page], title="bench", created=now, software="bench")


def _verify(case: Path, processes: int) -> float:
    """Verify *case* in a process of its own, or several, and return the most memory that the first one had, in MB."""
    command = [sys.executable, "-c", _VERIFY, str(case), str(processes)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    line = next(line for line in told.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1000


def _in_turns(one: Callable[[], object], other: Callable[[], object]) -> tuple[list[float], list[float]]:
    ones, others = [], []
    for _ in range(_ROUNDS):
        ones.append(_cpu(one))
        others.append(_cpu(other))
    return ones, others


def _cpu(work: Callable[[], object]) -> float:
    began = _used()
    work()
    return _used() - began


def _used() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


def _clock(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _run(*command: str) -> None:
    program = shutil.which(command[0])
    assert program is not None, f"no {command[0]} on this machine"
    subprocess.run([program, *command[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def _row(what: str, ours: Sequence[float], beside: str, theirs: Sequence[float]) -> None:
    mine, other = statistics.median(ours), statistics.median(theirs)
    print(f"| {what} | {mine:.2f} s | {beside}: {other:.2f} s | {mine / other:.2f} |", flush=True)
