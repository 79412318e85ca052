"""However large a record is, reading its archive takes the same memory."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.archive.warc_writer import WarcWriter

_SIZE = 400_000_000
_LIMIT_KB = 150_000
_READ = """
import sys
from pathlib import Path
from evidence_kit.archive.warc_reader import check_warc

assert [finding.failed for finding in check_warc(Path(sys.argv[1]))] == [False, False]
print(Path("/proc/self/status").read_text())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_record_of_400_mb_is_checked_in_less_than_150_mb(tmp_path: Path) -> None:
    body = tmp_path / "body"
    with body.open("wb") as stream:
        stream.truncate(_SIZE)
    path = tmp_path / "data.warc.gz"
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with WarcWriter(path, created=now) as warc:
        warc.warcinfo({"software": "test"})
        warc.resource("urn:test", body, media_type="application/octet-stream", date=now)

    told = subprocess.run([sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=True).stdout

    peak = next(line for line in told.splitlines() if line.startswith("VmHWM:"))
    assert int(peak.split()[1]) < _LIMIT_KB
