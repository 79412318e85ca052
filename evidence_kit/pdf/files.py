"""New files that appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from evidence_kit.errors import EvidenceError


@contextmanager
def new_file(target: Path, *, error: type[EvidenceError]) -> Iterator[Path]:
    """Give a temporary file beside *target*, which becomes *target* when the block ends well, else is removed.

    What was written is on the disk before the name appears. An existing *target* is never overwritten: raises *error*
    for that, and `OSError` when the folder cannot be written.
    """
    _refuse_existing(target, error)
    temporary = target.with_name(f".new-{token_hex(8)}.pdf")
    temporary.open("xb").close()
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        _give_name(temporary, target, error)
    finally:
        temporary.unlink(missing_ok=True)


def _give_name(temporary: Path, target: Path, error: type[EvidenceError]) -> None:
    """Rename without overwriting: a link refuses where a POSIX rename does not, but some disks know no links."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        _refuse_existing(target, error)
        raise
    except OSError:
        _refuse_existing(target, error)
        temporary.rename(target)


def _refuse_existing(target: Path, error: type[EvidenceError]) -> None:
    if os.path.lexists(target):
        message = f"{target.name!r} exists already"
        raise error(message, hint="choose another name; nothing is ever overwritten")
