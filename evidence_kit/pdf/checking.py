"""The process in which `evidence_kit.pdf.apart` has a PDF checked: PDF on standard input, findings on the output."""

import sys

from evidence_kit.pdf.apart import OUT_OF_MEMORY, write_findings
from evidence_kit.pdf.check import check_pdf


def main(memory: int) -> None:
    """Check the PDF with at most *memory* bytes, where the system can hold a process to that; exit 9 beyond them."""
    _limit(memory)
    try:
        answer = write_findings(check_pdf(sys.stdin.buffer))
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    sys.stdout.write(answer)


def _limit(memory: int) -> None:
    """Set the limit: Linux keeps to it, macOS hardly, and Windows has none of the kind: there time alone limits."""
    try:
        import resource  # noqa: PLC0415  # Windows has no such module
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = memory if most == resource.RLIM_INFINITY else min(memory, most)  # nobody may raise what was set before
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))
