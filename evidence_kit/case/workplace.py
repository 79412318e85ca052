"""Where an item is being made: its folder in ``.staging/``, a folder beside it for what is recorded, and a lock.

``.staging/EV-0001/`` becomes the item. ``.staging/EV-0001.recording/`` holds what passed, until the item is committed,
and is kept when the program that records is killed: then `interrupted` finds it, for the lock went with the process.
"""

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from evidence_kit.case.encrypted import restore
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.held import held, is_abandoned
from evidence_kit.case.staging import RECORDING, recording_of
from evidence_kit.errors import CaseError

_NAMES = re.compile(r"EV-[0-9]{4,}\.recording")
_LOCK = "in-use.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """The two folders of one item that is being made."""

    item: str
    folder: Path
    """What becomes the item."""
    recording: Path
    """What is recorded; removed when the item is there."""


@contextmanager
def workplace(case: CaseFolder, item: str) -> Iterator[Workplace]:
    """Make the two folders of *item* and hold their lock; whoever ends in order removes the recording.

    Raises `CaseError` when one of them is a link, or somebody holds the lock.
    """
    place = _place(case, item)
    place.recording.mkdir(mode=0o700, exist_ok=True)
    for folder in (place.folder, place.recording):
        if folder.is_symlink():
            message = f"{folder} is a link: what is made there would be led elsewhere"
            raise CaseError(message, hint="see who put it there, and remove it")
    with held(place.recording / _LOCK):
        restore(place.folder, place.recording)
        place.folder.mkdir(exist_ok=True)
        yield place


def clear(place: Workplace) -> None:
    """Remove what was recorded; what cannot be removed now is found by `interrupted` later."""
    # The lock last: whoever is killed meanwhile leaves nothing that nobody finds, least of all in plain.
    with suppress(OSError):
        for path in place.recording.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _LOCK:
                path.unlink()
    if not any(path.name != _LOCK for path in place.recording.glob("*")):
        shutil.rmtree(place.recording, ignore_errors=True)


def clear_ended(case: CaseFolder, items: Iterable[str]) -> None:
    """Remove the recordings of *items* that had ended when their making was interrupted: nothing is missing of them."""
    for item in items:
        clear(_place(case, item))


def interrupted(case: CaseFolder) -> list[str]:
    """Return the items whose making was interrupted and whose recording is still there, nobody being at it."""
    found = sorted(path for path in case.staging.glob(f"*{RECORDING}") if _NAMES.fullmatch(path.name))
    return [path.name.removesuffix(RECORDING) for path in found if is_abandoned(path / _LOCK) and not _is_led(path)]


def _is_led(recording: Path) -> bool:
    """Whether the folder of the item beside *recording* is a link, of which the verifier tells."""
    return recording.with_name(recording.name.removesuffix(RECORDING)).is_symlink()


def in_use(folder: Path) -> bool:
    """Return whether somebody is at work in *folder*, one of the two of a `Workplace`."""
    recording = folder if folder.name.endswith(RECORDING) else folder.with_name(folder.name + RECORDING)
    return (recording / _LOCK).is_file() and not is_abandoned(recording / _LOCK)


def _place(case: CaseFolder, item: str) -> Workplace:
    return Workplace(item=item, folder=case.staging / item, recording=recording_of(case.staging / item))
