"""Keep files that arrive one by one: each that is whole becomes an original at once, and is noted in the journal.

So whatever ends the arriving, a killed program too, what had arrived whole until then is in the item.
"""

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from evidence_kit.case.supply import LeftOut, Original, Sender
from evidence_kit.case.workplace import Workplace
from evidence_kit.intake.copying import CopyError
from evidence_kit.intake.hash_lists import HashList
from evidence_kit.intake.journal import Journal
from evidence_kit.intake.naming import clean_name, stored_path
from evidence_kit.models import Digest
from evidence_kit.trust.digests import sha256_file

MOST_FILES = 2_000
"""Files that one device may send as one item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A file that is here with all its bytes, and what was said of it."""

    path: Path
    name: str
    size: int
    claimed: Digest
    """Counted by the device over the file as it lay there."""
    passed: Digest
    """Counted here over the bytes while they came."""
    modified: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the arriving came to its end."""

    interrupted: bool
    """Whether the person with the device did not say that it was all."""
    left_out: tuple[LeftOut, ...]


@dataclass(slots=True, kw_only=True)
class Arrivals:
    """What has come for one item so far."""

    item: str
    place: Workplace
    journal: Journal
    lists: tuple[HashList, ...] = ()
    """What is on one of them is not let in."""
    sender: Sender | None = None
    originals: list[Original] = field(default_factory=list)

    def is_listed(self, claimed: Digest) -> bool:
        """Whether the file that a device counted *claimed* over is on a list of known files."""
        return any(claimed in each for each in self.lists)

    def join(self, sender: Sender) -> None:
        """Note who sends; raises `OSError`."""
        self.journal.joined(sender)
        self.sender = sender

    def keep(self, file: Arrived) -> Original:
        """Make *file*, which is moved, an original of the item; raises `CopyError` and removes it if it is another.

        `OSError` passes through.
        """
        stored = stored_path(len(self.originals) + 1, file.name, count=MOST_FILES)
        with file.path.open("rb+") as stream:
            os.fsync(stream.fileno())
        after = sha256_file(file.path)
        if not file.claimed == file.passed == after:
            file.path.unlink()
            raise CopyError("file.changed", "what arrived is not what the device had counted over it")
        file.path.rename(self.place.folder / stored)
        name, name_bytes = clean_name(file.name)
        original = Original(
            path=stored,
            name=name,
            name_bytes=name_bytes,
            size=file.size,
            source_sha256=file.claimed,
            sha256=after,
            modified=file.modified,
            created=None,
        )
        self.journal.copied(original)
        self.originals.append(original)
        return original
