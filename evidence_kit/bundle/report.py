"""The PDF report's pages: `ReportData` and viewing copies in, an unsigned PDF out: PDF/A-3a (ISO 19005-3) and PDF/UA-1.

typst sets the pages in a process of its own with a time limit. It never sees a screenshot: each viewing copy stands on
its page as a tiny placeholder, and `evidence_kit.pdf.swap` puts the JPEG in its place afterwards. Text from outside
reaches typst only as strings of a JSON file. The same input gives the same bytes.
"""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from evidence_kit.archive.manifests import manifest_bytes
from evidence_kit.bundle.codes import page_squares
from evidence_kit.bundle.fonts import FontChoice, choose_fonts, system_folders
from evidence_kit.bundle.report_json import (
    LANGUAGES,
    make_showable,
    picture_name,
    picture_paths,
    report_json,
    strings,
    told_in,
)
from evidence_kit.bundle.report_model import Language, ReportData
from evidence_kit.canonical import Json
from evidence_kit.errors import ReportError
from evidence_kit.models import Digest
from evidence_kit.pdf.swap import swap_pictures
from evidence_kit.pictures.viewing_copy import placeholder
from evidence_kit.resources import template
from evidence_kit.trust.digests import sha256_bytes

SLICE_WIDTH = 1280
"""Pixels across a page: what `make_slices` takes as *page_width_px*."""

SLICE_HEIGHT = 1464
"""Pixels down a page, for `make_slices`: at the full width of 170 mm this is 194 mm, and captions fit below."""

_TEMPLATES = (".typ", ".toml")
_MEDIA_TYPES = {".txt": "text/plain", ".jsonl": "application/jsonl", ".json": "application/json"}
_DESCRIPTIONS = {
    "evidence-sha256.txt": "Нотлох баримтын файлын хэш утга · Hash values of the evidence files",
    "custody.jsonl": "Хадгалалт, шилжүүлгийн бүртгэл · Custody log",
}
_LISTS = ("attempts", "custody", "exhibits", "listed")
"""What stands in files of its own: typst hashes what a function of a template may read, again and again."""

