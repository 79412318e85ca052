"""What ``bundle.started`` says of encrypted files that a bundle need not hold, held against what it does hold.

Both ways it would mislead: a copy said to hold nothing of what is sealed, and holding it; or one said to be whole.
"""

from collections.abc import Iterator, Sequence

from evidence_kit.case.encrypted import AGE, contents_of
from evidence_kit.case.items import parse_item
from evidence_kit.case.layout import SESSION_DATA
from evidence_kit.case.manifest import NAME, read_manifest
from evidence_kit.case.sealed import is_sealed_path
from evidence_kit.custody.events import Event
from evidence_kit.errors import FormatError
from evidence_kit.verify.files import CaseFiles

_INCLUDED, _WITHHELD = "included", "withheld"
_KEPT, _OPENED = "kept", "opened"
_SAID = {"session_data": lambda name: name == SESSION_DATA, "sealed": is_sealed_path}
"""Members of the event's ``detail``, and of which files of an item they speak."""


def other_encrypted(files: CaseFiles, begun: Event, items: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what event *begun* says otherwise of the encrypted files of *items*, or does not say."""
    for key, belongs in _SAID.items():
        listed = [name for item in items for name in _listed(files, f"items/{item}/") if belongs(name.split("/", 2)[2])]
        there = [name for name in listed if files.has(name)]
        said = begun.detail.get(key)
        if listed and said not in (_WITHHELD, _INCLUDED):
            yield f"event {begun.seq}", f"it does not say whether the encrypted files are in the bundle ({key})"
        elif said == _WITHHELD:
            yield from ((files.shown(name), f"event {begun.seq} says that it is left out ({key})") for name in there)
        elif said == _INCLUDED:
            lacking = sorted({*listed} - {*there})
            yield from ((files.shown(name), f"event {begun.seq} says that it is included ({key})") for name in lacking)

    if begun.detail.get("encrypted") != _content(files, items):
        yield f"event {begun.seq}", "it does not say how the bundle holds what is encrypted in the case (encrypted)"


def _content(files: CaseFiles, items: Sequence[str]) -> str | None:
    """Return how the content of encrypted *items* is in the bundle; None if none is encrypted, or some of each."""
    found: set[str] = set()
    for item in items:
        try:
            age = contents_of(parse_item(files.read(f"items/{item}/item.json")))
        except FormatError:
            continue  # told by the check of the record
        found |= {_KEPT if files.has(f"items/{item}/{name}{AGE}") else _OPENED for name in age}
    return found.pop() if len(found) == 1 else None


def _listed(files: CaseFiles, folder: str) -> list[str]:
    """Return the files that the manifest of the item in *folder* lists, with the folder before them."""
    try:
        return [folder + name for name in read_manifest(files.read(folder + NAME))]
    except FormatError:
        return []  # told by the check of the manifest
