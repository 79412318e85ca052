"""The commit that was decided in ``.staging/`` and not finished: whether the log waits for it, and the log with it.

Who reads a case reads such a commit as if it had been finished, for the next command finishes it. It excuses nothing:
what it would put in place is checked as it would be there.

Who reads takes no lock, for a case may lie where nothing can be written: what was read while somebody worked on the
case may not belong together, and is read again.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from evidence_kit.case.log_end import LOG, SIGNATURES
from evidence_kit.case.staging import STAGING, PlannedCommit, planned_commits
from evidence_kit.custody.events import Event, read_line
from evidence_kit.custody.log import Lines, Links, links_of
from evidence_kit.errors import CaseError, FormatError
from evidence_kit.models import Digest
from evidence_kit.trust.digests import sha256_bytes

_CHANGES = (LOG, SIGNATURES, "register.jsonl", "items", "seals/heads", STAGING)
_AGAIN = 10


def state_of(folder: Path) -> tuple[object, ...]:
    """Return what changes whenever an event is committed to the case *folder*, or a number given in the vault."""
    return tuple(_state(folder / name) for name in _CHANGES)


def links_at(case: Path) -> Links:
    """Return the links of the log at *case*, with the commit that it waits for; raises `OSError`, `FormatError`."""
    stored = Lines.at(case / LOG), Lines.at(case / SIGNATURES)
    for _ in range(_AGAIN):
        before = state_of(case)
        try:
            return links_of(*as_finished(stored, decided_commit(case, stored)))
        except FormatError:
            if state_of(case) == before:
                raise
    return links_of(*stored)


def decided_commit(case: Path, stored: tuple[Lines, Lines]) -> PlannedCommit | None:
    """Return the one commit that the *stored* log and signatures of *case* wait for; raises `OSError`."""
    try:
        planned = planned_commits(case / STAGING)
    except CaseError:
        return None  # nothing is waited for; the check of the case tells what is wrong with it
    return planned[0] if len(planned) == 1 and fits(planned[0], stored) else None


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


def bytes_as_finished(case: Path, log: bytes, signatures: bytes) -> tuple[bytes, bytes]:
    """Return *log* and *signatures*, as they stand at *case*, with the commit that they wait for; raises `OSError`."""
    stored = Lines.of(log), Lines.of(signatures)
    lines, signed = as_finished(stored, decided_commit(case, stored))
    return b"".join(lines), b"".join(signed)


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


def _state(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