_TECHNICAL = "Техникийн тайлан · Technical report"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SECONDS = 600
_UNSHOWABLE = "could not be displayed"
"""What typst says of a combination of characters that no font of the list shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedReport:
    """What was made."""

    path: Path
    pages: int
    missing_glyphs: tuple[str, ...]
    """Characters that no font shows, sorted; the report prints them as escapes and says so on page 1."""
    warnings: tuple[str, ...]
    """What the typesetter remarked; expected to be empty."""


def render_report(  # noqa: PLR0913  # one plain fact each
    data: ReportData,
    target: Path,
    *,
    language: Language,
    attachments: Mapping[str, Path | bytes],
    timestamp: datetime,
    volume: int = 1,
    font_folders: Sequence[Path] | None = None,
    seconds: float = _SECONDS,
) -> RenderedReport:
    """Write the unsigned report, or the one *volume* of it, to *target*, which must not exist; return what was made.

    *attachments* are embedded under their names (ASCII letters, digits, ``.``, ``-``, ``_``) as data of the report;
    *timestamp* becomes its creation time; *font_folders* are searched for Noto fonts of other scripts (default: the
    system's); after *seconds* the typesetter is stopped. The file ends with a line end, as a signature update needs.
    Raises `ReportError`, and leaves nothing behind.
    """
    if target.exists():
        raise ReportError(f"report exists already: {target}")
    with TemporaryDirectory(prefix="evidence-kit-report-", ignore_cleanup_errors=True) as name:
        work = Path(name)
        pictures = _lay_out(work, told_in(data, volume), attachments)
        document = report_json(data, language=language, volume=volume)
        document["attachments"] = _listed(attachments)
        document["templates"] = _templates_digest().hex
        document["national_script"] = _national_script()
        folders = system_folders() if font_folders is None else font_folders
        choice = choose_fonts(strings(document), system=folders)
        copy_fonts(work, choice)
        setting = _set_pages(work, document, choice, timestamp=timestamp, seconds=seconds)
        swap_pictures(
            work / "laid-out.pdf", target, pictures, page_squares(data.holdings.root, volume), _places(language)
        )
    return RenderedReport(
        path=target,
        pages=setting.pages,
        missing_glyphs=tuple(sorted(setting.missing)),
        warnings=setting.warnings,
    )


def _lay_out(work: Path, data: ReportData, attachments: Mapping[str, Path | bytes]) -> dict[bytes, Path]:
    """Fill the folder that the typesetter may see; return the viewing copy for the SHA-256 of each placeholder."""
    for folder in ("pictures", "attached", "fonts"):
        (work / folder).mkdir()
    for each in template("report").iterdir():
        if each.name.endswith(_TEMPLATES):
            (work / each.name).write_bytes(each.read_bytes())
    pictures = {}
    for number, picture in enumerate(picture_paths(data)):
        stand_in = placeholder(number)
        (work / picture_name(number)).write_bytes(stand_in)
        pictures[sha256(stand_in).digest()] = picture
    for name, content in attachments.items():
        if not _PLAIN_NAME.fullmatch(name):
            raise ReportError(f"not a plain file name for an attachment: {name!r}")
        try:
            (work / "attached" / name).write_bytes(content if isinstance(content, bytes) else content.read_bytes())
        except OSError as error:
            raise ReportError(f"attachment cannot be read: {name}: {error}") from error
    return pictures


def _templates_digest() -> Digest:
    """Return what tells one state of the templates from another: SHA-256 over their names and SHA-256 values."""
    found = {each.name: each.read_bytes() for each in template("report").iterdir() if each.name.endswith(_TEMPLATES)}
    return sha256_bytes(manifest_bytes({name: sha256_bytes(data) for name, data in found.items()}))


def _national_script() -> str:
    """Return the office's text for the cover in the traditional script; empty if there is none."""
    office = tomllib.loads(template("report/office.toml").read_text(encoding="utf-8"))
    return str(office["national_script"]).strip()


def _places(language: Language) -> list[str]:
    """Return what a reader is told of the places for pictures of signatures."""
    texts = tomllib.loads(template(f"report/{LANGUAGES[language][0]}.toml").read_text(encoding="utf-8"))
    return [texts["signature_picture"][name] for name in ("first", "second")]


def _listed(attachments: Mapping[str, Path | bytes]) -> list[Json]:
    """Name the attachments for the template, each with its media type and the description a PDF reader shows."""
    return [
        {
            "path": name,
            "mime_type": _MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream"),
            "description": _DESCRIPTIONS.get(name, f"{Path(name).stem}: {_TECHNICAL}"),
            "relationship": "data" if name in _DESCRIPTIONS else "supplement",
        }
        for name in attachments
    ]


def copy_fonts(work: Path, choice: FontChoice) -> None:
    """Put the fonts of the system that *choice* names into ``fonts`` of the folder *work*; raises `ReportError`."""
    for path in choice.extra:
        try:
            shutil.copyfile(path, work / "fonts" / path.name)
        except OSError as error:
            raise ReportError(f"font cannot be read: {path}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    pages: int
    warnings: tuple[str, ...]
    missing: frozenset[str]


def _set_pages(
    work: Path, document: dict[str, Json], choice: FontChoice, *, timestamp: datetime, seconds: float
) -> _Setting:
    """Write ``laid-out.pdf``, the second time without anything beyond the base fonts if a combination has no glyph."""
    job = {
        "root": str(work),
        "main": str(work / "report.typ"),
        "output": str(work / "laid-out.pdf"),
        "font_folders": [*map(str, choice.folders), str(work / "fonts")],
        "extra_fonts": [path.name for path in choice.extra],
        "timestamp": int(timestamp.timestamp()),
        "tagged": True,
    }
    (work / "job.json").write_text(json.dumps(job), encoding="utf-8")
    for base_only in (False, True):
        harmless, missing = make_showable(document, choice, base_only=base_only)
        for name in _LISTS:
            _write_json(work / f"{name}.json", harmless.pop(name))
        _write_json(work / "data.json", harmless)
        answer = typeset_apart(work / "job.json", seconds)
        match answer:
            case {"pages": int(pages), "warnings": [*warnings]}:
                return _Setting(pages=pages, warnings=tuple(map(str, warnings)), missing=missing)
            case {"error": str(error)} if base_only or _UNSHOWABLE not in error:
                raise ReportError(f"the report could not be set: {error}")
    raise ReportError("the typesetter gave no answer that makes sense")


def _write_json(path: Path, value: Json) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def typeset_apart(job: Path, seconds: float) -> object:
    """Run the typesetter in a process of its own and return its answer; raises `ReportError`."""
    program = Path(__file__).with_name("typesetting.py")
    try:
        ended = subprocess.run(  # -P: modules beside the program must not stand in for those of Python
            [sys.executable, "-P", str(program), str(job)],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise ReportError(
            f"the report was not set within {seconds:g} seconds",
            hint="make bundles of fewer items",
        ) from error
    except OSError as error:
        raise ReportError(f"the typesetter could not be started: {error}") from error
    if ended.returncode:
        last = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise ReportError(f"the typesetter stopped with status {ended.returncode}: {' '.join(last)}")
    try:
        return json.loads(ended.stdout)
    except ValueError as error:
        raise ReportError(f"the typesetter's answer cannot be read: {error}") from error
