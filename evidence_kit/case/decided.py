"""The commit that was decided in ``.staging/`` and not finished: whether the log waits for it, and the log with it.

Who reads a case reads such a commit as if it had been finished, for the next command finishes it. It excuses nothing:
what it would put in place is checked as it would be there.
"""

from collections.abc import Mapping
from dataclasses import replace

from evidence_kit.case.staging import PlannedCommit
from evidence_kit.custody.events import Event, read_line
from evidence_kit.custody.log import Lines
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest
from evidence_kit.trust.digests import sha256_bytes


def fits(commit: PlannedCommit, stored: tuple[Lines, Lines]) -> bool:
    """Whether the commit's lines are, or complete, or follow, the last lines of the *stored* log and signatures.

    Its item and its seals have to be those that its event names.
    """
    try:
        event = read_line(commit.entry.line)
    except FormatError:
        return False
    if not isinstance(event, Event) or event.seq != commit.seq:
        return False
    if commit.item not in {None, event.item} or not _named(commit.seals, event.digests):
        return False
    lines = (commit.entry.line, commit.entry.signature_line)
    return all(_waits_for(data, commit.seq, line) for data, line in zip(stored, lines, strict=True))


def as_finished(stored: tuple[Lines, Lines], commit: PlannedCommit | None) -> tuple[Lines, Lines]:
    """Return log and signatures as they will be when the *commit*, which fits them, is finished."""
    if commit is None:
        return stored
    log, signatures = stored
    return (
        replace(log, instead={commit.seq: commit.entry.line}),
        replace(signatures, instead={commit.seq: commit.entry.signature_line}),
    )


def _named(seals: Mapping[str, bytes], digests: Mapping[str, Digest]) -> bool:
    return all(digests.get(f"seals/{name}") == sha256_bytes(data) for name, data in seals.items())


def _waits_for(lines: Lines, seq: int, line: bytes) -> bool:
    """Whether line number *seq* of *lines* is the last one and *line*, or a torn beginning of it, or not there yet."""
    earlier = 0
    for number, stored in enumerate(lines, start=1):
        if number < seq and stored.endswith(b"\n"):
            earlier += 1
        elif number == seq and line.startswith(stored):
            continue
        else:
            return False
    return earlier == seq - 1
