"""Every simple way to alter every file of a folder, generated: whatever a case or bundle comes to hold is covered.

Each alteration tells which checks must fail for it, by id and subject; the rules are by the place of the file, so that
a new file in a known place needs no rule of its own, and one in a new place fails until it has one.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SEED = 20261122
Expected = tuple[str, str]
"""Check id and subject, both regular expressions that must match whole."""


@dataclass(frozen=True, kw_only=True)
class Alteration:
    """One way to alter one file, and what must be found."""

    name: str
    act: Callable[[Path], None]
    touched: tuple[str, ...]
    """The files that are no longer as they were."""
    expected: tuple[Expected, ...]
    """All of these must be among the failed checks."""


_LIST = re.compile(r"tagmanifest-sha256\.txt|items/[^/]*/manifest-sha256\.txt")
Change = Callable[[bytes], bytes]


def _flip(position: int, bit: int) -> Change:
    def change(data: bytes) -> bytes:
        return data[:position] + bytes([data[position] ^ bit]) + data[position + 1 :]

    return change


def changes(data: bytes, chance: random.Random) -> dict[str, Change]:
    """Return the ways to change the content *data*, by name."""
    size = len(data)
    found: dict[str, Change] = {}
    if size:
        places = {"start": 0, "middle": size // 2, "end": size - 1, "random": chance.randrange(size)}
        found = {f"flip-{name}": _flip(place, 1 << chance.randrange(8)) for name, place in places.items()}
        found["truncate"] = lambda old: old[: len(old) * 2 // 3]
        found["empty"] = lambda _: b""
    found["append"] = lambda old: old + b"\n"
    return found


def alterations(folder: Path, rules: "Rules") -> Iterator[Alteration]:
    """Yield every alteration of every file below *folder*, always in the same order."""
    chance = random.Random(SEED)  # noqa: S311  # the same every time, on purpose
    names = [name for name in files_of(folder) if not rules.ignored(name)]
    for index, name in enumerate(names):
        data = (folder / name).read_bytes()
        for title, change in changes(data, chance).items():
            yield Alteration(
                name=f"{title} {name}",
                act=_rewrite(name, change),
                touched=(name,),
                expected=rules.changed(name, data, change(data)),
            )
        if name not in rules.unseen:
            yield Alteration(name=f"delete {name}", act=_delete(name), touched=(name,), expected=rules.missing(name))
        new = f"{name}-2"
        yield Alteration(
            name=f"rename {name}",
            act=_rename(name, new),
            touched=(name, new),
            expected=(*rules.missing(name), *rules.added(new)),
        )
        other = sibling(folder, names, index)
        if other is not None:
            theirs = (folder / other).read_bytes()
            yield Alteration(
                name=f"swap {name} with {other}",
                act=_swap(name, other),
                touched=(name, other),
                expected=rules.swapped({name: (data, theirs), other: (theirs, data)}),
            )


def files_of(folder: Path) -> list[str]:
    """Return the paths of all files below *folder*, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def sibling(folder: Path, names: Sequence[str], index: int) -> str | None:
    """Return the next file with other content in the same folder, else the next anywhere."""
    mine = (folder / names[index]).read_bytes()
    others = [*names[index + 1 :], *names[:index]]
    others.sort(key=lambda name: Path(name).parent != Path(names[index]).parent)
    return next((name for name in others if (folder / name).read_bytes() != mine), None)


def _rewrite(name: str, change: Change) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        (folder / name).write_bytes(change((folder / name).read_bytes()))

    return act


