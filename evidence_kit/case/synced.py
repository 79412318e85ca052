"""Tell whether a folder lies where a program copies everything to a cloud service, or to other machines.

Three signs count: the name of a folder above it, what such a program keeps at the top of what it copies, and what this
machine itself says of where the program works. Names that people also give to folders of their own (Box, MEGA, Sync)
are none by themselves. Names and marks are those that the programs make by default, as their vendors describe them; a
folder that was chosen by hand and holds no mark is not recognised (docs/security-model.md).
"""

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from evidence_kit.canonical import parse
from evidence_kit.errors import FormatError

_LARGEST_INFO = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What copies a folder elsewhere."""

    service: str
    sign: Path
    """By what it was recognised: the folder that it copies, or its mark in there."""


@dataclass(frozen=True, slots=True)
class _Service:
    name: str
    folders: str = ""
    """What its folder is called, or how its path ends, in small letters: a regular expression."""
    marks: tuple[str, ...] = ()
    """What lies at the top of its folder, as patterns of file names; those of folders end in ``/``."""


_SERVICES = (
    _Service(
        "OneDrive",
        r"onedrive( - [^/]+)?|library/cloudstorage/onedrive-[^/]+",
        (".849c9593-d756-4e56-8d6e-42412f2a707b",),
    ),
    # The folder ~/.dropbox holds the program's own settings, and says nothing of what lies beside it.
    _Service("Dropbox", r"dropbox( \([^/]+\))?|library/cloudstorage/dropbox[^/]*", (".dropbox", ".dropbox.cache/")),
    _Service(
        "Google Drive",
        r"google ?drive|my drive( \([^/]+\))?|мой диск|library/cloudstorage/googledrive-[^/]+",
        (".tmp.drivedownload/", ".tmp.driveupload/", ".shortcut-targets-by-id/"),
    ),
    _Service("iCloud", r"library/mobile documents|com~apple~clouddocs|icloud ?drive|icloud photos"),
    _Service(
        "Nextcloud/ownCloud",
        r"nextcloud[0-9]*|owncloud( - [^/]+)?",
        (".sync_*.db", "._sync_*.db", ".owncloudsync.log", ".nextcloudsync.log"),
    ),
    _Service("Yandex.Disk", r"yandex[. ]?disk(\.localized)?|яндекс[. ]?диск"),
    _Service("Yandex.Disk/Resilio Sync", marks=(".sync/",)),
    _Service("MEGA", r"megasync", (".megaignore", ".debris/")),
    _Service("pCloud", r"pcloud( ?(drive|sync))?"),
    _Service("Box", r"box sync|library/cloudstorage/box-[^/]+"),
    _Service("Syncthing", marks=(".stfolder", ".stfolder/")),
    _Service("CloudStorage", r"library/cloudstorage"),
)
_FOLDERS = [(each.name, re.compile(f"(?:^|/)({each.folders})(?=/|$)")) for each in _SERVICES if each.folders]


def synced_by(folder: Path, environ: Mapping[str, str]) -> Synced | None:
    """Return what copies *folder*, which need not exist yet, elsewhere; None if nothing known does.

    Links on its path count both as they are called and as what they lead to.
    """
    named = Path(os.path.abspath(folder))  # noqa: PTH100  # resolve follows links, which is the other path
    real = Path(os.path.realpath(folder))  # unlike resolve it bears a link to itself
    told = tuple(_told({key.upper(): value for key, value in environ.items()}))
    signs = (sign for path in dict.fromkeys((named, real)) for sign in _signs(path, told))
    return next(signs, None)


def _signs(path: Path, told: tuple[Synced, ...]) -> Iterator[Synced]:
    yield from _by_name(path)
    yield from (each for each in told if each.sign == path or each.sign in path.parents)
    for above in (path, *path.parents):
        yield from _by_mark(above)


def _by_name(path: Path) -> Iterator[Synced]:
    # macOS takes letters apart and tells no small ones from large ones, as Windows does not.
    whole = "/".join(unicodedata.normalize("NFC", part).casefold().strip("/\\") for part in path.parts)
    for service, pattern in _FOLDERS:
        if match := pattern.search(whole):
            yield Synced(service=service, sign=Path(*path.parts[: whole[: match.end()].count("/") + 1]))


def _by_mark(folder: Path) -> Iterator[Synced]:
    try:
        with os.scandir(folder) as entries:
            found = {_as_mark(entry): entry.path for entry in entries if entry.name.startswith(".")}
    except OSError:
        return  # not there yet, or closed to us
    for service in _SERVICES:
        for name, path in found.items():
            if any(fnmatchcase(name, mark) for mark in service.marks):
                yield Synced(service=service.name, sign=Path(path))


def _as_mark(entry: "os.DirEntry[str]") -> str:
    return entry.name.casefold() + ("/" if entry.is_dir(follow_symlinks=False) else "")


def _told(environ: Mapping[str, str]) -> Iterator[Synced]:
    """Yield the folders that the programs of this machine name, or take by themselves; *environ* in capitals."""
    for variable in ("ONEDRIVE", "ONEDRIVECONSUMER", "ONEDRIVECOMMERCIAL"):
        if environ.get(variable):
            yield _real("OneDrive", Path(environ[variable]))
    homes = [Path(environ[key]) for key in ("HOME", "USERPROFILE") if environ.get(key)]
    programs = [Path(environ[key]) for key in ("APPDATA", "LOCALAPPDATA") if environ.get(key)]
    for info in (
        *(folder / "Dropbox/info.json" for folder in programs),
        *(home / ".dropbox/info.json" for home in homes),
    ):
        yield from (_real("Dropbox", folder) for folder in _named_in(info))
    if any((folder / "Box/Box").is_dir() for folder in programs):
        yield from (_real("Box", home / "Box") for home in homes)
    for home in homes:
        # "Desktop & Documents Folders" of macOS: they are shown in iCloud Drive, and copied from where they were.
        shown = home / "Library/Mobile Documents/com~apple~CloudDocs"
        yield from (_real("iCloud", home / name) for name in ("Desktop", "Documents") if (shown / name).exists())


def _real(service: str, folder: Path) -> Synced:
    return Synced(service=service, sign=Path(os.path.realpath(folder)))


def _named_in(info: Path) -> Iterator[Path]:
    """Yield the folders that Dropbox says it copies; none of what it says otherwise is needed."""
    try:
        with info.open("rb") as stream:
            value = parse(stream.read(_LARGEST_INFO))
    except (OSError, FormatError):
        return
    for account in value.values() if isinstance(value, dict) else ():
        match account:
            case {"path": str(path)} if path:
                yield Path(path)
