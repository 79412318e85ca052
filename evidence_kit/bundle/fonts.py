"""Which fonts the report is set in, and which characters none of them can show.

Noto Serif and Noto Sans come with this package's dependencies, so a report looks the same on every system; the fixed
width DejaVu Sans Mono is inside typst. Only for characters that these lack are Noto fonts of the system taken in
(emoji, Chinese, Arabic…), chosen in the order of their names, so that the same fonts give the same report. What no
font shows is written as an escape and counted: never a silent box (PDF/A forbids the .notdef glyph, ISO 19005-3,
which takes 6.2.11.8 from ISO 19005-2).

A font's characters are read from its ``cmap`` table (OpenType 1.9, formats 4 and 12).
"""

import re
import struct
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from evidence_kit.errors import FormatError, ReportError

_PACKAGES = ("fontpkg_noto_sans", "fontpkg_noto_serif")
# The texts of the report need both, so a character counts as shown only when both have it.
_BASE_NAMES = ("NotoSans[wdth,wght].ttf", "NotoSerif[wdth,wght].ttf")
_SYSTEM_FOLDERS: dict[str, tuple[str, ...]] = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts"),
    "darwin": ("/Library/Fonts", "/System/Library/Fonts"),
    "win32": ("C:/Windows/Fonts",),
}
_SEGMENTS, _GROUPS = 4, 12
"""Formats of a cmap subtable."""

# Zero width joiners and variation selectors shape their neighbours and need no picture of their own.
_SHAPING = frozenset({0x200C, 0x200D, *range(0xFE00, 0xFE10)})
_PLAIN = re.compile("[\n -\u02ff\u0370-\u0482\u048a-\u052f\u2000-\u20cf]*")
"""Latin, Greek and Cyrillic without combining marks: nearly every text."""

_MOST_MARKS = 3
"""Combining marks that may follow one letter: more would be painted over the lines above and below."""


SCRIPTS = {
    "cyrillic": "ӨҮөү₮",
    "emoji": "\U0001f642\u2764",
    "arabic": "مرحبا",
    "chinese": "中文",
    "thai": "สวัสดี",
    "mongolian": "ᠮᠣᠩᠭᠣᠯ",
}
"""Characters of each script that pages are most often written in here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FontChoice:
    """The fonts of one report, and what none of them shows."""

    folders: tuple[Path, ...]
    """Of the base fonts."""
    extra: tuple[Path, ...]
    """Files of the system's fonts, in the order in which they are asked."""
    missing: frozenset[str]
    base: frozenset[int]
    """Code points that both base fonts have."""


def base_folders() -> tuple[Path, ...]:
    """Return the folders of Noto Sans and Noto Serif; raises `ReportError` if they are not installed."""
    try:
        return tuple(Path(str(files(package) / "files")) for package in _PACKAGES)
    except ModuleNotFoundError as error:
        raise ReportError(
            f"the fonts of the report are not installed: {error.name}",
            hint="install the package again with its dependencies",
        ) from error


def sans_font() -> Path:
    """Return the file of Noto Sans; raises `ReportError` if it is not installed."""
    return _find_base(base_folders(), _BASE_NAMES[0])


def system_folders() -> tuple[Path, ...]:
    """Return where this system keeps the fonts of all users."""
    return tuple(Path(folder) for folder in _SYSTEM_FOLDERS.get(sys.platform, _SYSTEM_FOLDERS["linux"]))


def choose_fonts(text: Iterable[str], *, system: Sequence[Path]) -> FontChoice:
    """Return the fonts that show *text*, looking into the folders *system* only for what the base fonts lack."""
    folders = base_folders()
    base = _base_characters(folders)
    lacking = {*map(ord, set().union(*text))} - base - _SHAPING - {0x0A}
    extra = []
    for path in _noto_files(system) if lacking else ():
        found = _characters_or_none(path) & lacking
        if found:
            extra.append(path)
            lacking -= found
        if not lacking:
            break
    return FontChoice(
        folders=folders, extra=tuple(extra), missing=frozenset(chr(point) for point in lacking), base=base
    )


@cache
def _base_characters(folders: tuple[Path, ...]) -> frozenset[int]:
    return frozenset.intersection(*(characters(_find_base(folders, name)) for name in _BASE_NAMES))


def scripts_not_shown(system: Sequence[Path]) -> tuple[str, ...]:
    """Return those of `SCRIPTS` that a report could not show with the fonts in the folders *system*."""
    missing = choose_fonts(SCRIPTS.values(), system=system).missing
    return tuple(script for script, letters in SCRIPTS.items() if missing & set(letters))


