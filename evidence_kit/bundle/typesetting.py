"""Set the report with typst, in a process of its own: the one home of typst, and a program to be run by path.

``python typesetting.py JOB.json``: the job names everything, the answer is one line of ASCII JSON on standard output:
``{"pages": 12, "warnings": []}`` or ``{"error": "…", "hints": []}``. It imports nothing of the kit, so it starts
quickly, and a crash, a hang or a memory hunger of the typesetter ends with it. See `evidence_kit.bundle.report`.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

import typst


class Job(TypedDict):
    """What is to be set: paths are absolute, *timestamp* is in seconds since 1970 (UTC).

    *tagged* makes it PDF/A-3a and PDF/UA-1; a page that only becomes a picture in another is PDF/A-3u.
    """

    root: str
    main: str
    output: str
    font_folders: list[str]
    extra_fonts: list[str]
    """File names, in the order in which they are to be asked for a character."""
    timestamp: int
    tagged: bool


def typeset(job: Job) -> dict[str, object]:
    """Write the PDF of *job* and return the answer."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=list(job["font_folders"]))
    compiler = typst.Compiler(
        job["main"],
        root=job["root"],
        font_paths=fonts,
        sys_inputs={"fallback": json.dumps(_families(fonts, job["extra_fonts"]))},
    )
    try:
        _, warnings = compiler.compile_with_warnings(
            output=job["output"],
            format="pdf",
            pdf_standards=["a-3a", "ua-1"] if job["tagged"] else ["a-3u"],
            pdf_tags=job["tagged"],
            timestamp=datetime.fromtimestamp(job["timestamp"], tz=UTC),
        )
        pages = json.loads(compiler.query("<pages>", field="value", one=True))
    except typst.TypstError as error:
        return {"error": str(error), "hints": [*error.hints, *error.trace]}
    return {"pages": pages, "warnings": [str(warning) for warning in warnings]}


def _families(fonts: typst.Fonts, names: list[str]) -> list[str]:
    """Return the family of each file of *names*, of a collection its first; a file that typst refuses has none."""
    by_file: dict[str, str] = {}
    for font in sorted(fonts.fonts(), key=lambda font: font.index):
        if font.path:
            by_file.setdefault(Path(font.path).name, font.family)
    return [by_file[name] for name in names if name in by_file]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(typeset(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))) + "\n")
