"""A PDF of one page, set by typst from a template and a JSON document: receipts, and pictures of signatures."""

import json
from datetime import datetime
from pathlib import Path

from evidence_kit.bundle.fonts import choose_fonts, system_folders
from evidence_kit.bundle.report import copy_fonts, typeset_apart
from evidence_kit.bundle.report_json import make_showable, strings
from evidence_kit.canonical import Json
from evidence_kit.errors import ReportError

_SECONDS = 120


def set_one_page(work: Path, main: str, document: dict[str, Json], *, at: datetime, tagged: bool = True) -> bytes:
    """Return the page that the template *main*, which lies in the folder *work*, makes of *document*.

    *at* becomes its time of creation. *tagged* makes it PDF/A-3a and PDF/UA-1, else it is PDF/A-3u. Raises
    `ReportError`, `OSError`.
    """
    (work / "fonts").mkdir()
    choice = choose_fonts(strings(document), system=system_folders())
    harmless, _ = make_showable({**document, "gaps": []}, choice, base_only=False)
    (work / "data.json").write_text(json.dumps(harmless, ensure_ascii=False), encoding="utf-8")
    copy_fonts(work, choice)
    job = {
        "root": str(work),
        "main": str(work / main),
        "output": str(work / "page.pdf"),
        "font_folders": [*map(str, choice.folders), str(work / "fonts")],
        "extra_fonts": [path.name for path in choice.extra],
        "timestamp": int(at.timestamp()),
        "tagged": tagged,
    }
    (work / "job.json").write_text(json.dumps(job), encoding="utf-8")
    match typeset_apart(work / "job.json", _SECONDS):
        case {"pages": 1, "warnings": []}:
            return (work / "page.pdf").read_bytes()
        case answer:
            raise ReportError(f"{main} could not be set on one page: {answer}")
