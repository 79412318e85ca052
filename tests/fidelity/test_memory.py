"""A response of 500 MB passes through the recorder byte for byte, and memory stays flat."""

import hashlib
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from tests.fidelity.case import Case
from tests.fidelity.origin import Log, Origin, Sent
from tests.fidelity.replies import Reply
from tests.fidelity.site import CaseSite

pytestmark = [
    pytest.mark.browser,
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

PIECE = hashlib.shake_256(b"five hundred megabytes").digest(1_000_000)
SCRIPT = """
    const reader = (await fetch('/x')).body.getReader();
    while (!(await reader.read()).done);
"""
PROGRAM = """
import sys
from pathlib import Path
from evidence_kit.capture import CaptureOptions
from evidence_kit.models import RecorderKind
from tests.support.captures import capture

url, folder, *detour = sys.argv[1:]
options = CaptureOptions(recorder=RecorderKind.WIRE, timeout=300, connect_to=tuple(zip(detour[::2], detour[1::2])))
capture(url, Path(folder), options)
print(Path("/proc/self/status").read_text())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Peaks:
    """Most memory that was resident, in MB."""

    kit: float
    relay: float


def _pieces(number: int) -> Iterator[bytes]:
    for count in range(number):
        yield count.to_bytes(4) + PIECE[4:]


def _measure(folder: Path, megabytes: int) -> tuple[_Peaks, Sent]:
    folder.mkdir()
    reply = Reply(
        kind=b"application/octet-stream", body=lambda: _pieces(megabytes), promised=megabytes * len(PIECE), untold=True
    )
    site, log = CaseSite([Case(name="huge", routes={"/x": reply}, script=SCRIPT)], "http", patience=140), Log()
    with Origin(site, log) as origin:
        detours = [part for host in site.hosts("fid") for part in (host, origin.address)]
        command = [sys.executable, "-c", PROGRAM, site.url, str(folder / "capture"), *detours]
        relay = 0.0
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
            while process.poll() is None:
                relay = max(relay, _relay_peak(process.pid))
                time.sleep(0.1)
            assert process.stdout is not None
            told = process.stdout.read()
    assert process.returncode == 0
    return _Peaks(kit=_peak(told), relay=relay), next(sent for sent in log.all() if sent.path == "/x")


def _relay_peak(parent: int) -> float:
    for status in Path("/proc").glob("[0-9]*/status"):
        # Processes end while we look.
        try:
            text = status.read_text()
            relay = f"\nPPid:\t{parent}\n" in text and b"relay" in (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if relay:
            return _peak(text)
    return 0.0


def _peak(status: str) -> float:
    """Return VmHWM; a process that has ended has none."""
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) / 1000 if lines else 0.0


def _stored_digest(folder: Path) -> tuple[int, str]:
    with zipfile.ZipFile(folder / "capture" / "capture.wacz") as archive, archive.open("archive/data.warc.gz") as warc:
        for record in ArchiveIterator(warc, no_record_parse=False):
            if record.rec_type == "response" and record.rec_headers.get_header("WARC-Target-URI").endswith("/x"):
                assert record.rec_headers.get_header("WARC-Truncated") is None
                digest, size = hashlib.sha256(), 0
                while piece := record.raw_stream.read(1 << 16):
                    digest.update(piece)
                    size += len(piece)
                return size, digest.hexdigest()
    return 0, ""


def test_five_hundred_megabytes_are_recorded_with_flat_memory(tmp_path: Path) -> None:
    small, _ = _measure(tmp_path / "small", 1)
    large, sent = _measure(tmp_path / "large", 500)

    assert sent.untold is not None
    assert _stored_digest(tmp_path / "large") == (500 * len(PIECE), sent.untold.hexdigest())
    assert small.relay
    added = (large.kit + large.relay) - (small.kit + small.relay)
    assert added < 100, (small, large)
