"""What an item's files hold, encrypted or not (docs/evidence-format.md, "Encrypted items").

Without a key the age files are checked by their form; with one their content is checked as that of any item, by the
names that the files had in plain. A bundle may hold the content itself in an age file's place.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from evidence_kit.archive.tree import Tree
from evidence_kit.canonical import Json
from evidence_kit.case.encrypted import AGE, Content, contents_of
from evidence_kit.case.opened import OpenedTree
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest
from evidence_kit.trust.age import Identity, measure_age, open_age, payload_size
from evidence_kit.verify.examination import Examination
from evidence_kit.verify.files import CaseFiles

_NO_KEY = "encrypted: only a recipient's key opens it (verify --key)"
_NO_FIT = "encrypted, and not to a key that was given"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemContents:
    """The files of one item by their names in plain, with the item's folder before them."""

    folder: str
    files: CaseFiles
    """Through which they are read."""
    age: Mapping[str, Content]
    """What `item.json` says of age files, by the names in plain, without the folder."""
    locked: Mapping[str, str]
    """Those that cannot be read, without the folder, and why."""
    delivered: frozenset[str]
    """Those that lie opened in the place of their age files."""

    def listed(self, manifest: Mapping[str, Digest]) -> dict[str, Digest]:
        """Return the digests of *manifest*, in the place of an age file's that of what it holds."""
        plain = {f"{name}{AGE}": (name, content.sha256) for name, content in self.age.items()}
        return dict(plain.get(name, (name, digest)) for name, digest in manifest.items())

    def has(self, name: str) -> bool:
        """Whether there is a file *name*, in plain or encrypted."""
        return self.files.has(self.folder + name) or self.files.has(f"{self.folder}{name}{AGE}")


def item_contents(
    files: CaseFiles, folder: str, record: dict[str, Json], identities: Sequence[Identity]
) -> ItemContents:
    """Return what the item in *folder* holds by its *record*, as far as *identities* open it."""
    try:
        age = contents_of(record)
    except FormatError:
        age = {}  # told by the check of the record
    locked: dict[str, str] = {}
    opened: set[str] = set()
    for name in age:
        if files.has(f"{folder}{name}{AGE}"):
            why = _locked(files, f"{folder}{name}{AGE}", identities)
            if why:
                locked[name] = why
            else:
                opened.add(f"{files.prefix}{folder}{name}")
    view = CaseFiles(cast("Tree", OpenedTree(files.tree, opened, identities, {})), files.prefix) if opened else files
    delivered = (name for name in age if files.has(folder + name) and not files.has(f"{folder}{name}{AGE}"))
    return ItemContents(folder=folder, files=view, age=age, locked=locked, delivered=frozenset(delivered))


def _locked(files: CaseFiles, name: str, identities: Sequence[Identity]) -> str:
    if not identities:
        return _NO_KEY
    try:
        with files.open(name) as stream:
            return "" if open_age(stream, identities) else _NO_FIT
    except (FormatError, OSError) as error:
        return str(error)


def check_contents(exam: Examination, files: CaseFiles, found: ItemContents) -> ItemContents:
    """Check the age files of an item by their form, and their content where it can be read.

    Returns *found* without what does not hold what it must.
    """
    there = {name: content for name, content in found.age.items() if files.has(f"{found.folder}{name}{AGE}")}
    if not found.age:
        return found
    if there:
        _check_form(exam, files, found.folder, there)
    return _check_plaintext(exam, files, found)


def _check_form(exam: Examination, files: CaseFiles, folder: str, age: Mapping[str, Content]) -> None:
    problems: list[tuple[str, str]] = []
    keys: set[int] = set()
    for name, content in age.items():
        shown = files.shown(f"{folder}{name}{AGE}")
        try:
            with files.open(f"{folder}{name}{AGE}") as stream:
                recipients, sealed = measure_age(stream)
        except (FormatError, OSError) as error:
            problems.append((shown, str(error)))
            continue
        keys.add(recipients)
        if sealed != payload_size(content.size):
            problems.append((shown, f"it cannot hold content of {content.size} bytes"))
    counted = ", ".join(map(str, sorted(keys)))
    exam.concluded(
        "item.encrypted", files.shown(f"{folder}item.json"), problems, f"{len(age)} files, to {counted} keys"
    )


def _check_plaintext(exam: Examination, files: CaseFiles, found: ItemContents) -> ItemContents:
    subject = files.shown(f"{found.folder}item.json")
    for why in dict.fromkeys(found.locked.values()):
        count = sum(each == why for each in found.locked.values())
        exam.not_checked("item.plaintext", subject, f"{count} files: {why}")
    readable = [name for name in found.age if name not in found.locked and found.files.has(found.folder + name)]
    wrong = {name: why for name in readable for why in _other(found, name)}
    if readable:
        problems = ((files.shown(found.folder + name), why) for name, why in wrong.items())
        exam.concluded("item.plaintext", subject, problems, f"{len(readable)} files")
    return replace(found, locked={**found.locked, **wrong})


def _other(found: ItemContents, name: str) -> Iterator[str]:
    """Yield why the file *name* is not what it must be; its size too is that of its digest."""
    try:
        digest = found.files.digest(found.folder + name)
    except FormatError as error:
        yield str(error)
        return
    if digest != found.age[name].sha256:
        yield f"its digest is {digest}, item.json has sha256:{found.age[name].sha256.hex}"
    elif found.files.tree.size(found.files.prefix + found.folder + name) != found.age[name].size:
        yield f"it has another size than item.json says, {found.age[name].size}"
