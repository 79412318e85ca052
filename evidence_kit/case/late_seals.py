"""Time stamps that came after the event they stamp: the next event names each with its digest.

``.staging/late-000042.tsr`` marks ``seals/heads/000042.tsr`` as in no event yet. Marks and files may be anybody's: an
event names only what is a time stamp over that very head, for what it names must be there and hold for ever.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from evidence_kit.case.layout import HEAD_TOKEN
from evidence_kit.case.log_end import LOG, SIGNATURES, LogEnd
from evidence_kit.case.staging import STAGING
from evidence_kit.custody.log import Lines, links_of
from evidence_kit.errors import EvidenceError
from evidence_kit.models import Digest
from evidence_kit.plain import read_plain, write_anew
from evidence_kit.trust.certificates import Certificate
from evidence_kit.trust.digests import sha256_bytes
from evidence_kit.trust.timestamps import read_reply


def mark(case: Path, name: str) -> None:
    """Mark the seal *name* as in no event yet; raises `OSError`. Losing the mark harms nothing."""
    write_anew(_marks(case) / f"late-{Path(name).name}", b"")


def unmark(case: Path) -> None:
    """Remove the marks: the event that was committed names all that is worth it."""
    for found in _marks(case).glob("late-*.tsr"):
        with suppress(OSError):
            found.unlink()


def late_seals(case: Path, end: LogEnd, certificates: Callable[[], Sequence[Certificate]]) -> dict[str, Digest]:
    """Return the marked time stamps over heads of the log up to its *end*, those that hold; call it under the lock.

    *certificates* gives those that lie in ``trust/``, if there is anything to check.
    """
    names = sorted(f"seals/heads/{found.name.removeprefix('late-')}" for found in _marks(case).glob("late-*.tsr"))
    seals: dict[str, Digest] = {}
    for name in names:
        match = HEAD_TOKEN.fullmatch(name)
        if not match or not 0 < int(match[1]) <= end.count:
            continue
        with suppress(EvidenceError, OSError):
            data = read_plain(case / name)
            read_reply(data, _link(case, end, int(match[1])), certificates())
            seals[name] = sha256_bytes(data)
    return seals


def _link(case: Path, end: LogEnd, seq: int) -> Digest:
    """Return the link after event *seq*: nearly always the last one, for which nothing need be read."""
    if seq == end.count:
        return end.head
    return links_of(Lines.at(case / LOG), Lines.at(case / SIGNATURES))[seq]


def _marks(case: Path) -> Path:
    return case / STAGING
