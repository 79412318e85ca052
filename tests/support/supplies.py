"""Things that are handed over, in tests: sources, and items made of them by the product's own rooms."""

from pathlib import Path

from evidence_kit.case.folder import CaseFolder
from evidence_kit.case.stamping import Stamping
from evidence_kit.case.supply import Circumstances
from evidence_kit.case.taking import TakenItem
from evidence_kit.custody.custodian import Custodian
from evidence_kit.intake.sources import Sources, find_sources
from evidence_kit.intake.taking import Wishes, take_supplied

FILES = {"DCIM/IMG_1.jpg": b"picture one", "DCIM/IMG_2.JPG": b"picture two", "чат.txt": "Сайн уу".encode()}


def hand_over(folder: Path, files: dict[str, bytes] | None = None) -> Path:
    """Write *files* below *folder*, which is made, and return it."""
    for name, data in (files or FILES).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def sources_of(case: CaseFolder, *given: Path) -> Sources:
    """Return what there is to take of *given*."""
    return find_sources(given, case=case.path)


def take(
    case: CaseFolder,
    custodian: Custodian,
    *given: Path,
    stamping: Stamping | None = None,
    circumstances: Circumstances | None = None,
    sensitive: bool = False,
) -> TakenItem:
    """Take *given* into *case* as one item."""
    return take_supplied(
        case,
        sources_of(case, *given),
        custodian=custodian,
        stamping=stamping or Stamping(),
        wishes=Wishes(circumstances=circumstances or Circumstances(), sensitive=sensitive),
    )
