"""A folder in which something is built beside its place, and which a later command can tell from one still in use.

``.NAME.new-PID`` beside the target, for this person only. Whoever builds holds a lock on a file in it: when the process
was killed the system let the lock go, on whichever computer it ran. A process number alone would say nothing there.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evidence_kit.case.held import held, is_abandoned
from evidence_kit.case.layout import TAG_SIGNATURE
from evidence_kit.errors import UsageError
from evidence_kit.plain import real

_LOCK = ".evidence-kit-building.lock"
_NAME = re.compile(r"\..+\.new-[0-9]+")


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """Give a new, private folder beside *target* and remove it whatever happens; raises `OSError`.

    What killed processes left in the same place is removed first.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in abandoned(target.parent):
        shutil.rmtree(left, ignore_errors=True)
    folder = target.with_name(f".{target.name}.new-{os.getpid()}")
    folder.mkdir(mode=0o700)
    try:
        with held(folder / _LOCK):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def abandoned(folder: Path) -> list[Path]:
    """Return the folders of `building` in *folder* that nobody holds any more."""
    return [
        path for path in sorted(folder.glob(".*.new-*")) if _NAME.fullmatch(path.name) and is_abandoned(path / _LOCK)
    ]


def refuse_inside(path: Path) -> None:
    """Refuse, with `UsageError`, a place for something new inside a case or bundle."""
    for folder in real(path).parents:
        if any((folder / name).exists() for name in ("case.json", "custody.jsonl", TAG_SIGNATURE)):
            message = f"{path} lies inside {folder}, a case or a bundle, which holds nothing but what it accounts for"
            raise UsageError(message, hint="choose a folder outside of it")
