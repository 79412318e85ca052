"""``.staging/``: work that is not evidence yet, and commits that were decided but not finished.

``.staging/EV-0001/`` is an item being made; an open lock file beside it says that somebody is at it.
``.staging/EV-0001.replaced/`` is an item in plain that was sealed: it is removed once that is committed.
``.staging/commit-000007/`` is the commit of event 7: ``event.jsonl`` and ``event.sig`` (the exact lines), ``seals/``
(files to be put there), and, written last, ``plan.json``. From then on the commit is decided, and whoever comes next
finishes it.
"""

import os
import re
import shutil
import stat
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from evidence_kit import canonical
from evidence_kit.case.durable import move_new, sync_tree, write_new
from evidence_kit.custody.events import LONGEST_LINE, Event, EventType, read_line
from evidence_kit.custody.log import LONGEST_SIGNATURE, Entry
from evidence_kit.errors import CaseError, FormatError

STAGING = ".staging"
RECORDING = ".recording"
"""What follows an item's id in the name of the folder for what is recorded."""
_PLAN = "plan.json"
_REPLACED = ".replaced"
_LARGEST_PLAN = 4 * 1024
_LARGEST_SEAL = 1024 * 1024
_MOST_SEALS = 10
_MOST_ENTRIES = 10_000
_OURS = re.compile(
    r"EV-[0-9]{4,}(\.recording|\.replaced)?|commit-[0-9]{6,}|case\.lock|log-notes\.json|silent-[0-9a-f]{16}"
    r"|(seal|late)-[0-9]{6,}(-[2-9])?\.tsr|cert-[0-9a-f]{64}\.pem|(crl|ocsp)-[0-9a-f]{64}\.der"
)
"""What the kit puts into ``.staging/``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCommit:
    """One decided commit."""

    folder: Path
    seq: int
    entry: Entry
    item: str | None
    """The staged item folder that becomes evidence with this event."""
    seals: dict[str, bytes]
    """Path below ``seals/`` to content."""

    @property
    def replaces(self) -> bool:
        """Whether the staged item takes the place of the same item in plain."""
        event = read_line(self.entry.line)
        return isinstance(event, Event) and event.type == EventType.ITEM_SEALED


def recording_of(folder: Path) -> Path:
    """Return the folder beside the staged *folder* of an item, for what is recorded and for what may not be lost."""
    return folder.with_name(f"{folder.name}{RECORDING}")


def plan_commit(staging: Path, *, seq: int, entry: Entry, item: str | None, seals: dict[str, bytes]) -> PlannedCommit:
    """Write down a commit, the decision last; raises `CaseError`."""
    folder = staging / f"commit-{seq:06d}"
    shutil.rmtree(folder, ignore_errors=True)  # an undecided one of the same number: nothing of it is visible
    (folder / "seals").mkdir(parents=True)
    write_new(folder / "event.jsonl", entry.line)
    write_new(folder / "event.sig", entry.signature_line)
    for name, data in seals.items():
        (folder / "seals" / name).parent.mkdir(parents=True, exist_ok=True)
        write_new(folder / "seals" / name, data)
    sync_tree(folder)
    # Under another name first: a plan that is there is a whole one.
    write_new(folder / "plan.new", canonical.pretty({"seq": seq, "item": item}))
    move_new(folder / "plan.new", folder / _PLAN)
    return PlannedCommit(folder=folder, seq=seq, entry=entry, item=item, seals=seals)


def planned_commits(staging: Path) -> list[PlannedCommit]:
    """Return the decided commits found in *staging*, oldest first; raises `CaseError` for one that cannot be read."""
    if not staging.is_dir():
        return []
    folders = sorted(path.parent for path in staging.glob(f"commit-*/{_PLAN}"))
    return [_read_plan(folder) for folder in folders]


def withdraw(planned: PlannedCommit) -> None:
    """Remove a commit that is finished; raises `OSError`."""
    # The decision first: without it, what a crash leaves of the rest means nothing.
    (planned.folder / _PLAN).unlink()
    shutil.rmtree(planned.folder)
    _remove_replaced(planned.folder.parent)


def clear_undecided(staging: Path) -> None:
    """Remove commits without a decision: a crash left them before it was made, or after they were finished."""
    for folder in staging.glob("commit-*"):
        if not (folder / _PLAN).exists():
            shutil.rmtree(folder, ignore_errors=True)
    if not any(staging.glob(f"commit-*/{_PLAN}")):
        _remove_replaced(staging)


def replaced(staging: Path, item: str) -> Path:
    """Return where *item* lies in plain once its sealed form has taken its place, until it is removed."""
    return staging / f"{item}{_REPLACED}"


def put_item(planned: PlannedCommit, item: str) -> None:
    """Move the staged *item* to its place, done only if it was not done yet; raises `CaseError`."""
    staging = planned.folder.parent
    source, target = staging / item, staging.parent / "items" / item
    if source.exists() and target.exists() and planned.replaces:
        move_new(target, replaced(staging, item))
    if source.exists() or not target.exists():
        move_new(source, target)


def _remove_replaced(staging: Path) -> None:
    """Remove items in plain whose sealed form has taken their place; what cannot be removed now is tried again."""
    for path in staging.glob(f"EV-*{_REPLACED}"):
        if (staging.parent / "items" / path.name.removesuffix(_REPLACED)).is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def foreign_entries(staging: Path) -> tuple[list[str], list[str]]:
    """Return what lies in *staging* and is neither file nor folder, and what else is none of the kit's."""
    strange: list[str] = []
    links: list[str] = []
    if not staging.is_dir():
        return links, strange
    with os.scandir(staging) as entries:
        for count, entry in enumerate(entries):
            if count == _MOST_ENTRIES:
                strange.append(f"more than {_MOST_ENTRIES} entries")
                break
            mode = entry.stat(follow_symlinks=False).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                links.append(entry.name)
            elif not _OURS.fullmatch(entry.name):
                strange.append(entry.name)
    return sorted(links), sorted(strange)


def _read_plan(folder: Path) -> PlannedCommit:
    try:
        plan = canonical.parse(_read(folder / _PLAN, _LARGEST_PLAN))
        line = _read(folder / "event.jsonl", LONGEST_LINE)
        entry = Entry(line=line, signature_line=_read(folder / "event.sig", LONGEST_SIGNATURE))
        files = _seal_files(folder)
        seals = {path.relative_to(folder / "seals").as_posix(): _read(path, _LARGEST_SEAL) for path in files}
    except (OSError, FormatError) as error:
        message = f"the unfinished commit {folder.name} cannot be read: {error}"
        raise CaseError(message) from error
    match plan:
        case {"seq": int(seq), "item": str() | None as item}:
            return PlannedCommit(folder=folder, seq=seq, entry=entry, item=item, seals=seals)
    message = f"the unfinished commit {folder.name} does not say what to do"
    raise CaseError(message)


def _seal_files(folder: Path) -> list[Path]:
    files = list(islice((path for path in (folder / "seals").rglob("*") if not path.is_dir()), _MOST_SEALS + 1))
    if folder.is_symlink() or len(files) > _MOST_SEALS:
        message = f"it is a link, or has more than {_MOST_SEALS} seals"
        raise FormatError(message)
    return files


def _read(path: Path, largest: int) -> bytes:
    """Return the bytes of a plain file of ours: no link, no pipe that would be waited for, nothing without end."""
    if path.is_symlink() or not path.is_file():
        message = f"{path.name} is not a plain file"
        raise FormatError(message)
    if path.stat().st_size > largest:
        message = f"{path.name} is larger than {largest} bytes"
        raise FormatError(message)
    return path.read_bytes()