def _delete(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _rename(name: str, new: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        (folder / name).rename(folder / new)

    return act


def _swap(name: str, other: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        mine, theirs = (folder / name).read_bytes(), (folder / other).read_bytes()
        (folder / name).write_bytes(theirs)
        (folder / other).write_bytes(mine)

    return act


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Which check must fail, by the place of the file: the first pattern that matches counts."""

    skipped: str
    """Pattern of the files that are no evidence."""
    when_changed: Sequence[tuple[str, str, str]]
    """Pattern of a path, check id, subject; ``{}`` in the subject is the path."""
    when_missing: Sequence[tuple[str, str, str]]
    when_added: Sequence[tuple[str, str, str]]
    unseen: frozenset[str] = frozenset()
    """Files that nothing misses once they are gone (docs/security-model.md)."""

    def ignored(self, name: str) -> bool:
        """Whether *name* is no evidence."""
        return re.fullmatch(self.skipped, name) is not None

    def changed(self, name: str, old: bytes, new: bytes) -> tuple[Expected, ...]:
        """Return what must be found when *name* holds *new* instead of *old*."""
        if name.endswith(("custody.jsonl", "custody.sig")):
            return (*_found(self.when_changed, name), (r"custody\..*", _event(name, old, new)))
        return _found(self.when_changed, name)

    def swapped(self, contents: Mapping[str, tuple[bytes, bytes]]) -> tuple[Expected, ...]:
        """Return what must be found of two files with old and new content; what a lost list listed nobody can tell."""
        lists = [name for name in contents if _LIST.fullmatch(name)]
        return tuple(want for name in lists or contents for want in self.changed(name, *contents[name]))

    def missing(self, name: str) -> tuple[Expected, ...]:
        """Return what must be found when *name* is gone."""
        if name in self.unseen:
            return ()
        return _found(self.when_missing, name)

    def added(self, name: str) -> tuple[Expected, ...]:
        """Return what must be found when *name* is there too."""
        return _found(self.when_added, name)


def _found(rules: Sequence[tuple[str, str, str]], name: str) -> tuple[Expected, ...]:
    for pattern, id_, subject in rules:
        if re.fullmatch(pattern, name):
            return () if not id_ else ((id_, subject.replace("{}", re.escape(name))),)
    message = f"no rule says what must be found for {name}"
    raise LookupError(message)


def _event(name: str, old: bytes, new: bytes) -> str:
    """Return the subject that names the first line in which *new* differs from *old*."""
    same = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    line = old[:same].count(b"\n") + 1
    # Where whole lines are gone or put in, that is what is said.
    return rf"event {line}|{re.escape(Path(name).name)}"


SEAL = r"tagmanifest-sha256\.txt"
BUNDLE = Rules(
    skipped="",
    when_changed=[
        (SEAL, r"bag\.signature", SEAL + r"\.p7s"),
        (SEAL + r"\.p7s", r"bag\.signature", "{}"),
        (SEAL + r"\.tsr", r"bag\.timestamp", "{}"),
        (r"data/.*", r"bag\.payload", "{}"),
        (r"[^/]*", r"bag\.tag-file", "{}"),
    ],
    when_missing=[
        (SEAL, r"bag\.tagmanifest", "{}"),
        (SEAL + r"\.p7s", r"bag\.signature", "{}"),
        (SEAL + r"\.tsr", r"bag\.info", "{}"),
        (r"data/.*", r"bag\.payload", "{}"),
        (r"[^/]*", r"bag\.tag-file", "{}"),
    ],
    when_added=[(r".*", r"bag\.stray", "{}")],
)

CASE = Rules(
    skipped=r"\.staging/.*",
    when_changed=[
        (r"case\.json", r"case\.record", "{}"),
        (r"custody\.(jsonl|sig)", "", ""),
        (r"items/[^/]*/manifest-sha256\.txt", r"custody\.items", "{}"),
        (r"items/.*", r"item\.manifest", "{}"),
        (r"seals/heads/.*", r"custody\.timestamp", "{}"),
        (r"seals/.*", r"item\.seal", "{}"),
        (r"trust/.*", r"trust\.files", "{}"),
    ],
    when_missing=[
        (r"case\.json", r"case\.record", "{}"),
        (r"custody\.(jsonl|sig)", r"custody\.lines", "{}"),
        (r"items/[^/]*/manifest-sha256\.txt", r"custody\.items", "{}"),
        (r"items/.*", r"item\.manifest", "{}"),
        (r"seals/heads/.*", r"custody\.timestamp", "{}"),
        (r"seals/.*", r"item\.seal", "{}"),
        # A certificate is missed by what it signed.
        (r"trust/.*", r"custody\.signatures|custody\.timestamp|item\.seal", ".*"),
    ],
    when_added=[
        # Without its list nothing of an item is listed.
        (r"items/[^/]*/manifest-sha256\.txt.*", "", ""),
        (r"items/[^/]*/.*", r"item\.manifest", "{}"),
        (r".*", r"case\.strays", "{}"),
    ],
)
