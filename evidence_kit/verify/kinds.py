"""Tell a bundle, case or item of ours from other people's folders and files (docs/evidence-format.md, "Verdict").

One mark of ours suffices: whoever takes away some of them leaves something altered. What has none of them never was
ours, or nobody can tell; it cannot be verified.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.case.layout import EVIDENCE_LIST, TAG_MANIFEST, TAG_SIGNATURE
from evidence_kit.errors import FormatError

_MARK = b"Evidence-Kit-"
"""How the fields of ours in ``bag-info.txt`` begin."""
_MARK_IN_ZIP = b"Evidence-Kit-Format:"
SNIFFED = 256 * 1024
FOREIGN_BAG = (
    "a BagIt bag, but no bundle of ours: it has no signature, no custody log and no evidence list; check its digests "
    "with a program for bags, such as bagit.py --validate"
)
PAYLOAD = (
    "the data folder of a bundle without the lists and the signature that lie beside it: give the whole bundle, which "
    "is the folder above, or the zip"
)

_BUNDLE = (TAG_SIGNATURE, EVIDENCE_LIST, "data/case.json", "data/custody.jsonl", "data/custody.sig")
_BAG = ("bagit.txt", "bag-info.txt", TAG_MANIFEST)
_CASE = ("case.json", "custody.jsonl", "custody.sig")


class Kind(StrEnum):
    """What a folder is."""

    BUNDLE = "bundle"
    PAYLOAD = "payload of a bundle"
    CASE = "case"
    ITEM = "item"
    FOREIGN_BAG = "bag of others"
    UNKNOWN = "unknown"


def kind_of_folder(path: Path) -> Kind:
    """Return what the folder at *path* is; raises `OSError`."""

    def holds(*names: str) -> bool:
        return any((path / name).exists() for name in names)

    signs: list[tuple[Kind, Callable[[], bool]]] = [
        (Kind.BUNDLE, lambda: holds(*_BUNDLE) or _says_ours(path / "bag-info.txt")),
        (Kind.PAYLOAD, lambda: holds(*_CASE) and holds(Path(EVIDENCE_LIST).name)),
        # A case or an item in which somebody puts a file of a bag is one all the same.
        (Kind.CASE, lambda: holds(*_CASE)),
        (Kind.ITEM, lambda: holds("item.json")),
        (Kind.FOREIGN_BAG, lambda: holds(*_BAG)),
        (Kind.ITEM, lambda: holds("manifest-sha256.txt")),
    ]
    return next((kind for kind, told in signs if told()), Kind.UNKNOWN)


def kind_of_zip(source: Path | BinaryIO, start: bytes) -> Kind:
    """Return what the zip *source*, which begins with *start*, is: by the names in it, and by its text."""
    names = _names(source)
    if _MARK_IN_ZIP in start or names & {*_BUNDLE}:
        return Kind.BUNDLE
    return Kind.FOREIGN_BAG if "bagit.txt" in names else Kind.UNKNOWN


def _names(source: Path | BinaryIO) -> set[str]:
    """Return the names below the top folder, of entries that can be read or not."""
    try:
        with ZipReader(source) as archive:
            names = [*archive.names(), *(name for name, _ in archive.problems)]
    except FormatError:
        return set()
    return {name.partition("/")[2] for name in names}


def _says_ours(bag_info: Path) -> bool:
    if not bag_info.is_file():
        return False
    with bag_info.open("rb") as stream:
        return _MARK in stream.read(SNIFFED)
