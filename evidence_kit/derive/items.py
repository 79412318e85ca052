"""Read what items that are to be compared say of themselves: their files by role, and whether they may be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence_kit import canonical
from evidence_kit.canonical import Json
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import Attempt, attempts, parse_item, read_item
from evidence_kit.case.opened import OpenItems
from evidence_kit.custody.events import Event
from evidence_kit.errors import CaseError, FormatError, UsageError
from evidence_kit.models import Digest
from evidence_kit.plain import read_plain
from evidence_kit.trust.digests import sha256_file

_LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is read whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedItem:
    """One committed item, its files as its manifest has them."""

    id: str
    folder: Path
    manifest: Digest
    record: dict[str, Json]

    @property
    def sensitive(self) -> bool:
        """Whether no picture of it is to be shown."""
        return _flagged(self.record, "sensitive")

    def files(self, role: str) -> list[str]:
        """Return the paths of its files of *role*."""
        listed = self.record["files"]
        files = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        return [str(file["path"]) for file in files if file.get("role") == role]

    def read(self, path: str) -> bytes:
        """Return a file of at most `_LARGEST` bytes; raises `FormatError`, `OSError`."""
        place = self.folder / path
        if place.is_file() and place.stat().st_size > _LARGEST:
            raise FormatError(f"{path} has more than {_LARGEST} bytes")
        return read_plain(place)

    def document(self, path: str) -> dict[str, Json]:
        """Return a JSON file; raises `FormatError`, `OSError`."""
        value = canonical.parse(self.read(path))
        if not isinstance(value, dict):
            raise FormatError(f"{path} is no object")
        return value

    def to_json(self) -> dict[str, Json]:
        """Return what a derived item says of what it was made of."""
        return {"item": self.id, "manifest_sha256": self.manifest.hex}


def compared_item(case: CaseFolder, events: Sequence[Event], item: str, source: str, opened: OpenItems) -> ComparedItem:
    """Return the committed *item* of *case*, which must come from *source* and be what the log has of it.

    What is encrypted is read as *opened* has it. Raises `CaseError`, `UsageError` for one of another source or a sealed
    one.
    """
    attempt = _committed(events, item)
    if attempt.source != source:
        message = f"{item} is {attempt.source}, and not {source}"
        hint = "name the supplied item first, then the captured one: evidence-kit corroborate EV-0001 EV-0002"
        raise UsageError(message, hint=hint)
    if _flagged(read_item(case, item), "sealed"):
        raise UsageError(f"{item} is sealed: nothing of it is looked at", hint="see: evidence-kit show ITEM")
    folder = case.path / "items" / item
    if attempt.manifest is None or sha256_file(folder / "manifest-sha256.txt") != attempt.manifest:
        message = f"the manifest of {item} is not the one that the custody log recorded"
        raise CaseError(message, hint="run: evidence-kit verify CASE")
    folder = opened.folder(item)
    record = parse_item(read_plain(folder / "item.json"))
    return ComparedItem(id=item, folder=folder, manifest=attempt.manifest, record=record)


def _committed(events: Sequence[Event], item: str) -> Attempt:
    for attempt in attempts(events):
        if attempt.item == item and attempt.finished_seq:
            return attempt
    raise CaseError(f"the case has no item {item!r}", hint="evidence-kit list shows the items")


def _flagged(record: dict[str, Json], code: str) -> bool:
    flags = record.get("flags")
    listed = flags if isinstance(flags, list) else []
    return any(isinstance(flag, dict) and flag.get("code") == code for flag in listed)
