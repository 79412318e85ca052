"""What a taking tells while it goes on and when it ends: room, progress, status, and what was left out."""

import shutil
from collections.abc import Iterator, Sequence

from evidence_kit.case.folder import CaseFolder
from evidence_kit.errors import CaseError
from evidence_kit.intake.copying import OnBytes
from evidence_kit.intake.sources import Sources
from evidence_kit.models import OnStep, Problem, Status

_TOLD_EACH = 32 * 1024 * 1024
"""Bytes between two words about the progress of one file."""


def want_room(case: CaseFolder, sources: Sources) -> None:
    """Refuse what cannot even be copied; where its archive will fit too only writing it shows."""
    free = shutil.disk_usage(case.path).free
    if free < sources.size:
        message = f"the disk of the case has {free} bytes free, and {sources.size} are to be copied"
        raise CaseError(message, hint="make room for about three times as much, then run the command again")


def status_of(taken: Sequence[object], left_out: Sequence[object], *, interrupted: bool) -> Status:
    """Return what became of the item when *taken* is in it and *left_out* is not."""
    if not taken:
        return Status.FAILED
    return Status.INCOMPLETE if left_out or interrupted else Status.COMPLETE


def counted(left_out: Sequence[Problem], *, told_in: str) -> Iterator[Problem]:
    """Yield one problem for each kind: which files they are is for the file *told_in* alone to tell."""
    for code in dict.fromkeys(problem.code for problem in left_out):
        count = sum(problem.code == code for problem in left_out)
        yield Problem(code=code, detail=f"{count}; {told_in} names {'it' if count == 1 else 'them'}")


def interruption(*, interrupted: bool, done: str) -> Iterator[Problem]:
    """Yield the problem of a taking that was never gone on with, *done* saying what was to be done with the files."""
    if interrupted:
        yield Problem(code="import.interrupted", detail=f"what was not {done} by then is not in it")


def progress_of(on_step: OnStep, step: str, number: int, count: int, size: int) -> OnBytes:
    """Return what tells how far *step* is with file *number* of *count*: each is read three times."""
    passed = told = 0
    on_step(f"{step} {number}/{count}")

    def hear(read: int) -> None:
        nonlocal passed, told
        passed += read
        if passed - told >= _TOLD_EACH and size:
            told = passed
            on_step(f"{step} {number}/{count}:{min(99, 100 * passed // (3 * size))}%")

    return hear
