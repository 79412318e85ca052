"""The same bytes handed over twice: recognised across the case, said, and never merged."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evidence_kit.canonical import Json
from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.items import SUPPLIED, read_item
from evidence_kit.case.supply import ORIGINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A file that was handed over: item, path in the item, SHA-256 in hexadecimal digits."""

    item: str
    path: str
    sha256: str

    @property
    def place(self) -> str:
        """Its path in the case."""
        return f"items/{self.item}/{self.path}"


def handed_over(case: CaseFolder, items: Iterable[str]) -> Iterator[Handed]:
    """Yield every file that was handed over in the committed *items*; raises `CaseError`."""
    for item in items:
        record = read_item(case, item)
        files = record.get("files")
        for file in files if record.get("source") == SUPPLIED and isinstance(files, list) else ():
            match file:
                case {"role": role, "path": str(path), "plain": {"sha256": str(sha256)}} if role == ORIGINAL:
                    yield Handed(item=item, path=path, sha256=sha256)
                case {"role": role, "path": str(path), "sha256": str(sha256)} if role == ORIGINAL:
                    yield Handed(item=item, path=path, sha256=sha256)
                case _:
                    pass


def duplicates(files: Sequence[Handed]) -> Mapping[str, list[Json]]:
    """Return, by item, which of *files* have the same bytes as another: ``path``, ``same_as`` and ``item`` of that."""
    by_digest: dict[str, list[Handed]] = {}
    for file in files:
        by_digest.setdefault(file.sha256, []).append(file)
    found: dict[str, list[Json]] = {}
    for same in by_digest.values():
        for one in same:
            # Of empty files there may be thousands: one other is enough to be told.
            other = next((other for other in same if other is not one), None)
            if other is not None:
                told: dict[str, Json] = {"path": one.place, "same_as": other.place, "item": other.item}
                found.setdefault(one.item, []).append(told)
    return found
