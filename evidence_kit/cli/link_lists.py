"""Lists of links that people keep in files: one link a line, or a table as a spreadsheet saves it (CSV, RFC 4180).

A table is recognised by its first line, which names a column ``url``, ``link`` or ``холбоос``. Columns called as in
`_NOTE` become the remark of that link in the custody log, others are left alone. Cells stand apart by tab, semicolon or
comma. The text is UTF-8, or UTF-16 with its mark, as spreadsheets save "Unicode text". Everything in a list is checked
before anything is captured, and an error names the line.
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from evidence_kit.cli.addresses import read_link
from evidence_kit.display import shorten
from evidence_kit.errors import UsageError

_LINK = frozenset({"url", "link", "холбоос"})
_NOTE = ("label", "reference", "note", "шошго", "дугаар", "тайлбар")
_SEPARATORS = ("\t", ";", ",")
_TABLES = frozenset({".csv", ".tsv"})
_MAX_BYTES = 64 * 1024 * 1024
_MAX_LINKS = 100_000
_MAX_NOTE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLink:
    """One link of a list."""

    line: int
    """Where it stands, counted from 1 (a cell of a table may go over several lines); 0 on the command line."""
    url: str
    note: str = ""
    completed: bool = False
    """Whether ``https://`` had to be put before it."""


def read_list(file: Path) -> list[ListedLink]:
    """Return the links of *file* (``-``: stdin) in their order; raises `UsageError`."""
    text = sys.stdin.read() if str(file) == "-" else _decoded(file)
    # Ends of lines as RFC 4180 and spreadsheets know them, and kept: a cell may hold some.
    lines = list(StringIO(text, newline=""))
    try:
        found = list(_links(_entries(lines, table=file.suffix.lower() in _TABLES)))
    except UsageError as error:
        raise UsageError(f"{file}, {error}", hint=error.hint) from error
    if not found:
        raise UsageError(f"the list {file} holds no link")
    return found


def _links(entries: Iterator[tuple[int, str, Sequence[str]]]) -> Iterator[ListedLink]:
    for number, (line, link, note) in enumerate(entries, start=1):
        if number > _MAX_LINKS:
            raise UsageError(f"line {line}: a list holds at most {_MAX_LINKS} links", hint="divide the list")
        url, completed = _link(line, link)
        yield ListedLink(line=line, url=url, note=_note(line, note), completed=completed)


def _decoded(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"the list {file} cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise UsageError(f"the list {file} is larger than {_MAX_BYTES} bytes", hint="divide the list")
    wide = data[:2] in {b"\xff\xfe", b"\xfe\xff"}
    encoding = "utf-16" if wide else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, errors="replace").count("\n") + 1
        hint = "save it as CSV UTF-8 or as Unicode text"
        raise UsageError(f"{file}, line {line}: not UTF-{16 if wide else 8} text", hint=hint) from error


def _entries(lines: Sequence[str], *, table: bool) -> Iterator[tuple[int, str, Sequence[str]]]:
    """Yield line, link and remarks of each entry of a list, or of a *table*, which then must call itself one."""
    for index, line in enumerate(lines):
        separator = _separator(line)
        if separator:
            yield from _rows(lines[index:], separator, index)
            return
        if not _aside(line) and table:
            raise UsageError(f"line {index + 1}: no column is called url, link or холбоос")
        if not _aside(line):
            yield from ((number, entry, ()) for number, entry in enumerate(lines, start=1) if not _aside(entry))
            return


def _aside(line: str) -> bool:
    """Whether *line* is empty or a remark."""
    return line.strip().startswith("#") or not line.strip()


def _separator(line: str) -> str | None:
    """Return what separates the cells of the first *line* of a table; None when the line is not one."""
    fitting = [separator for separator in _SEPARATORS if _LINK & set(_header(line, separator))]
    return max(fitting, key=lambda separator: len(_header(line, separator)), default=None)


def _header(line: str, separator: str) -> list[str]:
    try:
        return [cell.strip().casefold() for cell in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:
        return []


def _rows(lines: Sequence[str], separator: str, before: int) -> Iterator[tuple[int, str, Sequence[str]]]:
    header = _header(lines[0], separator)
    for name in {*_LINK, *_NOTE}:
        if header.count(name) > 1:
            raise UsageError(f"line {before + 1}: two columns are called {name}")
    links = [column for column, name in enumerate(header) if name in _LINK]
    if len(links) > 1:
        raise UsageError(f"line {before + 1}: more than one column holds links")
    notes = [header.index(name) for name in _NOTE if name in header]
    for line, cells in _cells(lines[1:], separator, before + 1):
        if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            hint = "put quotation marks around a cell that holds a separator"
            raise UsageError(f"line {line}: {len(cells)} cells under {len(header)} columns", hint=hint)
        filled = [cell.strip() for cell in cells if cell.strip()]
        if not filled or (len(filled) == 1 and filled[0].startswith("#")):
            continue
        row = cells + [""] * (len(header) - len(cells))
        if not row[links[0]].strip():
            raise UsageError(f"line {line}: the cell of the link is empty")
        yield line, row[links[0]], [row[column] for column in notes]


def _cells(lines: Sequence[str], separator: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line it begins at."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        line = before + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = "a cell may be in quotation marks, and each one inside is doubled"
            raise UsageError(f"line {line}: the row cannot be read: {error}", hint=hint) from error
        yield line, cells


def _link(line: int, text: str) -> tuple[str, bool]:
    try:
        return read_link(text)
    except UsageError as error:
        raise UsageError(f"line {line}: {error}", hint=error.hint) from error


def _note(line: int, parts: Sequence[str]) -> str:
    note = "; ".join(part for part in (" ".join(cell.split()) for cell in parts) if part)
    if len(note) > _MAX_NOTE:
        raise UsageError(f"line {line}: the remark is longer than {_MAX_NOTE} characters: {shorten(note)}")
    return note