def showable(text: str, choice: FontChoice, *, base_only: bool = False) -> tuple[str, frozenset[str]]:
    r"""Return *text* with everything *choice* cannot show written ``\u{1F642}``, and the set of what was replaced.

    With *base_only* nothing but single characters of the base fonts is kept: the way out when a combination of
    characters turns out not to be showable although each of them is.
    """
    if not base_only and _PLAIN.fullmatch(text) and choice.missing.isdisjoint(text):
        return text, frozenset()
    shown: list[str] = []
    replaced: set[str] = set()
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} and character != "\ufe0f" else 0
        lost = character in choice.missing or marks > _MOST_MARKS
        if base_only and character != "\n":
            lost = lost or ord(character) not in choice.base or marks > 0
        if lost:
            replaced.add(character)
        shown.append(f"\\u{{{ord(character):04X}}}" if lost else character)
    return "".join(shown), frozenset(replaced)


def characters(path: Path) -> frozenset[int]:
    """Return the code points that the font (or the first font of the collection) at *path* has a glyph for.

    Raises `FormatError` when it is not a font, `ReportError` when it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReportError(f"font cannot be read: {path}: {error}") from error
    try:
        return frozenset(_cmap(data))
    except (struct.error, IndexError, KeyError) as error:
        raise FormatError(f"not a font: {path.name}: {error}") from error


def _find_base(folders: Iterable[Path], name: str) -> Path:
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise ReportError(f"font is missing: {name}", hint="install the package again with its dependencies")


def _noto_files(folders: Iterable[Path]) -> list[Path]:
    """Return Noto fonts in a fixed order: emoji, upright sans, other regular ones."""
    found = [path for folder in folders if folder.is_dir() for path in sorted(folder.rglob("Noto*"))]
    usable = [
        path
        for path in found
        if path.suffix.lower() in {".ttf", ".otf", ".ttc"} and not any(word in path.stem for word in ("Bold", "Italic"))
    ]
    return sorted(usable, key=lambda path: (_rank(path.name), path.name, str(path)))


def _rank(name: str) -> int:
    order = ("NotoColorEmoji", "NotoSansSymbols", "NotoSansMath", "NotoSansArabic", "NotoSans", "Noto")
    return next(rank for rank, start in enumerate(order) if name.startswith(start))


def _characters_or_none(path: Path) -> frozenset[int]:
    """Return the characters of a system's font, none for a damaged file: that is no fault of the evidence."""
    try:
        return characters(path)
    except (FormatError, ReportError):
        return frozenset()


def _cmap(data: bytes) -> Iterator[int]:
    start = struct.unpack_from(">I", data, 12)[0] if data[:4] == b"ttcf" else 0
    tables = _tables(data, start)
    offset = tables[b"cmap"]
    best: dict[int, int] = {}
    for index in range(struct.unpack_from(">H", data, offset + 2)[0]):
        _, _, place = struct.unpack_from(">HHI", data, offset + 4 + 8 * index)
        kind = struct.unpack_from(">H", data, offset + place)[0]
        best.setdefault(kind, offset + place)
    if _GROUPS in best:
        yield from _groups(data, best[_GROUPS])
    elif _SEGMENTS in best:
        yield from _segments(data, best[_SEGMENTS])


def _tables(data: bytes, start: int) -> Mapping[bytes, int]:
    count = struct.unpack_from(">H", data, start + 4)[0]
    records = (struct.unpack_from(">4sIII", data, start + 12 + 16 * index) for index in range(count))
    return {tag: offset for tag, _, offset, _ in records}


def _groups(data: bytes, at: int) -> Iterator[int]:
    for index in range(struct.unpack_from(">I", data, at + 12)[0]):
        first, last, _ = struct.unpack_from(">III", data, at + 16 + 12 * index)
        yield from range(first, min(last, sys.maxunicode) + 1)


def _segments(data: bytes, at: int) -> Iterator[int]:
    segments = struct.unpack_from(">H", data, at + 6)[0] // 2
    layout = f">{segments}H"
    width = 2 * segments
    ends = struct.unpack_from(layout, data, at + 14)
    starts = struct.unpack_from(layout, data, at + 16 + width)
    deltas = struct.unpack_from(layout, data, at + 16 + 2 * width)
    ranges_at = at + 16 + 3 * width
    ranges = struct.unpack_from(layout, data, ranges_at)
    for index in range(segments):
        for point in range(starts[index], min(ends[index], 0xFFFE) + 1):
            glyph = point
            if ranges[index]:
                place = ranges_at + 2 * index + ranges[index] + 2 * (point - starts[index])
                glyph = struct.unpack_from(">H", data, place)[0]
            if (glyph + deltas[index]) & 0xFFFF and glyph:
                yield point


def glyph_name(character: str) -> str:
    """Return *character* with its code point: a mark that belongs over a letter is over none here, and unseen alone."""
    shown = f"\u25cc{character}" if unicodedata.category(character).startswith("M") else character
    return f"{shown} (U+{ord(character):04X})"
