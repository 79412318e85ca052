"""The process in which files of others are verified: one path a line on standard input, one JSON value a line back.

It ends itself, and says where it was, when one file takes longer than `SECONDS`; where the system can hold a process to
it, all of them together may take `MEMORY` bytes. PDFs are examined in processes of their own with limits of their own.
"""

import faulthandler
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from evidence_kit.cli.verify import verification_text
from evidence_kit.models import Outcome
from evidence_kit.texts import Language, Texts
from evidence_kit.trust.judging import TrustedRoots
from evidence_kit.verify import verify_path

SECONDS = 120
MEMORY = 300 * 1024**2


def main() -> None:
    """Verify every path that is given."""
    _limit()
    for line in sys.stdin.buffer:
        path = Path(json.loads(line))
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        print(json.dumps(_verified(path)), flush=True)  # noqa: T201  # this is its answer
        faulthandler.cancel_dump_traceback_later()


def _verified(path: Path) -> dict[str, object]:
    began = time.perf_counter()
    report = verify_path(path, roots=TrustedRoots(), clock=lambda: datetime.now(UTC))
    for language in Language:
        verification_text(Texts.load(language), report).encode("utf-8")
    json.dumps(report.to_json(), ensure_ascii=False).encode("utf-8")
    return {
        "path": str(path),
        "kind": report.kind,
        "seconds": time.perf_counter() - began,
        "verdict": str(report.verdict),
        "checks": sorted({check.id for check in report.checks}),
        "failed": [[check.id, check.subject] for check in report.checks if check.outcome is Outcome.FAILED],
    }


def _limit() -> None:
    try:
        import resource  # noqa: PLC0415  # Windows has no such module
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, hard))


if __name__ == "__main__":
    main()
